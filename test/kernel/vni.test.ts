/** A VNI that something else on the host has: taken from left-overs, named when it is in use. */
import { execFileSync, spawn } from 'node:child_process';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Bench, type Host, names, run } from './bench.js';

let bench: Bench;
let host: Host;
let other: string;
beforeEach(() => {
  bench = new Bench();
  host = bench.host('host');
  other = bench.namespace('host.netns/1-0123456789');
  const ip = (...args: string[]) => run(host.path, 'ip', ...args);
  ip('link', 'add', 'foreign', 'type', 'vxlan', 'id', '256', 'dstport', '4789', 'dev', 'lo');
});
afterEach(() => bench.close());

/** By descriptor: iproute2 moves to a named namespace only. */
const toOther = () => {
  const settler = spawn('nsenter', [`--net=${other}`, 'sleep', '60'], { stdio: 'ignore' });
  try {
    execFileSync('sleep', ['0.2']);
    run(host.path, 'ip', 'link', 'set', 'foreign', 'netns', String(settler.pid));
  } finally {
    settler.kill();
  }
};

test('is taken from a namespace without containers', async () => {
  toOther();
  await host.network();
  expect(names(other)).not.toContain('foreign');
  expect(names(host.inside)).toContain('vxlan0');
});

test('is named when containers use it', async () => {
  toOther();
  run(other, 'ip', 'link', 'add', 'veth0', 'type', 'veth', 'peer', 'name', 'end');
  await expect(host.network()).rejects.toThrow(/VNI 256 is in use by foreign in .*1-0123456789, with a container/);
  expect(names(other)).toContain('foreign');
});

test('is named when it is of the host itself', async () => {
  await expect(host.network()).rejects.toThrow('VNI 256 is in use by foreign of the host');
});
