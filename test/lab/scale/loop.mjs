/**
 * Loaded into one plugin process before its own code: how long its event loop was busy at a time. Each time that a
 * timer comes, how late it is by the clock, and what of that this process had the CPU: the latter bounds the longest turn,
 * whatever else runs on the machine. Figures of each second go to the end of a file, in ms.
 */
import { appendFileSync } from 'node:fs';

const EVERY_MS = 5;
const FILE = '/run/scale-loop';

let [at, cpu] = [performance.now(), process.cpuUsage()];
let seconds = Math.floor(Date.now() / 1000);
let most = { late: 0, busy: 0 };

setInterval(() => {
  const gap = performance.now() - at;
  const { user, system } = process.cpuUsage(cpu);
  [at, cpu] = [performance.now(), process.cpuUsage()];
  const busy = Math.min(gap, (user + system) / 1000);
  most = { late: Math.max(most.late, gap - EVERY_MS), busy: Math.max(most.busy, busy) };
  const now = Math.floor(Date.now() / 1000);
  if (now === seconds) return;
  appendFileSync(FILE, `${JSON.stringify({ second: seconds, ...most })}\n`);
  [seconds, most] = [now, { late: 0, busy: 0 }];
}, EVERY_MS).unref();
