/** What happens when a container with CAP_NET_ADMIN ends our sockets in its namespace (SOCK_DESTROY, `ss --kill`). */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { destroy } from './attack/destroyer.js';
import { Stage } from './attack/stage.js';
import { askTcp, askUdp } from './dns-namespace.js';

/** Longer than until a renewal of the redirect, and shorter than until the next try. */
const NOTICED_MS = 3000;
const TRIED_AGAIN_MS = 20_000;

let stage: Stage;
beforeEach(async () => {
  stage = new Stage();
  await stage.set();
}, 60_000);
afterEach(() => stage.clear());

/** Percent of a processor. */
async function cpuOfPlugin(ms: number): Promise<number> {
  const before = await stage.usage();
  await sleep(ms);
  return ((await stage.usage()).cpu - before.cpu) / ms / 10;
}

async function servedAgain(): Promise<boolean> {
  for (const end = performance.now() + TRIED_AGAIN_MS; performance.now() < end; await sleep(200)) {
    const [address] = await askUdp(stage.attacker, 'c7', 'A', 300).catch(() => []);
    if (address === '172.16.0.7') return true;
  }
  return false;
}

describe('sockets of ours that a container has ended', () => {
  it('do not keep the plugin busy, and are made anew', { timeout: 60_000 }, async () => {
    destroy(stage.attacker);
    await sleep(NOTICED_MS);
    expect(await cpuOfPlugin(1000)).toBeLessThan(20);
    expect(await servedAgain()).toBe(true);
    expect(await askTcp(stage.attacker, 'c7')).toEqual([['172.16.0.7']]);
  });

  it('as fast as it can, cost others no time', { timeout: 60_000 }, async () => {
    const end = await stage.attack('destroyed');
    const before = await stage.usage();
    const latencies = await stage.latencies(5000);
    const cpu = await cpuOfPlugin(1000);
    const { lines } = await stage.usage();
    await end();
    const p99 = latencies[Math.floor(latencies.length * 0.99)];
    console.info(`${latencies.length} answers, p99 ${p99?.toFixed(1)}; ${cpu.toFixed(0)} % CPU afterwards`);
    expect(p99).toBeLessThan(20);
    expect(cpu).toBeLessThan(20);
    expect(lines.length - before.lines.length).toBeLessThanOrEqual(1);
  });
});
