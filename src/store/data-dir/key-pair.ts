/** WireGuard's keys (X25519, RFC 7748): private ones are random bytes, public ones are made of them. */
import { createPrivateKey, createPublicKey, randomBytes } from 'node:crypto';
import type { PublicKey } from '../../model/values/types.js';

export const KEY_BYTES = 32;

/** A PKCS #8 PrivateKeyInfo of X25519 up to the 32 bytes of the key (RFC 8410). */
const PKCS8 = Buffer.from('302e020100300506032b656e04220420', 'hex');

/** 32 random bytes, with the bits fixed that every X25519 private key has so. */
export function newPrivateKey(): Buffer {
  const key = randomBytes(KEY_BYTES);
  key[0] = (key[0] ?? 0) & 0xf8;
  key[31] = ((key[31] ?? 0) & 0x7f) | 0x40;
  return key;
}

/** What `wg pubkey` prints. As DER: exports as JWK hang now and then in Node 20 (20.20.2). */
export function publicKeyOf(privateKey: Buffer): PublicKey {
  const key = createPrivateKey({ key: Buffer.concat([PKCS8, privateKey]), format: 'der', type: 'pkcs8' });
  const der = createPublicKey(key).export({ format: 'der', type: 'spki' });
  return der.subarray(-KEY_BYTES).toString('base64') as PublicKey;
}
