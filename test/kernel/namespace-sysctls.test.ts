/** The settings of a network's namespace: made with it, put right when somebody changes them, and the host's left alone. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { NAMESPACE_SYSCTLS } from '../../src/model/plan/sysctls.js';
import { run } from './bench.js';
import { type Container, pings, Site } from './site.js';

const CALLS = ['iptables', 'ip6tables', 'arptables'].map((who) => `net.bridge.bridge-nf-call-${who}`);

let site: Site;
let one: Container, two: Container;
beforeEach(async () => {
  site = new Site();
  [one, two] = (await site.fill(2, 0)) as [Container, Container];
});
afterEach(() => site.close());

const [host, inside] = [() => site.hosts[0].path, () => site.inside(site.hosts[0])];
const values = (netns: string, names: readonly string[]) =>
  run(netns, 'sysctl', '-n', ...names)
    .trim()
    .split('\n')
    .map(Number);
const ipOf = (c: Container) => c.endpoint.addresses[0]?.split('/')[0] ?? '';

test('are made with it, all that this kernel has, and the host keeps its own', async () => {
  const names = [...NAMESPACE_SYSCTLS.keys()].map((name) => name.replaceAll('/', '.'));
  expect(values(inside(), names)).toEqual([...NAMESPACE_SYSCTLS.values()]);
  expect(values(host(), CALLS)).toEqual([1, 1, 1]);
});

test('what somebody changes is put right, and then frames of the bridge pass no hook of IP', async () => {
  run(inside(), 'sysctl', '-qw', ...CALLS.map((name) => `${name}=1`), 'net.ipv4.conf.all.rp_filter=0');
  run(inside(), 'nft', 'table ip lab { chain forward { type filter hook forward priority 0; drop; }; }');
  expect(pings(one, ipOf(two))).toBe(false);
  await site.converge();
  expect(values(inside(), [...CALLS, 'net.ipv4.conf.all.rp_filter'])).toEqual([0, 0, 0, 1]);
  expect(pings(one, ipOf(two))).toBe(true);
});
