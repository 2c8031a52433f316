/** DATA_DIR that is full, read-only, or holds what cannot be read: said once, and all goes on. */
import { basename } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { within } from '../waiting.js';
import { record } from './record.js';
import { lost, Scene, startPlugin } from './scene.js';

const FOLDER = '/var/lib/tsoverlay';
const FILES = ['host.json', 'cluster.json'] as const;
const NEWER = '{"version":2,"what":"a newer release knows"}';
const each = (line: string) => `for f in ${FILES.join(' ')}; do ${line}; done`;
/** Over the folder, with the files in it. */
const small = `cp -r ${FOLDER} /run/kept && mount -t tmpfs -o mode=0700,size=64k tmpfs ${FOLDER} && cp /run/kept/*.json ${FOLDER}`;

interface Case {
  readonly name: string;
  /** What is done in the folder while the plugin is away. */
  readonly line: string;
  /** What the log then says of the files, in any order. */
  readonly said: readonly string[];
}

const both = (words: string): readonly string[] => FILES.map((file) => `${file} ${words}`);
const CASES: readonly Case[] = [
  { name: 'files with garbage', line: each('head -c 999 /dev/urandom >$f'), said: both('cannot be read: is no JSON') },
  { name: 'files cut short', line: each('truncate -s 9 $f'), said: both('cannot be read: is no JSON') },
  {
    name: 'files of a newer release',
    line: each(`echo '${NEWER}' >$f`),
    said: both('cannot be read: has version 2, which a newer release wrote; it is left alone'),
  },
  {
    name: 'folders in the place of files',
    line: each('rm $f; mkdir $f'),
    said: [...both('cannot be read: EISDIR'), ...both('cannot be written: EISDIR')],
  },
  {
    name: 'a full disk',
    line: `${small} && cd / && cd ${FOLDER} && { cat /dev/zero >filler || true; }`,
    said: both('cannot be written: ENOSPC'),
  },
  {
    name: 'a read-only disk',
    line: `${small} && mount -o remount,ro ${FOLDER}`,
    said: both('cannot be written: EROFS'),
  },
];

let scene: Scene;
let address: string;
const shell = (line: string) => scene.lab.host(2).run('sh', '-c', `cd ${FOLDER} && ${line}`);

/** Lines about DATA_DIR since `from` characters of the log. */
async function said(from: number): Promise<readonly string[]> {
  const lines = (await scene.pluginLog(2)).slice(from).split('\n');
  return lines.flatMap((line) => {
    if (!line.includes('a file of DATA_DIR')) return [];
    const { path, reason, msg } = JSON.parse(line) as { path: string; reason: string; msg: string };
    return [`${basename(path)} ${/cannot be (read|written)/.exec(msg)?.[0]}: ${reason}`];
  });
}

/** A network from here and one from there, and a container on each: all that writes to DATA_DIR. */
async function work(n: number): Promise<void> {
  const names = [`far${n}`, `near${n}`];
  for (const [i, name] of names.entries()) {
    await scene.docker(i + 1, 'network', 'create', '-d', 'tsoverlay', '--ipam-driver', 'tsoverlay', name);
    await within(5_000, `${name} is on docker02`, async () =>
      (await scene.docker(2, 'network', 'ls', '--format', '{{.Name}}')).split('\n').includes(name),
    );
    await scene.docker(2, 'run', '--rm', '--net', name, 'busybox', 'true');
  }
  await scene.run(2, `new${n}`);
  await within(2_000, 'a new name answers', () => scene.pings(1, 'here', `new${n}`));
  await scene.docker(2, 'rm', '-f', `new${n}`);
  for (const [i, name] of names.entries()) await scene.docker(2 - i, 'network', 'rm', name);
}

beforeAll(async () => {
  scene = await Scene.boot({ durableConsul: true });
  await scene.run(1, 'here');
  address = await scene.run(2, 'there', '--restart=always');
});
afterAll(() => scene?.down());

/** Each begins with files as they should be. */
afterEach(async () => {
  const h = scene.lab.host(2);
  await h.plugin.kill();
  await h.run('sh', '-c', `umount ${FOLDER} 2>/dev/null; rm -rf ${FOLDER}/*.json /run/kept; true`);
  await startPlugin(h);
  await within(5_000, 'files are written', async () => (await h.host.attempt('ls', `${FOLDER}/cluster.json`)).ok);
});

it.each(CASES)('$name', async ({ name, line, said: wanted }) => {
  const h = scene.lab.host(2);
  const pings = scene.docker(1, 'exec', 'here', 'ping', '-i', '0.1', '-c', '60', address).catch(String);
  const before = (await scene.pluginLog(2)).length;
  await h.plugin.kill();
  await shell(line);
  const steps = await startPlugin(h);
  await work(CASES.findIndex((c) => c.name === name));
  expect(await scene.pings(1, 'here', 'there'), 'names answer').toBe(true);
  expect(lost(await pings)).toBe(0);
  expect(steps, 'what the kernel has is right').toEqual([]);
  await within(5_000, 'it is told', async () => (await said(before)).length >= wanted.length);
  expect([...(await said(before))].sort(), 'once each').toEqual([...wanted].sort());
  if (name.includes('newer'))
    for (const file of FILES) expect(await shell(`cat ${file}`), 'not overwritten').toBe(NEWER);
  await record(
    `DATA_DIR with ${name}`,
    `0 of 60 packets lost over the start, nothing to do in the kernel; names, networks and attach go on; logged once: ${wanted[0]}`,
  );
});

it('a boot with broken files', async () => {
  const h = scene.lab.host(2);
  await h.plugin.kill();
  await shell(each('echo "{" >$f'));
  await scene.lab.powerLoss(h);
  await scene.lab.powerOn(h);
  const ms = await within(20_000, 'there answers by its name', () => scene.pings(1, 'here', 'there'));
  expect(await scene.address(2, 'there')).not.toBe('');
  await record(
    'power loss, then a boot with broken files in DATA_DIR',
    `its name answers ${ms} ms after dockerd serves`,
  );
});
