/** Encrypted networks on real engines: the guide, and what stands on the cable while all is broken that may break. */
import { writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sendingAsNobody, sendUdp } from '../../kernel/forger.js';
import { OURS } from '../options/site.js';
import { within } from '../waiting.js';
import { STEPS, walk } from '../walkthrough.js';
import { Engines, TOUR } from './engines.js';
import type { Wire } from './wire.js';

/** What the kernel starts to load a module. */
const LOADER = '/proc/sys/kernel/modprobe';
const NO_WIREGUARD = "this host's kernel has no WireGuard (module wireguard, Linux 5.6 or newer); load it";
const REPAIR_MS = 5_000;
/** Engines and hosts take their time in an emulated machine. */
const START_MS = 30_000;
/** As long as a process takes for a look or two at all that it keeps. */
const LOOKED_MS = 3_000;
/** Bytes. */
const MUCH = 5_000_000;

let engines: Engines;
let wire: Wire;
const clear = async () => (await wire.marks()).encrypted;
beforeAll(async () => {
  engines = await Engines.boot();
});
afterAll(async () => {
  await wire?.close();
  await engines?.down();
});

it('a host without WireGuard refuses an encrypted network in one sentence', async () => {
  // Whoever ran before may have had it loaded.
  await execa('modprobe', ['-r', 'wireguard']);
  writeFileSync(LOADER, '/bin/false');
  try {
    const words = await engines.site.refusal(2, `network create ${OURS} -o encrypted early`);
    expect(words).toContain(`tsoverlay: the network is to be encrypted, but ${NO_WIREGUARD}`);
    expect(await engines.site.lab.consul.keys('tsoverlay/networks/')).toEqual([]);
  } finally {
    writeFileSync(LOADER, '/sbin/modprobe');
  }
});

// With the module now.
describe('the guide on an encrypted network', () => {
  for (const step of STEPS)
    it(`${step.id} ${step.title}`, async () => {
      const { problems, evidence } = await walk(step, engines.site.lab, TOUR);
      expect(problems, evidence).toEqual([]);
    });
});

