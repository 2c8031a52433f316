/** The guard of Consul follows where its servers are and the engine's bridge networks. */
import { lookup } from 'node:dns/promises';
import type { CodeArgs } from '../../health/catalogue.js';
import type { RowPort } from '../../health/row.js';
import type { ConsulGuardPlan } from '../../model/host/consul-guard.js';
import type { ServerAddress } from '../../model/host/host-steps.js';
import { OFF, type Off } from '../../model/host/standing.js';
import { isIp, parseIp } from '../../model/values/address.js';
import { GWBRIDGE } from '../../model/values/names.js';
import type { Ip } from '../../model/values/types.js';
import type { Planner } from './planner.js';

/** Names may lead elsewhere, and of bridge networks an event may be missed. */
const LEARN_MS = 30_000;
/** Guarded also while the engine does not answer. */
const ALWAYS = ['docker0', GWBRIDGE];

export interface ConsulServer {
  readonly host: string;
  readonly port: number;
}

export type Resolve = (host: string) => Promise<readonly string[]>;

const resolveAll: Resolve = async (host) => (await lookup(host, { all: true })).map(({ address }) => address);

export interface ConsulGuardPlannerParts {
  /** Empty: nothing is guarded. */
  readonly servers: readonly ConsulServer[];
  /** Devices of the engine's bridge networks. */
  readonly bridges: () => Promise<readonly string[]>;
  /** Of names that lead nowhere. */
  readonly row: RowPort<CodeArgs['guard.consul-names']>;
  readonly resolve?: Resolve;
}

export class ConsulGuardPlanner implements Planner<'consulGuard'> {
  private readonly addresses = new Map<string, readonly Ip[]>();
  private bridges: readonly string[] = ALWAYS;
  private learnt = Number.NEGATIVE_INFINITY;
  private learning: Promise<void> | undefined;
  private tell: () => void = () => {};

  constructor(private readonly parts: ConsulGuardPlannerParts) {}

  /** What is known without asking: resolvers and the engine may take their time, and are asked meanwhile. */
  plan(): ConsulGuardPlan | Off {
    if (this.parts.servers.length === 0) return OFF;
    if (performance.now() - this.learnt > LEARN_MS) this.learn();
    return { interfaces: this.bridges, servers: this.parts.servers.flatMap((server) => this.found(server)) };
  }

  onNews(listener: () => void): void {
    this.tell = listener;
  }

  refresh(): void {
    this.learnt = Number.NEGATIVE_INFINITY;
  }

  stop(): void {
    this.tell = () => {};
  }

  private found({ host, port }: ConsulServer): readonly ServerAddress[] {
    const addresses = isIp(host) ? [parseIp(host)] : (this.addresses.get(host) ?? []);
    return addresses.map((address) => ({ address, port }));
  }

  private learn(): void {
    if (this.learning !== undefined) return;
    this.learnt = performance.now();
    const names = this.parts.servers.map(({ host }) => host).filter((host) => !isIp(host));
    const asked = [this.askEngine(), ...[...new Set(names)].map((host) => this.resolve(host))];
    this.learning = Promise.all(asked).then((unknown) => {
      this.learning = undefined;
      this.tellUnknown(unknown.flat());
      this.tell();
    });
  }

  private async askEngine(): Promise<readonly string[]> {
    try {
      this.bridges = [...new Set([...ALWAYS, ...(await this.parts.bridges())])].sort();
    } catch {
      // It is told elsewhere that the engine does not answer.
    }
    return [];
  }

  /** Gives the name if it leads nowhere, and never did. */
  private async resolve(host: string): Promise<readonly string[]> {
    const { resolve = resolveAll } = this.parts;
    try {
      this.addresses.set(host, [...new Set((await resolve(host)).map(parseIp))].sort());
    } catch {
      if (!this.addresses.has(host)) return [host];
    }
    return [];
  }

  private tellUnknown(unknown: readonly string[]): void {
    if (unknown.length === 0) this.parts.row.ok();
    else this.parts.row.degraded({ names: [...unknown].sort().join(', ') });
  }
}
