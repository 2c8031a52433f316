/** A container that stays: how soon it is there, how soon its name answers on the other host, how soon it is gone. */
import { Probe } from './probe.js';
import { inRounds, type Round, type Rounds, timed } from './rounds.js';
import { DRIVERS, type Driver, NETWORKS, type Site } from './site.js';

const CONTENDERS = ['none', ...DRIVERS] as const;
export type Stayer = (typeof CONTENDERS)[number];

/** Milliseconds each. */
export interface Stay {
  /** `docker run -d`, until it returns. */
  readonly run: number;
  /** From then until its name answers a ping from the other host; 0 without a network. */
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
    native: new Probe(there, site.resident('native', there)),
    tsoverlay: new Probe(there, site.resident('tsoverlay', there)),
  };
  let made = 0;
  try {
    const taken = await inRounds(rounds, CONTENDERS, (contender) => {
      // A name that was there before might be remembered.
      const name = `stay${made++}`;
      return contender === 'none'
        ? stay(site, 'none', name)
        : stay(site, NETWORKS[contender].name, name, probes[contender]);
    });
    const floor = {
      native: await floorOf(site, 'native', probes.native),
      tsoverlay: await floorOf(site, 'tsoverlay', probes.tsoverlay),
    };
    return { rounds: taken, floor };
  } finally {
    await Promise.all([probes.native.close(), probes.tsoverlay.close()]);
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
