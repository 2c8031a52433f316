/** A container that stays: how soon it is there, how soon its name answers on the other host, how soon it is gone. */
import { inRounds, type Round, type Rounds, timed } from '../rounds.js';
import { DRIVERS, type Driver, NETWORKS, type Site } from '../site.js';
import { Probe } from './probe.js';

const STAYERS = ['none', 'floor', ...DRIVERS] as const;
export type Stayer = (typeof STAYERS)[number];

/** Milliseconds each. */
export interface Stay {
  /** `docker run -d`, until it returns. */
  readonly run: number;
  /** From then until its name answers a ping from the other host; 0 where no other host has the network. */
  readonly name: number;
  /** `docker rm -f`, until it returns. */
  readonly remove: number;
}

export interface Stays {
  readonly rounds: readonly Round<Stayer, Stay>[];
  /** What a name that answers already takes: no measured one can be less, ms. */
  readonly floor: Readonly<Record<Driver, readonly number[]>>;
}

export async function measureStays(site: Site, rounds: Rounds): Promise<Stays> {
  const { there } = site;
  const probes = {
    rival: new Probe(there, site.resident('rival', there)),
    tsoverlay: new Probe(there, site.resident('tsoverlay', there)),
  };
  let made = 0;
  try {
    const taken = await inRounds(rounds, STAYERS, (stayer) => {
      // A name that was there before might be remembered.
      const name = `stay${made++}`;
      if (stayer === 'none') return stay(site, stayer, name);
      return stay(site, NETWORKS[stayer], name, stayer === 'floor' ? undefined : probes[stayer]);
    });
    const floor = {
      rival: await floorOf(site, 'rival', probes.rival),
      tsoverlay: await floorOf(site, 'tsoverlay', probes.tsoverlay),
    };
    return { rounds: taken, floor };
  } finally {
    await Promise.all([probes.rival.close(), probes.tsoverlay.close()]);
  }
}

async function stay({ here }: Site, network: string, name: string, probe?: Probe): Promise<Stay> {
  const run = await timed(() => here.docker('run', '-d', '--net', network, '--name', name, 'busybox', 'sleep', '1h'));
  const answered = probe ? await timed(() => probe.answered(name)) : 0;
  const remove = await timed(() => here.docker('rm', '-f', name));
  return { run, name: answered, remove };
}

/** The resident asks for its own name: all of a lookup and a ping but the wait. */
async function floorOf(site: Site, driver: Driver, probe: Probe): Promise<readonly number[]> {
  const samples: number[] = [];
  const name = site.resident(driver, site.there);
  for (let i = 0; i < 10; i++) samples.push(await timed(() => probe.answered(name)));
  return samples;
}
