/**
 * Heads: each owner of endpoints in a network has one key there, the name of which changes with every change of these
 * endpoints. Who watches the names alone knows whose endpoints to read; the value names those that the last changes
 * were about, for whoever has seen one of the heads before.
 */
import { createHash, randomBytes } from 'node:crypto';
import * as z from 'zod';
import type { Entry, Op } from '../../model/ports/ports.js';
import { bucketOf, keys } from '../../model/values/names.js';
import { isNetworkId, isNodeId, MOST } from '../../model/values/shapes.js';
import type { EndpointId, NetworkId } from '../../model/values/types.js';
import { type Carried, carriedOf, carriedShape } from './carried.js';
import { endpointId } from './fields.js';
import { ofVersion, RECORD_VERSION, readVersioned, versionTrouble } from './record-version.js';

/** One endpoint that was made, changed or removed by the transaction that wrote the head of this revision. */
export interface Change {
  readonly revision: string;
  readonly endpoint: EndpointId;
}

/** What a head tells of. */
export interface Head {
  /** The oldest first. */
  readonly changes: readonly Change[];
  readonly carried: Carried;
}

/** By owner: the revision of its head; of several, which only a forger leaves, what tells of all, and is no revision. */
export type Heads = ReadonlyMap<string, string>;

/** What to read because heads have changed. */
export type Read =
  /** All endpoints of the owner. */
  | { readonly kind: 'owner'; readonly owner: string }
  /** Its head, and the endpoints that this names after the revision `since`. */
  | { readonly kind: 'changes'; readonly owner: string; readonly since: string };

/** How many changes a head tells of: of more than that at once, all endpoints of the owner are read. */
const MOST_CHANGES = 16;
/** An owner with so few endpoints is read whole: one request instead of two, of about as many bytes. */
const FEW = 8;
/** As {@link newRevision} makes them. */
const REVISION = /^[\w-]{8}$/;
/** heads, bucket, network, owner, revision. */
const PARTS = 5;

const change = z
  .tuple([z.string().regex(REVISION), endpointId])
  .transform(([revision, endpoint]): Change => ({ revision, endpoint }));
/** A field more than the first heads had, so it is not there in each. */
const carried = carriedShape.default(() => new Map());
const fields = z.object({ changes: z.array(change).max(MOST_CHANGES), carried });

/** 48 random bits: no two of those that a head tells of, or that a reader remembers, are the same. */
export const newRevision = (): string => randomBytes(6).toString('base64url');

/** Undefined for garbage and for a newer release's. */
export function parseHead(value: string): Head | undefined {
  const versioned = value.length > MOST.record ? undefined : readVersioned(value);
  if (versioned === undefined || versionTrouble(versioned.version) !== undefined) return undefined;
  return fields.safeParse(ofVersion(keys.allHeads, versioned)).data;
}

export interface SoleHead {
  readonly entry: Entry;
  readonly revision: string;
  readonly head: Head | undefined;
}

/** The head of an owner, by what is below its prefix; of several, which somebody else made, none is believed. */
export function soleHead([entry, another]: readonly Entry[], prefix: string): SoleHead | undefined {
  if (entry === undefined || another !== undefined) return undefined;
  return { entry, revision: entry.key.slice(prefix.length), head: parseHead(entry.value) };
}

/** `ops`: those of its transaction on keys of endpoints. */
export const formatHead = (changes: readonly Change[], ops: readonly Op[] = []): string =>
  JSON.stringify({
    version: RECORD_VERSION,
    changes: changes.map(({ revision, endpoint }) => [revision, endpoint]),
    carried: carriedOf(ops),
  });

/** What the next head tells of: what the one before did, as far as there is room, and these endpoints. */
export const following = (
  before: readonly Change[],
  revision: string,
  endpoints: readonly EndpointId[],
): readonly Change[] => [...before, ...endpoints.map((endpoint) => ({ revision, endpoint }))].slice(-MOST_CHANGES);

/** The endpoints that changed after this revision; undefined when the changes do not reach back to it. */
export function changedSince(changes: readonly Change[], revision: string): ReadonlySet<EndpointId> | undefined {
  const last = changes.findLastIndex((c) => c.revision === revision);
  return last < 0 ? undefined : new Set(changes.slice(last + 1).map((c) => c.endpoint));
}

/**
 * The heads among keys, by network. What is no head is left out, after `onOther` was told of it, and so are owners beyond
 * any number of hosts.
 */
export function headsAmong(
  keys: readonly string[],
  onOther: (key: string) => void = () => {},
): ReadonlyMap<NetworkId, Heads> {
  const all = new Map<NetworkId, Map<string, string[]>>();
  for (const key of keys) {
    const parts = key.split('/', PARTS + 1);
    const [, bucket, network = '', owner = '', revision = ''] = parts;
    const isPlaced = parts.length === PARTS && isNetworkId(network) && bucket === bucketOf(network);
    if (!isPlaced || !isNodeId(owner) || !REVISION.test(revision)) {
      onOther(key);
      continue;
    }
    const heads = all.get(network) ?? new Map<string, string[]>();
    all.set(network, heads);
    const others = heads.get(owner);
    if (others !== undefined) others.push(revision);
    else if (heads.size < MOST.owners) heads.set(owner, [revision]);
  }
  return new Map([...all].map(([network, heads]) => [network, new Map([...heads].map(([o, r]) => [o, oneOf(r)]))]));
}

/** However many there are, what is kept is as short as one. */
function oneOf([first = '', ...others]: readonly string[]): string {
  if (others.length === 0) return first;
  return `several: ${createHash('sha256')
    .update([first, ...others].join(' '))
    .digest('base64url')}`;
}

/** How far the endpoints of an owner have been read. */
export interface Reach {
  /** The revision that the names told when they were read. */
  readonly told: string;
  /** The revision that the head had then: it may have been further already. */
  readonly read: string;
}

/** What brings a view up to `told` that has reached so far; `known`: how many endpoints of an owner it has. */
export function readsFor(
  told: Heads,
  reached: ReadonlyMap<string, Reach>,
  known: (owner: string) => number,
): readonly Read[] {
  const reads: Read[] = [];
  for (const [owner, revision] of told) {
    const reach = reached.get(owner);
    if (reach?.told === revision || reach?.read === revision) continue;
    const isDelta = reach !== undefined && REVISION.test(revision) && known(owner) > FEW;
    reads.push(isDelta ? { kind: 'changes', owner, since: reach.read } : { kind: 'owner', owner });
  }
  for (const owner of reached.keys()) if (!told.has(owner)) reads.push({ kind: 'owner', owner });
  return reads;
}

/** How many blocking queries a host has for heads, whatever the number of its networks. */
export const MOST_WATCHES = 32;

/**
 * The prefixes to watch for these networks, and whose heads are told below each: every network's own as long as there
 * are few, so that nobody else's changes wake this host, else those of buckets.
 */
export function watchesFor(networks: readonly NetworkId[]): ReadonlyMap<string, readonly NetworkId[]> {
  if (networks.length <= MOST_WATCHES) return new Map(networks.map((id) => [keys.heads(id), [id]]));
  const buckets = new Map<string, NetworkId[]>();
  for (const id of networks) buckets.set(bucketOf(id), [...(buckets.get(bucketOf(id)) ?? []), id]);
  return new Map(
    [...buckets].map(([bucket, ids]) => {
      const [only = '', another] = ids;
      return [another === undefined ? keys.heads(only) : keys.headsIn(bucket), ids];
    }),
  );
}
