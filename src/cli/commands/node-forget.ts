import * as z from 'zod';
import { UserError } from '../../errors.js';
import { shown } from '../../model/values/printable.js';
import { storeFile } from '../../store/open.js';
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
    const { consul, dataDir } = desk.settings;
    if (consul === undefined)
      throw new UserError(
        `the store is a file of this host alone (${storeFile(dataDir)}): no other host has anything in it; what is this host's own goes with its containers and networks`,
      );
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
