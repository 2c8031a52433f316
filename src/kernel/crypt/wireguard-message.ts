/** WireGuard's generic netlink messages (linux/wireguard.h), both ways. Pure. */
import { getU16, getU64, putString, putU8, putU16, putU32 } from 'netlink/dist/structs.js';
import type { CryptEndpoint, ObservedPeer, PeerChange } from '../../model/crypt/steps.js';
import type { Ip, PublicKey } from '../../model/values/types.js';
import { type Attribute, ipBytes, NESTED, nest, readAttributes, readIp, readList } from '../netlink/attributes.js';
import { genericMessage, readGeneric } from '../netlink/genetlink.js';
import { AF } from '../netlink/uapi.js';

export const FAMILY = 'wireguard';
export const WG_CMD = { GET_DEVICE: 0, SET_DEVICE: 1 } as const;

const DEVICE = { IFNAME: 2, PRIVATE_KEY: 3, PUBLIC_KEY: 4, LISTEN_PORT: 6, PEERS: 8 } as const;
const PEER = {
  PUBLIC_KEY: 1,
  FLAGS: 3,
  ENDPOINT: 4,
  KEEPALIVE: 5,
  LAST_HANDSHAKE: 6,
  RX_BYTES: 7,
  ALLOWED_IPS: 9,
} as const;
const ALLOWED_IP = { FAMILY: 1, ADDRESS: 2, PREFIX: 3 } as const;
const PEER_FLAG = { REMOVE: 1, REPLACE_ALLOWED_IPS: 2 } as const;

/** What is to be set of a device; what is absent stays. */
export interface DeviceWish {
  readonly link: string;
  /** 32 bytes. */
  readonly privateKey?: Buffer;
  /** UDP. */
  readonly port?: number;
  readonly peers?: readonly PeerWish[];
}

export type PeerWish = { readonly key: PublicKey; readonly removed: true } | PeerChange;

/** A device as one message of a dump tells it; a large one comes in several. */
export interface DevicePiece {
  readonly key?: PublicKey;
  readonly port?: number;
  readonly peers: readonly ObservedPeer[];
}

export const formatGetDevice = (link: string): Buffer =>
  genericMessage(WG_CMD.GET_DEVICE, [[DEVICE.IFNAME, putString(link)]]);

export function formatSetDevice({ link, privateKey, port, peers }: DeviceWish): Buffer {
  return genericMessage(WG_CMD.SET_DEVICE, [
    [DEVICE.IFNAME, putString(link)],
    [DEVICE.PRIVATE_KEY, privateKey],
    [DEVICE.LISTEN_PORT, port === undefined ? undefined : putU16(port)],
    [DEVICE.PEERS | NESTED, peers && nest(peers.map((peer): Attribute => [NESTED, nest(peerAttributes(peer))]))],
  ]);
}

function peerAttributes(peer: PeerWish): readonly Attribute[] {
  const key: Attribute = [PEER.PUBLIC_KEY, Buffer.from(peer.key, 'base64')];
  if ('removed' in peer) return [key, [PEER.FLAGS, putU32(PEER_FLAG.REMOVE)]];
  const { vtep, endpoint, keepalive } = peer;
  return [
    key,
    [PEER.FLAGS, vtep && putU32(PEER_FLAG.REPLACE_ALLOWED_IPS)],
    [PEER.ENDPOINT, endpoint && sockaddr(endpoint)],
    [PEER.KEEPALIVE, putU16(keepalive)],
    [PEER.ALLOWED_IPS | NESTED, vtep && nest([[NESTED, nest(aloneAllowed(vtep))]])],
  ];
}

const aloneAllowed = (vtep: Ip): readonly Attribute[] => [
  [ALLOWED_IP.FAMILY, putU16(vtep.includes(':') ? AF.INET6 : AF.INET)],
  [ALLOWED_IP.ADDRESS, ipBytes(vtep)],
  [ALLOWED_IP.PREFIX, putU8(vtep.includes(':') ? 128 : 32)],
];

/** struct sockaddr_in, or sockaddr_in6: the family in the host's order, port and address in the network's. */
export function sockaddr({ address, port }: CryptEndpoint): Buffer {
  const is6 = address.includes(':');
  const bytes = Buffer.alloc(is6 ? 28 : 16);
  putU16(is6 ? AF.INET6 : AF.INET).copy(bytes);
  bytes.writeUInt16BE(port, 2);
  ipBytes(address).copy(bytes, is6 ? 8 : 4);
  return bytes;
}

export function readSockaddr(bytes: Buffer): CryptEndpoint {
  const is6 = getU16(bytes.subarray(0, 2)) === AF.INET6;
  return { address: readIp(is6 ? bytes.subarray(8, 24) : bytes.subarray(4, 8)), port: bytes.readUInt16BE(2) };
}

/** The private key, which the kernel tells too, is not looked at. */
export function readDevice(payload: Buffer): DevicePiece {
  const found = readGeneric(payload);
  const [key, port] = [found.get(DEVICE.PUBLIC_KEY), found.get(DEVICE.LISTEN_PORT)];
  return {
    ...(key === undefined ? {} : { key: keyText(key) }),
    ...(port === undefined ? {} : { port: getU16(port) }),
    peers: readList(found.get(DEVICE.PEERS) ?? Buffer.alloc(0)).map(readPeer),
  };
}

function readPeer(bytes: Buffer): ObservedPeer {
  const found = readAttributes(bytes);
  const endpoint = found.get(PEER.ENDPOINT);
  return {
    key: keyText(found.get(PEER.PUBLIC_KEY) ?? Buffer.alloc(0)),
    ...(endpoint === undefined ? {} : { endpoint: readSockaddr(endpoint) }),
    keepalive: getU16(found.get(PEER.KEEPALIVE) ?? putU16(0)),
    ...momentIn(found.get(PEER.LAST_HANDSHAKE)),
    received: Number(getU64(found.get(PEER.RX_BYTES) ?? Buffer.alloc(8))),
    allowed: readList(found.get(PEER.ALLOWED_IPS) ?? Buffer.alloc(0)).map(readAllowed),
  };
}

/** struct __kernel_timespec: seconds and nanoseconds of the wall clock; all 0 before the first handshake. */
function momentIn(bytes: Buffer | undefined): { readonly handshake?: number } {
  if (bytes === undefined || bytes.every((byte) => byte === 0)) return {};
  return { handshake: Number(getU64(bytes.subarray(0, 8))) * 1000 };
}

function readAllowed(bytes: Buffer): string {
  const found = readAttributes(bytes);
  const address = found.get(ALLOWED_IP.ADDRESS) ?? Buffer.alloc(4);
  return `${readIp(address)}/${found.get(ALLOWED_IP.PREFIX)?.[0] ?? 0}`;
}

const keyText = (bytes: Buffer): PublicKey => bytes.toString('base64') as PublicKey;

/** Of a peer with more addresses than fit into one message the next one goes on. */
export function merge(pieces: readonly DevicePiece[]): DevicePiece {
  const peers = new Map<PublicKey, ObservedPeer>();
  for (const peer of pieces.flatMap((piece) => piece.peers)) {
    const known = peers.get(peer.key);
    peers.set(peer.key, known === undefined ? peer : { ...known, allowed: [...known.allowed, ...peer.allowed] });
  }
  return { ...Object.assign({}, ...pieces), peers: [...peers.values()] };
}
