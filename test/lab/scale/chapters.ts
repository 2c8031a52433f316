/** What a page says of each mode. Pure. */
import { table } from '../bench/report/table.js';
import { median, quantile } from '../bench/statistics.js';
import type { Surroundings } from '../bench/surroundings.js';
import { kb, ms } from './goals.js';
import type { Point } from './growth.js';
import type { Many } from './many.js';
import type { OneBig } from './one-big.js';
import type { Rush } from './rush.js';

/** What one run of a mode gave. */
export interface Taken<T> {
  readonly around: Surroundings & { readonly tree: string };
  readonly figures: T;
}

export function oneBig({ around, figures: { points, real, hosts } }: Taken<OneBig>): string {
  const row = (what: string, of: (p: Point) => string) => [what, ...points.map(of)];
  const p99 = (of: readonly number[]) => ms(quantile(of, 0.99));
  return `
## One big network

${conditions(around)}

${hosts} hosts, of which ${real} are real: a plugin process in a network, mount and host name namespace of its own, with the
kernel's own bridges, VXLAN devices and namespaces, and a stand-in for the engine that makes an engine's calls. The other
${hosts - real} are records, which the bench has written into the same Consul server (one, with its data on disk). One real
host starts the containers, has its share of the endpoints (real ones) and is not in the rows of the others; one takes no
part in the network; the event loop of one is watched, and it is left out of the CPU.

${table(
  ['endpoints in the network', ...points.map((p) => String(p.endpoints))],
  [
    row('**each other host, per attach:** CPU', (p) => spread(p.cpu, ms)),
    row('with a share of all that it did meanwhile', (p) => spread(p.cpuWithAll, ms)),
    row('read from Consul', (p) => spread(p.received, kb)),
    row('with a share of all that it read meanwhile', (p) => spread(p.receivedWithAll, kb)),
    row('**a host that takes no part:** CPU', (p) => ms(p.bystander.cpu)),
    row('read', (p) => kb(p.bystander.received)),
    row('**attach** (three calls)', (p) => spread(p.attach, ms)),
    row('RequestAddress', (p) => spread(p.requestAddress, ms)),
    row('CreateEndpoint', (p) => spread(p.createEndpoint, ms)),
    row('Join', (p) => spread(p.join, ms)),
    row('transactions, all requests', (p) => `${p.writes.toFixed(1)}, ${p.requests.toFixed(1)}`),
    row('**Join answered →** FDB entry on all, p99', (p) => p99(p.fdb)),
    row('neighbour entry on all, p99', (p) => p99(p.neighbour)),
    row('name answers on all, p99', (p) => p99(p.name)),
    row('**memory** of a plugin, MiB', (p) => median(p.rssMiB).toFixed(0)),
    row('**longest turn** of the event loop, by its own CPU', (p) => ms(Math.max(...p.busy))),
    row('latest timer, with waiting for a core', (p) => ms(Math.max(...p.late))),
    row('**idle** host: CPU per second', (p) => ms(p.idle.cpu)),
    row('read per second', (p) => kb(p.idle.received)),
  ],
)}
`;
}

export function many({ around, figures }: Taken<Many>): string {
  const { create, createCpu, commits, networks, kept, real, hosts, connections, bystander } = figures;
  return `
## Many networks

${conditions(around)}

${networks} networks that are records, made by hosts that are; ${real} of ${hosts} hosts are real and have them all. One makes
networks, one takes part in ${kept} of them, the others in none.

${table(
  ['', 'few', 'many'],
  [
    [`a network more, beside a few and beside ${networks}: its calls`, spread(create.few, ms), spread(create.many, ms)],
    ['CPU of each other host', spread(createCpu.few, ms), spread(createCpu.many, ms)],
    [
      `RequestAddress and CreateEndpoint in one of 3 and one of ${kept}`,
      spread(commits.few, ms),
      spread(commits.many, ms),
    ],
    [`connections to Consul of a host with ${kept} networks`, '', String(connections)],
    ['an attach elsewhere: CPU of a host without endpoints', '', ms(bystander.cpu)],
    ['read by it', '', kb(bystander.received)],
  ],
)}
`;
}

export function rush({ around, figures: { real, containers, addresses, starts, outage } }: Taken<Rush>): string {
  return `
## All at once, and Consul away

${conditions(around)}

${real} hosts, all of them real, on the cores of one machine.

${table(
  ['what', 'seen'],
  [
    [
      `${containers} addresses asked for at once`,
      `${addresses.got} got, ${addresses.writes.toFixed(2)} transactions each, ${addresses.lists} lists, ${ms(addresses.ms)} in all`,
    ],
    [
      `${containers} containers started at once`,
      `${starts.done} started, ${starts.writes.toFixed(2)} transactions each, ${ms(starts.ms)} in all${starts.trouble === '' ? '' : `; ${starts.trouble}`}`,
    ],
    [
      `Consul killed and started after ${outage.seconds} s: new leader → attached, all hosts at once`,
      spread(outage.attached, ms),
    ],
    [`requests per host and second in the ${outage.after} s after`, spread(outage.requests, (n) => n.toFixed(1))],
  ],
)}
`;
}

const spread = (samples: readonly number[], show: (n: number) => string): string =>
  `${show(median(samples))} (${show(quantile(samples, 0.1))} – ${show(quantile(samples, 0.9))})`;

const conditions = (a: Taken<unknown>['around']): string =>
  `${a.date} UTC, tree ${a.tree}; ${a.cores} × ${a.processor}, ${a.memoryGib} GiB, Linux ${a.kernel}, Node ${a.node}; load before ${a.loadBefore}; ${a.seconds} s.`;
