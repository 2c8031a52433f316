/**
 * What happened lately, beside the admin socket and so on a tmpfs: who asks once the one that served has crashed has it too.
 * One JSON value a line; the older file is taken away when the newer one has grown as large as it may.
 */
import { dirname, join } from 'node:path';
import * as z from 'zod';

/** The older one first. */
export const eventFiles = (adminSocket: string): readonly [string, string] => {
  const folder = dirname(adminSocket);
  return [join(folder, 'events.1.ndjson'), join(folder, 'events.ndjson')];
};

export const happening = z.looseObject({
  at: z.iso.datetime(),
  level: z.enum(['info', 'warn', 'error']),
  event: z.string().describe('docs/messages.md has the list'),
  code: z.string().optional().describe('of a status row'),
  text: z.string(),
});
export type Happening = z.output<typeof happening>;
