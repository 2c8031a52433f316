import { z } from 'zod';
import { command } from '../command.js';
import { forgetNode } from '../forget.js';

export const nodeForget = command({
  usage: 'node forget <address>',
  about: 'free what a host that never returns has left behind; refused while it is alive',
  example: 'tsoverlay node forget 10.0.0.62',
  json: z.object({ address: z.string(), endpoints: z.int(), addresses: z.int(), pools: z.int() }),
  // One commit after the other, for thousands of endpoints too.
  seconds: () => 60,
  async run(desk, { args: [address = ''] }) {
    const forgotten = await desk.withStore((store) => forgetNode(store, address));
    const { endpoints, addresses } = forgotten;
    return {
      lines: [`forgot ${address}: ${endpoints} endpoints and ${addresses} addresses are free`],
      json: { address, ...forgotten },
      exit: 0,
    };
  },
});