describe('what containers send each other', () => {
  beforeAll(async () => {
    await engines.furnish();
    await within(10_000, 'all answer', async () => (await engines.reaches('encrypted')) && engines.reaches('plain'));
    wire = await engines.tap();
  });

  it('never stands on the cable in clear; that of a plain network beside it does', async () => {
    expect([await engines.lost('encrypted', 5), await engines.lost('plain', 5)]).toEqual([0, 0]);
    const seen = await wire.seen();
    expect(seen.marks.encrypted).toBe(0);
    expect(seen.marks.plain).toBeGreaterThanOrEqual(10);
    expect(seen.wireguard).toBeGreaterThanOrEqual(10);
  });

  it('fills the underlay’s packets to the byte', async () => {
    expect(await engines.reaches('encrypted', '-M', 'do', '-s', '1362')).toBe(true);
    expect(await engines.reaches('encrypted', '-M', 'do', '-s', '1363')).toBe(false);
  });

  it.each<[string, () => Promise<unknown>]>([
    ['the device is down', async () => engines.inMesh(`ip link set ${(await engines.devices())[0]} down`)],
    ['the device is deleted', async () => engines.inMesh(`ip link delete ${(await engines.devices())[0]}`)],
    ['the routes are gone', () => engines.inMesh('ip route flush table main')],
    ['the namespace is unmounted', () => engines.onHost('umount /run/docker/netns/tsoverlay-crypt')],
    ['the ruleset is flushed', () => engines.onHost('nft flush ruleset')],
  ])('never stands there in clear while %s, and gets through again within 5 s', async (_, spoil) => {
    const sending = await engines.send('encrypted');
    await spoil();
    const ms = await within(REPAIR_MS, 'it is mended', () => engines.reaches('encrypted', '-W', '1'));
    console.log(`mended after ${ms} ms`);
    await sending.stop();
    expect(await clear()).toBe(0);
  });

  it('loses nothing while the plugin is killed and starts again', async () => {
    const sending = await engines.send('encrypted');
    const { plugin } = engines.site.lab.host(1);
    await plugin.kill();
    await plugin.start();
    await sleep(LOOKED_MS);
    expect([await sending.stop(), await clear()]).toEqual([0, 0]);
  });

  it('never stands there in clear when the namespace is deleted while nobody holds it, and gets through again', async () => {
    const { plugin } = engines.site.lab.host(1);
    await plugin.kill();
    const sending = await engines.send('encrypted');
    await engines.onHost('umount /run/docker/netns/tsoverlay-crypt && rm /run/docker/netns/tsoverlay-crypt');
    await plugin.start();
    await within(REPAIR_MS, 'it is mended', () => engines.reaches('encrypted'));
    await sending.stop();
    expect(await clear()).toBe(0);
  });

  it('loses nothing while Consul is away', async () => {
    const { consul } = engines.site.lab;
    const sending = await engines.send('encrypted');
    await consul.kill();
    await sleep(LOOKED_MS);
    await consul.start();
    await sleep(LOOKED_MS);
    expect([await sending.stop(), await clear()]).toEqual([0, 0]);
  });

  it('gets through whole by TCP where hosts drop all ICMP', async () => {
    const drop = 'nft add table inet quiet; nft add chain inet quiet in "{ type filter hook input priority 0; }"';
    for (const h of engines.site.lab.hosts)
      await h.run('sh', '-c', `${drop}; nft add rule inet quiet in meta l4proto "{ icmp, icmpv6 }" drop`);
    const text = `head -c ${MUCH} /dev/zero`;
    const [one, two] = TOUR.containers;
    await engines.site.lab.host(2).docker('exec', two, 'sh', '-c', `${text} > /much; httpd -p 5000 -h /`);
    const url = `http://${await engines.addressOf('encrypted', 2)}:5000/much`;
    const received = await engines.site.lab.host(1).docker('exec', one, 'sh', '-c', `wget -q -O - ${url} | md5sum`);
    expect(received).toBe(await engines.onHost(`${text} | md5sum`));
    for (const h of engines.site.lab.hosts) await h.run('nft', 'delete', 'table', 'inet', 'quiet');
  });

  it('does not leave in clear by docker_gwbridge when the card is gone', async () => {
    // Taken out rather than deleted: one that is deleted is put back.
    await engines.inContainer('ip link set eth0 down');
    expect(await engines.lost('encrypted', 5)).toBe(5);
    expect(await clear()).toBe(0);
    await engines.inContainer('ip link set eth0 up');
    await within(REPAIR_MS, 'it is back', () => engines.reaches('encrypted'));
  });

  it('never stands there in clear while dockerd starts again, or the other host does', async () => {
    const { lab } = engines.site;
    // As long as it lives its sandbox does.
    const sending = await engines.send('encrypted');
    await lab.host(1).engine.restart();
    await engines.start(1);
    await within(START_MS, 'the first sends again', () => engines.reaches('encrypted'));
    await sending.stop();
    const more = await engines.send('encrypted');
    await lab.reboot(lab.host(2));
    await engines.start(2);
    await within(START_MS, 'the second is heard again', () => engines.reaches('encrypted'));
    await more.stop();
    expect(await clear()).toBe(0);
  });
});

