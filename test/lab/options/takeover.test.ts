/** An address that gets another card: whoever talked to the old one goes on with the new one at once. */
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { within } from '../waiting.js';
import { OURS, Site } from './site.js';

let site: Site;
beforeAll(async () => {
  site = await Site.boot();
});
afterAll(() => site?.lab.down());
afterEach(() => site.clear());

const FIVE = [
  ['4', '172.16.1.50', '--ip 172.16.1.50'],
  ['6', 'fd00:7::50', '--ip6 fd00:7::50'],
] as const;

it.each(FIVE)('IPv%s: is told of on both hosts, from host to host and within one', async (_family, address, option) => {
  await site.network('one', `${OURS} --subnet 172.16.1.0/24 --ipv6 --subnet fd00:7::/64`);
  for (const host of [1, 2]) await site.run(host, `asks${host}`, '--net one');
  let card = 10;
  for (const [host, name] of [
    [1, 'first'],
    [2, 'second'],
    [2, 'third'],
    [1, 'fourth'],
  ] as const) {
    await site.run(host, name, `--net one ${option} --mac-address 02:00:00:00:00:${card++}`);
    for (const from of [1, 2]) {
      // Counted, for on a busy machine an exec alone takes seconds; each lost one is a second of silence.
      let lost = 0;
      await within(30_000, `${name} answers host ${from}`, async () => {
        const answered = await site.succeeds(from, `exec asks${from} ping -c1 -W1 ${address}`);
        if (!answered) lost++;
        return answered;
      });
      console.log(`${address} ${name}: host ${from} after ${lost} lost`);
      expect([name, from, lost <= 1]).toEqual([name, from, true]);
    }
    await site.docker(host, `rm -f ${name}`);
  }
});
