/** Another program has VXLAN's port on this host: said at once, in words, and over as soon as it is gone. */
import { closeSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { udpSocketIn } from '../../src/kernel/system/sockets.js';
import { Bench, type Host, run } from './bench.js';

const PORT = 4789;
const WORDS = new RegExp(`^UDP port ${PORT} of this host is in use by another program`);
const REFUSED = { name: 'UserError', message: expect.stringMatching(WORDS) };

let bench: Bench;
let host: Host;
let taken: number;
beforeEach(() => {
  bench = new Bench();
  host = bench.host('host');
  taken = udpSocketIn(host.path, { address: '0.0.0.0', port: PORT });
});
afterEach(() => bench.close());

test('a new device says so', async () => {
  await expect(host.network()).rejects.toMatchObject(REFUSED);
  closeSync(taken);
  await host.network();
});

test('a device that is there, too, when it is to go up again', async () => {
  closeSync(taken);
  await host.network();
  run(host.inside, 'ip', 'link', 'set', 'vxlan0', 'down');
  taken = udpSocketIn(host.path, { address: '0.0.0.0', port: PORT });
  const up = { kind: 'setUp', link: 'vxlan0' } as const;
  await expect(host.apply(up)).rejects.toMatchObject(REFUSED);
  closeSync(taken);
  await host.apply(up);
});
