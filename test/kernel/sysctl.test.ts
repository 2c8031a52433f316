/** Settings where they may not be written: what runc makes of /proc/sys in a managed plugin. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { withNamespace } from '../../src/kernel/system/netns.js';
import { changeSettings } from '../../src/kernel/system/settings.js';
import { isReceiveOnly, RECEIVE_ONLY, solicitOnce } from '../../src/kernel/system/sysctl.js';
import { dropNamespace, inside, makeNamespace } from './dns-namespace.js';

const sysctl = fileURLToPath(new URL('../../src/kernel/system/sysctl.ts', import.meta.url));

/** In mount and network namespaces of its own, /proc/sys read-only. */
const inContainer = (script: string): string => {
  const shell = `mount --bind /proc/sys /proc/sys && mount -o remount,bind,ro /proc/sys && exec "$@"`;
  const node = [process.execPath, '--import', 'tsx', '--input-type=module', '-e', script];
  return execFileSync('unshare', ['--mount', '--net', 'sh', '-c', shell, 'sh', ...node], { encoding: 'utf8' });
};

test('a read-only /proc/sys is made writable', () => {
  const answer = inContainer(`
    import { readFileSync } from 'node:fs';
    const { IPV6_OFF, readSysctls } = await import(${JSON.stringify(sysctl)});
    const { changeSettings } = await import(${JSON.stringify(sysctl.replace('sysctl.ts', 'settings.ts'))});
    await changeSettings({ within: (work) => work() }, IPV6_OFF);
    // A file of the first network namespace alone.
    const limits = readSysctls(['net/ipv4/neigh/default/gc_thresh3']);
    console.log(readFileSync('/proc/sys/net/ipv6/conf/default/disable_ipv6', 'utf8').trim(), limits.size);
  `);
  expect(answer.trim()).toBe('1 0');
});

test('IPv6 neighbours are asked for once', () => {
  const answer = inContainer(`
    import { execFileSync } from 'node:child_process';
    import { readFileSync } from 'node:fs';
    const { solicitOnce } = await import(${JSON.stringify(sysctl)});
    execFileSync('ip', ['link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', 'eth1']);
    solicitOnce();
    const asks = (name) => readFileSync('/proc/sys/net/ipv6/neigh/' + name + '/mcast_solicit', 'utf8').trim();
    console.log(asks('eth0'), asks('eth1'));
  `);
  expect(answer.trim()).toBe('1 1');
});

test('a container that makes links by the thousand is left alone, at no cost', () => {
  const namespace = makeNamespace();
  try {
    const pairs = Array.from({ length: 1500 }, (_, i) => `link add a${i} type veth peer name b${i}\n`).join('');
    execFileSync('nsenter', [`--net=${namespace}`, 'ip', '-batch', '-'], { input: pairs });
    const before = process.cpuUsage();
    for (let time = 0; time < 3; time++) withNamespace(namespace, solicitOnce);
    const { user, system } = process.cpuUsage(before);
    expect((user + system) / 3 / 1000).toBeLessThan(20);
  } finally {
    dropNamespace(namespace);
  }
});

test('what a namespace may not do stays so although ip_forward sets others back', async () => {
  const namespace = makeNamespace();
  try {
    const quiet = () => changeSettings({ within: (work) => withNamespace(namespace, work) }, RECEIVE_ONLY);
    await quiet();
    expect(withNamespace(namespace, isReceiveOnly)).toBe(true);
    inside(namespace, 'sysctl', '-qw', 'net.ipv4.ip_forward=1');
    await quiet();
    expect(withNamespace(namespace, isReceiveOnly)).toBe(true);
  } finally {
    dropNamespace(namespace);
  }
});
