/** Reads what rtnetlink tells by itself: messages into notices. Pure, but for the links' names that it keeps. */
import { getS32 } from 'netlink/dist/structs.js';
import type { Notice } from '../../model/diff/drift.js';
import { readAddress } from '../links/addresses.js';
import { readPortFlags } from '../links/bridge-ports.js';
import { readBridge } from '../links/bridges.js';
import { readStatic } from '../links/fdb.js';
import { type KernelLink, readLink } from '../links/links.js';
import { isPermanent } from '../links/neighbours.js';
import { readVxlan } from '../links/vxlan.js';
import { readAttributes, readIp, readMac } from '../netlink/attributes.js';
import { AF, IFLA, NDA, NTF_SELF, RTM } from '../netlink/uapi.js';

/** One message, and what it is about: of two about the same thing only the later one counts. */
export interface Told {
  readonly about: string;
  readonly notice: Notice;
}

export class NoticeReader {
  /** Only links tell their names; everything else comes with an index. */
  private readonly links = new Map<number, Pick<KernelLink, 'name' | 'alias' | 'kind'>>();

  learn(links: readonly KernelLink[]): void {
    for (const { index, name, alias, kind } of links) this.links.set(index, { name, alias, kind });
  }

  /** Indexes of the VXLAN devices. */
  vxlans(): readonly number[] {
    return [...this.links].flatMap(([index, { kind }]) => (kind === 'vxlan' ? [index] : []));
  }

  /** Undefined for what cannot be damage, whatever the plan. */
  read(type: number, payload: Buffer): Told | undefined {
    switch (type) {
      case RTM.NEWLINK:
      case RTM.DELLINK:
        return this.link(type, payload);
      case RTM.NEWADDR:
      case RTM.DELADDR:
        return this.address(type, payload);
      case RTM.DELQDISC:
      case RTM.DELTFILTER:
        return { about: 'hooks', notice: { kind: 'hooks' } };
      case RTM.NEWNEIGH:
      case RTM.DELNEIGH:
        return payload[0] === AF.BRIDGE ? this.fdb(type, payload) : this.neighbour(type, payload);
      default:
        return undefined;
    }
  }

  private link(type: number, payload: Buffer): Told | undefined {
    if (payload[0] === AF.BRIDGE) return type === RTM.NEWLINK ? this.port(payload) : undefined;
    const { index, name, alias, up, mtu, master, kind, data } = readLink(payload);
    if (type === RTM.DELLINK) this.links.delete(index);
    else this.links.set(index, { name, alias, kind });
    const learning = kind === 'vxlan' && readVxlan(data).learning;
    const snooping = kind === 'bridge' && readBridge(data).snooping;
    const state = { link: name, alias, up, mtu, master: this.nameOf(master), learning, snooping };
    return { about: `link ${index}`, notice: { kind: 'link', gone: type === RTM.DELLINK, ...state } };
  }

  /** The bridge tells of its ports in a family of its own, where a lost port is a "deleted link". */
  private port(payload: Buffer): Told | undefined {
    const flags = readAttributes(payload.subarray(16)).get(IFLA.PROTINFO);
    if (flags === undefined) return undefined;
    const index = getS32(payload.subarray(4, 8));
    const port = { link: this.nameOf(index), alias: this.aliasOf(index), ...readPortFlags(flags) };
    return { about: `port ${index}`, notice: { kind: 'port', ...port } };
  }

  private address(type: number, payload: Buffer): Told | undefined {
    const found = readAddress(payload);
    if (found === undefined) return undefined;
    const { link, address } = found;
    const notice = { kind: 'address', link: this.nameOf(link), gone: type === RTM.DELADDR, address } as const;
    return { about: `address ${link} ${address}`, notice };
  }

  private neighbour(type: number, payload: Buffer): Told | undefined {
    const link = getS32(payload.subarray(4, 8));
    const attributes = readAttributes(payload.subarray(12));
    const dst = attributes.get(NDA.DST);
    if (dst === undefined) return undefined;
    const ip = readIp(dst);
    const stands = type === RTM.NEWNEIGH && isPermanent(payload);
    const mac = stands ? { mac: readMac(attributes.get(NDA.LLADDR)) } : {};
    return { about: `neighbour ${link} ${ip}`, notice: { kind: 'neighbour', link: this.nameOf(link), ip, ...mac } };
  }

  /** Learned entries come and go with ordinary traffic, and the bridge's own are not ours. */
  private fdb(type: number, payload: Buffer): Told | undefined {
    const still = readStatic(payload);
    if (still !== undefined) {
      const { link, mac } = still;
      const where = { link: this.nameOf(link), alias: this.aliasOf(link) };
      const notice = { kind: 'static', ...where, mac, gone: type === RTM.DELNEIGH } as const;
      return { about: `static ${link} ${mac}`, notice };
    }
    if (((payload[10] ?? 0) & NTF_SELF) === 0 || !isPermanent(payload)) return undefined;
    const link = getS32(payload.subarray(4, 8));
    const attributes = readAttributes(payload.subarray(12));
    const [dst, lladdr] = [attributes.get(NDA.DST), attributes.get(NDA.LLADDR)];
    if (dst === undefined || lladdr === undefined) return undefined;
    const entry = { mac: readMac(lladdr), vtep: readIp(dst) };
    const notice = { kind: 'fdb', link: this.nameOf(link), gone: type === RTM.DELNEIGH, ...entry } as const;
    return { about: `fdb ${link} ${entry.mac} ${entry.vtep}`, notice };
  }

  private nameOf(index: number): string {
    return this.links.get(index)?.name ?? '';
  }

  private aliasOf(index: number): string {
    return this.links.get(index)?.alias ?? '';
  }
}
