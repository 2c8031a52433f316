/** `tsoverlay status`: the cluster as the store has it, and what waits for a host to return. */

import { CATALOGUE } from '../health/catalogue.js';
import { addressTaken } from '../model/cluster/origin.js';
import { versionWords } from '../model/cluster/upgrade.js';
import type { GuardDrops } from '../model/host/vxlan-guard.js';
import { isEncrypted, overlayMtu } from '../model/plan/underlay.js';
import type { Store } from '../model/ports/ports.js';
import { keys } from '../model/values/names.js';
import { clipped, shown } from '../model/values/printable.js';
import type { Endpoint, Network, Node, NodeAddress, NodeId } from '../model/values/types.js';
import type { Findings } from '../store/consul/exposure.js';
import { BUILD } from '../store/records/record-version.js';
import { parseEndpoint, parseNetwork, parseNode, type Report } from '../store/records/records.js';
import type { Standing } from '../store/versioned.js';

/** Of records that cannot be read: nobody reads more, however many somebody wrote. */
const MOST_LINES = 100;

/** The host that the command runs on; without an id where it does not know that yet. */
export type Self = Pick<Node, 'address' | 'hostname' | 'boot'> & { readonly id: NodeId | undefined };

export interface Status {
  readonly nodes: readonly Node[];
  readonly networks: readonly Network[];
  readonly endpoints: readonly Endpoint[];
  /** One line each: the key, and why. */
  readonly unreadable: readonly string[];
}

export async function readStatus(store: Pick<Store, 'list'>): Promise<Status> {
  const [nodes, networks, endpoints] = await Promise.all([
    store.list(keys.nodes),
    store.list(keys.networks),
    store.list('endpoints/'),
  ]);
  const unreadable: string[] = [];
  let more = 0;
  const report: Report = (key, reason) => {
    if (unreadable.length < MOST_LINES) unreadable.push(`${clipped(key, 200)} ${reason}; it is left alone`);
    else more++;
  };
  const readable = {
    nodes: nodes.entries.flatMap((e) => parseNode(e, report) ?? []),
    networks: networks.entries.flatMap((e) => parseNetwork(e, report) ?? []),
    endpoints: endpoints.entries.flatMap((e) => parseEndpoint(e, report) ?? []),
  };
  if (more > 0) unreadable.push(`${more} more records cannot be read; they are left alone`);
  return { ...readable, unreadable };
}

/** Names may have gaps, and must not pass for columns. */
const named = (name: string): string => (/\s/.test(name) ? JSON.stringify(name) : name);

/**
 * Lines for a terminal. A node that is away and holds endpoints is named with the command that frees them, where it shares
 * the store with others.
 */
export const statusLines = (status: Status, isShared = true, self?: NodeAddress): readonly string[] =>
  linesOf(status, isShared, self).map(shown);

/** What containers of this host have on it; undefined where it is not known. */
export function mtuOf(
  network: Network,
  { nodes }: Pick<Status, 'nodes'>,
  self: NodeAddress | undefined,
): number | undefined {
  const mtu = network.mtu ?? nodes.find(({ address }) => address === self)?.mtu;
  return self === undefined || mtu === undefined ? undefined : overlayMtu(network, { address: self, mtu });
}

function linesOf(status: Status, isShared: boolean, self: NodeAddress | undefined): readonly string[] {
  const { nodes, networks, endpoints, unreadable } = status;
  const cure = (name: string) => (isShared ? `; if it never returns: tsoverlay node forget ${name}` : '');
  const of = (id: string) => endpoints.filter((e) => e.node === id).length;
  const living = new Set(nodes.filter((n) => n.alive).map((n) => n.id));
  // By their addresses; those without a record by what their endpoints say.
  const away = new Map<NodeId, string>(endpoints.map((e) => [e.node, e.node]));
  for (const n of nodes) away.set(n.id, n.address);
  for (const id of living) away.delete(id);
  const hostnameOf = (id: NodeId) => nodes.find((n) => n.id === id)?.hostname ?? id;
  return [
    `${nodes.length} nodes`,
    ...nodes.map(
      (n) =>
        `  ${n.address}  ${n.hostname}  ${n.alive ? 'alive' : 'away'}  id ${n.id.slice(0, 8)}  MTU ${n.mtu}  ${of(n.id)} endpoints${n.crypt === undefined ? '' : '  WireGuard'}${n.release === undefined ? '' : `  tsoverlay ${n.release}`}`,
    ),
    `${networks.length} networks`,
    ...networks.map((n) => {
      const vnis = [...new Set(n.subnets.map((s) => s.vni))].join(',');
      const count = endpoints.filter((e) => e.network === n.id).length;
      const mtu = mtuOf(n, status, self);
      return `  ${named(n.announced?.name ?? n.outdone ?? n.id.slice(0, 12))}  ${n.subnets.map((s) => s.pool).join(' ')}  VNI ${vnis}${mtu === undefined ? '' : `  MTU ${mtu}`}  ${count} endpoints${isEncrypted(n.options) ? '  encrypted' : ''}`;
    }),
    ...networks.flatMap(({ id, outdone, creator }) =>
      outdone === undefined
        ? []
        : [
            `network ${named(outdone)} (${id.slice(0, 12)}) on host ${hostnameOf(creator)} is not the cluster's of that name, for another host was faster; that one takes its place once its containers are removed`,
          ],
    ),
    ...[...away]
      .filter(([id]) => of(id) > 0)
      .map(([id, name]) => `waiting for ${name}: ${of(id)} endpoints${cure(name)}`),
    ...unreadable,
  ];
}

/** One line when the address of `self`, the host that this runs on, is another living one's. */
export function addressLines({ nodes }: Status, self: Self): readonly string[] {
  const other = nodes.find((n) => n.address === self.address && n.alive && n.id !== self.id && n.boot !== self.boot);
  return other === undefined ? [] : [`warning: ${addressTaken(self.address, self, other)}`];
}

/** One line while something keeps records from being written in this release's newest version. */
export function versionLines(standing: Standing | undefined): readonly string[] {
  if (standing === undefined) return [];
  const { cluster, readers, verdict } = standing;
  if (verdict.kind === 'writes' && verdict.version === BUILD.newest && !verdict.unfounded) return [];
  const words = versionWords(cluster.version, readers, BUILD);
  return words === undefined ? [] : [words];
}

const KEPT_OUT: Readonly<Record<string, string>> = {
  input: 'from an address of no node',
  prerouting: "from a node's address, but not by the way to it",
  forward: 'from a container, or through this host otherwise',
  output: 'from a process of this host',
};

/** What the guard of this host has dropped since the host has booted, by the chains of nft table tsoverlay-guard. */
export const guardLines = (drops: GuardDrops | undefined, port: number): readonly string[] =>
  drops === undefined
    ? [`UDP ${port} of this host is not guarded`]
    : [
        `UDP ${port} of this host is guarded; datagrams dropped:`,
        ...[...drops].map(([chain, count]) => `  ${chain}  ${count}  ${KEPT_OUT[chain] ?? ''}`),
      ];

/** One line for each server of the store that takes writes from anybody. */
export const exposureLines = (findings: Findings): readonly string[] =>
  [...findings.values()].flatMap((exposure) =>
    exposure === undefined ? [] : `warning: ${CATALOGUE['consul.exposed'].text(exposure)}`,
  );
