/** The npm client, with a bound on what it takes in: it keeps an answer whole, and whoever answers may never end. */
import http from 'node:http';
import https from 'node:https';
import Consul from 'consul';

export const REQUEST_TIMEOUT_MS = 5_000;

/** Bytes. The largest answer that we ask for is that of all endpoints, some 1 KB each. */
export const MAX_ANSWER = 64 * 1024 * 1024;

/** An answer that is larger than {@link MAX_ANSWER}. */
export class TooLargeError extends Error {
  override readonly name = 'TooLargeError';
}

type Transport = Pick<typeof http, 'request'>;

/** What the client's base class (papi) runs before it sends a request and when it has the answer; it has no types. */
interface Extensible {
  _ext(
    when: 'onRequest' | 'onResponse',
    step: (request: { transport: Transport }, next: (error?: unknown) => void) => void,
  ): void;
}

export function makeClient(options: ConstructorParameters<typeof Consul>[0], maxAnswer = MAX_ANSWER): Consul {
  const client = new Consul(options);
  const bounded = new Map<Transport, Transport>([http, https].map((t) => [t, boundedTransport(t, maxAnswer)]));
  const extensible = client as unknown as Extensible;
  extensible._ext('onRequest', (request, next) => {
    request.transport = bounded.get(request.transport) ?? request.transport;
    next();
  });
  // The client reads an answer in the socket's event, where whatever it throws would end the process: `[null]` did.
  extensible._ext('onResponse', (_, next) => {
    try {
      next();
    } catch (e) {
      next(e);
    }
  });
  return client;
}

const boundedTransport = (transport: Transport, maxAnswer: number): Transport => ({
  request: (options: http.RequestOptions | string | URL) => {
    const req = transport.request(options);
    req.on('response', (res) => {
      let length = 0;
      res.on('data', (chunk: Buffer) => {
        length += chunk.length;
        if (length <= maxAnswer || req.destroyed) return;
        // The client listens for errors of the request alone.
        req.emit('error', new TooLargeError());
        req.destroy();
      });
    });
    return req;
  },
});

/** PEM texts, as dockerd's `kv.cacertfile`, `kv.certfile` and `kv.keyfile` name them. */
export interface ConsulTls {
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
}

/**
 * The agent's timeout bounds the connecting and an idle connection's life; a request's own timeout replaces it in
 * between. Keep-alive probes find a server that vanished during a blocking query within 20 s (libuv sends one a
 * second, ten at most). The agent's `host` wins over the URL's, which may be a bracketed IPv6 address.
 */
export function agentFor(host: string, maxSockets: number, tls?: ConsulTls): http.Agent | https.Agent {
  const options = { maxSockets, keepAlive: true, keepAliveInitialDelay: 10_000, timeout: REQUEST_TIMEOUT_MS, host };
  return tls ? new https.Agent({ ...options, ...tls }) : new http.Agent(options);
}
