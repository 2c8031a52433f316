/**
 * Which versions of records this build reads and writes, and how they differ. In which of them it writes is the
 * cluster's to say (see model/cluster/upgrade.ts).
 */

import type { Build } from '../../model/cluster/upgrade.js';
import { isEncrypted } from '../../model/plan/underlay.js';
import { keys } from '../../model/values/names.js';

/** The newest that this build reads and writes: what its records are in memory. */
export const RECORD_VERSION = 3;
/** The first with this layout. All since are read: a record is written anew only when it changes. */
export const OLDEST_READ = 2;

export const BUILD: Build = { newest: RECORD_VERSION, least: Math.max(RECORD_VERSION - 1, OLDEST_READ) };

type Fields = Readonly<Record<string, unknown>>;

/** Between a version's fields as stored and this build's, both without the version. */
interface Layout {
  readonly read: (stored: Fields) => Fields;
  readonly write: (fields: Fields) => Fields;
}

/** Since 3 a network may be encrypted: a release that does not know of that would build it in clear, and must not read it. */
const SINCE_ENCRYPTION = 3;

/** The oldest version that a record can be written in, whatever the cluster's is. */
const leastFor = (key: string, { options }: Fields): number =>
  key.startsWith(keys.networks) && isEncrypted((options ?? {}) as Readonly<Record<string, string>>)
    ? SINCE_ENCRYPTION
    : OLDEST_READ;

/**
 * The versions whose records differ from this build's, by the first part of their keys; none does yet. In all of them
 * these stay at the top, for builds that know no more: `version`, the cluster's `id` and `vxlanPort`, the nodes' `id`,
 * `hostname` and `reads`. A field more needs no version: it is dropped by who does not know it.
 */
const LAYOUTS: Readonly<Record<number, Readonly<Record<string, Layout>>>> = {};

const layoutOf = (key: string, version: number): Layout | undefined =>
  LAYOUTS[version]?.[key.slice(0, Math.max(0, key.indexOf('/')))];

/** A JSON object with a version, undefined for all else. By hand: garbage by the thousand must cost next to nothing. */
export function readVersioned(text: string): (object & { readonly version: number }) | undefined {
  if (!text.startsWith('{')) return undefined;
  try {
    const found: unknown = JSON.parse(text);
    return isVersioned(found) ? found : undefined;
  } catch {
    return undefined;
  }
}

const isVersioned = (found: unknown): found is object & { readonly version: number } =>
  typeof found === 'object' &&
  found !== null &&
  'version' in found &&
  typeof found.version === 'number' &&
  Number.isSafeInteger(found.version) &&
  found.version >= 1;

/** Why a version cannot be read; undefined for one that can. */
export function versionTrouble(version: number): string | undefined {
  if (version > RECORD_VERSION) return `has version ${version}, which a newer release wrote`;
  return version < OLDEST_READ ? `has version ${version}, which an older release wrote` : undefined;
}

/** Fields of a version that can be read, as this build has them. */
export function ofVersion(key: string, { version, ...stored }: object & { readonly version: number }): Fields {
  return layoutOf(key, version)?.read(stored as Fields) ?? (stored as Fields);
}

/** A value of this build as it is written in a version; what is no record stays as it is. */
export function inVersion(key: string, value: string, version: number): string {
  const layout = layoutOf(key, version);
  if (layout === undefined && version === RECORD_VERSION) return value;
  const record = readVersioned(value);
  if (record === undefined) return value;
  const { version: _, ...fields } = record;
  const least = leastFor(key, fields as Fields);
  if (least > version) return inVersion(key, value, least);
  return JSON.stringify({ version, ...(layout?.write(fields as Fields) ?? fields) });
}
