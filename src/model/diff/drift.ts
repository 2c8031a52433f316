/** Which news of the kernel mean that a network's namespace is no longer as planned. Pure. */

import type { NamespacePlan } from '../plan/namespace-plan.js';
import type { PortFlags } from '../plan/observed.js';
import { loudness } from '../plan/quiet.js';
import { LANE, LANE_MTU, UNKNOWN_MAC } from '../values/names.js';
import type { Cidr, Ip, Mac } from '../values/types.js';
import { PeerIndex } from './peer-index.js';

/** Something that happened to one thing in a watched namespace; `link` is the device's name. */
export type Notice =
  | {
      readonly kind: 'link';
      readonly link: string;
      readonly gone: boolean;
      /** IFLA_IFALIAS, see ObservedLink. */
      readonly alias: string;
      readonly up: boolean;
      readonly mtu: number;
      /** Name of the bridge; empty when it is no port. */
      readonly master: string;
      /** Of a VXLAN device's own FDB. */
      readonly learning: boolean;
      /** Of a bridge. */
      readonly snooping: boolean;
    }
  /** `alias`: of the link, as above. */
  | ({ readonly kind: 'port'; readonly link: string; readonly alias: string } & PortFlags)
  | { readonly kind: 'address'; readonly link: string; readonly gone: boolean; readonly address: Cidr }
  /** `mac` is absent when there is no permanent entry (any more). */
  | { readonly kind: 'neighbour'; readonly link: string; readonly ip: Ip; readonly mac?: Mac }
  | { readonly kind: 'fdb'; readonly link: string; readonly gone: boolean; readonly mac: Mac; readonly vtep: string }
  /** A static entry of a bridge; `link` is the port. */
  | {
      readonly kind: 'static';
      readonly link: string;
      readonly alias: string;
      readonly gone: boolean;
      readonly mac: Mac;
    }
  /** A program was taken away from where it was hooked, or something of what it goes by was changed. */
  | { readonly kind: 'hooks' }
  /** Somebody else has changed nft rules; which, is not told. */
  | { readonly kind: 'rules' }
  /** The file that keeps the namespace is not its own any more. */
  | { readonly kind: 'unmounted' }
  /** The kernel had more to tell than we took in time. */
  | { readonly kind: 'lost' };

type NoticeOf<K extends Notice['kind']> = Extract<Notice, { kind: K }>;

/**
 * What a notice says against the plan, in words for the log; undefined when it agrees or is none of our business.
 * Compared with the plan, not with a memory: what our own steps bring about is as planned, so it is no damage.
 * `peers`: those of the plan.
 */
export function damage(
  plan: NamespacePlan,
  notice: Notice,
  peers: PeerIndex = new PeerIndex().follow(plan.peers),
): string | undefined {
  switch (notice.kind) {
    case 'link':
      return linkDamage(plan, notice);
    case 'address':
      return addressDamage(plan, notice);
    case 'neighbour':
      return neighbourDamage(plan, notice, peers);
    case 'port':
      return portDamage(plan, notice);
    case 'fdb':
      return fdbDamage(plan, notice, peers);
    case 'static':
      return staticDamage(plan, notice, peers);
    case 'rules':
      return hasRules(plan) ? 'nft rules were changed' : undefined;
    case 'hooks':
      return typeof plan.acceleration === 'object' ? 'programs or their tables were changed' : undefined;
    case 'unmounted':
      return "the namespace's file is not mounted any more";
    case 'lost':
      return 'the kernel had more news than could be read';
  }
}

const hasRules = ({ uplink, ports, bridges }: NamespacePlan): boolean =>
  uplink !== undefined || bridges.some((b) => b.flooding !== undefined) || ports.some((p) => p.sender !== undefined);

function linkDamage(plan: NamespacePlan, notice: NoticeOf<'link'>): string | undefined {
  const wanted = wantedLink(plan, notice);
  if (wanted === undefined) return undefined;
  if (notice.gone) return `${notice.link} is gone`;
  if (!notice.up) return `${notice.link} is down`;
  if (notice.mtu !== wanted.mtu) return `${notice.link} has MTU ${notice.mtu}`;
  if (notice.master !== wanted.master) return `${notice.link} has ${notice.master || 'no'} master`;
  if (notice.learning) return `${notice.link} learns MACs`;
  if (notice.snooping) return `${notice.link} snoops`;
  return undefined;
}

function wantedLink(plan: NamespacePlan, { link, alias }: NoticeOf<'link'>) {
  for (const b of plan.bridges) {
    if (b.name === link) return { mtu: b.mtu, master: '' };
    if (b.vxlan === link) return { mtu: b.mtu, master: b.name };
  }
  if (link === LANE && typeof plan.acceleration === 'object') return { mtu: LANE_MTU, master: '' };
  if (plan.uplink?.link === link) return { mtu: plan.uplink.mtu, master: '' };
  const port = plan.ports.find((p) => p.endpoint === alias);
  return port === undefined ? undefined : { mtu: port.mtu, master: port.bridge };
}

function portDamage(plan: NamespacePlan, { link, alias, ...flags }: NoticeOf<'port'>): string | undefined {
  if (!plan.bridges.some((b) => b.vxlan === link) && !plan.ports.some((p) => p.endpoint === alias)) return undefined;
  const loud = loudness(flags);
  return loud === undefined ? undefined : `${link} ${loud}`;
}

function addressDamage(plan: NamespacePlan, { link, gone, address }: NoticeOf<'address'>): string | undefined {
  const { uplink } = plan;
  const bridge = uplink?.link === link ? { addresses: [uplink.address] } : plan.bridges.find((b) => b.name === link);
  if (bridge === undefined || bridge.addresses.includes(address) !== gone) return undefined;
  return `${address} on ${link} ${gone ? 'is gone' : 'is not planned'}`;
}

function neighbourDamage(plan: NamespacePlan, { link, ip, mac }: NoticeOf<'neighbour'>, peers: PeerIndex) {
  if (!plan.bridges.some((b) => b.vxlan === link)) return undefined;
  const wanted = peers.at(link, ip)?.mac;
  return wanted === mac ? undefined : `neighbour ${ip} on ${link} has ${mac ?? 'no permanent'} MAC`;
}

function fdbDamage(plan: NamespacePlan, { link, gone, mac, vtep }: NoticeOf<'fdb'>, peers: PeerIndex) {
  if (!plan.bridges.some((b) => b.vxlan === link)) return undefined;
  const wanted =
    peers.behind(link, mac)?.vtep === vtep ||
    (mac === UNKNOWN_MAC && plan.floods.some((f) => f.vxlan === link && f.vtep === vtep));
  if (wanted !== gone) return undefined;
  return `FDB entry ${mac} to ${vtep} on ${link} ${gone ? 'is gone' : 'is not planned'}`;
}

function staticDamage(plan: NamespacePlan, { link, alias, gone, mac }: NoticeOf<'static'>, peers: PeerIndex) {
  const wanted = plan.ports.some((p) => p.endpoint === alias && p.mac === mac) || peers.behind(link, mac) !== undefined;
  if (wanted !== gone) return undefined;
  return `static FDB entry ${mac} on ${link} ${gone ? 'is gone' : 'is not planned'}`;
}
