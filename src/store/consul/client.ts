/** The npm client, with a bound on what it takes in: it keeps an answer whole, and whoever answers may never end. */
import http from 'node:http';
import https from 'node:https';
import Consul from 'consul';

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
