/**
 * The edge to the kernel, by who needs what of it; its adapter is `kernel/host.ts`. The host's own things have a port of
 * their own (`host-port.ts`).
 */
import type { Notice } from '../diff/drift.js';
import type { Bearer } from '../diff/takeover.js';
import type { ObservedNamespace } from '../plan/observed.js';
import type { Step } from '../plan/steps.js';
import type { Cidr, NamespaceName } from '../values/types.js';

/** What the host itself (not a network's namespace) looks like. */
export interface HostFacts {
  /** The engine has made docker_gwbridge. */
  readonly hasGwbridge: boolean;
  /** Its on-link networks. */
  readonly gwbridgeNetworks: readonly Cidr[];
  /** All on-link networks and routes of the main table, without the default route. */
  readonly routes: readonly Cidr[];
  /** MTU of the advertised interface, bytes. */
  readonly underlayMtu: number;
}

/** For whoever publishes what this host is like. */
export interface FactsKernel {
  hostFacts(): Promise<HostFacts>;
}

/** For whoever makes the networks' namespaces right. */
export interface NetworksKernel {
  /** Names of the namespaces that are ours: `1-…` files whose br0 carries a matching network id as its alias. */
  namespaces(): Promise<readonly NamespaceName[]>;
  /**
   * Undefined when there is no such namespace. `devices`: without what is in the tables of its links (neighbours, FDBs),
   * which may be thousands.
   */
  observe(name: NamespaceName, part?: 'devices'): Promise<ObservedNamespace | undefined>;
  /** Whether a namespace is mounted on this file. */
  isNamespace(path: string): boolean;
  /**
   * Makes the kernel ask once only for IPv6 neighbours of a container in this namespace. Throws a KernelError, or what the
   * container's going brings about.
   */
  calm(path: string): void;
  /**
   * Does one step; creating what exists and removing what is gone are successes. Rejects with a KernelError. Steps on
   * entries of tables that are asked for at once go to the kernel together, in their order.
   */
  apply(step: Step): Promise<void>;
  /**
   * Says on the bridges of a namespace who has these addresses now, and forgets there who had. What is gone meanwhile is
   * left out. Rejects with a KernelError.
   */
  announce(name: NamespaceName, bearers: readonly Bearer[]): Promise<void>;
  /** Tells what happens in a namespace, until it is removed. Asked for again, it goes on as it is. */
  watch(name: NamespaceName, listener: (notices: readonly Notice[]) => void): Promise<void>;
}

export interface HostKernel extends FactsKernel, NetworksKernel {
  /** Whether this kernel can hold ports to their senders. */
  canFilter(): Promise<boolean>;
  close(): void;
}
