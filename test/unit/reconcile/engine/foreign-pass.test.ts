/** Networks of other drivers are looked at with one inspect for each container that is not known. */
import { expect, it, vi } from 'vitest';
import { NOBODY } from '../../../../src/health/row.js';
import type { EngineContainer } from '../../../../src/model/ports/engine-port.js';
import type { EndpointId, EngineNetworkId } from '../../../../src/model/values/types.js';
import { ForeignPass } from '../../../../src/reconcile/engine/foreign-pass.js';
import { ForeignNetworks } from '../../../../src/registry/local/foreign-networks.js';
import { quickTimers } from '../../../fakes/quick-timers.js';

quickTimers();

const OURS = 'ours' as EngineNetworkId;
const BRIDGE = 'bridge1' as EngineNetworkId;

/** An engine with so many containers on the bridge. */
function makeSite(count: number) {
  const running = new Map<string, EngineContainer>();
  const run = (name: string, networks: readonly EngineNetworkId[], life = 1): EngineContainer => {
    const attachments = networks.map((network) => ({
      ...{ network, endpoint: `${network}-${name}-${life}` as EndpointId, names: [name] },
      ...{ linkLocal: [], lookup: { links: [], priority: 0 }, addresses: [], gateways: 1 },
    }));
    const container = { id: name, sandbox: `/run/${name}`, attachments };
    running.set(name, container);
    return container;
  };
  for (let i = 0; i < count; i++) run(`c${i}`, [BRIDGE]);
  const inspect = vi.fn(async (ids: readonly string[]) => ids.flatMap((id) => running.get(id) ?? []));
  const engine = {
    inspect,
    named: vi.fn(async () => new Map([[BRIDGE, { name: 'bridge1', internal: false }]])),
    placed: vi.fn(async () => new Map([...running].map(([id, c]) => [id, placesIn(c)]))),
  };
  const networks = new ForeignNetworks({ isLive: (endpoint) => endpoint.startsWith(OURS) });
  const pass = new ForeignPass({ engine, networks, rows: NOBODY });
  return { running, run, engine, inspect, networks, pass };
}

const placesIn = ({ attachments }: EngineContainer) =>
  new Map(attachments.map((a) => [a.network, a.endpoint] as const));

it('asks nothing while no container shares a network', async () => {
  const { pass, run, engine } = makeSite(3);
  expect(pass.see(run('a', [OURS]))).toBeUndefined();
  pass.kick();
  await new Promise(setImmediate);
  expect(engine.placed).not.toHaveBeenCalled();
  void pass.stop();
});

it('inspects each container once, and again only where something is different', async () => {
  const { pass, run, running, inspect, networks } = makeSite(1_000);
  await pass.see(run('a', [OURS, BRIDGE]));
  expect(inspect.mock.calls.flatMap(([ids]) => ids)).toHaveLength(1_000);
  const endpoints = () => networks.of('/run/a')[0]?.network.endpoints;
  expect(endpoints()?.size).toBe(1_001);
  inspect.mockClear();
  run('c1', [BRIDGE], 2);
  run('new', [BRIDGE]);
  running.delete('c2');
  pass.kick();
  await vi.waitFor(() => expect(endpoints()?.has('c2')).toBe(false));
  expect(inspect.mock.calls.flatMap(([ids]) => ids)).toEqual(['c1', 'new']);
  await vi.waitFor(() => expect(endpoints()?.has('new')).toBe(true));
  void pass.stop();
});

it('lets a network go whose last container of ours has ended while nobody told', async () => {
  const { pass, run, running, networks, engine } = makeSite(2);
  await pass.see(run('a', [OURS, BRIDGE]));
  running.delete('a');
  pass.kick();
  await vi.waitFor(() => expect(networks.all.size).toBe(0));
  engine.placed.mockClear();
  pass.kick();
  await new Promise(setImmediate);
  expect(engine.placed).not.toHaveBeenCalled();
  void pass.stop();
});

it('forgets at once who has left, and looks again only at those that matter', async () => {
  const { pass, run, networks } = makeSite(2);
  const event = (action: string, network: EngineNetworkId, container: string) =>
    pass.onEvent({ type: 'foreign', action, network, container });
  expect(event('connect', BRIDGE, 'c1')).toBe(false);
  await pass.see(run('a', [OURS, BRIDGE]));
  expect(event('disconnect', BRIDGE, 'c1')).toBe(true);
  expect([...(networks.of('/run/a')[0]?.network.endpoints.keys() ?? [])]).toEqual(['a', 'c0']);
  expect(event('connect', 'bridge2' as EngineNetworkId, 'c1')).toBe(false);
  expect(event('connect', 'bridge2' as EngineNetworkId, 'a')).toBe(true);
  void pass.stop();
});

it('holds questions up half a second at most', async () => {
  const { pass, run, engine } = makeSite(1);
  engine.placed.mockImplementation(() => new Promise(() => {}));
  const before = performance.now();
  await pass.see(run('a', [OURS, BRIDGE]));
  expect(performance.now() - before).toBeLessThan(2_000);
  void pass.stop();
});
