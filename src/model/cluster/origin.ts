/**
 * Who this host is, told from what it remembers, from the machine that it runs on and from the records of the nodes. A
 * disk and a DATA_DIR can be copied, a name and an address can be had twice. Two hosts of one id would free each other's
 * endpoints, so one that cannot tell waits until it can. Pure.
 */
import { shown } from '../values/printable.js';
import type { Machine, Node, NodeAddress, NodeId } from '../values/types.js';

/** What a process can see of the machine that it runs on. */
export interface Origin {
  readonly hostname: string;
  readonly machine: Machine;
  /** Another one after each boot, and on each other machine that runs now. */
  readonly boot: string;
}

/** What the store has of hosts. */
export interface Known {
  readonly nodes: readonly Node[];
  /** The owners of the endpoints whose links are in this host's kernel. */
  readonly carried: ReadonlySet<NodeId>;
}

/** What the host remembers of itself. */
export interface Remembered {
  readonly id: NodeId;
  readonly machine: Machine;
  readonly boot: string;
}

export type Choice =
  /** `known`: this host has been it before. `cloned`: what it remembers is another host's. */
  | { readonly kind: 'known' | 'cloned'; readonly id: NodeId }
  | { readonly kind: 'new'; readonly id: NodeId }
  /** Either this host's own session, which has not ended yet, or a living twin. */
  | { readonly kind: 'undecided'; readonly twin: Node };

/**
 * `fresh`: the id of a host that is none of those known. `patient`: false once a session that could have been this
 * host's own must have ended, so that whoever still holds it lives.
 */
export function chooseId(
  origin: Origin,
  address: NodeAddress,
  remembered: Remembered | undefined,
  { nodes, carried }: Known,
  fresh: NodeId,
  patient: boolean,
): Choice {
  // First what no other host can write: the boot is in the records for all to read.
  if (remembered?.boot === origin.boot) return { kind: 'known', id: remembered.id };
  // The record was written on this machine since it was started, whatever became of DATA_DIR.
  const own = newest(nodes.filter((node) => node.boot === origin.boot));
  if (own !== undefined) return { kind: 'known', id: own.id };
  // Nor can containers that run be copied with a disk.
  const [carrier, another] = carried;
  if (carrier !== undefined && another === undefined) return { kind: 'known', id: carrier };
  return remembered === undefined
    ? recall(origin, address, nodes, fresh, patient)
    : confirm(origin, remembered, nodes, fresh, patient);
}

/** It remembers an id: is that its own? */
function confirm(
  origin: Origin,
  { id, machine }: Remembered,
  nodes: readonly Node[],
  fresh: NodeId,
  patient: boolean,
): Choice {
  const likeness = compare(machine, origin.machine);
  if (likeness === 'another') return { kind: 'cloned', id: fresh };
  // The hardware itself has not changed: whatever session there is, it is of our time before the boot.
  if (likeness === 'board') return { kind: 'known', id };
  const twin = nodes.find((node) => node.id === id && node.alive);
  if (twin === undefined) return { kind: 'known', id };
  if (!patient || isAnother(origin, twin)) return { kind: 'cloned', id: fresh };
  return { kind: 'undecided', twin };
}

/** It remembers nothing: its DATA_DIR was lost, or it is new. */
function recall(origin: Origin, address: NodeAddress, nodes: readonly Node[], fresh: NodeId, patient: boolean): Choice {
  const alike = nodes.filter(
    (node) => node.hostname === origin.hostname && ['os', 'board'].includes(compare(node.machine, origin.machine)),
  );
  const own = alike.find((node) => node.address === address) ?? (alike.length === 1 ? alike[0] : undefined);
  if (own === undefined) return { kind: 'new', id: fresh };
  if (!own.alive) return { kind: 'known', id: own.id };
  return patient ? { kind: 'undecided', twin: own } : { kind: 'new', id: fresh };
}

const isAnother = (origin: Origin, { hostname, machine }: Node): boolean =>
  hostname !== origin.hostname || compare(machine, origin.machine) === 'another';

/** How far two machines are alike: nothing is known, the installed system, or the hardware too; or they are two. */
function compare(a: Machine, b: Machine): 'unknown' | 'os' | 'board' | 'another' {
  const differs = (x: string | undefined, y: string | undefined) => x !== undefined && y !== undefined && x !== y;
  if (differs(a.os, b.os) || differs(a.board, b.board)) return 'another';
  const isSystem = a.os !== undefined && a.os === b.os;
  if (isSystem && a.board !== undefined && a.board === b.board) return 'board';
  return isSystem || (a.board !== undefined && a.board === b.board) ? 'os' : 'unknown';
}

/** The record that counts of those of one host: the one that it holds, else the one written last. */
const newest = (nodes: readonly Node[]): Node | undefined =>
  nodes.reduce<Node | undefined>((best, node) => (best === undefined || isLater(node, best) ? node : best), undefined);

const isLater = (a: Node, b: Node): boolean => (a.alive === b.alive ? a.index > b.index : a.alive);

const hosts = new WeakMap<object, ReadonlyMap<NodeId, Node>>();

/** Each host once, though it has a record at its former address too while it moves. The same map for the same records. */
export function byId(records: ReadonlyMap<NodeAddress, Node>): ReadonlyMap<NodeId, Node> {
  const known = hosts.get(records);
  if (known !== undefined) return known;
  const found = new Map<NodeId, Node>();
  for (const node of records.values()) found.set(node.id, newest([found.get(node.id) ?? node, node]) ?? node);
  hosts.set(records, found);
  return found;
}

type Named = Pick<Node, 'hostname'> & { readonly id: NodeId | undefined };

/** What people read of an address that two hosts have. `other`: undefined when its record cannot be read. */
export const addressTaken = (address: string, self: Named | undefined, other: Named | undefined): string =>
  `${address} is the address of ${nameOf(other)}, which lives, so that ${nameOf(self)} cannot have it and changes nothing; give one of the two another CLUSTER_ADVERTISE`;

/** The same of an id, which makes them one host to all others. */
export const idTaken = (address: string, self: Named | undefined, other: Named | undefined): string =>
  `${address} and the id of ${nameOf(self)} were taken by a copy of it, ${nameOf(other)}, so that nothing is changed from here; remove DATA_DIR/host.json on the copy, give it another CLUSTER_ADVERTISE, and restart tsoverlay on both`;

const nameOf = (host: Named | undefined): string =>
  host === undefined
    ? 'a host whose record cannot be read'
    : `host ${shown(host.hostname)}${host.id === undefined ? '' : ` (${shown(host.id)})`}`;
