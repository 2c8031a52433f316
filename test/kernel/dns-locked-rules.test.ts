/**
 * A container whose processes change many rules at once: one of them has them done, the next one waits for it, and the kernel
 * holds its lock for all namespaces of the host meanwhile (nfnetlink_rcv_batch).
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Zone } from '../../src/dns/answers/zone.js';
import { DnsService } from '../../src/dns/serving/service.js';
import { EncryptionFence } from '../../src/kernel/crypt/encryption-fence.js';
import { NftConsulGuard } from '../../src/kernel/rules/consul-guard.js';
import { ensureFence } from '../../src/kernel/rules/gateway-fence.js';
import { canFilter } from '../../src/kernel/rules/port-filter.js';
import { PortFilters } from '../../src/kernel/rules/port-filters.js';
import { ensureProbeFence } from '../../src/kernel/rules/probe-fence.js';
import { HostUplinkRules } from '../../src/kernel/rules/uplink-rules.js';
import { VxlanGuard } from '../../src/kernel/rules/vxlan-guard.js';
import { withNamespace } from '../../src/kernel/system/netns.js';
import type { Sender } from '../../src/model/plan/namespace-plan.js';
import type { Cidr, Ip } from '../../src/model/values/types.js';
import { endpoint, zone } from '../unit/dns/fixtures.js';
import { heardRows } from '../unit/health/heard.js';
import { askUdp, dropNamespace, FakeEngine, FROM_ENGINE, makeNamespace } from './dns-namespace.js';

const OURS = '172.16.1.1';
const ATTACKERS = 3;
const INNOCENTS = 4;
const ATTACK_MS = 12_000;
const zones = (): readonly Zone[] => [zone('backnet', [endpoint(['web'], [`${OURS}/24`])])];

const { log, rows } = heardRows();
const service = new DnsService(log, rows);
const cleanUp: (() => void)[] = [];
let innocents: readonly string[];
let bad: string;
let host: string;

beforeAll(async () => {
  const namespaceHere = (): string => {
    const path = makeNamespace();
    cleanUp.push(() => dropNamespace(path));
    return path;
  };
  [bad, host] = [namespaceHere(), namespaceHere()];
  innocents = Array.from({ length: INNOCENTS }, namespaceHere);
  for (const path of innocents) {
    const engine = new FakeEngine(path, 'nft');
    cleanUp.push(() => engine.close());
  }
  const wanted = [bad, ...innocents];
  service.sync(new Map(wanted.map((path) => [path, zones])));
  const ready = await Promise.all(wanted.map((path) => service.ready(path, 10_000)));
  expect(ready).toEqual(wanted.map(() => true));
});
afterAll(async () => {
  await service.stop();
  for (const work of cleanUp.reverse()) work();
});

/** Every kind of change and of look at rules that the serving process makes, in a namespace that nobody attacks. */
type Call = readonly [string, () => unknown];

function calls(): readonly [Call, ...Call[]] {
  const open = withNamespace(host, () => ({
    guard: new VxlanGuard(4, 'on', 4789),
    consul: new NftConsulGuard(),
    fence: new EncryptionFence(),
    uplink: new HostUplinkRules(),
  }));
  const filters = new PortFilters({ within: (work) => withNamespace(host, work) });
  cleanUp.push(() => Object.values(open).forEach((one) => void one.close()));
  cleanUp.push(() => filters.close());
  const sender = { mac: '02:42:ac:10:01:01', addresses: [OURS] } as unknown as Sender;
  return [
    ['the guard of VXLAN', () => open.guard.replace(['10.0.0.1'], [300])],
    ['the guard of Consul', () => open.consul.replace({ interfaces: ['br1'], servers: [] })],
    ['the fence of encryption', () => open.fence.replace({ subnets: ['172.16.0.0/16' as Cidr] })],
    ['ways out', () => open.uplink.replace()],
    ["a port's filter", () => filters.replace('lo', sender)],
    ['whether ports can be filtered', () => canFilter(host)],
    ['the fence of gateways', () => ensureFence(host, 'lo', ['172.16.1.254' as Ip])],
    ['the fence of the probe network', () => ensureProbeFence(host, 'lo', 4)],
    ['a look at the guards', () => [open.guard.observe(), open.consul.observe(), open.fence.observe()]],
    ['a look at ways out', () => open.uplink.areThere()],
    ['a look at filters', () => filters.observe(new Map([['lo', 1]]))],
  ];
}

/** How long this thread was ready to run and did not, milliseconds: a crowded machine is none of what is measured. */
const crowdedOut = (): number => Number(readFileSync('/proc/thread-self/schedstat', 'utf8').split(' ')[1]) / 1e6;

const PULSE_MS = 5;
/** Begins to look how long this thread does not come back to its timers, milliseconds each. */
function pulse(): () => readonly number[] {
  const found: number[] = [];
  let [last, before] = [performance.now(), crowdedOut()];
  const timer = setInterval(() => {
    const [now, after] = [performance.now(), crowdedOut()];
    found.push(now - last - (after - before) - PULSE_MS);
    [last, before] = [now, after];
  }, PULSE_MS);
  return () => {
    clearInterval(timer);
    return found;
  };
}

const answerOf = async (path: string): Promise<string> => String(await askUdp(path, 'web').catch(() => 'none'));

async function attack(): Promise<readonly ChildProcess[]> {
  const attacker = new URL('attack/attacker.ts', import.meta.url).pathname;
  const all = Array.from({ length: ATTACKERS }, () =>
    fork(attacker, [bad, 'rules'], { execArgv: ['--import', 'tsx'] }),
  );
  await Promise.all(all.map((one) => once(one, 'message')));
  return all;
}

it('holds up no thread of ours, and nobody’s names', async () => {
  const kinds = calls();
  // What is made for the first time takes its time by itself.
  for (let n = 0; n < 10; n++) for (const [, call] of kinds) await call();
  const answers: string[] = [];
  const attackers = await attack();
  const until = performance.now() + ATTACK_MS;
  const stop = pulse();
  const asking = innocents.map(async (path) => {
    while (performance.now() < until) {
      answers.push(await answerOf(path));
      await sleep(100);
    }
  });
  const made: Promise<unknown>[] = [];
  for (let n = 0; performance.now() < until; n++) {
    const [, call] = kinds[n % kinds.length] ?? kinds[0];
    made.push(Promise.resolve(call()));
    await sleep(50);
  }
  await Promise.all(asking);
  const holdUps = [...stop()].sort((x, y) => y - x);
  for (const one of attackers) one.kill('SIGKILL');
  await Promise.all(made);
  const share = (of: string): number => answers.filter((answer) => answer === of).length / answers.length;
  const inWords = (all: readonly number[]): string => all.map((ms) => ms.toFixed(0)).join(' ');
  console.info(
    `under ${ATTACKERS} attackers ${answers.length} answers: ours ${share(OURS).toFixed(2)}, the engine's ${share(FROM_ENGINE).toFixed(2)}, none ${share('none').toFixed(2)}; the longest hold-ups, ms: ${inWords(holdUps.slice(0, 5))}`,
  );
  // A few are of the machine, for a thread that does nothing has some of 30 ms too; waiting for the lock it was four fifths.
  const long = holdUps.filter((ms) => ms > 20);
  expect(long.reduce((sum, ms) => sum + ms, 0) / ATTACK_MS).toBeLessThan(0.2);
  expect(share(OURS)).toBeGreaterThan(0.98);
}, 180_000);
