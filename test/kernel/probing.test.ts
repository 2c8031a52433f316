/** Two hosts probe each other on the real kernel: what a sound way looks like, and each thing that may be wrong with one. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { LinuxHostParts } from '../../src/kernel/host-parts/host-parts.js';
import { withNamespace } from '../../src/kernel/system/netns.js';
import { probeSteps } from '../../src/model/host/probe.js';
import type { NodeAddress } from '../../src/model/values/types.js';
import { Bulletin } from '../../src/probe/bulletin.js';
import { Echo, type Ways } from '../../src/probe/echo.js';
import { hear } from '../../src/probe/hearing.js';
import { probe } from '../../src/probe/prober.js';
import { Probes } from '../../src/probe/probes.js';
import { Bench, type Host, run } from './bench.js';
import { meshOf, unaccelerated } from './host-parts.js';

const ADDRESSES = {
  4: { one: '10.0.0.1', two: '10.0.0.2', prefix: 24, mtu: 1450 },
  6: { one: 'fd00::1', two: 'fd00::2', prefix: 64, mtu: 1430 },
} as const;

/** A host with its probe network and its echo, which makes ways as the pass does. */
class Prober {
  readonly kernel: LinuxHostParts;
  private readonly echo: Echo;
  private readonly probes: Probes;
  /** Whoever asks for ways waits for this. */
  passes: Promise<void> = Promise.resolve();
  /** What it says of itself, and how often it has looked. */
  says = JSON.stringify({ findings: [], fine: ['a'], unknown: {} });
  looks = 0;
  private bulletin: Bulletin;
  private readonly peers = new Set<NodeAddress>();

  constructor(
    readonly host: Host,
    private readonly underlay: 4 | 6,
    readonly nodes: string[],
  ) {
    const { netnsDir, kernel } = host;
    const options = { underlay, mode: 'off', port: 4789, netnsDir, crypt: meshOf(kernel) } as const;
    this.kernel = withNamespace(host.path, () => new LinuxHostParts({ ...options, accelerator: unaccelerated(host) }));
    const ways: Ways = {
      open: (peers) => this.passes.then(() => this.open(...peers)),
      knows: (address): address is NodeAddress => this.nodes.includes(address),
    };
    this.echo = new Echo(ways);
    const site = () => ({ namespace: this.inside, self: host.vtep, mtu: ADDRESSES[underlay].mtu });
    this.probes = new Probes(ways, site, { tell: () => {} }, this.echo);
    this.bulletin = this.makeBulletin();
  }

  private makeBulletin(): Bulletin {
    const look = async () => {
      this.looks++;
      return this.says;
    };
    return new Bulletin(look, (address) => this.nodes.includes(address));
  }

  hear({ host: { vtep } }: Prober) {
    return hear(this.inside, this.host.vtep, vtep, 1_000);
  }

  get inside(): string {
    return `${this.host.netnsDir}/tsoverlay-probe`;
  }

  /** What it has said is forgotten. */
  async restart(): Promise<void> {
    this.bulletin.stop();
    this.bulletin = this.makeBulletin();
    await this.start();
  }

  async start(): Promise<void> {
    await this.open();
    this.echo.listen(this.inside, this.host.vtep);
    this.bulletin.listen(this.inside, this.host.vtep);
  }

  async open(...more: readonly NodeAddress[]): Promise<void> {
    for (const peer of more) this.peers.add(peer);
    const plan = { address: this.host.vtep, port: 4789, mtu: ADDRESSES[this.underlay].mtu, peers: this.peers };
    for (const step of probeSteps(plan, await this.kernel.observe('probe')))
      if (step.kind !== 'requestGwbridge') await this.kernel.apply(step);
  }

  async probe({ host: { vtep } }: Prober) {
    await this.open(vtep);
    return probe({ namespace: this.inside, self: this.host.vtep, mtu: ADDRESSES[this.underlay].mtu }, vtep);
  }

