import { describe, expect, it } from 'vitest';
import type { Endpoint, EndpointId } from '../../../../src/model/values/types.js';
import { LocalEndpoints } from '../../../../src/registry/local/local-endpoints.js';

const id = 'ab'.repeat(32) as EndpointId;

it('leaves the link to the engine from Join until it has been seen, whatever was known of the endpoint before', () => {
  const local = new LocalEndpoints();
  local.attach(id);
  local.join(id, '/run/docker/netns/one');
  expect([local.isAttached(id), local.joined.has(id)]).toEqual([false, true]);
  local.fetched(id);
  expect([local.isAttached(id), local.joined.has(id)]).toEqual([true, false]);
  local.leave(id);
  local.fetched(id);
  expect([local.isAttached(id), local.isLive(id)]).toEqual([false, true]);
});

it('does not believe an older answer of the engine once the engine has removed the endpoint', () => {
  const local = new LocalEndpoints();
  local.create(id);
  local.join(id, '/run/docker/netns/one');
  local.fetched(id);
  local.remove(id);
  local.add(id);
  local.attach(id);
  expect([local.isLive(id), local.isAttached(id)]).toEqual([false, false]);
  // The engine repeats a CreateEndpoint that failed.
  local.create(id);
  local.attach(id);
  expect([local.isLive(id), local.isAttached(id)]).toEqual([true, true]);
});

describe('the sandbox of an endpoint', () => {
  const told = '/run/docker/netns/0123456789ab';
  const record = { id } as Endpoint;

  it('is what the engine has told, over a restart too', () => {
    const memory = new Map<EndpointId, string>();
    const before = new LocalEndpoints(memory);
    before.join(id, told);
    expect(before.sandboxOf(record)).toBe(told);
    const after = new LocalEndpoints(memory);
    expect(after.sandboxOf(record), 'not of one that does not live here').toBeUndefined();
    after.attach(id);
    expect(after.sandboxOf(record)).toBe(told);
    after.remove(id);
    expect(memory.size).toBe(0);
  });
});

describe('how its container looks names up', () => {
  const lookup = { links: [{ alias: 'db', name: 'db1' }], priority: 0 };

  it('is waited for from Join until the engine has told, or nobody waits any more', async () => {
    const local = new LocalEndpoints();
    local.attach(id);
    expect(local.lookups.untoldOf(id), 'found at a start').toBeUndefined();
    local.join(id, '/run/docker/netns/0123456789ab');
    const untold = local.lookups.untoldOf(id);
    expect(untold).toBeInstanceOf(Promise);
    local.lookUp(id, lookup);
    await untold;
    expect([local.lookups.untoldOf(id), local.lookups.of(id)]).toEqual([undefined, lookup]);
    local.join(id, '/run/docker/netns/0123456789ab');
    expect(local.lookups.of(id), 'of the last life').toBeUndefined();
    const again = local.lookups.untoldOf(id);
    local.leave(id);
    await again;
    expect(local.lookups.untoldOf(id)).toBeUndefined();
  });

  it('is known over a restart, and forgotten with the endpoint', () => {
    const memory = new Map();
    const before = new LocalEndpoints(new Map(), memory);
    before.attach(id);
    before.lookUp(id, lookup);
    const after = new LocalEndpoints(new Map(), memory);
    expect(after.lookups.of(id)).toEqual(lookup);
    after.keepOnly(new Set());
    expect(memory.size).toBe(0);
  });
});
