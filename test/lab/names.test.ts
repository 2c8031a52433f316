/** Names across hosts, on real engines: what resolves, when it begins and when it ends. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Lab } from './lab.js';
import { NEWEST } from './tours.js';
import { within } from './waiting.js';

describe.each(NEWEST)('names on %s', (engine) => {
  let lab: Lab;
  const docker = (host: number, ...args: string[]) => lab.host(host).docker(...args);
  const attempt = (host: number, ...args: string[]) => lab.host(host).engine.attempt(...args);
  const run = (host: number, name: string, ...args: string[]) =>
    docker(host, 'run', '-d', '--name', name, '--net', 'one', ...args, 'busybox', 'sleep', 'infinity');
  /** The addresses that a container of the host gets for a name; empty when there is none. */
  const lookUp = async (host: number, from: string, ...question: string[]) => {
    const { stdout } = await attempt(host, 'exec', from, 'nslookup', ...question);
    return [...stdout.matchAll(/^(?:Address:?\s+|.*(?:name|canonical name) = )(\S+)$/gm)]
      .map((m) => m[1] ?? '')
      .filter((a) => !a.startsWith('127.0.0.11'));
  };
  const resolves = async (host: number, from: string, name: string) => (await lookUp(host, from, name)).length > 0;

  beforeAll(async () => {
    lab = await Lab.boot({ engine });
    await docker(
      1,
      'network',
      'create',
      '-d',
      'tsoverlay',
      '--ipam-driver',
      'tsoverlay',
      '--subnet',
      '172.16.1.0/24',
      'one',
    );
    await within(1_000, 'the network is on docker02', async () =>
      (await docker(2, 'network', 'ls', '--format', '{{.Name}}')).split('\n').includes('one'),
    );
    await run(1, 'asker');
  });
  afterAll(() => lab?.down());

  it('answer at the first try once docker run has returned, five times', async () => {
    for (let i = 0; i < 5; i++) {
      await run(2, `fresh${i}`);
      await docker(1, 'exec', 'asker', 'ping', '-c1', '-W1', `fresh${i}`);
      await docker(2, 'rm', '-f', `fresh${i}`);
    }
  });

  it('answer the very first question that a container asks', async () => {
    for (let i = 0; i < 5; i++)
      await docker(2, 'run', '--rm', '--net', 'one', 'busybox', 'ping', '-c1', '-W1', 'asker');
  });

  it('are the container name, its short id, its aliases, each with and without the network', async () => {
    const id = await run(2, 'many', '--network-alias', 'web', '--network-alias', 'api');
    await within(1_000, 'the alias resolves', () => resolves(1, 'asker', 'web'));
    const address = await docker(2, 'inspect', '--format', '{{.NetworkSettings.Networks.one.IPAddress}}', 'many');
    for (const name of ['many', 'MANY', 'web', 'api', id.slice(0, 12), 'many.one', 'web.one'])
      expect([name, await lookUp(1, 'asker', name)]).toEqual([name, [address]]);
    expect(await lookUp(1, 'asker', address)).toEqual(['many.one']);
    await docker(2, 'rm', '-f', 'many');
  });

  it('follow rename, connect and disconnect', async () => {
    await run(2, 'before');
    await docker(2, 'rename', 'before', 'after');
    await within(
      1_000,
      'the new name resolves, the old does not',
      async () => (await resolves(1, 'asker', 'after')) && !(await resolves(1, 'asker', 'before')),
    );
    await docker(2, 'network', 'disconnect', 'one', 'after');
    await within(1_000, 'the name is gone', async () => !(await resolves(1, 'asker', 'after')));
    await docker(2, 'network', 'connect', '--alias', 'again', 'one', 'after');
    await docker(1, 'exec', 'asker', 'ping', '-c1', '-W1', 'after');
    await within(1_000, 'the alias resolves', () => resolves(1, 'asker', 'again'));
    await docker(2, 'stop', '-t', '0', 'after');
    await within(1_000, 'the name is gone', async () => !(await resolves(1, 'asker', 'after')));
    await docker(2, 'start', 'after');
    await docker(1, 'exec', 'asker', 'ping', '-c1', '-W1', 'after');
    await docker(2, 'rm', '-f', 'after');
  });

  it('of several containers are answered in random order', async () => {
    for (const [host, name] of [
      [1, 'w1'],
      [2, 'w2'],
      [2, 'w3'],
    ] as const)
      await run(host, name, '--network-alias', 'pool');
    await within(1_000, 'all three are known', async () => (await lookUp(1, 'asker', 'pool')).length === 3);
    const firsts = new Set<string>();
    for (let i = 0; i < 30 && firsts.size < 3; i++) firsts.add((await lookUp(1, 'asker', 'pool'))[0] ?? '');
    expect(firsts.size).toBe(3);
    for (const [host, name] of [
      [1, 'w1'],
      [2, 'w2'],
      [2, 'w3'],
    ] as const)
      await docker(host, 'rm', '-f', name);
  });

  it('of the outside go on to the engine, by UDP and TCP; AAAA of a known name is empty, not unknown', async () => {
    expect(await lookUp(1, 'asker', 'outside.example')).toEqual(['203.0.113.1']);
    await run(2, 'known');
    const aaaa = await attempt(1, 'exec', 'asker', 'nslookup', '-type=aaaa', 'known');
    expect(aaaa.stdout).not.toMatch(/NXDOMAIN|can't find/);
    await docker(2, 'rm', '-f', 'known');
  });

  it('of a network are unknown outside of it', async () => {
    await run(2, 'inside');
    await docker(1, 'network', 'create', 'other');
    const { ok } = await attempt(1, 'run', '--rm', '--net', 'other', 'busybox', 'ping', '-c1', '-W1', 'inside');
    expect(ok).toBe(false);
    await docker(2, 'rm', '-f', 'inside');
  });
});
