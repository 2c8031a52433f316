/**
 * What the kernel does only after a grace period of RCU, or under a lock of the whole host that a container can keep
 * busy, is waited for by pool threads: names of all networks are answered by the main one.
 */
import { closeSync, readdirSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createMap, idOfMap } from '../../src/kernel/bpf/syscall.js';
import { Wire } from '../../src/kernel/bpf/wire.js';
import { announce } from '../../src/kernel/links/announcement.js';
import { Rtnetlink } from '../../src/kernel/netlink/rtnetlink.js';
import { withNamespace } from '../../src/kernel/system/netns.js';
import type { Ip, Mac } from '../../src/model/values/types.js';
import { Bench, type Host, run } from './bench.js';
import { withBusyPool } from './busy-pool.js';

let bench: Bench;
let host: Host;
beforeEach(() => {
  bench = new Bench();
  host = bench.host('host');
});
afterEach(() => bench.close());

const descriptors = (): number => readdirSync('/proc/self/fd').length;

/** Whether it is done by the end of some turns, with no pool thread to do anything of it. */
const isDoneAlone = async (work: Promise<unknown>): Promise<boolean> => {
  let isDone = false;
  void work.then(() => {
    isDone = true;
  });
  for (let turns = 0; turns < 20; turns++) await turn();
  return isDone;
};

test('the end of the socket of an announcement', async () => {
  run(host.path, 'ip', 'link', 'add', 'br0', 'up', 'type', 'bridge');
  const bearer = { index: 2, ip: '172.16.1.1' as Ip, mac: '02:42:ac:10:01:01' as Mac };
  const before = descriptors();
  const after = await withBusyPool(() => {
    const [busy] = [descriptors(), announce({ within: (work) => withNamespace(host.path, work) }, [bearer])];
    return descriptors() - busy;
  });
  expect(after).toBe(1);
  await vi.waitFor(() => expect(descriptors()).toBe(before));
});

test('changes to the list of networks that have the short way', async () => {
  const socket = withNamespace(host.path, () => new Rtnetlink());
  const wire = new Wire(socket);
  const macs = createMap('macs');
  try {
    // Its maps are opened once.
    await wire.listed(256);
    const pending = await withBusyPool(async () => {
      const work = wire.list(256, macs, 7);
      return { work, isDone: await isDoneAlone(work) };
    });
    expect(pending.isDone).toBe(false);
    await pending.work;
    expect(await wire.listed(256)).toEqual({ macs: idOfMap(macs), lane: 7 });
    await wire.unlist(256, idOfMap(macs) + 1);
    expect((await wire.listed(256)).lane).toBe(7);
    const leaving = await withBusyPool(async () => {
      const work = wire.unlist(256, idOfMap(macs));
      return { work, isDone: await isDoneAlone(work) };
    });
    expect(leaving.isDone).toBe(false);
    await leaving.work;
    await wire.unlist(256, idOfMap(macs));
    expect(await wire.listed(256)).toEqual({ macs: undefined, lane: undefined });
    await expect(wire.list(256, 999_999, 7)).rejects.toMatchObject({ code: 'EBADF' });
  } finally {
    closeSync(macs);
    wire.close();
    socket.close();
  }
});

test('a setting of a namespace, which is asked for first', async () => {
  await host.apply({ kind: 'createNamespace' });
  const set = (value: number) => host.apply({ kind: 'setSysctl', name: 'net/ipv6/conf/lo/disable_ipv6', value });
  const value = () => run(host.inside, 'sysctl', '-n', 'net.ipv6.conf.lo.disable_ipv6').trim();
  await set(1);
  expect(await withBusyPool(() => isDoneAlone(set(1)))).toBe(true);
  const { work, isDone } = await withBusyPool(async () => {
    const work = set(0);
    return { work, isDone: await isDoneAlone(work) };
  });
  expect(isDone).toBe(false);
  await work;
  expect(value()).toBe('0');
  await set(1);
  expect(value()).toBe('1');
  // The host's own is another one.
  expect(run(host.path, 'sysctl', '-n', 'net.ipv6.conf.lo.disable_ipv6').trim()).toBe('0');
});
