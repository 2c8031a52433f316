import type { DecodedPacket, Packet, RecordType } from 'dns-packet';
import { Directory } from '../../../src/dns/answers/directory.js';
import type { Zone } from '../../../src/dns/answers/zone.js';
import type { Cidr, Endpoint, EndpointId, Mac, NetworkId } from '../../../src/model/values/types.js';
import { idOf } from '../nodes.js';

let made = 0;

export function endpoint(names: readonly string[], addresses: readonly string[]): Endpoint {
  return {
    id: `${++made}`.padStart(64, 'e') as EndpointId,
    network: 'n'.repeat(64) as NetworkId,
    node: idOf('10.0.0.60'),
    addresses: addresses as readonly Cidr[],
    mac: '02:42:ac:10:01:01' as Mac,
    names,
    container: '',
    created: 0,
    index: made,
  };
}

/** All endpoints live. */
export const zone = (network: string, endpoints: readonly Endpoint[]): Zone => ({
  network,
  directory: new Directory().follow(new Map(endpoints.map((e) => [e.id, e]))),
});

/** A client's query, for dns-packet to encode. */
export const asked = (name: string, type: string): Packet => ({
  type: 'query',
  id: 1,
  flags: 0,
  questions: [{ name, type: type as RecordType, class: 'IN' }],
});

export const data = (reply: DecodedPacket | undefined): readonly unknown[] =>
  (reply?.answers ?? []).map((record) => ('data' in record ? record.data : undefined));

export const asIs = <T>(items: readonly T[]): T[] => [...items];
