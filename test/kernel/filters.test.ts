/** PortFilters as the kernel has them: made whole, seen when somebody changes them, gone with their port. */
import { execFileSync } from 'node:child_process';
import { closeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { ensurePort } from '../../src/kernel/links/veth.js';
import { Rtnetlink } from '../../src/kernel/netlink/rtnetlink.js';
import { openNamespace, withNamespace } from '../../src/kernel/system/netns.js';
import type { Sender } from '../../src/model/plan/namespace-plan.js';
import { Bench, type Host, link, NS, run, twice } from './bench.js';

const sender = { mac: '02:42:ac:10:01:01', addresses: ['172.16.1.1', 'fd00:1::1'] } as unknown as Sender;
const other = { ...sender, addresses: ['172.16.1.1', '172.16.1.9'] } as unknown as Sender;

let bench: Bench;
let host: Host;
beforeEach(async () => {
  bench = new Bench();
  host = bench.host('host');
  await host.network('172.16.1.254/24');
});
afterEach(() => bench.close());

const port = (n: number, held?: Sender) =>
  host.apply({
    kind: 'createPort',
    link: `veth${n}`,
    containerEnd: `vethc${n}`,
    mtu: 1450,
    master: 'br0',
    alias: String(n).repeat(64),
    ...(held && { sender: held }),
  });
const filters = async () => (await host.kernel.observe(NS))?.filters;
const nft = (...command: string[]) => run(host.inside, 'nft', ...command);
const listing = () => nft('list', 'ruleset').trim();

describe('a filter', () => {
  test('comes with its port, and twice is once', async () => {
    await twice(() => port(0, sender));
    expect(await filters()).toEqual([{ link: 'veth0', sender }]);
    expect(nft('list', 'tables').trim()).toBe('table netdev tsoverlay-veth0');
    expect(listing()).toMatch(/type filter hook ingress device "veth0" priority filter; policy accept;/);
    expect(listing()).toContain('ether saddr 02:42:ac:10:01:01 ip saddr 172.16.1.1 accept');
    expect(listing()).toMatch(/arp saddr ether 02:42:ac:10:01:01 .*arp saddr ip 172.16.1.1 accept/);
  });

  test('stands before the port is up: one that is down lets nothing in', async () => {
    const inside = withNamespace(host.inside, () => new Rtnetlink());
    const namespace = openNamespace(host.path);
    const wish = { link: 'veth7', mtu: 1450, master: 'br0', alias: '7'.repeat(64) };
    const seen: unknown[] = [];
    const guard = async () => void seen.push(link(host.inside, 'veth7'));
    try {
      await twice(() => ensurePort(inside, wish, async () => ({ name: 'vethc7', namespace }), guard));
    } finally {
      inside.close();
      closeSync(namespace);
    }
    const [born, later] = seen as [Record<string, unknown>, Record<string, unknown>];
    expect(born.flags).not.toContain('UP');
    // Asked for again, it is as it was; the filter is put right first all the same.
    expect(later.master).toBe('br0');
  });

  test('comes with a card that is put back into its container', async () => {
    const card = { sandbox: bench.namespace('container'), mac: sender.mac, addresses: [], routes: [] };
    const place = { link: 'veth0', containerEnd: 'vethc0', mtu: 1450, master: 'br0', alias: '0'.repeat(64) } as const;
    await host.apply({ kind: 'createPort', ...place, card, sender });
    expect(await filters()).toEqual([{ link: 'veth0', sender }]);
    run(card.sandbox, 'ip', 'link', 'delete', 'eth0');
    await host.apply({ kind: 'createPort', ...place, card, sender: other });
    expect(await filters()).toEqual([{ link: 'veth0', sender: other }]);
    expect(listing()).toContain('device "veth0"');
  });

  test('is replaced and removed as a whole; what is gone is gone', async () => {
    await port(0);
    expect(await filters()).toEqual([]);
    await twice(() => host.apply({ kind: 'replaceFilter', link: 'veth0', sender }));
    await twice(() => host.apply({ kind: 'replaceFilter', link: 'veth0', sender: other }));
    expect(await filters()).toEqual([{ link: 'veth0', sender: other }]);
    expect(listing()).not.toContain('fd00');
    await twice(() => host.apply({ kind: 'removeFilter', link: 'veth0' }));
    expect(await filters()).toEqual([]);
    expect(listing()).toBe('');
    await host.apply({ kind: 'replaceFilter', link: 'veth0', sender });
    expect(await filters()).toEqual([{ link: 'veth0', sender }]);
  });

  test('of an earlier process is found, and of another kernel socket too', async () => {
    await port(0, sender);
    await port(1, other);
    const again = bench.again(host);
    expect((await again.observe(NS))?.filters).toEqual([
      { link: 'veth0', sender },
      { link: 'veth1', sender: other },
    ]);
  });

  test('is gone with its port, or is told as what is left of it', async () => {
    await port(0, sender);
    await port(1, sender);
    await filters();
    await host.apply({ kind: 'removeLink', link: 'veth0' });
    await host.apply({ kind: 'removeFilter', link: 'veth0' });
    expect(await filters()).toEqual([{ link: 'veth1', sender }]);
    await port(0, other);
    expect(await filters()).toEqual(expect.arrayContaining([{ link: 'veth0', sender: other }]));
  });
});

describe('what somebody does by hand', () => {
  beforeEach(() => port(0, sender));

  const handle = () => /policy accept;[^#]*?accept # handle (\d+)/s.exec(nft('-a', 'list', 'ruleset'))?.[1] ?? '';

  test.each([
    ['flush ruleset', []],
    ['delete table netdev tsoverlay-veth0', []],
    ['flush table netdev tsoverlay-veth0', [{ link: 'veth0' }]],
    ['flush chain netdev tsoverlay-veth0 ip6-unspecified', [{ link: 'veth0' }]],
    ['delete rule netdev tsoverlay-veth0 frames handle HANDLE', [{ link: 'veth0' }]],
    ['replace rule netdev tsoverlay-veth0 frames handle HANDLE accept', [{ link: 'veth0' }]],
    ['insert rule netdev tsoverlay-veth0 frames accept', [{ link: 'veth0' }]],
    ['add rule netdev tsoverlay-veth0 frames accept', [{ link: 'veth0' }]],
    ['add table netdev tsoverlay-veth0 { flags dormant; }', [{ link: 'veth0' }]],
  ])('nft %s is seen and put right', async (command, seen) => {
    expect(await filters()).toEqual([{ link: 'veth0', sender }]);
    nft(...command.replace('HANDLE', handle()).split(' '));
    expect(await filters()).toEqual(seen);
    await host.apply({ kind: 'replaceFilter', link: 'veth0', sender });
    expect(await filters()).toEqual([{ link: 'veth0', sender }]);
  });

  test('rules that somebody has saved and loaded again are not ours: nft makes others of them', async () => {
    const saved = nft('list', 'ruleset');
    nft('flush', 'ruleset');
    run(host.inside, 'sh', '-c', `nft -f - <<'END'\n${saved}\nEND`);
    expect(await filters()).toEqual([{ link: 'veth0' }]);
  });

  test('is told within seconds, and what we do ourselves is not', async () => {
    const told: unknown[] = [];
    await host.kernel.observe(NS);
    await host.kernel.watch(NS, (notices) => told.push(...notices.filter((n) => n.kind === 'rules')));
    await host.apply({ kind: 'replaceFilter', link: 'veth0', sender: other });
    await sleep(2_500);
    expect(told).toEqual([]);
    nft('flush', 'ruleset');
    await vi.waitFor(() => expect(told).not.toEqual([]), { timeout: 5_000 });
  });

  test.each([
    ['a filter less', () => nft('delete', 'table', 'netdev', 'tsoverlay-veth0')],
    ['none any more', () => nft('flush', 'ruleset')],
  ])('is told although somebody else has looked meanwhile, and once: %s', async (what, damage) => {
    if (what === 'a filter less') await port(1, sender);
    const told: unknown[] = [];
    await host.kernel.observe(NS);
    await host.kernel.watch(NS, (notices) => told.push(...notices.filter((n) => n.kind === 'rules')));
    damage();
    await host.kernel.observe(NS);
    await vi.waitFor(() => expect(told).toHaveLength(1), { timeout: 5_000 });
    await host.kernel.observe(NS);
    await sleep(4_500);
    expect(told).toHaveLength(1);
  });
});

test('a kernel that can filter says so, and keeps nothing of the trial', async () => {
  expect(await host.kernel.canFilter()).toBe(true);
  expect(run(host.path, 'nft', 'list', 'ruleset')).toBe('');
});

test('figures: 200 ports', async () => {
  const all = Array.from({ length: 200 }, (_, n) => `link add veth${n} type veth peer name peer${n}`).join('\n');
  execFileSync('nsenter', [`--net=${host.inside}`, 'ip', '-batch', '-'], { input: all });
  const timed = async (what: string, work: () => Promise<unknown>) => {
    const start = performance.now();
    await work();
    console.info(`${what}: ${(performance.now() - start).toFixed(1)} ms`);
  };
  await timed('observe, no filters', () => host.kernel.observe(NS));
  await timed('200 filters', async () => {
    for (let n = 0; n < 200; n++) await host.apply({ kind: 'replaceFilter', link: `veth${n}`, sender });
  });
  await timed('observe, ours alone', () => host.kernel.observe(NS));
  const again = bench.again(host);
  await timed('observe, all new', () => again.observe(NS));
  await timed('observe, nothing new', () => again.observe(NS));
  nft('delete', 'table', 'netdev', 'tsoverlay-veth7');
  await timed('observe, after a change by hand', () => again.observe(NS));
  expect((await again.observe(NS))?.filters).toHaveLength(199);
});
