import * as z from 'zod';
import { shown } from '../../model/values/printable.js';
import { forgetNode } from '../forget.js';
import { command } from '../frame/command.js';
import { consent, YES } from '../frame/consent.js';

export const nodeForget = command({
  usage: 'node forget <address>',
  about: 'free what a host that never returns has left behind; refused while it is alive',
  example: 'tsoverlay node forget 10.0.0.62 --yes',
  options: [YES],
  json: z.object({ address: z.string(), endpoints: z.int(), addresses: z.int(), pools: z.int() }),
  // A person thinks first, and then it is one commit after the other.
  seconds: () => 120,
  async run(desk, given) {
    const [address = ''] = given.args;
    await consent(`forget host ${shown(address)}, and free all that it has in the cluster`, given);
    const forgotten = await desk.withStore((store) => forgetNode(store, address), 60);
    const { endpoints, addresses } = forgotten;
    return {
      lines: [`forgot ${address}: ${endpoints} endpoints and ${addresses} addresses are free`],
      json: { address, ...forgotten },
      exit: 0,
    };
  },
});
