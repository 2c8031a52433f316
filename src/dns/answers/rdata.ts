/** What answers carry, as bytes: addresses and names. Pure. */
import ipaddr from 'ipaddr.js';
import type { Named } from '../../model/values/types.js';
import { hostPart } from './directory.js';
import { MAX_LABEL, MAX_NAME, Type } from './query.js';
import type { Answer } from './reply.js';

const V4_BYTES = 4;

const records = new WeakMap<Named, readonly Answer[]>();

/** The endpoint's addresses as A and AAAA records; made once for each endpoint. */
export function recordsOf(endpoint: Named): readonly Answer[] {
  const known = records.get(endpoint);
  if (known) return known;
  const made = endpoint.addresses
    .map(hostPart)
    .filter((address) => ipaddr.isValid(address))
    .map((address) => Buffer.from(ipaddr.parse(address).toByteArray()))
    .map((data) => ({ type: data.length === V4_BYTES ? Type.a : Type.aaaa, data }));
  records.set(endpoint, made);
  return made;
}

/** A name on the wire, or undefined when it does not fit there: what people give containers is not held to DNS. */
export function encodeName(name: string): Buffer | undefined {
  const labels = name.split('.').map((label) => Buffer.from(label));
  if (labels.some(({ length }) => length === 0 || length > MAX_LABEL)) return undefined;
  const bytes = Buffer.concat([...labels.flatMap((label) => [Buffer.from([label.length]), label]), Buffer.alloc(1)]);
  return bytes.length <= MAX_NAME ? bytes : undefined;
}
