import { afterEach, describe, expect, it } from 'vitest';
import { isStoreError } from '../../../../src/errors.js';
import { backoffMs } from '../../../../src/store/backoff.js';
import { ConsulStore } from '../../../../src/store/consul/consul.js';
import { nextIndex } from '../../../../src/store/consul/watch.js';
import { Watching } from '../../../store/watching.js';
import { kv, type Scripted, type Step, scripted } from '../scripted.js';

describe('nextIndex', () => {
  it.each([
    [0, 5, 5],
    [5, 5, 5],
    [5, 6, 6],
    [6, 5, 0],
    [0, 0, 1],
  ])('asked with %i, answered %i: asks with %i', (asked, answered, next) => {
    expect(nextIndex(asked, answered)).toBe(next);
  });
});

it('backs off from a quarter of a second to one and a half', () => {
  expect([1, 2, 3, 5, 6, 40].map((n) => backoffMs(n, 1))).toEqual([250, 500, 1_000, 1_500, 1_500, 1_500]);
  expect(backoffMs(1, 0)).toBe(125);
});

describe('a watch', () => {
  const cleanUp: (() => unknown)[] = [];
  afterEach(async () => {
    for (const step of cleanUp.splice(0)) await step();
  });

  const ALL = 'GET /v1/kv/p%2Fw%2F?recurse=true';
  const NOW = `${ALL}&consistent=1`;
  const newerThan = (index: number) => `${ALL}&index=${index}&wait=60s`;

  async function watch(...steps: Step[]): Promise<{ server: Scripted; watching: Watching }> {
    const server = await scripted(...steps);
    const store = new ConsulStore({ servers: [{ host: '127.0.0.1', port: server.port }], prefix: 'p/' });
    const watching = new Watching(store, 'w/');
    cleanUp.push(
      () => watching.stop(),
      () => store.close(),
      () => server.close(),
    );
    return { server, watching };
  }
  const said = (index: number, value = `${index}`): Step => ({ index, body: [kv('p/w/1', value, index)] });
  const indexes = (watching: Watching) => watching.snapshots.map((s) => s.index);
  const untilAsked = async (server: Scripted, times: number) => {
    while (server.asked.length < times) await new Promise((resolve) => setTimeout(resolve, 5));
  };

  it('loads at once, then waits for what is newer', async () => {
    const { server, watching } = await watch(said(7), said(9));
    await untilAsked(server, 3);
    expect(server.asked).toEqual([NOW, newerThan(7), newerThan(9)]);
    expect(watching.snapshots).toMatchObject([
      { index: 7, entries: [{ key: 'w/1', value: '7', index: 7, held: false }] },
      { index: 9, entries: [{ key: 'w/1', value: '9', index: 9, held: false }] },
    ]);
  });

  it('tells an empty prefix', async () => {
    const { watching } = await watch({ status: 404, index: 3 });
    await watching.until((w) => w.last !== undefined);
    expect(watching.last).toEqual({ index: 3, entries: [] });
  });

  it('tells nothing when a wait ends without news', async () => {
    const { server, watching } = await watch(said(7), said(7));
    await untilAsked(server, 3);
    expect(server.asked[2]).toBe(newerThan(7));
    expect(indexes(watching)).toEqual([7]);
  });

  it('starts again when the index goes backwards', async () => {
    const { server, watching } = await watch(said(7), said(3, 'restored'), said(3, 'restored'));
    await untilAsked(server, 4);
    expect(server.asked).toEqual([NOW, newerThan(7), NOW, newerThan(3)]);
    expect(indexes(watching)).toEqual([7, 3]);
    expect(watching.content).toEqual({ 'w/1': 'restored' });
  });

  it('takes nothing from a server that lags: it reads again, consistently', async () => {
    const { server, watching } = await watch(
      said(7, 'all of it'),
      said(5, 'what was'),
      said(7, 'all of it'),
      said(8, 'more'),
    );
    await untilAsked(server, 5);
    expect(server.asked).toEqual([NOW, newerThan(7), NOW, newerThan(7), newerThan(8)]);
    expect(indexes(watching)).toEqual([7, 8]);
  });

  it('never asks with an index of 0, which would not block', async () => {
    const { server } = await watch({ status: 404, index: 0 });
    await untilAsked(server, 2);
    expect(server.asked[1]).toBe(newerThan(1));
  });

  it.each<[string, Step, string]>([
    ['a server error', { status: 500, body: 'No cluster leader' }, 'answered 500: No cluster leader'],
    ['a broken connection', 'reset', 'cannot be reached (ECONNRESET)'],
    ['an answer of something else', { index: 8, body: { hello: 'world' } }, "does not speak Consul's API"],
  ])('goes on after %s, loads anew and tells even what did not change', async (_, step, message) => {
    const { server, watching } = await watch(said(7), step, said(7));
    await untilAsked(server, 4);
    expect(server.asked).toEqual([NOW, newerThan(7), NOW, newerThan(7)]);
    expect(watching.errors).toHaveLength(1);
    expect(isStoreError(watching.errors[0]) && watching.errors[0].message).toContain(message);
    expect(isStoreError(watching.errors[0]) && watching.errors[0].message).toContain(`127.0.0.1:${server.port}`);
    expect(indexes(watching)).toEqual([7, 7]);
  });

  it.each<[string, Step]>([
    ['a page of something else', { body: '<h1>back soon</h1>' }],
    ['what is no list of keys', { index: 8, body: [{ hello: 'world' }] }],
  ])('takes its time with %s, as with any server that fails', async (_, page) => {
    const began = performance.now();
    const { server, watching } = await watch(...Array<Step>(10).fill(page));
    await untilAsked(server, 3);
    expect(performance.now() - began).toBeGreaterThan(backoffMs(1, 0) + backoffMs(2, 0) - 10);
    expect(watching.errors.length).toBeGreaterThan(1);
  });

  it('tells every failing try', async () => {
    const { watching } = await watch('reset', 'reset', said(7));
    await watching.until((w) => w.last !== undefined, 15_000);
    expect(watching.errors).toHaveLength(2);
  });

  it('ends its request when aborted', async () => {
    const { server, watching } = await watch(said(7));
    await untilAsked(server, 2);
    watching.stop();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(server.asked).toHaveLength(2);
    expect(watching.errors).toEqual([]);
  });
});
