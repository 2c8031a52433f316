/** The host's own things in memory: what steps do to them, and what somebody else may do. It outlives the process. */
import type { Notice } from '../../src/model/diff/drift.js';
import { hookMark, type ObservedAccelerator } from '../../src/model/host/accelerator.js';
import type { ConsulGuardPlan } from '../../src/model/host/consul-guard.js';
import type { EncryptionFencePlan } from '../../src/model/host/encryption-fence.js';
import type { Gwbridge } from '../../src/model/host/gwbridge.js';
import type { HostPart, ObservedHost } from '../../src/model/host/host-plan.js';
import type { KernelHostStep } from '../../src/model/host/host-steps.js';
import type { ProbeDevice } from '../../src/model/host/probe.js';
import type { Standing } from '../../src/model/host/standing.js';
import { SYSCTLS } from '../../src/model/host/sysctls.js';
import type { HostPartsKernel } from '../../src/model/ports/host-port.js';
import type { Ip } from '../../src/model/values/types.js';
import { FakeMesh } from './mesh.js';

interface Guard {
  readonly nodes: Set<string>;
  readonly vnis: Set<number>;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

export class FakeHostParts implements HostPartsKernel {
  guard: Standing<Guard>;
  /** Datagrams of nodes that have come by another way. */
  strayed = 0;
  consulGuard: Standing<ConsulGuardPlan>;
  fence: Standing<EncryptionFencePlan>;
  readonly mesh = new FakeMesh();
  bridge: Mutable<Gwbridge> | undefined;
  areUplinksRuled = false;
  /** Indexes of the links that are no bridge's port. */
  readonly loose = new Set<number>();
  probe: { readonly device: ProbeDevice; readonly ways: Map<Ip, boolean> } | undefined;
  readonly sysctls = new Map(SYSCTLS.map(({ name, least }) => [name, least]));
  /** What the device of the VTEP is like, and what is hooked where. */
  underlay: Omit<ObservedAccelerator, 'hooked'> = { link: 'eth0' };
  readonly hooked = new Map<string, string>();
  /** What was done, in order, with its reason; a test empties it. */
  steps: string[] = [];
  looks = 0;
  /** What it refuses to do. */
  fails: (step: KernelHostStep) => Error | undefined = () => undefined;
  private listeners: ((notices: readonly Notice[]) => void)[] = [];

  async observe<P extends HostPart>(part: P): Promise<ObservedHost[P]> {
    this.looks++;
    const { guard, strayed, consulGuard, bridge, probe } = this;
    const found: ObservedHost = {
      vxlanGuard:
        typeof guard === 'object' ? { nodes: new Set(guard.nodes), vnis: new Set(guard.vnis), strayed } : guard,
      consulGuard,
      gwbridge: { loose: new Set(this.loose), ...(bridge && { bridge: { ...bridge } }) },
      uplinks: { addresses: bridge?.addresses, isRuled: this.areUplinksRuled },
      sysctls: new Map(this.sysctls),
      encryptionFence: this.fence,
      probe: probe && { ...probe, ways: new Map(probe.ways) },
      crypt: this.mesh.observe(),
      accelerator: { ...this.underlay, hooked: new Map(this.hooked) },
    };
    return found[part];
  }

  async apply(step: KernelHostStep): Promise<void> {
    const error = this.fails(step);
    if (error !== undefined) throw error;
    this.steps.push(`${step.kind}: ${step.reason}`);
    this.change(step);
  }

  watchGwbridge(listener: (notices: readonly Notice[]) => void): void {
    this.listeners.push(listener);
  }

  guardDrops(): ReadonlyMap<string, number> | undefined {
    return typeof this.guard === 'object' ? new Map([['prerouting', this.strayed]]) : undefined;
  }

  close(): void {
    this.listeners = [];
  }

  /** `nft flush ruleset` */
  flush(): void {
    this.guard = undefined;
    this.consulGuard = undefined;
    this.fence = undefined;
    this.areUplinksRuled = false;
  }

