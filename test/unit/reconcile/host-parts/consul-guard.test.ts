/** Stories of the guard of Consul. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { ConsulServer } from '../../../../src/reconcile/host-parts/consul-guard-planner.js';
import { HostStory } from './host-story.js';

let story: HostStory;
let bridges: () => Promise<readonly string[]>;
let names: Record<string, readonly string[]>;
beforeEach(() => {
  vi.useFakeTimers();
  bridges = async () => ['docker_gwbridge', 'docker0', 'br-1'];
  names = { consul: ['10.0.0.61', 'fd00::61', '10.0.0.60'] };
});
afterEach(() => {
  story.stop();
  vi.useRealTimers();
});

const start = (...servers: ConsulServer[]) => {
  const resolve = async (host: string) => names[host] ?? Promise.reject(new Error('ENOTFOUND'));
  story = new HostStory({ consul: { servers, bridges: () => bridges(), resolve } });
};
const look = () => story.look('consulGuard');
const guarded = () => {
  const guard = story.kernel.consulGuard;
  if (typeof guard !== 'object') return guard;
  return `${guard.interfaces.join(' ')} | ${guard.servers.map((s) => `${s.address} ${s.port}`).join(', ')}`;
};

it('start: guarded at once by what is known, then by what the engine and the resolver tell, and made once', async () => {
  bridges = () => new Promise((resolve) => setTimeout(() => resolve(['br-1']), 5_000));
  start({ host: '10.0.0.9', port: 8500 }, { host: 'consul', port: 8501 });
  await look();
  expect(guarded()).toBe('docker0 docker_gwbridge | 10.0.0.9 8500');
  await vi.advanceTimersByTimeAsync(10_000);
  expect(guarded()).toBe('br-1 docker0 docker_gwbridge | 10.0.0.9 8500, 10.0.0.60 8501, 10.0.0.61 8501, fd00::61 8501');
  await vi.advanceTimersByTimeAsync(10_000);
  // The resolver is heard before the engine, which takes its time.
  expect(story.done()).toEqual([
    'replaceConsulGuard: missing',
    'replaceConsulGuard: other servers',
    'replaceConsulGuard: other interfaces',
  ]);
  expect(story.said()).toEqual([]);
});

it('a bridge network comes and a name leads elsewhere: followed; while neither answers: as it was', async () => {
  start({ host: 'consul', port: 8500 });
  await look();
  bridges = async () => ['br-2'];
  names = { consul: ['10.0.0.7'] };
  await look();
  expect(guarded()).toBe('br-2 docker0 docker_gwbridge | 10.0.0.7 8500');
  story.done();
  bridges = () => Promise.reject(new Error('the engine is away'));
  names = {};
  await look();
  expect([story.done(), story.said()]).toEqual([[], []]);
});

it('a name that leads nowhere: told of once, and this host is guarded all the same', async () => {
  names = {};
  start({ host: 'consul', port: 8500 });
  await look();
  await look();
  expect(story.said()).toEqual([
    'containers are kept away from Consul on this host alone, for its name does not resolve: consul',
  ]);
});

it('flushed: made anew with the next look, and told of', async () => {
  start({ host: '10.0.0.9', port: 8500 });
  await look();
  story.done();
  story.kernel.flush();
  await vi.advanceTimersByTimeAsync(2_000);
  expect([story.done(), story.said()]).toEqual([
    ['replaceConsulGuard: missing'],
    ['repaired the guard of Consul, which somebody had removed'],
  ]);
});

it('flushed while the resolver does not answer: nobody waits for that', async () => {
  start({ host: '10.0.0.9', port: 8500 });
  await look();
  story.done();
  bridges = () => new Promise(() => {});
  await look();
  story.kernel.flush();
  await vi.advanceTimersByTimeAsync(2_000);
  expect(story.done()).toEqual(['replaceConsulGuard: missing']);
});

it('not wanted any more: what an earlier setting made goes', async () => {
  start();
  story.kernel.consulGuard = 'other';
  await look();
  await look();
  expect(story.done()).toEqual(['removeConsulGuard: not wanted']);
});
