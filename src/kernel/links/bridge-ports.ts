/** How a bridge treats a port of it: `ip link set <port> type bridge_slave`. */
import { getU8, putU8 } from 'netlink/dist/structs.js';
import type { PortFlags } from '../../model/plan/observed.js';
import { type Attribute, readAttributes } from '../netlink/attributes.js';
import type { Rtnetlink } from '../netlink/rtnetlink.js';
import { IFLA_BRPORT } from '../netlink/uapi.js';
import { changeLink, type LinkSettings } from './links.js';

/** The same attributes come in IFLA_INFO_SLAVE_DATA of a link and in IFLA_PROTINFO of what the bridge tells itself. */
export function readPortFlags(data: Buffer): PortFlags {
  const attributes = readAttributes(data);
  const flag = (type: number): boolean => getU8(attributes.get(type) ?? putU8(0)) !== 0;
  return { learning: flag(IFLA_BRPORT.LEARNING), flood: flag(IFLA_BRPORT.UNICAST_FLOOD) };
}

const QUIET: readonly Attribute[] = [
  [IFLA_BRPORT.LEARNING, putU8(0)],
  [IFLA_BRPORT.UNICAST_FLOOD, putU8(0)],
  [IFLA_BRPORT.FLUSH, Buffer.alloc(0)],
];

/**
 * `ip link set <link> type bridge_slave learning off flood off fdb_flush`, and then what else is to be set; static entries
 * stay. Throws ENODEV, and EINVAL for what is no port.
 */
export const setPort = (socket: Rtnetlink, link: string, more: LinkSettings = {}): Promise<void> =>
  changeLink(socket, link, { ...more, portKind: 'bridge', portData: QUIET });
