/** Whatever answers in Consul's place: it gets no token out of us, no memory, no terminal, and leads us nowhere. */
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { inspect } from 'node:util';
import { pino } from 'pino';
import { afterEach, describe, expect, it } from 'vitest';
import { isStoreError } from '../../../../src/errors.js';
import { rejectionOf } from '../../../../src/store/consul/answer.js';
import { makeClient, TooLargeError } from '../../../../src/store/consul/client.js';
import { ConsulStore } from '../../../../src/store/consul/consul.js';
import { ConsulToken } from '../../../../src/store/consul/token.js';

const TOKEN = '99999999-8888-7777-6666-555555555555';
const cleanUp: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of cleanUp.splice(0)) await step();
});

/** The port of a server of one answer. */
async function serve(answer: RequestListener): Promise<number> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  cleanUp.push(
    () => server.closeAllConnections(),
    () => server.close(),
  );
  return address.port;
}

/** What the store's first read rejects with. */
async function failure(answer: RequestListener): Promise<Error> {
  const port = await serve(answer);
  const store = new ConsulStore({ servers: [{ host: '127.0.0.1', port }], prefix: '', token: TOKEN });
  cleanUp.unshift(() => store.close());
  const error: unknown = await store.list('').catch((e: unknown) => e);
  if (!(error instanceof Error)) throw new Error('it was believed');
  return error;
}

/** All that a log line, a crash or a debugger would show. */
function everything(error: Error): string {
  const lines: string[] = [];
  pino({ level: 'trace' }, { write: (line) => lines.push(line) }).error({ err: error }, error.message);
  return [error.stack, inspect(error, { depth: 20, showHidden: true }), ...lines].join('\n');
}

describe('the token is in no error', () => {
  it.each([403, 500, 302, 200])('of a server that answers %i with what it was sent', async (status) => {
    const error = await failure((request, response) => {
      response.writeHead(status, { 'X-Token': TOKEN }).end(JSON.stringify(request.headers));
    });
    expect(isStoreError(error)).toBe(true);
    expect(everything(error)).not.toContain(TOKEN);
  });

  it('of one that breaks the connection', async () => {
    expect(everything(await failure((request) => request.socket.resetAndDestroy()))).not.toContain(TOKEN);
  });
});

it('an answer without an end is cut off, and said', async () => {
  let sent = 0;
  const chunk = Buffer.alloc(1024 * 1024, 0x5b);
  const port = await serve((_, response) => {
    response.writeHead(200, { 'Content-Type': 'application/json' });
    const pump = () => {
      while (!response.destroyed) {
        sent += chunk.length;
        if (!response.write(chunk)) return void response.once('drain', pump);
      }
    };
    pump();
  });
  const client = makeClient({ host: '127.0.0.1', port }, 4 * chunk.length);
  cleanUp.unshift(() => client.destroy());
  const reason: unknown = await client.kv.get({ key: 'a', recurse: true }).catch((e: unknown) => e);
  expect(reason).toBeInstanceOf(TooLargeError);
  // What lies in the two sockets' buffers comes on top.
  expect(sent).toBeLessThan(16 * chunk.length);
  expect(rejectionOf(reason, 'a:1', 5_000, new ConsulToken(), false)).toMatchObject({
    error: { message: 'Consul at a:1 answered with more than 64 MB', retryable: true },
    unsent: false,
  });
});

it.each(['[null]', '[{"hasOwnProperty":1}]', '{"a":[', '7', `[${'0,'.repeat(1_000_000)}0]`])(
  'what is no answer of Consul ends nothing: case %#',
  async (body) => {
    const error = await failure((_, response) => {
      response.writeHead(200, { 'Content-Type': 'application/json' }).end(body);
    });
    expect(isStoreError(error) && error.message).toMatch(/^(Consul|what answers) at 127\.0\.0\.1:/);
  },
);

it('a redirect is not followed', async () => {
  const asked: string[] = [];
  const other = await serve((request, response) => {
    asked.push(String(request.headers['x-consul-token']));
    response.end('[]');
  });
  const error = await failure((_, response) => {
    response.writeHead(307, { Location: `http://127.0.0.1:${other}/` }).end();
  });
  expect(error.message).toContain('refused the request (307');
  expect(asked).toEqual([]);
});

it('its words are one short line without control characters', async () => {
  const error = await failure((_, response) => {
    response
      .writeHead(500, { 'Content-Type': 'text/plain' })
      .end(`\u001b]0;owned\u0007\n\u001b[2J${'x'.repeat(100_000)}`);
  });
  expect(error.message).toMatch(/^Consul at 127\.0\.0\.1:\d+ answered 500: \]0;owned \[2Jx+$/);
  expect(error.message.length).toBeLessThan(300);
});
