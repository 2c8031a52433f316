/** What gets through between containers by each path, beside what there is between the hosts. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Ends, RoundTrips } from '../../../round-trips/round-trips.js';
import type { Outcome } from '../../command.js';
import type { DockerHost } from '../../lab.js';
import { inRounds, type Round, type Rounds } from '../rounds.js';
import { DRIVERS, type Driver, type Site } from '../site.js';
import { whileBusy } from './machine.js';

export const PATHS = ['host', ...DRIVERS, 'accelerated'] as const;
/** `accelerated`: tsoverlay with ACCELERATE=auto. */
export type Path = (typeof PATHS)[number];

/** As fast as it goes. Datagrams of one size on all paths, or the path with the larger MTU would win by that. */
const STREAMS = { one: [], eight: ['-P', '8'], flood: ['-u', '-b', '0', '-l', '1300'] } as const;
type Stream = keyof typeof STREAMS;

/** Request and response of one byte, one after the other, both ends on one processor. */
export interface Exchange {
  readonly perSecond: number;
  /** Of the whole machine, what it does anyway left out, µs for each. */
  readonly cpu: number;
}

export interface Traffic {
  /** To another host, bits per second that arrived. */
  readonly streams: Readonly<Record<Stream, number>>;
  /** To another host. */
  readonly tcp: Exchange;
  readonly udp: Exchange;
  /** TCP between two containers of one host; the host by itself. */
  readonly near: Exchange;
}

export type TrafficRound = Round<Path, Traffic>;

/** Of each stream, each kind of exchange, and the look at the idle machine before it. */
export interface Seconds {
  /** Whole ones: iperf3 takes less than one for no end. */
  readonly stream: number;
  readonly exchange: number;
  readonly idle: number;
}

interface Result {
  readonly error?: string;
  readonly end?: { readonly sum_received?: { readonly bits_per_second: number } };
}

/** The ends of each path. */
interface Line {
  /** Runs a command at the near end. */
  readonly run: (...command: readonly string[]) => Promise<Outcome>;
  readonly far: Ends;
  readonly near: Ends;
}

/** The hosts' own server; the containers' run already. */
export async function serveTraffic(site: Site): Promise<void> {
  await site.there.host.service('iperf3', ['iperf3', '-s']);
  for (const driver of DRIVERS) {
    await site.stay(driver, site.here, ['sleep', 'infinity']);
    await site.stay(driver, site.here, ['sleep', 'infinity'], 'neighbour');
  }
}

export async function measureTraffic(site: Site, seconds: Seconds, rounds: Rounds): Promise<readonly TrafficRound[]> {
  const [rival, tsoverlay] = [await between(site, 'rival'), await between(site, 'tsoverlay')];
  const lines: Readonly<Record<Path, Line>> = { host: hosts(site), rival, tsoverlay, accelerated: tsoverlay };
  const trips = new RoundTrips();
  try {
    return await inRounds(rounds, PATHS, async (path) => {
      await site.accelerate(path === 'accelerated' ? 'auto' : 'off');
      return measure(lines[path], seconds, trips);
    });
  } finally {
    trips.close();
    await site.accelerate('off');
  }
}

async function measure({ run, far, near }: Line, seconds: Seconds, trips: RoundTrips): Promise<Traffic> {
  const exchange = async (kind: 'tcp' | 'udp', ends: Ends): Promise<Exchange> => {
    const idle = await whileBusy(() => sleep(seconds.idle * 1000));
    const busy = await whileBusy(() => trips.measure(kind, ends, seconds.exchange));
    const { perSecond, count } = busy.result;
    const anyway = (idle.cpuSeconds / idle.seconds) * busy.seconds;
    return { perSecond, cpu: ((busy.cpuSeconds - anyway) / count) * 1e6 };
  };
  const stream = (kind: Stream) =>
    patiently(() => run('iperf3', '-c', far.address, '-t', String(seconds.stream), '-J', ...STREAMS[kind]));
  return {
    // One after the other.
    tcp: await exchange('tcp', far),
    udp: await exchange('udp', far),
    near: await exchange('tcp', near),
    streams: { one: await stream('one'), eight: await stream('eight'), flood: await stream('flood') },
  };
}

function hosts({ here, there }: Site): Line {
  const netns = (h: DockerHost): string => h.host.path('/proc/1/ns/net');
  return {
    run: (...command) => here.host.attempt(...command),
    far: { from: netns(here), to: netns(there), address: there.address },
    near: { from: netns(here), to: netns(here), address: here.address },
  };
}

async function between(site: Site, driver: Driver): Promise<Line> {
  const { here, there } = site;
  const from = await site.sandbox(driver, here);
  const to = async (...resident: Parameters<Site['sandbox']>): Promise<Ends> => ({
    ...{ from, to: await site.sandbox(...resident), address: await site.address(...resident) },
  });
  return {
    run: (...command) => here.engine.attempt('exec', site.resident(driver, here), ...command),
    far: await to(driver, there),
    near: await to(driver, here, 'neighbour'),
  };
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
