/** `--link-local-ip`: the engine puts these on the card by itself and tells no driver of them. */
import { contains, isIp, parseIp } from '../model/address.js';
import { MOST } from '../model/shapes.js';
import type { Ip } from '../model/types.js';

/** What container inspect tells of one network. */
interface NetworkSettings {
  readonly IPAMConfig?: { readonly LinkLocalIPs?: readonly string[] | null } | null;
}

/** RFC 3927, and RFC 4291 section 2.5.6: the engine takes any address for one. */
const LINK_LOCAL = ['169.254.0.0/16', 'fe80::/10'];

export const linkLocalIps = ({ IPAMConfig }: NetworkSettings): readonly Ip[] =>
  (IPAMConfig?.LinkLocalIPs ?? [])
    .filter(isIp)
    .map(parseIp)
    .filter((ip) => LINK_LOCAL.some((pool) => contains(pool, ip)))
    .slice(0, MOST.linkLocal);
