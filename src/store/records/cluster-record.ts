/** The record `cluster`: which cluster this is, in which version its records are, and what all its hosts must do alike. */
import { createHash } from 'node:crypto';
import * as z from 'zod';
import { DEFAULT_VXLAN_PORT } from '../../model/values/names.js';
import { isClusterId, PORT_RANGE } from '../../model/values/shapes.js';
import { readVersioned } from './record-version.js';

export interface ClusterRecord {
  /** In which all hosts write records. */
  readonly version: number;
  readonly id: string;
  /** UDP port that all hosts send VXLAN to. */
  readonly vxlanPort: number;
}

/** Longer than any that we write. */
const LONGEST = 4096;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

const fields = z.object({
  version: z.int().min(1),
  id: z.string().refine(isClusterId),
  vxlanPort: z.int().min(PORT_RANGE.min).max(PORT_RANGE.max).default(DEFAULT_VXLAN_PORT),
});

/**
 * Whatever somebody wrote there tells this store from another one, but is neither kept nor shown, and says nothing of a
 * port or a version.
 */
export function parseCluster(value: string): Pick<ClusterRecord, 'id'> & Partial<ClusterRecord> {
  const found = fields.safeParse(value.length > LONGEST ? undefined : readVersioned(value));
  return found.data ?? { id: createHash('sha256').update(value).digest('hex') };
}

export const formatCluster = ({ version, ...record }: ClusterRecord): string => JSON.stringify({ version, ...record });

/** Records of version 1 had a bare id there. */
export const isOfVersion1 = (value: string): boolean => UUID.test(value);
