import * as z from 'zod';
import { releaseExchange } from '../../admin/contract/ipam.js';
import { messageOf } from '../../errors.js';
import { command, type Given } from '../frame/command.js';
import { consent, YES } from '../frame/consent.js';
import type { Desk } from '../frame/desk.js';
import { type Checked, check, checkJson, checkLines } from '../ipam/check.js';
import { lookAtAddresses } from '../ipam/look.js';
import { lookAtAgent } from '../reading/agent.js';

/** Two looks, with a pause in between. */
const STORE_S = 4;

export const ipamCheck = command({
  usage: 'ipam check',
  about: 'addresses of each pool that are held, rest, are leaked, or known twice, and who holds each',
  example: 'tsoverlay ipam check --all',
  options: [
    { flags: '--all', about: 'list every address, not only those with which something is wrong' },
    { flags: '--release', about: 'have this host free at once what is leaked of its own' },
    YES,
  ],
  json: checkJson.extend({ released: z.int().optional().describe('how many leaked addresses are free now') }),
  seconds: ({ options }) => (options.release === true ? 60 : 5),
  async run(desk, given) {
    const found = await look(desk);
    const { release, all } = given.options;
    if (release !== true) return report(found, all === true);
    await free(desk, given);
    const left = await look(desk);
    const released = Math.max(0, found.leaked - left.leaked);
    const { lines, json, exit } = report(left, all === true);
    return {
      lines: [`released ${released} leaked addresses of this host`, ...lines],
      json: { ...json, released },
      exit,
    };
  },
});

async function look(desk: Desk): Promise<Checked> {
  const [looked, agent] = await Promise.all([
    desk.withStore((store) => lookAtAddresses(store), STORE_S),
    lookAtAgent(desk),
  ]);
  return check(looked, Date.now(), 'away' in agent ? undefined : agent.agent.id);
}

/** This host alone knows what it uses: it frees by its own rules, and never what a container has. */
async function free(desk: Desk, given: Given): Promise<void> {
  await consent('have this host free the addresses and pools of its own that nobody uses', given);
  await desk.ask(releaseExchange, {}, 5_000).catch(async (e: unknown) => {
    const agent = await lookAtAgent(desk);
    throw new Error('away' in agent ? `${agent.away}; what it has is freed by it alone` : messageOf(e));
  });
}

const report = (found: Checked, all: boolean) => ({
  lines: checkLines(found, all),
  json: found.json,
  exit: found.isFine ? (0 as const) : (1 as const),
});
