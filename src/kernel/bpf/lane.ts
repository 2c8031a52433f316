/**
 * The short way of one network: the pair that joins its namespace with the host's (the lane), the programs at both its
 * ends and at the ports, and the map of where MACs are. Ports share one block of filters, so that their program is looked
 * at and replaced once for all of them.
 */
import { closeSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import type { AccelerationPlan } from '../../model/plan/namespace-plan.js';
import type { ObservedAcceleration } from '../../model/plan/observed.js';
import { markOf } from '../../model/plan/underlay.js';
import type { Ways } from '../../model/short-way/steps.js';
import { LANE } from '../../model/values/names.js';
import type { Mac } from '../../model/values/types.js';
import { type KernelLink, linkIndex, listLinks, removeLink } from '../links/links.js';
import { readVxlan } from '../links/vxlan.js';
import type { Rtnetlink } from '../netlink/rtnetlink.js';
import { kernelError } from '../system/errno.js';
import type { HeldNamespace } from '../system/held-namespace.js';
import { ensurePlace, hook, hooked, listPlaces, removePlace, type Where } from './hooks.js';
import { labelOf, markIn } from './label.js';
import { ensureLane, soundEnd } from './lane-pair.js';
import { MacTable } from './mac-table.js';
import { load, type ProgramName, type Settings } from './program.js';
import { createMap, mapsOfProgram, openMap } from './syscall.js';
import type { Wire } from './wire.js';

/** Number of the ports' block; nobody else makes any in there. */
const PORTS = 1;

export class Lane {
  private table: MacTable | undefined;
  /** Some port had the program when it was looked at last. */
  private isSending = false;
  /** The network is put on the host's list. */
  private listing: Promise<unknown> = Promise.resolve();

  /** `socket`: in the network's namespace; `end`: name of the lane's end on the host; `home`: the host's namespace. */
  constructor(
    private readonly wire: Wire,
    private readonly socket: Rtnetlink,
    private readonly end: string,
    private readonly home: HeldNamespace,
  ) {}

  /** Undefined where there is no lane. `links`: those of the namespace; `part`: see NetworksKernel. */
  async observe(links: readonly KernelLink[], part?: 'devices'): Promise<ObservedAcceleration | undefined> {
    const inside = links.find((l) => l.name === LANE);
    if (inside === undefined) return undefined;
    await this.adopt(inside.index);
    const lane = await this.laneMark(inside, links);
    const names = new Map(links.map((l) => [l.index, l.name]));
    const places = (await listPlaces(this.socket)).filter(({ block }) => block === PORTS);
    const mark = places.length === 0 ? '' : await this.sendingMark(inside.index);
    this.isSending = mark !== '';
    const ports = new Map(places.map(({ link }) => [names.get(link) ?? '', mark]));
    return { lane, ports, ways: part === undefined ? this.ways(names) : new Map() };
  }

  /** Makes what is missing of the lane, and puts the network on the host's list. Rejects with a KernelError. */
  async make(plan: AccelerationPlan): Promise<void> {
    const { vni, local: vtep, port } = plan;
    const ends = await ensureLane(this.socket, this.wire.host, this.home, this.end);
    this.table ??= new MacTable(createMap('macs'));
    const { table } = this;
    await this.hook(this.wire.host, { link: ends.host }, 'leave', { vtep, port }, markOf(plan));
    await this.hook(this.socket, { link: ends.inside }, 'deliver', {}, markOf(plan));
    if (this.table !== table) throw kernelError(`short way of ${this.end}`, 'ECANCELED');
    const listing = this.wire.list(vni, table.fd, ends.host);
    this.listing = listing.catch(() => {});
    await listing;
  }

  /** Rejects with ENODEV without such a port, or without an lane. */
  async hookPort(link: string, plan: AccelerationPlan): Promise<void> {
    const verb = `tc qdisc add dev ${link} clsact`;
    const index = await linkIndex(this.socket, link, verb);
    const lane = await linkIndex(this.socket, LANE, verb);
    const place = (await listPlaces(this.socket)).find((p) => p.link === index);
    if (place !== undefined && place.block !== PORTS) await removePlace(this.socket, index);
    await ensurePlace(this.socket, { link: index, block: PORTS });
    this.isSending = true;
    if ((await this.sendingMark(lane)) === markOf(plan)) return;
    const { vni, local: vtep, port, longest } = plan;
    const settings = { vtep, port, vni, longest, lane };
    await this.hook(this.socket, { block: PORTS }, 'send', settings, markOf(plan) + by(lane));
  }

  /** `at`: the name of a port, or a VTEP. Rejects with ENODEV without such a port. */
  async setWay(mac: Mac, at: string): Promise<void> {
    this.table ??= new MacTable(createMap('macs'));
    const isVtep = /^[\d.]+$/.test(at);
    this.table.set(mac, isVtep ? { vtep: at } : { port: await linkIndex(this.socket, at, `way to ${at}`) });
  }

  removeWay(mac: Mac): void {
    this.table?.remove(mac);
  }

  /** From the list first: what comes from then on takes the ordinary way. */
  async remove(): Promise<void> {
    const links = await listLinks(this.socket);
    const inside = links.find((l) => l.name === LANE);
    if (inside === undefined) return this.close();
    await this.adopt(inside.index);
    for (const vni of vnisOf(links)) if (this.table !== undefined) await this.wire.unlist(vni, this.table.id);
    for (const { link, block } of await listPlaces(this.socket))
      if (block === PORTS) await removePlace(this.socket, link);
    await removeLink(this.socket, LANE);
    this.close();
  }

  /** Whether somebody else has changed what the kernel tells nobody of: the host's end, the ports' block, the ways. */
  async changed(): Promise<boolean> {
    if (this.table === undefined) return false;
    const end = await soundEnd(this.wire.host, this.home, this.end);
    if (end === undefined || (await this.markAt(this.wire.host, { link: end.index }, 'leave')) === '') return true;
    if (this.isSending && (await this.markAt(this.socket, { block: PORTS }, 'send')) === '') return true;
    return this.table.changed();
  }

  /** What is hooked goes on. */
  close(): void {
    const { table } = this;
    // The host's list is changed by a pool thread: the map's number would be somebody else's the next moment.
    void this.listing.then(() => table?.close());
    this.table = undefined;
    this.isSending = false;
  }

  /** The map of an earlier process. */
  private async adopt(lane: number): Promise<void> {
    if (this.table !== undefined) return;
    const filter = await hooked(this.socket, { link: lane });
    const [id] = filter === undefined ? [] : mapsOfProgram(filter.program);
    const fd = id === undefined ? undefined : openMap(id, 'macs');
    if (fd !== undefined) this.table = new MacTable(fd);
  }

  /** What both ends' programs were made for; empty unless all is up, hooked and on the host's list. */
  private async laneMark(inside: KernelLink, links: readonly KernelLink[]): Promise<string> {
    const host = await soundEnd(this.wire.host, this.home, this.end);
    if (host === undefined || !inside.up || this.table === undefined) return '';
    const leaving = await this.markAt(this.wire.host, { link: host.index }, 'leave');
    if (leaving !== (await this.markAt(this.socket, { link: inside.index }, 'deliver'))) return '';
    for (const vni of vnisOf(links)) {
      const listed = await this.wire.listed(vni);
      if (listed.macs !== this.table.id || listed.lane !== host.index) return '';
    }
    return leaving;
  }

  private async sendingMark(lane: number): Promise<string> {
    const mark = await this.markAt(this.socket, { block: PORTS }, 'send');
    return mark.endsWith(by(lane)) ? mark.slice(0, -by(lane).length) : '';
  }

  /** Empty where there is no program, another release's, or one that goes by another map. */
  private async markAt(socket: Rtnetlink, where: Where, program: ProgramName): Promise<string> {
    const filter = await hooked(socket, where);
    if (filter === undefined) return '';
    const wanted = program === 'leave' ? [] : [this.table?.id];
    return isDeepStrictEqual(mapsOfProgram(filter.program), wanted) ? (markIn(filter.name, program) ?? '') : '';
  }

  private async hook(socket: Rtnetlink, where: Where, which: ProgramName, settings: Settings, mark: string) {
    const program = load(which, settings, this.table === undefined ? {} : { macs: this.table.fd });
    try {
      if ('link' in where) await ensurePlace(socket, { link: where.link, block: 0 });
      await hook(socket, where, program, labelOf(which, mark));
    } finally {
      closeSync(program);
    }
  }

  private ways(names: ReadonlyMap<number, string>): Ways {
    const all = [...(this.table?.read() ?? [])];
    return new Map(all.map(([mac, place]) => [mac, 'vtep' in place ? place.vtep : (names.get(place.port) ?? '')]));
  }
}

/** The ports' program knows the lane by its index. */
const by = (lane: number): string => ` by ${lane}`;

const vnisOf = (links: readonly KernelLink[]): readonly number[] =>
  links.filter((l) => l.kind === 'vxlan').map((l) => readVxlan(l.data).vni);
