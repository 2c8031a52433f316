/** Where the lab keeps things on the machine; everything outside of these folders is left alone. */
import { join } from 'node:path';

/** What can be fetched again: engines, Consul, the image. */
export const CACHE = process.env.TSOVERLAY_CACHE ?? '/var/cache/tsoverlay';

/** One folder per lab: options, processes, logs. */
export const STATE = '/run/tsoverlay-lab';

/** The tree that is tested. */
export const ROOT = join(import.meta.dirname, '../..');

/** The built plugin of this working tree. */
export const PLUGIN_MAIN = join(import.meta.dirname, '../../dist/main.js');

/** The lab of `npm run lab` and of the demo. */
export const LAB_NAME = 'lab';

export const cached = (name: string): string => join(CACHE, name);
export const stateFolder = (lab: string): string => join(STATE, lab);

/** The hosts' disks. On the cache's file system, for overlay2 wants a real one and /run may be a small tmpfs. */
export const diskFolder = (lab: string, host = ''): string => join(CACHE, 'disks', lab, host);

/** Every namespace and cgroup of the lab starts with this. */
export const machineName = (lab: string, host = ''): string => `tsolab-${lab}-${host}`;
export const netnsPath = (netns: string): string => `/run/netns/${netns}`;