  /** As the agent does it. */
  async survey({ host: { vtep } }: Prober) {
    const [found] = await this.probes.probe([vtep]);
    return found;
  }

  stop(): void {
    this.echo.stop();
    this.bulletin.stop();
    this.kernel.close();
  }
}

let bench: Bench;
let one: Prober;
let two: Prober;
beforeEach(() => {
  bench = new Bench();
});
afterEach(() => {
  vi.restoreAllMocks();
  one.stop();
  two.stop();
  bench.close();
});

async function start(underlay: 4 | 6): Promise<void> {
  const at = ADDRESSES[underlay];
  const hosts = [bench.host('one', at.one), bench.host('two', at.two)] as const;
  bench.cable(...hosts, `${at.one}/${at.prefix}`, `${at.two}/${at.prefix}`);
  one = new Prober(hosts[0], underlay, [at.one, at.two]);
  two = new Prober(hosts[1], underlay, [at.one, at.two]);
  await Promise.all([one.start(), two.start()]);
}

/** `nft` in the host's namespace, on what comes in from the cable, before anything of VXLAN. */
const drop = ({ host }: Prober, rule: string): void => {
  const table = `table netdev cable { chain frames { type filter hook ingress device eth0 priority 0; ${rule} drop; }; }`;
  run(host.path, 'nft', table);
};
const heal = ({ host }: Prober) => run(host.path, 'nft', 'delete', 'table', 'netdev', 'cable');

/** What a sound way is like. */
const SOUND = (mtu: number) => ({
  answered: true,
  there: { sent: 20, arrived: 20 },
  back: { sent: 20, arrived: 20 },
  mtu: { planned: mtu, there: mtu, back: mtu },
  cut: true,
  checksum: { there: true, back: true },
  segments: true,
});

describe.each([4, 6] as const)('underlay of IPv%i', (underlay) => {
  const { mtu } = ADDRESSES[underlay];

  test('a sound way, found at the first try from a host that the other has no way to yet', async () => {
    await start(underlay);
    const found = await one.probe(two);
    expect(found).toMatchObject(SOUND(mtu));
    expect(found.answered && found.roundTrip.min).toBeLessThan(100);
    expect(await two.probe(one)).toMatchObject(SOUND(mtu));
  });

  test('the port is closed: no answer', async () => {
    await start(underlay);
    drop(two, 'udp dport 4789');
    expect(await one.probe(two)).toEqual({ answered: false, peer: two.host.vtep });
    heal(two);
    expect(await one.probe(two)).toMatchObject(SOUND(mtu));
  });

  test('the port is closed in one direction: who hears the other one meanwhile knows which', async () => {
    await start(underlay);
    const both = () => Promise.all([one.survey(two), two.survey(one)]);
    expect(await both()).toMatchObject([SOUND(mtu), SOUND(mtu)]);
    drop(two, 'udp dport 4789');
    const silent = { answered: false, peer: one.host.vtep, heard: false };
    expect(await both()).toEqual([{ answered: false, peer: two.host.vtep, heard: true }, silent]);
    // Nobody has probed meanwhile.
    expect(await one.survey(two)).toMatchObject({ heard: false });
  });

  test('a narrower path is measured to the byte, in either direction by itself', async () => {
    await start(underlay);
    // Outer IP packets of more than 1400 bytes do not arrive.
    const length = underlay === 4 ? 'ip length > 1400' : 'ip6 length > 1360';
    drop(two, length);
    const overhead = underlay === 4 ? 50 : 70;
    expect(await one.probe(two)).toMatchObject({
      ...SOUND(mtu),
      mtu: { planned: mtu, there: 1400 - overhead, back: mtu },
      cut: false,
      segments: false,
    });
    expect(await two.probe(one)).toMatchObject({
      ...SOUND(mtu),
      mtu: { planned: mtu, there: mtu, back: 1400 - overhead },
      cut: false,
    });
  });

  test('each second packet is lost in one direction: its share is known, and the other has none', async () => {
    await start(underlay);
    await one.probe(two);
    drop(one, 'udp dport 4789 numgen inc mod 2 == 0');
    const found = await one.probe(two);
    if (!found.answered) throw new Error('no answer');
    expect(found.there.arrived).toBe(found.there.sent);
    expect(found.back.arrived / found.back.sent).toBeGreaterThan(0.3);
    expect(found.back.arrived / found.back.sent).toBeLessThan(0.7);
    const other = await two.probe(one);
    if (!other.answered) throw new Error('no answer');
    expect(other.back.arrived).toBe(other.back.sent);
    expect(other.there.arrived / other.there.sent).toBeLessThan(0.7);
  });
});

