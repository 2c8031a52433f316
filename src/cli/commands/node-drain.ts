import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';
import { drainExchange } from '../../admin/contract/drain.js';
import { messageOf, UserError } from '../../errors.js';
import { isAway } from '../frame/agent-client.js';
import { command, type Given } from '../frame/command.js';
import { consent, YES } from '../frame/consent.js';
import type { Desk } from '../frame/desk.js';
import { secondsIn } from '../frame/options.js';
import { readRecords } from '../ipam/reading.js';
import { nameOf, ownMemory, placesOf } from '../reading/containers.js';

const LOOK_MS = 1_000;
/** Besides what is waited for: a person thinks first, s. */
const LONGEST_S = 60;

const patience = ({ options }: Given): number => secondsIn('--wait', options.wait, 86_400) ?? 0;

export const nodeDrain = command({
  usage: 'node drain',
  about: 'have this host take no more containers, and say which are still on it; what runs, runs on',
  example: 'tsoverlay node drain --yes --wait 600',
  options: [
    { flags: '--off', about: 'have it take containers again' },
    { flags: '--wait <seconds>', about: 'wait until no container is left on a network of tsoverlay' },
    YES,
  ],
  json: z.object({
    since: z.iso.datetime().nullable().describe('null: it takes containers'),
    left: z.array(z.object({ container: z.string(), network: z.string() })).describe('still on this host'),
  }),
  seconds: (given) => patience(given) + LONGEST_S,
  async run(desk, given) {
    const on = given.options.off !== true;
    await consent(on ? 'have this host take no more containers' : 'have this host take containers again', given);
    const { since } = await told(desk, on);
    if (!on) return { lines: ['this host takes containers'], json: { since, left: [] }, exit: 0 };
    const words = `this host takes no more containers since ${since}`;
    const end = performance.now() + patience(given) * 1000;
    const look = (): Promise<Left | string> => leftOn(desk).catch(messageOf);
    let left = await look();
    const isKnown = typeof left !== 'string';
    // A store that goes away meanwhile is waited for.
    while (isKnown && left.length > 0 && performance.now() < end) {
      await sleep(LOOK_MS);
      left = await look();
    }
    if (typeof left === 'string')
      return {
        lines: [words],
        json: { since, left: [] },
        exit: 2,
        errors: [`which are still here is not known: ${left}`],
      };
    const { advertise, consul } = desk.settings;
    const gone = 'no container is left: stop tsoverlay here';
    return {
      lines: [
        words,
        ...left.map(
          ({ container, network }) =>
            `still here: ${container} on ${network}; docker stop ${container}, or disconnect it`,
        ),
        ...(left.length === 0
          ? [consul === undefined ? gone : `${gone}, then type tsoverlay node forget ${advertise} on another host`]
          : []),
      ],
      json: { since, left: [...left] },
      exit: left.length === 0 ? 0 : 1,
    };
  },
});

async function told(desk: Desk, on: boolean) {
  try {
    return await desk.ask(drainExchange, { on });
  } catch (e) {
    if (isAway(e)) throw new UserError(`${await desk.away()}; it takes no containers as it is`);
    throw e;
  }
}

type Left = readonly { readonly container: string; readonly network: string }[];

async function leftOn(desk: Desk): Promise<Left> {
  const records = await desk.withStore(readRecords);
  const self = ownMemory(desk).node?.id;
  return placesOf(records, ({ node }) => node === self).map(({ endpoint, network }) => ({
    container: nameOf(endpoint),
    network: network.announced?.name ?? network.id.slice(0, 12),
  }));
}
