/** A container whose own rules change without end: whoever changes some in its namespace waits, and the host with him. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Zone } from '../../src/dns/answers/zone.js';
import { DnsService } from '../../src/dns/serving/service.js';
import { changeOnce } from '../../src/kernel/netfilter/changes.js';
import { batch, Msg, NLM_F_ACK, NLM_F_CREATE, text } from '../../src/kernel/nft/message.js';
import { endpoint, zone } from '../unit/dns/fixtures.js';
import { heardRows } from '../unit/health/heard.js';
import { askUdp, dropNamespace, FakeEngine, makeNamespace } from './dns-namespace.js';

const OURS = '172.16.1.1';
const zones = (): readonly Zone[] => [zone('backnet', [endpoint(['web'], [`${OURS}/24`])])];

const { log, rows } = heardRows();
const service = new DnsService(log, rows);
const cleanUp: (() => void)[] = [];
let good: string, bad: string;

beforeAll(async () => {
  [good, bad] = [namespaceHere(), namespaceHere()];
  const wanted = [bad, good];
  service.sync(new Map(wanted.map((path) => [path, zones])));
  const ready = await Promise.all(wanted.map((path) => service.ready(path, 10_000)));
  expect(ready).toEqual([true, true]);
  for (const path of wanted) {
    const engine = new FakeEngine(path, 'nft');
    cleanUp.push(() => engine.close());
  }
});
afterAll(async () => {
  await service.stop();
  for (const work of cleanUp.reverse()) work();
});

function namespaceHere(): string {
  const path = makeNamespace();
  cleanUp.push(() => dropNamespace(path));
  return path;
}

async function attack(kind: string): Promise<ChildProcess> {
  const attacker = new URL('attack/attacker.ts', import.meta.url).pathname;
  const busy = fork(attacker, [bad, kind], { execArgv: ['--import', 'tsx'] });
  await once(busy, 'message');
  return busy;
}

const answersOf = async (path: string, times: number): Promise<readonly string[]> => {
  const answers: string[] = [];
  for (let n = 0; n < times; n++, await sleep(100))
    answers.push(String(await askUdp(path, 'web').catch((e: Error) => e.message)));
  return answers;
};

const aTable = batch([{ type: Msg.newTable, flags: NLM_F_ACK | NLM_F_CREATE, attributes: [text(1, 't')] }]);
/** How long changes of rules take in a namespace that nobody attacks, for so long, milliseconds. */
async function changesFor(ms: number): Promise<readonly number[]> {
  const took: number[] = [];
  for (const end = performance.now() + ms; performance.now() < end; await sleep(20)) {
    const began = performance.now();
    await changeOnce(good, 'nft add table', aTable);
    took.push(performance.now() - began);
  }
  return took;
}
const sum = (all: readonly number[]): number => all.reduce((total, ms) => total + ms, 0);

describe('a container that keeps its own rules busy', () => {
  it('loses its own names as little as it takes them from others', async () => {
    const busy = await attack('rules');
    const [goods, bads] = await Promise.all([answersOf(good, 60), answersOf(bad, 60)]);
    busy.kill('SIGKILL');
    const ours = [goods, bads].map((answers) => answers.filter((answer) => answer === OURS).length);
    console.info(`beside rules kept busy, of 60 answers ours are ${ours.join(' and ')}`);
    expect(Math.min(...ours)).toBeGreaterThan(57);
    expect(log.words).toEqual([]);
  });

  it('and takes ours away again and again has the host wait for a small part of the time', async () => {
    const quiet = await changesFor(2_000);
    const busy = await attack('evicting rules');
    const during = await changesFor(10_000);
    busy.kill('SIGKILL');
    const share = sum(during) / 10_000;
    console.info(
      `changes of others: ${(sum(quiet) / 2_000).toFixed(2)} of the time without, ${share.toFixed(2)} beside it, the longest ${Math.max(...during).toFixed(0)} ms`,
    );
    expect(share - sum(quiet) / 2_000).toBeLessThan(0.25);
  }, 60_000);
});
