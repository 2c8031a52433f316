import { afterEach, describe, expect, it } from 'vitest';
import { isStoreError } from '../../../../src/errors.js';
import { ConsulStore } from '../../../../src/store/consul/consul.js';
import { ConsulServers } from '../../../../src/store/consul/servers.js';
import { quickTimers } from '../../../fakes/quick-timers.js';
import { heardRows } from '../../health/heard.js';
import { kv, type Scripted, type Step, scripted, scriptedOn } from '../scripted.js';

quickTimers();

type Served = Awaited<ReturnType<typeof scripted>>;

describe('several servers', () => {
  const cleanUp: (() => unknown)[] = [];
  afterEach(async () => {
    for (const step of cleanUp.splice(0)) await step();
  });

  const serve = async (...steps: Step[]) => {
    const server = await scripted(...steps);
    cleanUp.push(() => server.close());
    return server;
  };
  const over = (...servers: { port: number }[]) => {
    const options = { servers: servers.map(({ port }) => ({ host: '127.0.0.1', port })), prefix: '' };
    const store = new ConsulStore(options);
    cleanUp.unshift(() => store.close());
    return store;
  };
  const found: Step = { index: 3, body: [kv('a', '1', 3)] };
  const written: Step = { body: { Results: [{ KV: { ModifyIndex: 4 } }], Errors: null } };
  const ops = [{ verb: 'create', key: 'a', value: '1' }] as const;
  const counts = (...servers: Scripted[]) => servers.map((s) => s.asked.length);

  it('stays with the one that answers', async () => {
    const [first, second] = [await serve({ status: 500, body: 'No cluster leader' }), await serve(found, found)];
    const store = over(first, second);
    expect(await store.get('a')).toMatchObject({ value: '1' });
    expect(await store.get('a')).toMatchObject({ value: '1' });
    expect(counts(first, second)).toEqual([1, 2]);
  });

  it('sends a transaction to another only when nobody can have done it', async () => {
    const [first, second] = [await serve('reset'), await serve(written)];
    const store = over(first, second);
    const error = await store.commit(ops).catch((e: unknown) => e);
    expect(isStoreError(error) && error.retryable).toBe(true);
    expect(counts(first, second)).toEqual([1, 0]);
    expect(await store.commit(ops)).toEqual({ ok: true, index: 4 });

    const third = await serve(written);
    expect(await over({ port: 1 }, third).commit(ops)).toEqual({ ok: true, index: 4 });
  });

  it('tries no other after a refusal', async () => {
    const [first, second] = [await serve({ status: 403, body: 'Permission denied' }), await serve(found)];
    const error = await over(first, second)
      .get('a')
      .catch((e: unknown) => e);
    expect(isStoreError(error) && error.retryable).toBe(false);
    expect(isStoreError(error) && error.message).toBe(
      `Consul at 127.0.0.1:${first.port} refused the request (403: Permission denied); check kv.token in CLUSTER_STORE_OPTS and its policy`,
    );
    expect(counts(first, second)).toEqual([1, 0]);
  });

  it('gives up when none answers', async () => {
    const error = await over({ port: 1 }, { port: 2 })
      .get('a')
      .catch((e: unknown) => e);
    expect(isStoreError(error) && error.message).toBe('Consul at 127.0.0.1:2 cannot be reached (ECONNREFUSED)');
  });

  it('waits no longer than the time-out', async () => {
    const server = await serve('hang');
    const servers = new ConsulServers([{ host: '127.0.0.1', port: server.port }]);
    cleanUp.unshift(() => servers.close());
    const started = performance.now();
    const error = await servers
      .ask((consul, options) => consul.kv.get({ key: 'a', ...options }), { repeatable: true, timeoutMs: 100 })
      .catch((e: unknown) => e);
    expect(isStoreError(error) && error.message).toBe(`Consul at 127.0.0.1:${server.port} did not answer within 0.1 s`);
    expect(isStoreError(error) && error.retryable).toBe(true);
    expect(performance.now() - started).toBeLessThan(4_000);
  });

  it('sends its token, and reaches an IPv6 address', async () => {
    const server = await scriptedOn('::1', found, written);
    const store = new ConsulStore({ servers: [{ host: '::1', port: server.port }], prefix: '', token: 'secret' });
    cleanUp.push(() => server.close());
    cleanUp.unshift(() => store.close());
    expect(await store.get('a')).toMatchObject({ value: '1' });
    expect(await store.commit(ops)).toEqual({ ok: true, index: 4 });
    expect(server.tokens).toEqual(['secret', 'secret']);
    expect(store.addresses).toBe(`[::1]:${server.port}`);
  });

  /** The second is asked for news, and the first, which gave none, how it is. */
  async function left(first: Served, second: Served, rows: ReturnType<typeof heardRows>['rows']): Promise<void> {
    const servers = [first, second].map(({ port }) => ({ host: '127.0.0.1', port }));
    const store = new ConsulStore({ servers, prefix: '', rows });
    cleanUp.unshift(() => store.close());
    const stop = new AbortController();
    cleanUp.unshift(() => stop.abort());
    store.watch('a', { onSnapshot: () => undefined, onError: () => undefined }, stop.signal);
    await expect.poll(() => first.asked.at(-1), { timeout: 15_000 }).toMatch('/v1/status/leader');
  }

  it('asks one that it left how it is, until its trouble is over', async () => {
    const { rows, all } = heardRows();
    const news = (index: number): Step => ({ index, body: [kv('a', '1', index)] });
    const [first, second] = [await serve('reset', { body: '"127.0.0.1:8300"' }), await serve(news(3), news(4))];
    await left(first, second, rows);
    const stateOf = (port: number) => all().find(({ subject }) => subject === `127.0.0.1:${port}`)?.state;
    expect(stateOf(first.port)).toBe('failing');
    await expect.poll(() => stateOf(first.port), { timeout: 15_000 }).toBe('ok');
  });

  it('takes no page of something else for a server that it left and that is well again', async () => {
    const { rows, all } = heardRows();
    const pages = Array<Step>(20).fill({ body: '<h1>back soon</h1>' });
    const [first, second] = [await serve(...pages), await serve(found, { ...found, index: 4 })];
    await left(first, second, rows);
    // Longer than a row is calmed for.
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    expect(all().find(({ subject }) => subject === `127.0.0.1:${first.port}`)?.state).toBe('failing');
  });

  it('asks for the index of a removal', async () => {
    const server = await serve({ body: { Results: [], Errors: null } }, { status: 404, index: 12 });
    expect(await over(server).commit([{ verb: 'delete', key: 'a' }])).toEqual({ ok: true, index: 12 });
  });
});
