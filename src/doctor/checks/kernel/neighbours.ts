import { SYSCTLS } from '../../../model/host/sysctls.js';
import { check } from '../../check.js';
import type { Surroundings } from '../../surroundings.js';

const FULL = 0.8;

/** By family; none of it is told in any network namespace but the first. */
export interface NeighbourFacts {
  readonly family: 'ipv4' | 'ipv6';
  /** In use, of all namespaces of the machine. */
  readonly entries: number | undefined;
  readonly limits: ReadonlyMap<string, number>;
}

export const neighbours = check({
  code: 'kernel.neighbours',
  about: "the kernel's tables of neighbours, which all network namespaces of the machine share",
  harm: 'containers and the host reach nobody new; the kernel says "neighbour: arp_cache: neighbor table overflow!" in dmesg',
  cure: 'raise net.ipv4.neigh.default.gc_thresh1 to 3 (for IPv6 net.ipv6…) in /etc/sysctl.d, tsoverlay wants 8192, 49152 and 65536 at least; see which container fills them: ip -s neigh, in its namespace',
  look: ({ proc }: Pick<Surroundings, 'proc'>): readonly NeighbourFacts[] =>
    (
      [
        ['ipv4', 'arp_cache'],
        ['ipv6', 'ndisc_cache'],
      ] as const
    ).map(([family, cache]) => {
      // First line: names; the entries stand in each line, of all processors together.
      const entries = proc.text(`net/stat/${cache}`)?.split('\n')[1]?.split(/\s+/)[0];
      const limits = [1, 2, 3].flatMap((n) => {
        const value = proc.number(`sys/net/${family}/neigh/default/gc_thresh${n}`);
        return value === undefined ? [] : [[`gc_thresh${n}`, value] as const];
      });
      return {
        family,
        entries: entries === undefined ? undefined : Number.parseInt(entries, 16),
        limits: new Map(limits),
      };
    }),
  judge: (facts) => facts.flatMap((one) => [...fill(one), ...low(one)]),
});

function fill({ family, entries, limits }: NeighbourFacts) {
  const most = limits.get('gc_thresh3');
  if (most === undefined || entries === undefined || entries < most * FULL) return [];
  return [{ what: `the table of ${family} neighbours has ${entries} entries of ${most} at most` }];
}

function low({ family, limits }: NeighbourFacts) {
  return SYSCTLS.flatMap(({ name, least }) => {
    const limit = /^net\/(ipv\d)\/neigh\/default\/(\w+)$/.exec(name);
    const value = limit?.[1] === family ? limits.get(limit[2] ?? '') : undefined;
    if (value === undefined || value >= least) return [];
    return [{ what: `sysctl ${name.replaceAll('/', '.')} is ${value}, and should be ${least} at least` }];
  });
}
