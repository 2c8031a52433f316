/** An HTTP server that answers as told, one step per request, and remembers what it was asked. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

export interface Answer {
  readonly status?: number;
  readonly index?: number;
  /** Sent as JSON; a string as plain text. */
  readonly body?: unknown;
}

/** `reset`: the connection breaks. `hang`: no answer ever. */
export type Step = Answer | 'reset' | 'hang';

export interface Scripted {
  readonly port: number;
  /** Method and path with query. */
  readonly asked: string[];
  /** The ACL token of each request. */
  readonly tokens: (string | undefined)[];
  close(): Promise<void>;
}

function perform(step: Step, request: IncomingMessage, response: ServerResponse): void {
  if (step === 'hang') return;
  if (step === 'reset') {
    request.socket.resetAndDestroy();
    return;
  }
  const { status = 200, index, body } = step;
  if (index !== undefined) response.setHeader('X-Consul-Index', index);
  response.setHeader('Content-Type', typeof body === 'string' ? 'text/plain; charset=utf-8' : 'application/json');
  response.writeHead(status).end(typeof body === 'string' ? body : JSON.stringify(body));
}

/** After the last step it hangs, as a blocking query without news does. */
export const scripted = (...steps: Step[]): Promise<Scripted> => scriptedOn('127.0.0.1', ...steps);

export async function scriptedOn(host: string, ...steps: Step[]): Promise<Scripted> {
  const asked: string[] = [];
  const tokens: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    tokens.push(request.headers['x-consul-token']?.toString());
    perform(steps.shift() ?? 'hang', request, response);
  });
  server.listen(0, host);
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    port: address.port,
    asked,
    tokens,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** A key as `/v1/kv` answers it. */
export const kv = (key: string, value: string, index: number): object => ({
  Key: key,
  Value: Buffer.from(value).toString('base64'),
  ModifyIndex: index,
});
