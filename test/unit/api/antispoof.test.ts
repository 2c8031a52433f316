import { expect, it } from 'vitest';
import { Antispoof } from '../../../src/api/antispoof.js';
import { readNetworkOptions } from '../../../src/api/network-options.js';

const ON = { 'tsoverlay.antispoof': 'on' };
const OFF = { 'tsoverlay.antispoof': 'off' };

it('the option is on or off', () => {
  expect(readNetworkOptions(ON).repeated).toEqual(ON);
  expect(() => readNetworkOptions({ 'tsoverlay.antispoof': 'yes' })).toThrow(
    'tsoverlay.antispoof is "yes"; it must be on or off',
  );
});

it("the creating host's default goes into the record, unless the user has said something", () => {
  const [strict, lax] = [true, false].map((byDefault) => new Antispoof(byDefault, async () => true));
  expect([strict?.resolve({}), strict?.resolve(OFF), strict?.resolve(ON)]).toEqual([ON, OFF, ON]);
  expect([lax?.resolve({}), lax?.resolve(OFF), lax?.resolve(ON)]).toEqual([{}, OFF, ON]);
});

it('a host that cannot hold containers to their addresses refuses those that are to be', async () => {
  const unable = new Antispoof(false, async () => false);
  await expect(unable.check(ON)).rejects.toThrow(
    /^tsoverlay\.antispoof is on, but this host's kernel cannot filter .*NETDEV/,
  );
  await unable.check(OFF);
  await unable.check({});
  await new Antispoof(false, async () => true).check(ON);
});
