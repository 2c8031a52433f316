/** Who this host is: asks memory, machine and store (see model/cluster/origin.ts), and remembers the answer. */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { isStoreError, StoreError } from '../../errors.js';
import { type Choice, chooseId, type Origin, type Remembered } from '../../model/cluster/origin.js';
import type { NetworksKernel } from '../../model/ports/kernel-port.js';
import type { Entry, Store } from '../../model/ports/ports.js';
import { keys } from '../../model/values/names.js';
import { isEndpointId, isNetworkId } from '../../model/values/shapes.js';
import type { EndpointId, NetworkId, NodeAddress, NodeId } from '../../model/values/types.js';
import { parseEndpoint, parseNode } from '../../store/records/records.js';

/** A session lives for twice its TTL at most: one that still does after this is somebody's, ms. */
const PATIENT_MS = 40_000;

/** Of a host that is none of those known; the same for as long as the process runs. */
const FRESH = randomBytes(8).toString('hex') as NodeId;

/** What of the host's memory serves. */
export interface SelfMemory {
  readonly node: Remembered | undefined;
  rememberNode(node: Remembered): void;
  forgetCopied(): void;
}

export interface SelfFinderParts {
  readonly store: Pick<Store, 'list'>;
  readonly memory: SelfMemory;
  readonly origin: Origin;
  readonly address: NodeAddress;
  /** The endpoints whose links are in the kernel, by network. */
  readonly carried: () => Promise<ReadonlyMap<NetworkId, ReadonlySet<EndpointId>>>;
  /** Told when DATA_DIR turns out to be a copy of another host's. */
  readonly onClone?: (copied: NodeId, id: NodeId) => void;
}

export class SelfFinder {
  private undecidedSince: number | undefined;

  constructor(private readonly parts: SelfFinderParts) {}

  /** Who this host is, where it need not ask: a process before this one has, since the boot. */
  get certain(): NodeId | undefined {
    return this.parts.memory.node?.boot === this.parts.origin.boot ? this.parts.memory.node.id : undefined;
  }

  /**
   * By what the store says; remembered. Rejects with a StoreError while it does not answer, or while a session lives
   * that may be this host's own of before its boot or a copy of this host's.
   */
  async find(): Promise<NodeId> {
    const { entries } = await this.parts.store.list(keys.nodes);
    const waited = this.undecidedSince === undefined ? 0 : performance.now() - this.undecidedSince;
    const choice = this.choose(entries, await this.carriers(), waited < PATIENT_MS);
    if (choice.kind === 'undecided') {
      this.undecidedSince ??= performance.now();
      const { hostname, id, address } = choice.twin;
      throw new StoreError(
        `host ${hostname} (${id}) lives at ${address}, as this host did before its boot or as a copy of it does; waiting for that session to end`,
        true,
      );
    }
    this.remember(choice);
    return choice.id;
  }

  /** While the store does not answer; not remembered. `copy`: the nodes' records as this host knew them last. */
  guess(copy: readonly Entry[]): NodeId {
    const ended = copy.map((entry) => ({ ...entry, held: false, everHeld: true }));
    const choice = this.choose(ended, new Set(), true);
    return choice.kind === 'undecided' ? choice.twin.id : choice.id;
  }

  private choose(entries: readonly Entry[], carried: ReadonlySet<NodeId>, patient: boolean): Choice {
    const nodes = entries.flatMap((entry) => parseNode(entry) ?? []);
    return chooseId(this.parts.origin, this.parts.address, this.parts.memory.node, { nodes, carried }, FRESH, patient);
  }

  /** Whose the endpoints are that the kernel has; not asked by who knows without. */
  private async carriers(): Promise<ReadonlySet<NodeId>> {
    const owners = new Set<NodeId>();
    if (this.certain !== undefined) return owners;
    for (const [network, ids] of await this.parts.carried())
      for (const entry of (await this.parts.store.list(keys.endpoints(network))).entries) {
        const endpoint = parseEndpoint(entry);
        if (endpoint !== undefined && ids.has(endpoint.id)) owners.add(endpoint.node);
      }
    return owners;
  }

  private remember({ kind, id }: Exclude<Choice, { kind: 'undecided' }>): void {
    const { machine, boot } = this.parts.origin;
    const before = this.parts.memory.node;
    if (kind === 'cloned') {
      this.parts.memory.forgetCopied();
      if (before !== undefined) this.parts.onClone?.(before.id, id);
    }
    // The managed plugin does not see all that a process sees.
    const seen = kind === 'known' && before?.id === id ? { ...before.machine, ...machine } : machine;
    this.parts.memory.rememberNode({ id, machine: seen, boot });
  }
}

/** The endpoints whose links are in the kernel, by the network that each namespace's bridge names. */
export async function carriedBy(
  kernel: Pick<NetworksKernel, 'namespaces' | 'observe'>,
): Promise<ReadonlyMap<NetworkId, ReadonlySet<EndpointId>>> {
  const carried = new Map<NetworkId, ReadonlySet<EndpointId>>();
  for (const name of await kernel.namespaces()) {
    const links = (await kernel.observe(name, 'devices'))?.links ?? [];
    const aliases = (kind: string) => links.filter((link) => link.kind === kind).map(({ alias }) => alias);
    const network = aliases('bridge').find(isNetworkId);
    const ports = aliases('veth').filter(isEndpointId);
    if (network !== undefined) carried.set(network, new Set(ports));
  }
  return carried;
}

/** How long a start that knows who it is waits for the store to say what speaks against its settings, ms. */
const SHORT_MS = 500;

/**
 * By the store if it answers soon, else by what this host knew last. A store that is away holds up no start for longer.
 * Rejects with a UserError for a setting that does not fit the cluster.
 */
export async function findSelf(
  finder: SelfFinder,
  /** Rejects with a UserError when these do not fit the store. */
  settings: { check(): Promise<unknown> },
  copy: () => readonly Entry[],
  patienceMs: number,
): Promise<NodeId> {
  const ask = async (): Promise<NodeId> => {
    await settings.check();
    return finder.find();
  };
  const found = ask().catch((e: unknown) => {
    if (isStoreError(e)) return undefined;
    throw e;
  });
  const { certain } = finder;
  const patience = certain === undefined ? patienceMs : Math.min(patienceMs, SHORT_MS);
  return (await Promise.race([found, sleep(patience, undefined)])) ?? certain ?? finder.guess(copy());
}
