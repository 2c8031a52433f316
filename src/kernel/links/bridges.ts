/** Bridges: `ip link add … type bridge`. */
import { getU8, putU8, putU16 } from 'netlink/dist/structs.js';
import type { ObservedLink } from '../../model/plan/observed.js';
import type { Mac } from '../../model/values/types.js';
import { readAttributes } from '../netlink/attributes.js';
import type { Rtnetlink } from '../netlink/rtnetlink.js';
import { IFLA_BR } from '../netlink/uapi.js';
import { kernelError } from '../system/errno.js';
import { addLink, changeLink, findLink, setLink } from './links.js';

export interface BridgeWish {
  readonly link: string;
  /** Bytes. */
  readonly mtu: number;
  readonly alias: string;
  readonly mac: Mac;
}

/**
 * `ip link add <link> address <mac> type bridge vlan_default_pvid 0 mcast_snooping 0`, `ip link set <link> mtu <mtu> alias <alias> up`.
 * Throws EEXIST when a link of that name is no bridge.
 */
export async function ensureBridge(socket: Rtnetlink, wish: BridgeWish): Promise<void> {
  const existing = await findLink(socket, wish.link);
  if (existing === undefined)
    await addLink(socket, {
      name: wish.link,
      kind: 'bridge',
      // From the start: one that comes later would be forgotten by whoever asked for the gateway.
      mac: wish.mac,
      data: [
        [IFLA_BR.VLAN_DEFAULT_PVID, putU16(0)],
        [IFLA_BR.MCAST_SNOOPING, putU8(0)],
      ],
    });
  else if (existing.kind !== 'bridge') throw kernelError(`ip link add ${wish.link} type bridge`, 'EEXIST');
  // An MTU given at creation would not count as chosen, and the bridge would go back to 1500 with its last port.
  const mac = existing === undefined || existing.mac === wish.mac ? {} : { mac: wish.mac };
  await setLink(socket, wish.link, { ...mac, mtu: wish.mtu, alias: wish.alias, up: true });
}

/** `ip link set <link> type bridge mcast_snooping 0`: what is for many goes to all ports, and no group is kept. */
export const stopSnooping = (socket: Rtnetlink, link: string): Promise<void> =>
  changeLink(socket, link, { kind: 'bridge', data: [[IFLA_BR.MCAST_SNOOPING, putU8(0)]] });

export const readBridge = (data: Buffer): NonNullable<ObservedLink['bridge']> => ({
  snooping: getU8(readAttributes(data).get(IFLA_BR.MCAST_SNOOPING) ?? putU8(0)) !== 0,
});
