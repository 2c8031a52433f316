/** Netlink attributes (type-length-value), and the address bytes inside them. Pure. */
import ipaddr from 'ipaddr.js';
import { AttrStream, parseAttributes, type StreamData } from 'netlink/dist/structs.js';
import type { Ip, Mac } from '../../model/values/types.js';

/** An attribute to be written; one whose value is undefined is left out. */
export type Attribute = readonly [type: number, value: StreamData | undefined];

/** A fixed header (ifinfomsg, ndmsg, …) and the attributes behind it. */
export function message(header: Buffer, attributes: readonly Attribute[]): Buffer {
  const out = new AttrStream();
  out.emit(header);
  pushAll(out, attributes);
  return Buffer.concat(out.bufs);
}

/** The value of an attribute that holds attributes. */
export const nest =
  (attributes: readonly Attribute[]): StreamData =>
  (out) =>
    pushAll(out, attributes);

function pushAll(out: AttrStream, attributes: readonly Attribute[]): void {
  for (const [type, value] of attributes) if (value !== undefined) out.push(type, value);
}

/** Only what is asked for is looked into: a newer kernel may add what it likes. */
export function readAttributes(bytes: Buffer): ReadonlyMap<number, Buffer> {
  const found = new Map<number, Buffer>();
  parseAttributes(bytes, ({ type, data }) => found.set(type, data));
  return found;
}

/** A C string without its NUL; empty when the attribute is absent. */
export const readText = (bytes: Buffer | undefined): string =>
  bytes === undefined ? '' : bytes.toString('utf8', 0, bytes.at(-1) === 0 ? bytes.length - 1 : bytes.length);

export const macBytes = (mac: string): Buffer => Buffer.from(mac.replaceAll(':', ''), 'hex');

export const readMac = (bytes: Buffer | undefined): Mac =>
  (bytes?.toString('hex').match(/../g)?.join(':') ?? '') as Mac;

/** `ip`: canonical text. The library takes some microseconds for IPv4, of which there are thousands. */
export const ipBytes = (ip: string): Buffer =>
  Buffer.from(ip.includes(':') ? ipaddr.parse(ip).toByteArray() : ip.split('.').map(Number));

/** Four or sixteen bytes to canonical text. */
export const readIp = (bytes: Buffer): Ip =>
  (bytes.length === 4 ? bytes.join('.') : ipaddr.fromByteArray([...bytes]).toString()) as Ip;
