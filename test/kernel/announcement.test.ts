/** What is asynchronous is begun outside of a network's namespace: a pool thread born in there would stay there for ever. */
import type * as fs from 'node:fs';
import { readlinkSync } from 'node:fs';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { OWN_NETNS } from '../../src/kernel/system/netns.js';
import type { Ip, Mac } from '../../src/model/values/types.js';
import { Bench, type Host, NS } from './bench.js';

/** In which namespaces descriptors were handed to a pool thread. */
const begun = vi.hoisted((): string[] => []);
vi.mock('node:fs', async (original) => {
  const real = await original<typeof fs>();
  const close = (fd: number, done: () => void): void => {
    begun.push(real.readlinkSync('/proc/thread-self/ns/net'));
    real.close(fd, done);
  };
  return { ...real, close };
});

let bench: Bench;
let host: Host;
beforeEach(() => {
  begun.length = 0;
  bench = new Bench();
  host = bench.host('host');
});
afterEach(() => bench.close());

test('the socket of an announcement', async () => {
  await host.network('172.16.1.254/24');
  const bearer = { bridge: 'br0', ip: '172.16.1.1' as Ip, mac: '02:42:ac:10:01:01' as Mac };
  await host.kernel.announce(NS, [bearer]);
  expect(begun).toEqual([readlinkSync(OWN_NETNS)]);
});
