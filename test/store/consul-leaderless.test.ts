/** What a Consul without a leader says to everything. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isStoreError } from '../../src/errors.js';
import { ConsulStore } from '../../src/store/consul/consul.js';
import { ConsulAgent } from './consul-agent.js';
import { Watching } from './watching.js';

describe('Consul without a leader', () => {
  let agent: ConsulAgent;
  let store: ConsulStore;
  beforeAll(async () => {
    agent = await ConsulAgent.make(3);
    agent.start();
    while (!(await agent.request('GET', '/v1/agent/self').catch(() => undefined))?.ok) await sleep(50);
    store = new ConsulStore({ servers: [{ host: '127.0.0.1', port: agent.port }], prefix: 'tsoverlay/' });
  });
  afterAll(async () => {
    await store.close();
    await agent.remove();
  });

  it('rejects every call with an error worth a later try', async () => {
    const calls = [
      store.get('a'),
      store.list('a'),
      store.keys('a'),
      store.commit([{ verb: 'set', key: 'a', value: '' }]),
      store.hold('a', '{"hostname":"one"}', () => {}),
    ];
    for (const result of await Promise.allSettled(calls)) {
      expect(result.status).toBe('rejected');
      const error: unknown = result.status === 'rejected' && result.reason;
      expect(isStoreError(error) && error.retryable).toBe(true);
    }
  });

  it('tells a watch, again and again', async () => {
    const watching = new Watching(store, 'a');
    await watching.until((w) => w.errors.length >= 2, 20_000);
    watching.stop();
    expect(watching.snapshots).toEqual([]);
  });
});