describe('three hosts, one of which has the managed plugin', () => {
  const all = () => within(START_MS, 'all reach each other', () => engines.allReach());
  const rotated = (before?: string) =>
    within(10_000, 'the old one is gone', async () => {
      const devices = await engines.devices();
      return devices.length === 1 && devices[0] !== before;
    });

  it('reach each other, and nothing stands on the cable in clear', async () => {
    await engines.installed;
    await engines.managed.start();
    await within(START_MS, 'the network is there, too', async () =>
      (await engines.site.networks(3)).includes(TOUR.network),
    );
    await engines.join(3);
    await all();
    expect(await clear()).toBe(0);
  });

  it('reach each other on a network that one with the managed plugin creates', async () => {
    const { site } = engines;
    await site.docker(3, `network create ${OURS} -o encrypted third`);
    await site.has(1, 'third');
    await Promise.all([1, 3].map((n) => site.docker(n, `network connect third overlay${n}`)));
    expect(await site.ping(1, 'overlay1', await site.address(3, 'overlay3', 'third'))).toBe(true);
    // Whatever of all networks goes to that host: the plain one has nobody there.
    expect(wire.matching(`udp port 4789 and host ${site.lab.host(3).address}`)).toEqual([]);
  });

  it('lose nothing while that one is killed, and while it is disabled and enabled again', async () => {
    const { managed } = engines;
    const sending = await engines.send('encrypted', 3);
    await managed.kill();
    await within(START_MS, 'the engine has started it again', () => managed.isServing());
    await managed.stop();
    await managed.start();
    await sleep(LOOKED_MS);
    expect([await sending.stop(), await clear()]).toEqual([0, 0]);
  });

  it('get another key on the first by command, and lose nothing', async () => {
    await all();
    const [before] = await engines.devices();
    const sending = [await engines.send('encrypted', 2), await engines.send('encrypted', 3)];
    const [status, refusal] = await Promise.all([engines.command('status'), engines.command('key', 'rotate')]);
    expect(status).toMatch(/^encryption off; WireGuard with 2 hosts, 2 of which have talked/m);
    expect(refusal).toContain('--yes');
    expect(await engines.command('key', 'rotate', '--yes')).toMatch(/^this host gets the key \S{44};/);
    await within(5_000, 'there are two', async () => (await engines.devices()).length === 2);
    await rotated(before);
    expect([await sending[0]?.stop(), await sending[1]?.stop()]).toEqual([0, 0]);
  });

  // The start has settings that the next ones want, for it takes its time.
  it('get another key on the first when the one in use is as old as KEY_ROTATION, and lose nothing', async () => {
    const [one, two] = [engines.site.lab.host(1).plugin, engines.site.lab.host(2).plugin];
    const [before] = await engines.devices();
    const sending = [await engines.send('encrypted', 2), await engines.send('encrypted', 3)];
    await Promise.all([one.stop(), two.stop()]);
    await engines.age(8 * 86_400_000);
    await Promise.all([one.start({ VXLAN_GUARD: 'off', ENCRYPTION: 'required' }), two.start({ VXLAN_GUARD: 'off' })]);
    await rotated(before);
    expect([await sending[0]?.stop(), await sending[1]?.stop()]).toEqual([0, 0]);
  });

  it('with ENCRYPTION=required have plain networks no more; what runs goes on', async () => {
    expect(await engines.site.refusal(1, `network create ${OURS} -o encrypted=false bad`)).toContain(
      'tsoverlay: option encrypted is "false", but ENCRYPTION=required on this host',
    );
    expect(await engines.site.refusal(1, 'run --rm --net plain busybox true')).toContain(
      'tsoverlay: network plain is not encrypted, but ENCRYPTION=required on this host',
    );
    expect(await engines.reaches('plain')).toBe(true);
    await engines.site.network('all', OURS);
    expect(await engines.site.docker(2, 'network inspect --format {{.Options.encrypted}} all')).toBe('true');
  });

  it('are joined by nobody else: no container, no user of a host; without any guard a plain network is', async () => {
    const { site } = engines;
    await within(10_000, 'all answer', async () => (await engines.reaches('encrypted')) && engines.reaches('plain'));
    await site.run(1, 'stranger', '--cap-drop ALL');
    const [stranger, member] = [await engines.netnsOf('stranger'), await engines.netnsOf(TOUR.containers[0])];
    const user = (to: string) => (frame: Buffer) => site.lab.host(1).host.attempt(...sendingAsNobody(to, frame));
    const ways = (to: string) =>
      [
        (frame: Buffer) => sendUdp(stranger, to, frame),
        (frame: Buffer) => sendUdp(member, to, frame),
        user(to),
      ] as const;
    const underlay = site.lab.host(2).address;
    expect(await engines.forged('plain', ways(underlay))).toBe(3);
    const everywhere = [underlay, await engines.vtep(2), await engines.vtep(1)];
    expect(await engines.forged('encrypted', everywhere.flatMap(ways))).toBe(0);
  });

  it('take out the key of one that is forgotten within a second, and send it nothing in clear', async () => {
    expect(await engines.peers()).toBe(2);
    await engines.site.lab.host(2).plugin.stop();
    const { address } = engines.site.lab.host(2);
    const key = `tsoverlay/nodes/${address}`;
    const forgetting = engines.command('node', 'forget', address, '--yes');
    await within(30_000, 'its record is gone', async () => (await engines.site.lab.consul.value(key)) === undefined);
    await within(1_000, 'its key is gone', async () => (await engines.peers()) === 1);
    expect(await forgetting).toContain(`forgot ${address}`);
    expect([await engines.lost('encrypted', 3), await clear()]).toEqual([3, 0]);
    expect(await engines.lost('encrypted', 3, [], [1, 3])).toBe(0);
  });
});
