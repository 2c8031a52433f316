/**
 * The file beside the admin socket that tells of the one that serves, or served last since the host has booted: it lies on a
 * tmpfs, and its time of change is when that one was last alive.
 */
import { dirname, join } from 'node:path';
import * as z from 'zod';

export const presenceFile = (adminSocket: string): string => join(dirname(adminSocket), 'agent.json');

/** The same over a boot, for commands that find no other settings. */
export const rememberedFile = (dataDir: string): string => join(dataDir, 'agent.json');

export const presence = z.object({
  version: z.literal(1),
  pid: z.int(),
  started: z.iso.datetime(),
  /** As they were typed for it; no token. */
  settings: z.record(z.string(), z.string()),
});
export type Presence = z.output<typeof presence>;
