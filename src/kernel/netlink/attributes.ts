/** Netlink attributes (type-length-value), and the address bytes inside them. Pure. */
import ipaddr from 'ipaddr.js';
import { AttrStream, parseAttributes, putU16, type StreamData } from 'netlink/dist/structs.js';
import { macText } from '../../model/values/mac.js';
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

/** With this in its type an attribute says that it holds attributes (NLA_F_NESTED): generic netlink takes no other. */
export const NESTED = 0x8000;

function pushAll(out: AttrStream, attributes: readonly Attribute[]): void {
  for (const [type, value] of attributes) {
    if (value === undefined) continue;
    if (type & NESTED) pushNested(out, type, value);
    else out.push(type, value);
  }
}

/** The library clears the flag: it is put back into the header, which lies before what it announces. */
function pushNested(out: AttrStream, type: number, value: StreamData): void {
  const inner = new AttrStream();
  inner.emit(value);
  out.push(type & ~NESTED, Buffer.concat(inner.bufs));
  out.bufs.at(-2)?.set(putU16(type), 2);
}

/** Only what is asked for is looked into: a newer kernel may add what it likes. */
export function readAttributes(bytes: Buffer): ReadonlyMap<number, Buffer> {
  const found = new Map<number, Buffer>();
  parseAttributes(bytes, ({ type, data }) => found.set(type, data));
  return found;
}

/** The values of an array of attributes, in its order: their types say nothing. */
export function readList(bytes: Buffer): readonly Buffer[] {
  const found: Buffer[] = [];
  parseAttributes(bytes, ({ data }) => found.push(data));
  return found;
}

/** A C string without its NUL; empty when the attribute is absent. */
export const readText = (bytes: Buffer | undefined): string =>
  bytes === undefined ? '' : bytes.toString('utf8', 0, bytes.at(-1) === 0 ? bytes.length - 1 : bytes.length);

export const macBytes = (mac: string): Buffer => Buffer.from(mac.replaceAll(':', ''), 'hex');

export const readMac = (bytes: Buffer | undefined): Mac => macText(bytes?.toString('hex') ?? '');

/** `ip`: canonical text. The library takes some microseconds for IPv4, of which there are thousands. */
export const ipBytes = (ip: string): Buffer =>
  Buffer.from(ip.includes(':') ? ipaddr.parse(ip).toByteArray() : ip.split('.').map(Number));

/** Four or sixteen bytes to canonical text. */
export const readIp = (bytes: Buffer): Ip =>
  (bytes.length === 4 ? bytes.join('.') : ipaddr.fromByteArray([...bytes]).toString()) as Ip;