  /** What another process has made is not known to be as this one would make it. */
  restart(): void {
    if (this.guard !== undefined) this.guard = 'other';
    if (this.consulGuard !== undefined) this.consulGuard = 'other';
    if (this.fence !== undefined) this.fence = 'other';
    this.steps = [];
  }

  /** The engine makes docker_gwbridge, and puts containers on it. */
  engineMakesGwbridge(bridge: Gwbridge): void {
    this.bridge = { ...bridge };
    this.tell({ gone: false });
  }

  /** `ip link delete docker_gwbridge`: its ports are nobody's then. */
  deleteGwbridge(): void {
    for (const port of this.bridge?.ports ?? []) this.loose.add(port);
    this.bridge = undefined;
    this.tell({ gone: true });
  }

  lose(): void {
    for (const listener of this.listeners) listener([{ kind: 'lost' }]);
  }

  private tell({ gone }: { readonly gone: boolean }): void {
    const { up = false, mtu = 1500 } = this.bridge ?? {};
    const rest = { alias: '', master: '', learning: false, snooping: false };
    for (const listener of this.listeners)
      listener([{ kind: 'link', link: 'docker_gwbridge', gone, up, mtu, ...rest }]);
  }

  private setWays(peers: readonly Ip[], isThere: boolean): void {
    for (const peer of peers) isThere ? this.probe?.ways.set(peer, true) : this.probe?.ways.delete(peer);
  }

  private change(step: KernelHostStep): void {
    const { guard, bridge } = this;
    switch (step.kind) {
      case 'replaceVxlanGuard':
        this.guard = { nodes: new Set(step.nodes), vnis: new Set(step.vnis) };
        return;
      case 'changeVxlanGuard':
        if (typeof guard !== 'object') throw new Error('no guard');
        for (const node of step.nodes.gone) guard.nodes.delete(node);
        for (const node of step.nodes.come) guard.nodes.add(node);
        for (const vni of step.vnis.gone) guard.vnis.delete(vni);
        for (const vni of step.vnis.come) guard.vnis.add(vni);
        return;
      case 'removeVxlanGuard':
        this.guard = undefined;
        return;
      case 'replaceConsulGuard':
        this.consulGuard = { interfaces: step.interfaces, servers: step.servers };
        return;
      case 'removeConsulGuard':
        this.consulGuard = undefined;
        return;
      case 'createGwbridge':
        this.bridge = { mac: step.mac, mtu: step.mtu, up: true, addresses: [], ports: [] };
        return;
      case 'addGwbridgeAddress':
        if (bridge) bridge.addresses = [...bridge.addresses, step.address];
        return;
      case 'removeGwbridgeAddress':
        if (bridge) bridge.addresses = bridge.addresses.filter((address) => address !== step.address);
        return;
      case 'replaceUplinkRules':
      case 'removeUplinkRules':
        this.areUplinksRuled = step.kind === 'replaceUplinkRules';
        return;
      case 'enslaveToGwbridge':
        this.loose.delete(step.port);
        if (bridge) bridge.ports = [...bridge.ports, step.port];
        return;
      case 'fitGwbridge':
        if (bridge) [bridge.mtu, bridge.up] = [step.mtu, true];
        return;
      case 'hookUnderlay':
        this.hooked.set(step.link, hookMark(step));
        return;
      case 'unhookUnderlay':
        this.hooked.delete(step.link);
        return;
      case 'createProbe':
        this.probe = { device: { address: step.address, mtu: step.mtu, port: step.port }, ways: new Map() };
        return;
      case 'removeProbe':
        this.probe = undefined;
        return;
      case 'openProbe':
        this.setWays(step.peers, true);
        return;
      case 'closeProbe':
        this.setWays(step.peers, false);
        return;
      case 'raiseSysctl':
        this.sysctls.set(step.name, step.value);
        return;
      case 'replaceEncryptionFence':
        this.fence = { subnets: step.subnets };
        return;
      case 'removeEncryptionFence':
        this.fence = undefined;
        return;
      default:
        this.mesh.apply(step);
    }
  }
}
