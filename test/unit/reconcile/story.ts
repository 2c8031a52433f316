/**
 * One host in memory for stories of the passes: its engine, its registry over a store that several share, the passes and
 * what is told to whom. Only the kernel is left out; whoever tells a story types at the engine and reads what came of it.
 */
import { vi } from 'vitest';
import { News } from '../../../src/agent/news.js';
import { Encryption } from '../../../src/api/encryption.js';
import { IpamDriver } from '../../../src/api/ipam-driver.js';
import { NetworkDriver } from '../../../src/api/network-driver.js';
import { makeRoutes } from '../../../src/api/routes.js';
import { DEFAULT_SOURCES } from '../../../src/model/values/pool-source.js';
import type { EngineNetworkId, NetworkId } from '../../../src/model/values/types.js';
import { ContainerPass } from '../../../src/reconcile/engine/container-pass.js';
import { EnginePass } from '../../../src/reconcile/engine/engine-pass.js';
import { ForeignPass } from '../../../src/reconcile/engine/foreign-pass.js';
import { RestartPass } from '../../../src/reconcile/engine/restart-pass.js';
import { Underway } from '../../../src/registry/changes/underway.js';
import { Macs } from '../../../src/registry/endpoints/macs.js';
import { ForeignNetworks } from '../../../src/registry/local/foreign-networks.js';
import { Drain } from '../../../src/registry/nodes/drain.js';
import { Tenure } from '../../../src/registry/nodes/tenure.js';
import { FakeEngine } from '../../fakes/engine.js';
import type { FakeStore } from '../../fakes/store.js';
import { heardRows } from '../health/heard.js';
import { makeHost } from '../registry/host.js';

/** What DATA_DIR keeps of mirrors. */
class MirrorMemory {
  private readonly mirrors = new Map<EngineNetworkId, NetworkId>();
  clusterIdOf = (id: EngineNetworkId): NetworkId => this.mirrors.get(id) ?? (id as string as NetworkId);
  isMirror = (id: EngineNetworkId): boolean => this.mirrors.has(id);
  rememberMirror = (id: EngineNetworkId, of: NetworkId): void => void this.mirrors.set(id, of);
  forgetMirror = (id: EngineNetworkId): void => void this.mirrors.delete(id);
}

export type StoryHost = Awaited<ReturnType<typeof storyHost>>;

const nothing = () => {};

/** Lets all that is under way go on until nothing more comes by itself. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 60; i++) await new Promise(setImmediate);
}

/** Time passes, as timers and ages see it; and what it brings. */
export async function later(ms: number): Promise<void> {
  await settle();
  await vi.advanceTimersByTimeAsync(ms);
  await settle();
}

/** For `vi.useFakeTimers`: what `later` moves. */
export const CLOCK = { toFake: ['setTimeout', 'clearTimeout', 'performance'] } as const;

/** `engine`: one that outlives a process of ours, and what DATA_DIR kept with it. */
/** Of a host that is on. */
function drainMemory() {
  const memory: { drained: string | undefined; rememberDrain(since: string | undefined): void } = {
    drained: undefined,
    rememberDrain: (since) => {
      memory.drained = since;
    },
  };
  return memory;
}

export async function storyHost(
  store: FakeStore,
  address: string,
  { engine, memory }: { readonly engine: FakeEngine; readonly memory: MirrorMemory } = {
    engine: new FakeEngine(Number(address.split('.')[3]) * 4_096),
    memory: new MirrorMemory(),
  },
) {
  const one = await makeHost(store, address);
  const { rows, log, troubles } = heardRows();
  const tenure = new Tenure();
  const ending = new AbortController();
  const { view, self, networks, identity, endpoints, endpointLeases, local, membership, pools, ipam, peers } = one;
  const underway = new Underway();
  const kicked: NetworkId[] = [];
  const host = { kick: (id: NetworkId) => kicked.push(id), kickAll: nothing, disturb: nothing };
  const pass = new EnginePass({ engine, view, self, networks, memory, identity, tenure, underway, log, rows });
  const foreign = new ForeignPass({ engine, networks: new ForeignNetworks(local), rows });
  const containers = new ContainerPass({
    ...{ engine, view, endpoints, endpointLeases, pools, membership, memory, local, tenure, host, foreign, log, rows },
    calmer: { calm: nothing },
    onPlaced: nothing,
  });
  const drain = new Drain(drainMemory(), rows.of('node.drained').row());
  const restarts = new RestartPass({ engine, identity, drain, log, rows: rows.of('engine.restart') });
  const sandboxes = { serve: async () => {}, sync: nothing };
  const driver = new NetworkDriver({
    ...{ networks, endpoints, local, memory, drain, containers, sandboxes, underway },
    host: { ...host, settled: async () => {} },
    macs: new Macs(store, view),
    antispoof: { check: async () => {}, resolve: (options) => options },
    encryption: new Encryption('off', async () => true),
    onRemoval: (text) => log.warn({ event: 'network-stays' }, text),
  });
  const routes = makeRoutes(
    driver,
    new IpamDriver({ pools, ipam, networks, underway, defaultPools: DEFAULT_SOURCES }),
    'local',
  );
  engine.plugin = async (method, body) => {
    const route = routes.get(method);
    if (route === undefined) throw new Error(`the engine calls ${method}`);
    return route.handle(body, { host: '' });
  };
  const kick = { kick: nothing };
  const news = new News({
    ...{ tenure, view, membership, peers, sandboxes, host, engine: pass, containers, restarts },
    ...{ docker: engine, copy: { soon: nothing }, node: { ...kick, networksChanged: nothing, onLook: nothing } },
    ...{ hostParts: kick, findings: { look: nothing } },
  });
  news.connect();
  tenure.take();
  news.followCluster();
  tenure.trust();
  news.followEngine(ending.signal);
  await settle();
  return {
    ...one,
    engine,
    memory,
    /** The log, `level: words`. */
    get said(): readonly string[] {
      return log.lines.map(({ level, msg, err }) => `${level}: ${msg}${err === undefined ? '' : `: ${err}`}`);
    },
    troubles,
    kicked,
    tenure,
    containers,
    restarts,
    drain,
    /** The process ends, without a word to anybody: engine, store and DATA_DIR stay as they are. */
    stop: () => {
      for (const part of [pass, containers, restarts]) void part.stop();
      ending.abort();
      one.stop();
    },
  };
}
