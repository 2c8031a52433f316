/** Encrypted networks on real engines: the guide, and what stands on the cable while all is broken that may break. */
import { writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { sendingAsNobody, sendUdp } from '../../kernel/forger.js';
import { OURS } from '../options/site.js';
import { ENCRYPTED_TOUR } from '../tours.js';
import { within } from '../waiting.js';
import { STEPS, walk } from '../walkthrough.js';
import { Engines } from './engines.js';
import type { Wire } from './wire.js';

/** What the kernel starts to load a module. */
const LOADER = '/proc/sys/kernel/modprobe';
const NO_WIREGUARD = "this host's kernel has no WireGuard (module wireguard, Linux 5.6 or newer); load it";
const REPAIR_MS = 5_000;
/** Engines and hosts take their time in an emulated machine. */
const START_MS = 30_000;
/** Bytes. */
const MUCH = 5_000_000;

let engines: Engines;
beforeAll(async () => {
  engines = await Engines.boot();
});
afterAll(() => engines?.down());

it('a host without WireGuard refuses an encrypted network in one sentence, until it has the module', async () => {
  writeFileSync(LOADER, '/bin/false');
  try {
    const words = await engines.site.refusal(2, `network create ${OURS} -o encrypted early`);
    expect(words).toContain(`tsoverlay: the network is to be encrypted, but ${NO_WIREGUARD}`);
    expect(await engines.site.lab.consul.keys('tsoverlay/networks/')).toEqual([]);
  } finally {
    writeFileSync(LOADER, '/sbin/modprobe');
  }
  await engines.site.network('early', `${OURS} -o encrypted=true`);
  expect(await engines.site.docker(2, 'network inspect --format {{.Options.encrypted}} early')).toBe('true');
  await engines.site.docker(1, 'network rm early');
});

describe('the guide on an encrypted network', () => {
  for (const step of STEPS)
    it(`${step.id} ${step.title}`, async () => {
      const { problems, evidence } = await walk(step, engines.site.lab, ENCRYPTED_TOUR);
      expect(problems, evidence).toEqual([]);
    });
});

describe('what containers send each other', () => {
  let wire: Wire;
  beforeAll(async () => {
    await engines.furnish();
    await within(10_000, 'all answer', async () => (await engines.reaches('encrypted')) && engines.reaches('plain'));
    wire = await engines.tap();
  });
  afterAll(() => wire?.close());
  const clear = async () => (await wire.seen()).marks.encrypted;

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
    const sending = engines.lost('encrypted', 30);
    await spoil();
    const ms = await within(REPAIR_MS, 'it is mended', () => engines.reaches('encrypted'));
    console.log(`mended after ${ms} ms`);
    await sending;
    expect(await clear()).toBe(0);
  });

  it('loses nothing while the plugin is killed and starts again', async () => {
    const sending = engines.lost('encrypted', 100);
    const { plugin } = engines.site.lab.host(1);
    await plugin.kill();
    await plugin.start();
    expect([await sending, await clear()]).toEqual([0, 0]);
  });

  it('never stands there in clear when the namespace is deleted while nobody holds it, and gets through again', async () => {
    const { plugin } = engines.site.lab.host(1);
    await plugin.kill();
    await engines.onHost('umount /run/docker/netns/tsoverlay-crypt && rm /run/docker/netns/tsoverlay-crypt');
    await engines.lost('encrypted', 10);
    await plugin.start();
    await within(REPAIR_MS, 'it is mended', () => engines.reaches('encrypted'));
    expect(await clear()).toBe(0);
  });

  it('loses nothing while Consul is away', async () => {
    const { consul } = engines.site.lab;
    await consul.kill();
    expect(await engines.lost('encrypted', 20)).toBe(0);
    await consul.start();
    expect([await engines.lost('encrypted', 20), await clear()]).toEqual([0, 0]);
  });

  it('gets through whole by TCP where hosts drop all ICMP', async () => {
    const drop = 'nft add table inet quiet; nft add chain inet quiet in "{ type filter hook input priority 0; }"';
    for (const h of engines.site.lab.hosts)
      await h.run('sh', '-c', `${drop}; nft add rule inet quiet in meta l4proto "{ icmp, icmpv6 }" drop`);
    const text = `head -c ${MUCH} /dev/zero`;
    await engines.site.lab.host(2).docker('exec', 'c2', 'sh', '-c', `${text} > /much; httpd -p 5000 -h /`);
    const url = `http://${await engines.site.address(2, 'c2', 'encrypted')}:5000/much`;
    const received = await engines.site.lab.host(1).docker('exec', 'c1', 'sh', '-c', `wget -q -O - ${url} | md5sum`);
    expect(received).toBe(await engines.onHost(`${text} | md5sum`));
    for (const h of engines.site.lab.hosts) await h.run('nft', 'delete', 'table', 'inet', 'quiet');
  });

  it('is joined by nobody else: no container, no user of a host; without any guard a plain network is', async () => {
    const { site } = engines;
    await Promise.all(site.lab.hosts.map((h) => h.plugin.restart({ VXLAN_GUARD: 'off' })));
    await within(10_000, 'all answer', async () => (await engines.reaches('encrypted')) && engines.reaches('plain'));
    await site.run(1, 'stranger', '--cap-drop ALL');
    const [stranger, member] = [await engines.netnsOf('stranger'), await engines.netnsOf('c1')];
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
    await site.docker(1, 'rm -f stranger');
    await Promise.all(site.lab.hosts.map((h) => h.plugin.restart()));
    await within(10_000, 'all answer', async () => (await engines.reaches('encrypted')) && engines.reaches('plain'));
  });

  it('does not leave in clear by docker_gwbridge when the card is gone', async () => {
    const pid = await engines.site.docker(1, 'inspect --format {{.State.Pid}} c1');
    // Taken out rather than deleted: one that is deleted is put back.
    await engines.onHost(`nsenter -t ${pid} -n ip link set eth0 down`);
    expect(await engines.lost('encrypted', 5)).toBe(5);
    expect(await clear()).toBe(0);
    await engines.onHost(`nsenter -t ${pid} -n ip link set eth0 up`);
    await within(REPAIR_MS, 'it is back', () => engines.reaches('encrypted'));
  });

  it('never stands there in clear while dockerd starts again, or the other host does', async () => {
    const { lab } = engines.site;
    // As long as it lives its sandbox does.
    const sending = engines.lost('encrypted', 150).catch(() => undefined);
    await sleep(2_000);
    await lab.host(1).engine.restart();
    await engines.site.docker(1, 'start c1');
    await within(START_MS, 'c1 sends again', () => engines.reaches('encrypted'));
    const more = engines.lost('encrypted', 100);
    await sleep(2_000);
    await lab.reboot(lab.host(2));
    await engines.site.docker(2, 'start c2');
    await within(START_MS, 'c2 is heard again', () => engines.reaches('encrypted'));
    await Promise.all([sending, more]);
    expect(await clear()).toBe(0);
  });
});

