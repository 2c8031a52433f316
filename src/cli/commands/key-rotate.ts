import { rotateExchange } from '../../admin/contract/encryption.js';
import { UserError } from '../../errors.js';
import { isAway } from '../frame/agent-client.js';
import { command } from '../frame/command.js';
import { consent, YES } from '../frame/consent.js';
import type { Desk } from '../frame/desk.js';

export const keyRotate = command({
  usage: 'key rotate',
  about: 'give this host another WireGuard key now; the one before goes when nobody uses it, and no packet is lost',
  example: 'tsoverlay key rotate --yes',
  options: [YES],
  json: rotateExchange.answer,
  // A person thinks first.
  seconds: () => 120,
  async run(desk, given) {
    await consent('give this host another WireGuard key', given);
    const { key } = await asked(desk);
    const line = `this host gets the key ${key}; the one before goes when no host uses it (tsoverlay status says)`;
    return { lines: [line], json: { key }, exit: 0 };
  },
});

/** Only the one that serves can do it: it has the devices. */
async function asked(desk: Desk): Promise<{ readonly key: string }> {
  try {
    return await desk.ask(rotateExchange, {});
  } catch (e) {
    throw isAway(e) ? new UserError(await desk.away()) : e;
  }
}
