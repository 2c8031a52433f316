/** What the fields of records are made of: each takes what we write and nothing else. */
import * as z from 'zod';
import { isLinkLocal } from '../../model/values/address.js';
import {
  isCanonicalCidr,
  isCanonicalIp,
  isCanonicalNetwork,
  isNodeAddress,
  subnetTrouble,
} from '../../model/values/canonical.js';
import {
  isCardsMac,
  isFingerprint,
  isId,
  isNodeId,
  isPublicKey,
  MTU_RANGE,
  PORT_RANGE,
} from '../../model/values/shapes.js';
import type { Cidr, EndpointId, Ip, Mac, NetworkId, NodeAddress, NodeId, PublicKey } from '../../model/values/types.js';
import { OLDEST_READ } from './record-version.js';

/** Nothing that fails is looked at further: what comes after may rely on it. */
export const refusal = (error: string) => ({ error, abort: true }) as const;

export const text = (holds: (text: string) => boolean, complaint: string) =>
  z.string().refine(holds, refusal(complaint));

/** One that nothing else is taken for from here on. */
const branded = <T extends string>(holds: (text: string) => boolean, complaint: string) =>
  text(holds, complaint).transform((it) => it as T);

const NO_ID = 'is no id of 64 hex digits';
export const networkId = branded<NetworkId>(isId, NO_ID);
export const endpointId = branded<EndpointId>(isId, NO_ID);
/** A container's, or none. */
export const containerId = text((id) => id === '' || isId(id), NO_ID);

export const ip = branded<Ip>(isCanonicalIp, 'is no IP address in canonical text');
/** Any other would let a container pass for who has it. */
export const linkLocalIp = branded<Ip>(
  (address) => isCanonicalIp(address) && isLinkLocal(address),
  'is no link-local IP address in canonical text',
);
/** A host's address with its network's prefix length. */
export const hostCidr = branded<Cidr>(isCanonicalCidr, 'is no address with a prefix length in canonical text');
export const network = branded<Cidr>(isCanonicalNetwork, 'is no network in canonical CIDR notation');
/** A network's subnet, held to what can be created. */
export const pool = network.superRefine((cidr, context) => {
  const trouble = subnetTrouble(cidr);
  if (trouble !== undefined) context.addIssue({ code: 'custom', message: trouble, continue: false });
});
export const nodeAddress = branded<NodeAddress>(isNodeAddress, 'is no address that a host can be reached at');
export const nodeId = branded<NodeId>(isNodeId, 'is no id of 16 hex digits');
/** Of a machine, or of its boot. */
export const fingerprint = text(isFingerprint, 'is no hash of 32 hex digits');
export const machine = z.object({ os: fingerprint.exactOptional(), board: fingerprint.exactOptional() });
export const mac = branded<Mac>(isCardsMac, 'is no MAC address of one card in lower-case hex');

export const mtu = z.int().min(MTU_RANGE.min).max(MTU_RANGE.max);
export const vni = z.int().min(1).max(0xffffff);
/** UDP. */
export const udpPort = z.int().min(PORT_RANGE.min).max(PORT_RANGE.max);
export const publicKey = branded<PublicKey>(isPublicKey, 'is no WireGuard key in base64');
/** The newest version of records that a host reads. */
export const reads = z.int().min(OLDEST_READ);
/** Milliseconds since 1970; the last that a Date can be (ECMA-262). */
export const moment = z.int().min(0).max(8.64e15);

/** The number is looked at before the elements: a long list costs nothing. */
export const list = <T extends z.ZodType>(element: T, least: number, most: number) =>
  z
    .custom<unknown[]>(
      (found) => Array.isArray(found) && found.length >= least && found.length <= most,
      refusal(`is no list of ${least} to ${most}`),
    )
    .pipe(z.array(element));

/**
 * Pairs as people type them. Checked by hand, for zod leaves out a key `__proto__` without a word: what came of such
 * a record would not be what stands in the store.
 */
export const pairs = <T extends string>(most: number, holds: (key: string, value: string) => boolean) =>
  z.custom<Readonly<Record<string, T>>>(
    (found) => {
      if (typeof found !== 'object' || found === null || Array.isArray(found)) return false;
      const all = Object.entries(found);
      return all.length <= most && all.every(([key, value]) => typeof value === 'string' && holds(key, value));
    },
    refusal(`is no set of at most ${most} printable pairs`),
  );
