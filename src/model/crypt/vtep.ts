/** The address that a key has inside of the mesh. Pure. */
import { createHash } from 'node:crypto';
import { ipv4Of } from '../values/address.js';
import type { Ip, NodeCrypt, NodeKey, PublicKey } from '../values/types.js';

/**
 * `10.` and the first three bytes of the key's SHA-256: nobody has to give addresses out, and a host that takes another
 * key has another address. Always IPv4, whatever the underlay is, for a VXLAN device sends to one family alone.
 */
export function cryptVtep(key: PublicKey): Ip {
  const digest = createHash('sha256').update(Buffer.from(key, 'base64')).digest();
  return ipv4Of(10 * 2 ** 24 + digest.readUIntBE(0, 3));
}

/** The name of a key's device: of two keys there are two devices. */
export const wireguardName = (key: PublicKey): string =>
  `wg${createHash('sha256').update(Buffer.from(key, 'base64')).digest('hex').slice(0, 8)}`;

/** The key that a host had before the others; it has one at least. */
export const oldest = ({ keys: [first] }: NodeCrypt): NodeKey | undefined => first;
