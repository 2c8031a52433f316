/** The record under `cluster`: which cluster this is, and what all its hosts must do alike. */
import { z } from 'zod';
import { DEFAULT_VXLAN_PORT } from '../model/names.js';
import { isClusterId, PORT_RANGE } from '../model/shapes.js';

const VERSION = 2;

const shape = z.object({
  version: z.literal(VERSION),
  id: z.string().refine(isClusterId),
  vxlanPort: z.int().min(PORT_RANGE.min).max(PORT_RANGE.max).default(DEFAULT_VXLAN_PORT),
});

export interface ClusterRecord {
  readonly id: string;
  /** UDP port that all hosts send VXLAN to. */
  readonly vxlanPort: number;
}

/** Undefined for what is none that we write. */
export function parseCluster(value: string): ClusterRecord | undefined {
  try {
    const { version: _, ...record } = shape.parse(JSON.parse(value));
    return record;
  } catch {
    return undefined;
  }
}

export const formatCluster = (record: ClusterRecord): string => JSON.stringify({ version: VERSION, ...record });
