/** All commands, in the order in which help has them. */
import { dns } from '../commands/dns.js';
import { doctor } from '../commands/doctor.js';
import { events } from '../commands/events.js';
import { ipamCheck } from '../commands/ipam-check.js';
import { keyRotate } from '../commands/key-rotate.js';
import { nodeDrain } from '../commands/node-drain.js';
import { nodeForget } from '../commands/node-forget.js';
import { ping } from '../commands/ping.js';
import { report } from '../commands/report.js';
import { status } from '../commands/status.js';
import { trace } from '../commands/trace.js';
import { ui } from '../commands/ui.js';
import type { Command } from '../frame/command.js';
import { completionOf } from './completion.js';

/** What several commands begin with. */
export const GROUPS: Readonly<Record<string, string>> = {
  ipam: 'addresses of the cluster',
  node: 'nodes of the cluster',
  key: 'the key of this host, for encrypted networks',
};

export const COMMANDS: readonly Command[] = [
  ...[status, doctor, ping, trace, dns, events, ipamCheck, nodeDrain, nodeForget, keyRotate, report, ui],
  completionOf(() => COMMANDS),
];
