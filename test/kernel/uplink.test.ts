/** A network's way out on the real kernel: out and back, nothing in, and put right when somebody breaks it. */
import { execFileSync } from 'node:child_process';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { LinuxHostParts } from '../../src/kernel/host-parts/host-parts.js';
import { withNamespace } from '../../src/kernel/system/netns.js';
import { uplinkSteps } from '../../src/model/diff/uplink.js';
import { uplinksSteps } from '../../src/model/host/uplinks.js';
import { UPLINK_GATEWAY, UPLINK_GATEWAY_CIDR } from '../../src/model/uplink/uplink.js';
import { uplinkEnd } from '../../src/model/values/names.js';
import type { Cidr, Mac } from '../../src/model/values/types.js';
import { Bench, type Host, NS, run, twice } from './bench.js';
import { meshOf, unaccelerated } from './host-parts.js';

const END = uplinkEnd(NS);
const wish = {
  ...{ link: 'gw0', hostEnd: END, mtu: 1450, via: UPLINK_GATEWAY },
  address: '198.18.7.7/15' as Cidr,
};

let bench: Bench;
let host: Host;
let parts: LinuxHostParts;
let outside: string;
let container: string;

beforeEach(async () => {
  bench = new Bench();
  host = bench.host('host');
  parts = withNamespace(
    host.path,
    () =>
      new LinuxHostParts({
        underlay: 4,
        mode: 'off',
        port: 4789,
        crypt: meshOf(host.kernel),
        accelerator: unaccelerated(host),
      }),
  );
  outside = bench.namespace('outside');
  container = bench.namespace('container');
  const ip = (...args: string[]) => run(host.path, 'ip', ...args);
  ip('link', 'add', 'docker_gwbridge', 'up', 'type', 'bridge');
  ip('address', 'add', '172.18.0.1/16', 'dev', 'docker_gwbridge');
  ip('link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', outside);
  ip('address', 'add', '203.0.113.1/24', 'dev', 'eth0');
  ip('link', 'set', 'eth0', 'up');
  run(host.path, 'sysctl', '-qw', 'net.ipv4.ip_forward=1');
  // Who is outside knows the host, and none of its networks.
  run(outside, 'ip', 'address', 'add', '203.0.113.9/24', 'dev', 'eth0');
  run(outside, 'ip', 'link', 'set', 'eth0', 'up');

  await host.network('172.16.1.254/24');
  await host.port(0);
  const mac = '02:42:ac:10:01:01' as Mac;
  await host.apply({ kind: 'replaceStatic', link: 'veth0', mac });
  ip('link', 'set', 'vethc0', 'address', mac);
  ip('link', 'set', 'vethc0', 'netns', container);
  run(container, 'ip', 'address', 'add', '172.16.1.1/24', 'dev', 'vethc0');
  run(container, 'ip', 'link', 'set', 'vethc0', 'up');
  run(container, 'ip', 'route', 'add', 'default', 'via', '172.16.1.254');
});
afterEach(() => {
  parts.close();
  bench.close();
});

const makeFit = async () => {
  const found = await parts.observe('uplinks');
  const steps = uplinksSteps({ address: UPLINK_GATEWAY_CIDR }, found);
  for (const step of steps) if (step.kind !== 'requestGwbridge') await parts.apply(step);
  return steps.map(({ kind }) => kind);
};
/** Why the way out is not as it should be. */
const trouble = async () => {
  const seen = await host.kernel.observe(NS);
  return seen === undefined ? 'gone' : uplinkSteps(wish, seen)[0]?.reason;
};
const answers = (from: string, to: string): boolean => {
  try {
    execFileSync('nsenter', [`--net=${from}`, 'ping', '-c1', '-W1', to], { stdio: 'pipe' });
    return true;
  } catch {
    return false;
  }
};

test('a container reaches the outside by its own card, as the host', async () => {
  expect(await makeFit()).toEqual(['replaceUplinkRules', 'addGwbridgeAddress']);
  expect(await makeFit()).toEqual([]);
  expect(await trouble()).toBe('missing');
  await twice(() => host.apply({ kind: 'ensureUplink', ...wish }));
  expect(await trouble()).toBeUndefined();
  expect(answers(container, '203.0.113.9')).toBe(true);
  expect(answers(container, '203.0.113.1')).toBe(true);
});

