import { rotateExchange } from '../../admin/contract/encryption.js';
import { command } from '../frame/command.js';
import { consent, YES } from '../frame/consent.js';

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
    const { key } = await desk.ask(rotateExchange, {});
    const line = `this host gets the key ${key}; the one before goes when no host uses it (tsoverlay status says)`;
    return { lines: [line], json: { key }, exit: 0 };
  },
});