describe('the first host', () => {
  beforeEach(() => within(10_000, 'all answer', () => engines.reaches('encrypted')).then(() => undefined));

  it('gets another key by command, and loses nothing', async () => {
    expect(await engines.command('status')).toMatch(/^encryption off; WireGuard with 1 hosts, 1 of which have talked/m);
    const [before] = await engines.devices();
    const sending = engines.lost('encrypted', 150);
    expect(await engines.command('key', 'rotate', '--yes')).toMatch(/^this host gets the key \S{44};/);
    await within(5_000, 'there are two', async () => (await engines.devices()).length === 2);
    await within(10_000, 'the old one is gone', async () => {
      const devices = await engines.devices();
      return devices.length === 1 && devices[0] !== before;
    });
    expect(await sending).toBe(0);
    expect(await engines.command('key', 'rotate')).toContain('--yes');
  });

  it('gets another key when the one in use is as old as KEY_ROTATION, and loses nothing', async () => {
    const [before] = await engines.devices();
    await engines.age(8 * 86_400_000);
    const sending = engines.lost('encrypted', 150);
    await within(30_000, 'the old one is gone', async () => {
      const devices = await engines.devices();
      return devices.length === 1 && devices[0] !== before;
    });
    expect(await sending).toBe(0);
  });

  it('with ENCRYPTION=required has plain networks no more; what runs goes on', async () => {
    await engines.site.lab.host(1).plugin.restart({ ENCRYPTION: 'required' });
    expect(await engines.site.refusal(1, `network create ${OURS} -o encrypted=false bad`)).toContain(
      'tsoverlay: option encrypted is "false", but ENCRYPTION=required on this host',
    );
    expect(await engines.site.refusal(1, 'run --rm --net plain busybox true')).toContain(
      'tsoverlay: network plain is not encrypted, but ENCRYPTION=required on this host',
    );
    expect(await engines.reaches('plain')).toBe(true);
    await engines.site.network('all', OURS);
    expect(await engines.site.docker(2, 'network inspect --format {{.Options.encrypted}} all')).toBe('true');
    await engines.site.lab.host(1).plugin.restart();
  });

  it('takes out the key of a host that is forgotten within a second', async () => {
    expect(await engines.peers()).toBe(1);
    await engines.site.lab.host(2).plugin.stop();
    const { address } = engines.site.lab.host(2);
    const key = `tsoverlay/nodes/${address}`;
    const forgetting = engines.command('node', 'forget', address, '--yes');
    await within(30_000, 'its record is gone', async () => (await engines.site.lab.consul.value(key)) === undefined);
    await within(1_000, 'its key is gone', async () => (await engines.peers()) === 0);
    expect(await forgetting).toContain(`forgot ${address}`);
    expect(await engines.lost('encrypted', 3)).toBe(3);
  });
});