test('a card that spoils checksums inside of VXLAN: what has none passes, all else is lost', async () => {
  await start(4);
  // Outer UDP, VXLAN, Ethernet, IP: the inner protocol is 39 bytes behind the begin of the outer UDP header, the inner checksum 56.
  drop(two, 'udp dport 4789 @th,312,8 17 @th,448,16 != 0');
  expect(await one.probe(two)).toMatchObject({
    ...SOUND(1450),
    checksum: { there: false, back: true },
    segments: false,
  });
});

test('a card that spoils what it cuts itself: small packets with a checksum pass, segments are lost', async () => {
  await start(4);
  drop(two, 'udp dport 4789 @th,312,8 17 @th,448,16 != 0 ip length > 1000');
  expect(await one.probe(two)).toMatchObject({ ...SOUND(1450), segments: false });
});

test('who is no node gets no answer', async () => {
  await start(4);
  two.stop();
  two = new Prober(two.host, 4, [two.host.vtep]);
  await two.start();
  expect(await one.probe(two)).toMatchObject({ answered: false });
});

test('nobody who has a way waits while it is asked for anew', async () => {
  await start(4);
  expect(await one.probe(two)).toMatchObject(SOUND(1450));
  const now = performance.now.bind(performance);
  vi.spyOn(performance, 'now').mockImplementation(() => now() + 25_000);
  two.passes = new Promise(() => {});
  expect(await one.probe(two)).toMatchObject(SOUND(1450));
});

test('who is too busy to answer for three seconds is there all the same', async () => {
  await start(4);
  two.passes = sleep(3_000);
  expect(await one.probe(two)).toMatchObject(SOUND(1450));
});

test('a namespace that was made anew has the echo again', async () => {
  await start(4);
  run(two.host.path, 'umount', two.inside);
  await two.open();
  await two.start();
  expect(await one.probe(two)).toMatchObject(SOUND(1450));
});

describe('what a host says of itself', () => {
  test.each([4, 6] as const)(
    'is heard by who has probed it (IPv%i), and is found out once for all who ask',
    async (underlay) => {
      await start(underlay);
      await one.probe(two);
      expect(await one.hear(two)).toEqual({ findings: [], fine: ['a'], unknown: {} });
      await Promise.all(Array.from({ length: 30 }, () => one.hear(two)));
      expect(two.looks).toBe(1);
    },
  );

  test('is nothing that is larger than it may be, or of another shape', async () => {
    await start(4);
    await one.probe(two);
    two.says = 'no JSON';
    await expect(one.hear(two)).rejects.toThrow('it does not speak as doctor does; another release may');
    await two.restart();
    two.says = JSON.stringify({ findings: [], fine: [], unknown: { a: 'x'.repeat(300_000) } });
    await expect(one.hear(two)).rejects.toThrow('it says more than doctor would');
  });

  test('is for nodes alone', async () => {
    await start(4);
    await one.probe(two);
    two.nodes.length = 0;
    await expect(one.hear(two)).rejects.toThrow();
    expect(two.looks).toBe(0);
  });
});
