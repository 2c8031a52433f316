/**
 * In which version the hosts of a cluster write records. A release reads all versions up to its newest and writes that
 * and the one before, so that hosts of two releases in a row run side by side: all write the older one until every host
 * that counts reads the newer. The record `cluster` says which it is; as it may be forged, it is believed as far as the
 * records of the nodes bear it out, and what they do not bear out changes nothing. Pure.
 */
import { shown } from '../values/printable.js';
import type { NodeAddress, NodeId } from '../values/types.js';

/** A host, by those fields of its record that every release reads. */
export interface Reader {
  readonly id: NodeId;
  readonly address: NodeAddress;
  readonly hostname: string;
  /** The newest version that its release reads. */
  readonly reads: number;
  readonly alive: boolean;
  /** It is gone and has left endpoints or addresses: it comes back for them with the release that it had. */
  readonly awaited: boolean;
}

/** The newest version of this release, and the oldest that it writes. */
export interface Build {
  readonly newest: number;
  readonly least: number;
}

export type Verdict =
  /** `unfounded`: `cluster` says another version, which its hosts do not bear out. */
  | { readonly kind: 'writes'; readonly version: number; readonly unfounded: boolean }
  /** All hosts read, and may have written, what this release cannot read. */
  | { readonly kind: 'newer' }
  /** These cannot read what this release writes. */
  | { readonly kind: 'older'; readonly hosts: readonly Reader[] };

/**
 * The hosts that keep the cluster from a version. One that is gone and has left nothing is refused when it returns, and
 * nobody misses it; one that has left containers' endpoints would find them in records that it cannot read.
 */
export const laggards = (version: number, readers: readonly Reader[]): readonly Reader[] =>
  readers.filter((r) => r.reads < version && (r.alive || r.awaited));

/** What this release is to do in a cluster that says `said`. */
export function judge(said: number, readers: readonly Reader[], { newest, least }: Build): Verdict {
  const hosts = laggards(Math.max(said, least), readers);
  if (said < least && hosts.length > 0) return { kind: 'older', hosts };
  const isSound = hosts.length === 0 && (said <= newest || readers.some((r) => r.reads >= said));
  // Older records are read by all, however new their release is.
  if (!isSound) return { kind: 'writes', version: least, unfounded: true };
  return said > newest ? { kind: 'newer' } : { kind: 'writes', version: Math.max(said, least), unfounded: false };
}

/**
 * The version that `cluster` is to say instead of `said`, once it has been so for a while; undefined while it is right,
 * or while a host that counts does not read the newest.
 */
export function raised(said: number, readers: readonly Reader[], { newest, least }: Build): number | undefined {
  const isAnyones = readers.some((r) => r.reads >= said);
  if (said < newest) return laggards(newest, readers).length === 0 ? newest : undefined;
  // No host of ours wrote that.
  const all = laggards(newest, readers).map((r) => r.reads);
  return isAnyones || readers.length === 0 ? undefined : Math.max(least, Math.min(newest, ...all));
}

/** More than these are only counted. */
const MOST_NAMED = 5;

const namesOf = (readers: readonly Reader[]): string => {
  const names = readers
    .slice(0, MOST_NAMED)
    .map((r) => `${shown(r.hostname)} at ${r.address} (${r.alive ? 'alive' : 'away'}, reads ${r.reads})`);
  return [...names, ...(readers.length > MOST_NAMED ? [`${readers.length - MOST_NAMED} more`] : [])].join(', ');
};

const CURE = 'upgrade tsoverlay there; one that never returns: tsoverlay node forget ADDRESS';

/** `where`: the store, for people. */
export const newerWords = (where: string, said: number, { newest }: Build): string =>
  `${where} has records of version ${said} and this tsoverlay reads up to ${newest}; install the release that the other hosts run`;

export const olderWords = (where: string, hosts: readonly Reader[], { newest, least }: Build): string =>
  `${where} has hosts that read too old a version for this tsoverlay, which writes ${[...new Set([least, newest])].join(' or ')}: ${namesOf(hosts)}; upgrade all hosts to the release before this one first; one that never returns: tsoverlay node forget ADDRESS`;

/** Why records are not written in the newest version; undefined when they will be in a minute, as in any new cluster. */
export function versionWords(said: number, readers: readonly Reader[], build: Build): string | undefined {
  const { newest } = build;
  const hosts = laggards(Math.max(said, newest), readers);
  const verdict = judge(said, readers, build);
  if (verdict.kind === 'writes' && verdict.unfounded)
    return `the record cluster in the store says version ${said}, which ${hosts.length > 0 ? `not all hosts read: ${namesOf(hosts)}` : 'no host reads'}; it was not tsoverlay that wrote this, and records are written in version ${verdict.version}, which all read`;
  if (hosts.length > 0)
    return `records are written in version ${said}, not ${newest}, until all hosts read that: ${namesOf(hosts)}; ${CURE}`;
  return undefined;
}
