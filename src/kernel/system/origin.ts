/**
 * What tells this machine from others. Of the host's, /etc is not to be seen in the managed plugin, but /sys and /proc
 * are, so there are two marks: who sees but one of them goes by that. The engine's id (`docker info`) will not do: an
 * engine that boots asks us before it answers anybody, and it is copied with the disk.
 */
import { createHash } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import type { Origin } from '../../model/cluster/origin.js';
import { hostnameOf } from '../../model/values/shapes.js';
import type { Machine } from '../../model/values/types.js';

const BOOT_ID = '/proc/sys/kernel/random/boot_id';

/** Where each mark of a machine stands. */
const MARKS = { os: '/etc/machine-id', board: '/sys/class/dmi/id/product_uuid' } as const;

/** machine-id(5) asks that the id itself is not shown to others. */
const hash = (kind: string, text: string): string =>
  createHash('sha256').update(`tsoverlay ${kind} ${text}`).digest('hex').slice(0, 32);

/** The mark in the file; none for one that is missing, empty, or of digits that stand for nothing. */
function mark(kind: keyof typeof MARKS): Machine {
  try {
    const text = readFileSync(MARKS[kind], 'utf8').trim().toLowerCase();
    return /^(?:[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12})$/.test(text) && /[^0f-]/.test(text)
      ? { [kind]: hash(kind, text) }
      : {};
  } catch {
    return {};
  }
}

/** Two hosts of one kernel, as in a lab, differ in their network namespace. */
export const readOrigin = (): Origin => ({
  hostname: hostnameOf(hostname()),
  machine: { ...mark('os'), ...mark('board') },
  boot: hash('boot', `${readFileSync(BOOT_ID, 'utf8').trim()} ${readlinkSync('/proc/self/ns/net')}`),
});
