/** A resolver in a namespace whose loopback device is still down: the lock that it takes to raise it may be busy. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Resolver } from '../../src/dns/serving/resolver.js';
import { createNamespace } from '../../src/kernel/system/netns.js';
import { endpoint, zone } from '../unit/dns/fixtures.js';
import { askUdp, dropNamespace, FakeEngine, freePath, inside } from './dns-namespace.js';

let namespace: string;
let resolver: Resolver;
beforeEach(() => {
  namespace = freePath();
  createNamespace(namespace);
  resolver = new Resolver(namespace, () => [zone('backnet', [endpoint(['web'], ['172.16.1.1/24'])])]);
});
afterEach(() => {
  resolver.abandon();
  dropNamespace(namespace);
});

const isUp = (): boolean => inside(namespace, 'ip', '-brief', 'link', 'show', 'lo').includes('UP');
const listening = (): string => inside(namespace, 'ss', '-Htuln').trim();
const rules = (): string => inside(namespace, 'nft', 'list', 'ruleset').trim();

it('has a pool thread raise it, and listens behind that', async () => {
  const started = resolver.start();
  expect(isUp()).toBe(false);
  await started;
  expect(isUp()).toBe(true);
  const engine = new FakeEngine(namespace, 'nft');
  expect(await askUdp(namespace, 'web')).toEqual(['172.16.1.1']);
  engine.close();
});

it.each(['abandon', 'stop'] as const)('does not come back when it has been told to %s meanwhile', async (end) => {
  const started = resolver.start();
  await Promise.all([started, resolver[end]()]);
  expect([listening(), rules()]).toEqual(['', '']);
});