test('nothing comes in by it: not from the host, from docker_gwbridge, or from another network', async () => {
  await makeFit();
  await host.apply({ kind: 'ensureUplink', ...wish });
  const stranger = bench.namespace('stranger');
  run(host.path, 'ip', 'link', 'add', 'vs', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', stranger);
  run(host.path, 'ip', 'link', 'set', 'vs', 'master', 'docker_gwbridge', 'up');
  run(stranger, 'ip', 'address', 'add', '198.18.9.9/15', 'dev', 'eth0');
  run(stranger, 'ip', 'link', 'set', 'eth0', 'up');
  run(stranger, 'ip', 'route', 'add', '172.16.1.0/24', 'via', '198.18.7.7');
  run(host.path, 'ip', 'route', 'add', '172.16.1.0/24', 'via', '198.18.7.7');
  for (const from of [stranger, host.path]) {
    expect(answers(from, '172.16.1.1'), from).toBe(false);
    expect(answers(from, '198.18.7.7'), from).toBe(false);
  }
  // The rules are what keeps them out.
  run(host.inside, 'nft', 'flush', 'chain', 'ip', 'tsoverlay-uplink', 'forward');
  expect(answers(stranger, '172.16.1.1')).toBe(true);
});

test('what somebody breaks is seen, and made right by the same step', async () => {
  await makeFit();
  await host.apply({ kind: 'ensureUplink', ...wish });
  const damages: readonly (readonly [string, string, readonly string[]])[] = [
    ['missing', host.inside, ['ip', 'link', 'delete', 'gw0']],
    ['missing', host.path, ['ip', 'link', 'delete', END]],
    ['down', host.inside, ['ip', 'link', 'set', 'gw0', 'down']],
    ['MTU is 1300', host.inside, ['ip', 'link', 'set', 'gw0', 'mtu', '1300']],
    ['its address is missing', host.inside, ['ip', 'address', 'flush', 'dev', 'gw0']],
    ['its other end is not on docker_gwbridge', host.path, ['ip', 'link', 'set', END, 'nomaster']],
    ['the way out is missing', host.inside, ['ip', 'route', 'delete', 'default']],
    ['its rules are missing', host.inside, ['nft', 'flush', 'ruleset']],
  ];
  for (const [reason, where, command] of damages) {
    run(where, ...command);
    expect(await trouble(), command.join(' ')).toBe(reason);
    await host.apply({ kind: 'ensureUplink', ...wish });
    expect(await trouble(), command.join(' ')).toBeUndefined();
    expect(answers(container, '203.0.113.9'), command.join(' ')).toBe(true);
  }
  run(host.path, 'nft', 'flush', 'ruleset');
  run(host.path, 'ip', 'address', 'delete', UPLINK_GATEWAY_CIDR, 'dev', 'docker_gwbridge');
  expect(await makeFit()).toEqual(['replaceUplinkRules', 'addGwbridgeAddress']);
  expect(answers(container, '203.0.113.9')).toBe(true);
});

test('without docker_gwbridge there is none yet, and nothing half-made', async () => {
  run(host.path, 'ip', 'link', 'delete', 'docker_gwbridge');
  expect(await makeFit()).toEqual(['replaceUplinkRules', 'requestGwbridge']);
  await expect(host.apply({ kind: 'ensureUplink', ...wish })).rejects.toMatchObject({ code: 'ENODEV' });
  expect(await trouble()).toBe('missing');
});

test('the last such network goes: so does what the host had for it', async () => {
  await makeFit();
  for (const step of uplinksSteps('off', await parts.observe('uplinks')))
    if (step.kind !== 'requestGwbridge') await parts.apply(step);
  expect(uplinksSteps('off', await parts.observe('uplinks'))).toEqual([]);
  expect(run(host.path, 'nft', 'list', 'tables')).not.toContain('uplink');
});
