/** How soon a network that one host creates is good for a container on the other. */
import { until } from '../../process.js';
import { inRounds, type Round, type Rounds, timed } from '../rounds.js';
import { creation, DRIVERS, type Driver, type Site } from '../site.js';

/** `none`: the container alone, with no network. */
const CREATORS = ['none', ...DRIVERS] as const;
export type Creator = (typeof CREATORS)[number];

/** Milliseconds from `docker network create` to the end of a container on the other host that had it. */
export function measureCreation(site: Site, rounds: Rounds): Promise<readonly Round<Creator, number>[]> {
  let made = 0;
  return inRounds(rounds, CREATORS, (creator) => {
    // A new one each time: the last may not be forgotten everywhere.
    if (creator !== 'none') return createAndUse(site, creator, made++);
    return timed(() => site.there.docker('run', '--rm', '--net', creator, 'busybox', 'true'));
  });
}

async function createAndUse({ here, there, rival }: Site, driver: Driver, nth: number): Promise<number> {
  const network = `new${nth}`;
  const options = creation(driver, rival, `172.16.${100 + nth}.0/24`, 4100 + nth);
  try {
    return await timed(async () => {
      await here.docker('network', 'create', ...options, network);
      const use = async () => (await there.engine.attempt('run', '--rm', '--net', network, 'busybox', 'true')).ok;
      await until(`${network} on ${there.name}`, 20, use, 2);
    });
  } finally {
    // Where others keep the books, they hear of the container's end a moment later.
    await until(`${network} to go`, 20, async () => (await here.engine.attempt('network', 'rm', network)).ok);
  }
}
