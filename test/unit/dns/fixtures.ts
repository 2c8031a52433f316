import type { Packet, RecordType } from 'dns-packet';
import type { Cidr, Endpoint, EndpointId, Mac, NetworkId, NodeAddress } from '../../../src/model/types.js';

let made = 0;

export function endpoint(names: readonly string[], addresses: readonly string[]): Endpoint {
  return {
    id: `${++made}`.padStart(64, 'e') as EndpointId,
    network: 'n'.repeat(64) as NetworkId,
    node: '10.0.0.60' as NodeAddress,
    addresses: addresses as readonly Cidr[],
    mac: '02:42:ac:10:01:01' as Mac,
    names,
    container: '',
    sandbox: '',
    created: 0,
    index: made,
  };
}

/** As dns-packet decodes a client's query. */
export const asked = (name: string, type: string): Packet => ({
  type: 'query',
  id: 1,
  flags: 0,
  questions: [{ name, type: type as RecordType, class: 'IN' }],
});

export const data = (reply: Packet | undefined): readonly unknown[] =>
  (reply?.answers ?? []).map((record) => ('data' in record ? record.data : undefined));

export const asIs = <T>(items: readonly T[]): T[] => [...items];
