/** The record `cluster`: which cluster this is, and in which version its records are. */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { readVersioned, VERSION } from './records.js';

export interface ClusterRecord {
  readonly id: string;
}

const ID = /^[0-9a-zA-Z-]{1,64}$/;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const fields = z.object({ id: z.string().regex(ID) });

/** Whatever somebody wrote there tells this store from another one, but is neither kept nor shown. */
export function parseCluster(value: string): ClusterRecord {
  const found = fields.safeParse(value.length > 4096 ? undefined : readVersioned(value));
  return { id: found.data?.id ?? createHash('sha256').update(value).digest('hex') };
}

export const formatCluster = ({ id }: ClusterRecord): string => JSON.stringify({ version: VERSION, id });

/** Records of version 1 had a bare id there. */
export const isOfVersion1 = (value: string): boolean => UUID.test(value);
