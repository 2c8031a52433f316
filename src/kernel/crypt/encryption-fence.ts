/**
 * Keeps what is meant for encrypted networks from leaving in clear: nft table `tsoverlay-encryption` in the host's
 * namespace, for each IP family, drops what the host would forward to their subnets. Their own frames never come by there;
 * but a container whose card was taken away sends by its default route, docker_gwbridge or another bridge. The subnets are
 * a set, for the kernel acknowledges each rule, and of hundreds the socket has no room for the answers.
 */
import type { EncryptionFencePlan } from '../../model/host/encryption-fence.js';
import { familyOf, spanOf } from '../../model/values/address.js';
import type { Cidr } from '../../model/values/types.js';
import { type Family, type TwinSet, TwinTables } from '../netfilter/twin-tables.js';
import { ipBytes } from '../netlink/attributes.js';
import { fieldIn, IP_DADDR, IP6_DADDR } from '../nft/field.js';
import { NFPROTO } from '../nft/message.js';
import { HOOK, type Interval, KEY, SET, Table } from '../nft/table.js';
import { drop } from '../nft/verdict.js';

const TABLE = 'tsoverlay-encryption';
const SUBNETS = 'subnets';
/** Before everybody's filters, the engine's among them. */
const PRIORITY = -10;

const table = new Table(TABLE);
const kindOf = (family: Family) =>
  family === NFPROTO.ipv4
    ? ({ version: 4, field: IP_DADDR, type: KEY.ip } as const)
    : ({ version: 6, field: IP6_DADDR, type: KEY.ip6 } as const);

/** In the network namespace that the calling thread is in. */
export class EncryptionFence extends TwinTables<EncryptionFencePlan> {
  constructor() {
    const hook = { number: HOOK.forward, priority: PRIORITY };
    super({
      ...{ table, name: TABLE, chain: 'forward', hook },
      sets: (family, wish) => [subnetsOf(family, wish)],
      rules: (family) => [[...fieldIn(kindOf(family).field, SUBNETS), ...drop()]],
    });
  }
}

/** Those of the family. */
function subnetsOf(family: Family, { subnets }: EncryptionFencePlan): TwinSet {
  const { version, field, type } = kindOf(family);
  const intervals = intervalsOf(subnets.filter((cidr) => familyOf(cidr) === version));
  const changes = [
    table.set({ name: SUBNETS, id: 1, type, length: field.length, flags: SET.interval }),
    ...table.addIntervals(SUBNETS, intervals),
  ];
  return { name: SUBNETS, changes, size: intervals.flatMap(({ first, end }) => [first, ...(end ? [end] : [])]).length };
}

/** Of one family. Those that touch or lie in each other are one: the kernel refuses what overlaps, and a record may be forged. */
function intervalsOf(subnets: readonly Cidr[]): readonly Interval[] {
  const spans = subnets.map(spanOf).map(([first, last]) => ({ first: ipBytes(first), end: after(ipBytes(last)) }));
  const found: { first: Buffer; end: Buffer | undefined }[] = [];
  for (const span of spans.sort((a, b) => a.first.compare(b.first))) {
    const before = found.at(-1);
    if (before === undefined || (before.end !== undefined && before.end.compare(span.first) < 0)) found.push(span);
    else if (before.end !== undefined && (span.end === undefined || span.end.compare(before.end) > 0))
      before.end = span.end;
  }
  return found.map(({ first, end }) => ({ first, ...(end && { end }) }));
}

/** The next address; undefined after the last one that there is. */
function after(address: Buffer): Buffer | undefined {
  const next = Buffer.from(address);
  for (let at = next.length - 1; at >= 0; at--) {
    const byte = ((next[at] ?? 0) + 1) & 0xff;
    next[at] = byte;
    if (byte !== 0) return next;
  }
  return undefined;
}
