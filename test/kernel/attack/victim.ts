/**
 * Another tenant, in a process of its own: `victim.ts <namespace>`. Told a number of milliseconds, it asks for names
 * of the cluster that long and says how long each answer took, milliseconds.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from '../dns-namespace.js';

const NEVER = 1000;
const client = new Client(process.argv[2] ?? '');

async function ask(i: number): Promise<number> {
  const began = performance.now();
  return client.ask(`c${i % 5000}`, 'A', NEVER).then(
    ([address]) => (String(address).startsWith('172.16.') ? performance.now() - began : NEVER),
    () => NEVER,
  );
}

process.on('message', async (ms: number) => {
  const answers: Promise<number>[] = [];
  for (const end = performance.now() + ms; performance.now() < end; await sleep(4)) answers.push(ask(answers.length));
  process.send?.(await Promise.all(answers));
});
process.send?.('ready');
