import { expect, it } from 'vitest';
import type { EndpointId } from '../../../src/model/types.js';
import { LocalEndpoints } from '../../../src/registry/local-endpoints.js';

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
