/** What gets through between containers by each path, and what a round trip costs, beside what there is between the hosts. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Ends, RoundTrips } from '../../round-trips/round-trips.js';
import type { Outcome } from '../command.js';
import type { DockerHost } from '../lab.js';
import { inRounds, type Round, type Rounds } from './rounds.js';
import { DRIVERS, type Driver, type Site } from './site.js';

export const PATHS = ['host', ...DRIVERS, 'accelerated'] as const;
/** `accelerated`: tsoverlay with ACCELERATE=auto. */
export type Path = (typeof PATHS)[number];

const PROTOCOLS = ['tcp', 'udp'] as const;
type Protocol = (typeof PROTOCOLS)[number];

export interface Traffic {
  /** Between two hosts, bits per second that arrived. */
  readonly streams: Readonly<Record<Protocol, number>>;
  /** Between two hosts, µs of CPU at both ends. */
  readonly trips: Readonly<Record<Protocol, number>>;
  /** Between two containers of one host, TCP; the host by itself: µs of CPU at both ends. */
  readonly near: number;
}

export type TrafficRound = Round<Path, Traffic>;

/** As fast as it goes. Datagrams of one size on all paths, or the path with the larger MTU would win by that. */
const FLAGS: Readonly<Record<Protocol, readonly string[]>> = { tcp: [], udp: ['-u', '-b', '0', '-l', '1300'] };
const TRIP_SECONDS = 0.5;

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

export async function measureTraffic(site: Site, seconds: number, rounds: Rounds): Promise<readonly TrafficRound[]> {
  const [native, tsoverlay] = [await between(site, 'native'), await between(site, 'tsoverlay')];
  const lines: Readonly<Record<Path, Line>> = { host: hosts(site), native, tsoverlay, accelerated: tsoverlay };
  const trips = new RoundTrips();
  try {
    return await inRounds(rounds, PATHS, async (path) => {
      await site.accelerate(path === 'accelerated' ? 'auto' : 'off');
      const { run, far, near } = lines[path];
      const stream = (protocol: Protocol) =>
        patiently(() => run('iperf3', '-c', far.address, '-t', String(seconds), '-J', ...FLAGS[protocol]));
      const streams = { tcp: await stream('tcp'), udp: await stream('udp') };
      const trip = (protocol: Protocol, ends: Ends) => trips.cost(protocol, ends, TRIP_SECONDS);
      return {
        streams,
        trips: { tcp: await trip('tcp', far), udp: await trip('udp', far) },
        near: await trip('tcp', near),
      };
    });
  } finally {
    trips.close();
  }
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
