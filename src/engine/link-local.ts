/** `--link-local-ip`: the engine puts these on the card by itself and tells no driver of them. */
import { isIp, isLinkLocal, parseIp } from '../model/values/address.js';
import { MOST } from '../model/values/shapes.js';
import type { Ip } from '../model/values/types.js';

/** What container inspect tells of one network. */
interface NetworkSettings {
  readonly IPAMConfig?: { readonly LinkLocalIPs?: readonly string[] | null } | null;
}

/** Those that are: the engine takes any address for one. */
export const linkLocalIps = ({ IPAMConfig }: NetworkSettings): readonly Ip[] =>
  (IPAMConfig?.LinkLocalIPs ?? []).filter(isIp).map(parseIp).filter(isLinkLocal).slice(0, MOST.linkLocal);
