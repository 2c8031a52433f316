/** What iperf3 gets through between containers on two hosts, beside what it gets through between the hosts. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Outcome } from '../command.js';
import { inRounds, type Round, type Rounds } from './rounds.js';
import { DRIVERS, type Driver, type Site } from './site.js';

const PATHS = ['host', ...DRIVERS] as const;
export type Path = (typeof PATHS)[number];

/** Bits per second that arrived. */
export type ThroughputRound = Round<Path, number>;

export type Protocol = 'TCP' | 'UDP';

/** As fast as it goes. Datagrams of one size on all paths, or the path with the larger MTU would win by that. */
const FLAGS: Readonly<Record<Protocol, readonly string[]>> = { TCP: [], UDP: ['-u', '-b', '0', '-l', '1300'] };

interface Result {
  readonly error?: string;
  readonly end?: { readonly sum_received?: { readonly bits_per_second: number } };
}

/** The hosts' own server; the containers' run already. */
export async function serveThroughput(site: Site): Promise<void> {
  await site.there.host.service('iperf3', ['iperf3', '-s']);
  for (const driver of DRIVERS) await site.stay(driver, site.here, ['sleep', 'infinity']);
}

export async function measureThroughput(
  site: Site,
  protocol: Protocol,
  seconds: number,
  rounds: Rounds,
): Promise<readonly ThroughputRound[]> {
  const { here, there } = site;
  const addresses = {
    native: await site.address('native', there),
    tsoverlay: await site.address('tsoverlay', there),
    host: there.address,
  };
  const client = (address: string): string[] => [
    'iperf3',
    '-c',
    address,
    '-t',
    String(seconds),
    '-J',
    ...FLAGS[protocol],
  ];
  const from = (driver: Driver, address: string) =>
    here.engine.attempt('exec', site.resident(driver, here), ...client(address));
  return inRounds(rounds, PATHS, (path) =>
    patiently(() => (path === 'host' ? here.host.attempt(...client(addresses.host)) : from(path, addresses[path]))),
  );
}

/** A server serves one client at a time and may not have let go of the last, nor be up yet. */
async function patiently(run: () => Promise<Outcome>): Promise<number> {
  for (let tries = 1; ; tries++) {
    const { stdout, stderr } = await run();
    const { error, end }: Result = stdout.startsWith('{') ? JSON.parse(stdout) : { error: stdout || stderr };
    const rate = end?.sum_received?.bits_per_second;
    if (error === undefined && rate !== undefined) return rate;
    if (tries === 10) throw new Error(`iperf3: ${error ?? stdout}`);
    await sleep(200);
  }
}
