/**
 * Keeps what is meant for encrypted networks from leaving in clear: nft table `tsoverlay-encryption` in the host's
 * namespace, for each IP family, drops what the host would forward to their subnets. Their own frames never come by there;
 * but a container whose card was taken away sends by its default route, docker_gwbridge or another bridge.
 */
import type { EncryptionFencePlan } from '../../model/host/encryption-fence.js';
import { familyOf, spanOf } from '../../model/values/address.js';
import { type Family, TwinTables } from '../netfilter/twin-tables.js';
import { ipBytes } from '../netlink/attributes.js';
import { fieldBetween, IP_DADDR, IP6_DADDR } from '../nft/field.js';
import { NFPROTO } from '../nft/message.js';
import { HOOK, Table } from '../nft/table.js';
import { drop } from '../nft/verdict.js';

const TABLE = 'tsoverlay-encryption';
/** Before everybody's filters, the engine's among them. */
const PRIORITY = -10;

/** In the network namespace that the calling thread is in. */
export class EncryptionFence extends TwinTables<EncryptionFencePlan> {
  constructor() {
    const hook = { number: HOOK.forward, priority: PRIORITY };
    super({ table: new Table(TABLE), name: TABLE, chain: 'forward', hook, sets: () => [], rules: rulesFor });
  }
}

/** One for each subnet of the family. */
function rulesFor(family: Family, { subnets }: EncryptionFencePlan): readonly (readonly Buffer[])[] {
  const [field, version] = family === NFPROTO.ipv4 ? [IP_DADDR, 4] : [IP6_DADDR, 6];
  return subnets
    .filter((cidr) => familyOf(cidr) === version)
    .map((cidr) => {
      const [first, last] = spanOf(cidr);
      return [...fieldBetween(field, ipBytes(first), ipBytes(last)), ...drop()];
    });
}
