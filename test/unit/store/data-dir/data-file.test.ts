import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import * as z from 'zod';
import type { EndpointId, EngineNetworkId, NetworkId } from '../../../../src/model/values/types.js';
import { DataFile } from '../../../../src/store/data-dir/data-file.js';
import { HostMemory } from '../../../../src/store/data-dir/host-memory.js';
import { heardRows } from '../../health/heard.js';

const schema = z.object({ n: z.number() });
let folder: string;
let path: string;
let heard: ReturnType<typeof heardRows>;
/** What was said of troubles, not of their end. */
const told = () =>
  heard.log.lines.flatMap(({ msg, reason, level }) =>
    level === 'info' ? [] : [`${/cannot be (read|written)/.exec(msg)?.[0]}: ${reason}`],
  );
const open = () => new DataFile(path, schema, heard.rows);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tsoverlay-data-'));
  path = join(folder, 'x.json');
  heard = heardRows();
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('DataFile', () => {
  it('reads what was written, either way', async () => {
    open().writeSync(() => ({ n: 1 }));
    expect(open().read()).toEqual({ n: 1 });
    await open().write(() => ['"n":', '2']);
    expect(open().read()).toEqual({ n: 2 });
    expect(readFileSync(path, 'utf8')).toBe('{"version":1,"n":2}\n');
    expect(told()).toEqual([]);
  });

  it('says nothing of a missing file', () => {
    expect(open().read()).toBeUndefined();
    expect(told()).toEqual([]);
  });

  it.each([
    ['{"version":1,"n":', 'cannot be read: is no JSON'],
    ['[]', 'cannot be read: has a wrong shape: Invalid input: expected object, received array'],
    ['{"version":1,"n":"x"}', 'cannot be read: has a wrong n: Invalid input: expected number, received string'],
  ])('says why %s cannot be read, and replaces it', (text, words) => {
    writeFileSync(path, text);
    const file = open();
    expect(file.read()).toBeUndefined();
    expect(told()).toEqual([words]);
    expect(heard.troubles()).toEqual([`data.read ${path} degraded`]);
    file.writeSync(() => ({ n: 1 }));
    expect(open().read()).toEqual({ n: 1 });
    expect(heard.troubles()).toEqual([]);
  });

  it("leaves a newer release's file alone", async () => {
    writeFileSync(path, '{"version":2,"more":true}');
    const file = open();
    expect(file.read()).toBeUndefined();
    file.writeSync(() => ({ n: 1 }));
    await file.write(() => ['"n":1']);
    expect(told()).toEqual(['cannot be read: has version 2, which a newer release wrote; it is left alone']);
    expect(readFileSync(path, 'utf8')).toBe('{"version":2,"more":true}');
  });

  it('tells once of a folder in its place, and leaves no draft', async () => {
    mkdirSync(path);
    const file = open();
    expect(file.read()).toBeUndefined();
    file.writeSync(() => ({ n: 1 }));
    await file.write(() => ['"n":2']);
    expect(told()).toEqual(['cannot be read: EISDIR', 'cannot be written: EISDIR']);
    expect(readdirSync(folder)).toEqual(['x.json']);
  });
});

it('HostMemory remembers in memory what the disk does not take', () => {
  mkdirSync(join(folder, 'host.json'));
  const memory = HostMemory.open(folder, heard.rows);
  memory.rememberCluster('c');
  memory.rememberMirror('a' as EngineNetworkId, 'b' as NetworkId);
  expect(memory.cluster).toBe('c');
  expect(memory.clusterIdOf('a' as EngineNetworkId)).toBe('b');
  expect(told()).toEqual(['cannot be read: EISDIR', 'cannot be written: EISDIR']);
});

it('HostMemory keeps who the host is, whatever became of what its containers look up', () => {
  const host = join(folder, 'host.json');
  const sound = { links: [{ alias: 'db', name: 'db1' }], priority: 3 };
  const id = (digit: string) => digit.repeat(64) as EndpointId;
  const written = (lookups: unknown) =>
    writeFileSync(host, JSON.stringify({ version: 1, cluster: 'c', mirrors: {}, sandboxes: {}, lookups }));
  for (const lookups of [7, { [id('a')]: 'x' }, undefined]) {
    written(lookups);
    expect(HostMemory.open(folder, heard.rows).cluster).toBe('c');
  }
  written({ [id('a')]: sound, [id('b')]: { ...sound, links: [{ alias: '\u001b', name: 'x' }] }, nonsense: sound });
  const { lookups } = HostMemory.open(folder, heard.rows);
  expect([...lookups.keys()]).toEqual([id('a')]);
  expect(lookups.get(id('a'))).toEqual(sound);
  expect(told()).toEqual([]);
});

describe('who else can read it', () => {
  it('nobody, though an older release left the file, or a draft of it, for all', async () => {
    const modeOf = () => (statSync(path).mode & 0o777).toString(8);
    const mask = process.umask(0);
    try {
      writeFileSync(path, '{"version":1,"n":1}', { mode: 0o666 });
      expect(open().read()).toEqual({ n: 1 });
      expect(modeOf()).toBe('600');
      for (const write of [async () => open().writeSync(() => ({ n: 2 })), () => open().write(() => ['"n":3'])]) {
        writeFileSync(`${path}.new`, 'half', { mode: 0o666 });
        await write();
        expect(modeOf()).toBe('600');
      }
      expect(open().read()).toEqual({ n: 3 });
    } finally {
      process.umask(mask);
    }
  });

  it('nobody by a link that was laid in its way', () => {
    const victim = join(folder, 'victim');
    writeFileSync(victim, 'precious');
    symlinkSync(victim, `${path}.new`);
    open().writeSync(() => ({ n: 1 }));
    expect(readFileSync(victim, 'utf8')).toBe('precious');
    expect(open().read()).toEqual({ n: 1 });
    expect(told()).toEqual([]);
  });
});

it('HostMemory remembers sandboxes over a restart, and takes from the file no path that leads elsewhere', async () => {
  const memory = HostMemory.open(folder, heard.rows);
  const path = '/run/docker/netns/0123456789ab';
  memory.sandboxes.set('a'.repeat(64) as EndpointId, path);
  memory.sandboxes.set('b'.repeat(64) as EndpointId, '/elsewhere/netns/x');
  await vi.waitFor(() => expect(readFileSync(join(folder, 'host.json'), 'utf8')).toContain(path));
  expect(readFileSync(join(folder, 'host.json'), 'utf8')).not.toContain('elsewhere');
  const content = JSON.parse(readFileSync(join(folder, 'host.json'), 'utf8'));
  content.sandboxes['c'.repeat(64)] = '/proc/1/ns/net';
  content.sandboxes['..'] = path;
  writeFileSync(join(folder, 'host.json'), JSON.stringify(content));
  expect([...HostMemory.open(folder, heard.rows).sandboxes.keys()]).toEqual(['a'.repeat(64)]);
});
