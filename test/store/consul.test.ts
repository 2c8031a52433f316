/** What only Consul does: sessions that get lost, hosts that take a key over, servers that die. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { isStoreError, isUserError } from '../../src/errors.js';
import { ConsulStore } from '../../src/store/consul/consul.js';
import { idOf } from '../unit/nodes.js';
import { ConsulAgent } from './consul-agent.js';
import { Watching } from './watching.js';

const sessionList = z.array(z.object({ ID: z.string(), NodeChecks: z.array(z.string()).nullable(), TTL: z.string() }));
const kvList = z.array(z.object({ Session: z.string().optional() }));
/** Another host for each name, unless `id` says which. */
const value = (hostname: string, more = '', id: string = idOf(hostname)): string =>
  JSON.stringify({ id, hostname, more });

describe('Consul', () => {
  let agent: ConsulAgent;
  let store: ConsulStore;
  let opened = 0;
  const errors: Error[] = [];
  const cleanUp: (() => unknown)[] = [];

  const open = () => {
    const made = new ConsulStore({
      servers: [{ host: '127.0.0.1', port: agent.port }],
      prefix: `ns${opened}/`,
      // Consul's minimum; renewed every 3.3 s.
      sessionTtlSeconds: 10,
    });
    cleanUp.push(() => made.close());
    return made;
  };
  const watch = (prefix: string) => {
    const watching = new Watching(store, prefix);
    cleanUp.push(() => watching.stop());
    return watching;
  };
  const sessions = async () => sessionList.parse(await (await agent.request('GET', '/v1/session/list')).json());
  const sessionOf = async (key: string) =>
    kvList.parse(await (await agent.request('GET', `/v1/kv/ns${opened}/${key}`)).json())[0]?.Session;
  const destroy = (id = '') => agent.request('PUT', `/v1/session/destroy/${id}`);
  const onError = (error: Error) => errors.push(error);

  beforeAll(async () => {
    agent = await ConsulAgent.make();
    agent.start();
    await agent.leads();
  });
  afterAll(() => agent.remove());
  beforeEach(() => {
    opened += 1;
    errors.length = 0;
    store = open();
  });
  afterEach(async () => {
    for (const step of cleanUp.splice(0)) await step();
    for (const { ID } of await sessions()) await destroy(ID);
  });

  it('binds its session to no health check', async () => {
    await store.hold('nodes/a', value('one'), onError);
    expect(await sessions()).toMatchObject([{ NodeChecks: [], TTL: '10s' }]);
  });

  it('leaves the key when the holder is gone, not held', async () => {
    const hold = await store.hold('nodes/a', value('one'), onError);
    const watching = watch('nodes/');
    await watching.until((w) => w.last?.entries[0]?.held === true);
    await destroy(await sessionOf('nodes/a'));
    await watching.until((w) => w.last?.entries[0]?.held === false);
    expect(await store.get('nodes/a')).toMatchObject({ value: value('one'), held: false });
    await hold.release();
  });

  it('takes its key again with a new session when the session was lost, and says how many there have been', async () => {
    const counts = new Set<number>();
    const hold = await store.hold('nodes/a', value('one'), onError, (n) => void counts.add(n));
    const first = await sessionOf('nodes/a');
    await destroy(first);
    const watching = watch('nodes/');
    await watching.until((w) => w.last?.entries[0]?.held === true, 6_000);
    expect(await sessionOf('nodes/a')).not.toBe(first);
    expect([errors, [...counts]]).toEqual([[], [1, 2]]);
    await hold.release();
  });

  it('writes at once although the session was lost', async () => {
    const hold = await store.hold('nodes/a', value('one'), onError);
    await destroy(await sessionOf('nodes/a'));
    await hold.write(value('one', 'new'));
    expect(await store.get('nodes/a')).toMatchObject({ value: value('one', 'new'), held: true });
    await hold.release();
  });

  it('puts its key back when somebody removed it', async () => {
    const hold = await store.hold('nodes/a', value('one'), onError);
    await store.commit([{ verb: 'delete', key: 'nodes/a' }]);
    const watching = watch('nodes/');
    await watching.until((w) => w.last?.entries[0]?.held === true, 6_000);
    await hold.release();
  });

  it('counts as held again after somebody wrote over its key', async () => {
    const hold = await store.hold('nodes/a', value('one'), onError);
    expect(await store.get('nodes/a')).toMatchObject({ held: true, everHeld: true });
    await store.commit([{ verb: 'set', key: 'nodes/a', value: value('forged') }]);
    expect(await store.get('nodes/a')).toMatchObject({ held: true, everHeld: false });
    const watching = watch('nodes/');
    await watching.until((w) => w.last?.entries[0]?.everHeld === true, 6_000);
    expect(await store.get('nodes/a')).toMatchObject({ value: value('one'), held: true, everHeld: true });
    await hold.release();
    expect(await store.get('nodes/a'), 'after its session').toMatchObject({ held: false, everHeld: true });
    expect(errors).toEqual([]);
  });

  it('takes over from an earlier process of the same host', async () => {
    const dead = open();
    await dead.hold('nodes/a', value('one', 'old'), onError);
    await dead.close();
    const hold = await store.hold('nodes/a', value('one', 'new'), onError);
    expect(await store.get('nodes/a')).toMatchObject({ value: value('one', 'new'), held: true });
    expect(await sessions()).toHaveLength(1);
    expect(errors).toEqual([]);
    await hold.release();
  });

  it('leaves another host its key, says so, and takes it once it is free', async () => {
    const other = await open().hold('nodes/10.0.0.60', value('docker01'), onError);
    const hold = await store.hold('nodes/10.0.0.60', value('docker02'), onError);
    expect(errors).toHaveLength(1);
    expect(isUserError(errors[0]) && errors[0].message).toBe(
      `10.0.0.60 is the address of host docker01 (${idOf('docker01')}), which lives, so that host docker02 (${idOf('docker02')}) cannot have it and changes nothing; give one of the two another CLUSTER_ADVERTISE`,
    );
    expect(await store.get('nodes/10.0.0.60')).toMatchObject({ value: value('docker01') });
    await expect(hold.write(value('docker02', 'x'))).rejects.toThrow('docker01');
    await other.release();
    const watching = watch('nodes/');
    await watching.until((w) => w.content?.['nodes/10.0.0.60'] === value('docker02', 'x'), 6_000);
    await hold.release();
  });

  it('lets two hosts of one name and one address be: the first keeps key and session', async () => {
    const [first, second] = ['00000000000000aa', '00000000000000bb'];
    const hold = await open().hold('nodes/10.0.0.60', value('docker01', 'first', first), onError);
    const session = await sessionOf('nodes/10.0.0.60');
    const held: string[] = [];
    const other = await store.hold(
      'nodes/10.0.0.60',
      value('docker01', 'second', second),
      (error) => errors.push(error),
      () => held.push('second'),
    );
    // Longer than it takes the second to try again.
    await sleep(4_500);
    expect(await sessionOf('nodes/10.0.0.60')).toBe(session);
    expect(await store.get('nodes/10.0.0.60')).toMatchObject({ value: value('docker01', 'first', first) });
    expect(errors.length).toBeGreaterThan(1);
    for (const error of errors)
      expect(error.message).toContain(`host docker01 (${first}), which lives, so that host docker01 (${second})`);
    expect(held).toEqual([]);
    await hold.release();
    const watching = watch('nodes/');
    await watching.until((w) => w.content?.['nodes/10.0.0.60'] === value('docker01', 'second', second), 6_000);
    // The news may be here before the answer to the one who made it.
    await expect.poll(() => held).toEqual(['second']);
    await other.release();
  });

  it('tells a copy with its own id from an earlier process, once it has held the key, and leaves that alone', async () => {
    const hold = await open().hold('nodes/10.0.0.60', value('docker01'), onError);
    const copy = await store.hold('nodes/10.0.0.60', value('docker01', 'copy'), () => {});
    const session = await sessionOf('nodes/10.0.0.60');
    await expect.poll(() => errors.length, { timeout: 6_000 }).toBeGreaterThan(0);
    expect(isUserError(errors[0]) && errors[0].message).toMatch(
      /^10\.0\.0\.60 and the id of host docker01 .* by a copy/,
    );
    expect(await sessionOf('nodes/10.0.0.60')).toBe(session);
    await Promise.all([hold, copy].map((h) => h.release()));
  });

  it('brings a change to a watch within milliseconds', async () => {
    const watching = watch('w/');
    await watching.until((w) => w.last !== undefined);
    const delays: number[] = [];
    for (let i = 0; i < 50; i++) {
      const started = performance.now();
      const seen = watching.until((w) => w.content?.['w/x'] === `${i}`).then(() => performance.now() - started);
      await store.commit([{ verb: 'set', key: 'w/x', value: `${i}` }]);
      delays.push(await seen);
    }
    const median = delays.sort((a, b) => a - b)[25] ?? Infinity;
    expect(median).toBeLessThan(50);
  });

  it('stays below the connections that Consul grants a client', async () => {
    for (let i = 0; i < 50; i++) watch(`busy/${i}/`);
    const ops = Array.from({ length: 300 }, (_, i) => ({ verb: 'create', key: `busy/${i}/x`, value: '' }) as const);
    const commits = await Promise.all(ops.map((op) => store.commit([op])));
    expect(commits.every((c) => c.ok)).toBe(true);
  });

  it('keeps a quiet watch open longer than a request may take', async () => {
    const watching = watch('quiet/');
    await watching.until((w) => w.last !== undefined);
    await sleep(7_000);
    await store.commit([{ verb: 'create', key: 'quiet/1', value: '' }]);
    await watching.until((w) => w.content?.['quiet/1'] === '', 1_000);
    expect(watching.errors).toEqual([]);
  });

  it('goes on after a power loss of the server, with nothing lost', async () => {
    const hold = await store.hold('nodes/a', value('one'), onError);
    // A new leader answers ordinary reads while it still replays its log: give it some to replay.
    const filler = 'x'.repeat(4_000);
    for (let i = 0; i < 40; i++)
      await store.commit(
        Array.from({ length: 60 }, (_, n) => ({ verb: 'set', key: `filler/${i}-${n}`, value: filler })),
      );
    await store.commit([{ verb: 'create', key: 'w/1', value: 'kept' }]);
    const watching = watch('w/');
    await watching.until((w) => w.content?.['w/1'] === 'kept');

    await agent.kill();
    await watching.until((w) => w.errors.length > 0, 1_000);
    expect(watching.errors.every((e) => isStoreError(e) && e.retryable)).toBe(true);
    const error = await store.commit([{ verb: 'set', key: 'w/2', value: '' }]).catch((e: unknown) => e);
    expect(isStoreError(error) && error.retryable && error.message).toContain(`127.0.0.1:${agent.port}`);
    const told = watching.snapshots.length;

    agent.start();
    await watching.until((w) => w.snapshots.length > told, 15_000);
    expect(watching.content).toEqual({ 'w/1': 'kept' });
    await store.commit([{ verb: 'create', key: 'w/3', value: 'after' }]);
    await watching.until((w) => w.content?.['w/3'] === 'after', 1_000);
    await hold.write(value('one', 'after'));
    expect(await store.get('nodes/a')).toMatchObject({ value: value('one', 'after'), held: true });
    await hold.release();
  });

  it('goes to the next server when one is down', async () => {
    const two = new ConsulStore({
      servers: [
        { host: '127.0.0.1', port: 1 },
        { host: '127.0.0.1', port: agent.port },
      ],
      prefix: `ns${opened}/`,
    });
    cleanUp.push(() => two.close());
    expect(await two.commit([{ verb: 'create', key: 'a', value: '1' }])).toMatchObject({ ok: true });
    expect(await two.get('a')).toMatchObject({ value: '1' });
  });
});
