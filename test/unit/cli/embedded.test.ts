/** Commands beside a tsoverlay that has its store in a file: what they say of it, and that they leave it alone. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { nodeForget } from '../../../src/cli/commands/node-forget.js';
import { forgetNode } from '../../../src/cli/forget.js';
import { Desk } from '../../../src/cli/frame/desk.js';
import { readStatus } from '../../../src/cli/status.js';
import { NOBODY } from '../../../src/health/row.js';
import { HostMemory } from '../../../src/store/data-dir/host-memory.js';
import { FileStore } from '../../../src/store/file/file.js';
import { formatNode } from '../../../src/store/records/records.js';
import { nodeOf } from '../nodes.js';

const SELF = nodeOf('10.0.0.60');
/** Of an earlier id of this host. */
const FORMER = nodeOf('10.0.0.99');

let folder: string;
let desk: Desk;
let agent: FileStore;
let door: Server | undefined;
const path = () => join(folder, 'data', 'store.json');

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tsoverlay-embedded-'));
  const env = { CLUSTER_STORE: '', CLUSTER_ADVERTISE: '127.0.0.1', DATA_DIR: join(folder, 'data') };
  desk = new Desk({ ...env, PLUGIN_SOCKETS: join(folder, 'tsoverlay.sock') }, () => {});
  agent = await FileStore.open(path());
  await (await agent.hold('nodes/10.0.0.99', formatNode(FORMER), () => {})).release();
  await agent.hold('nodes/10.0.0.60', formatNode(SELF), () => {});
  HostMemory.open(dirname(path()), NOBODY).rememberNode({ id: SELF.id, machine: {}, boot: SELF.boot });
});
afterEach(async () => {
  door?.close();
  door = undefined;
  await agent.close();
  rmSync(folder, { recursive: true });
});

/** As one that serves, and as one that hangs: whoever calls is let in. */
async function serves(): Promise<void> {
  mkdirSync(dirname(desk.adminSocket), { recursive: true });
  await new Promise<void>((resolve) => {
    door = createServer((socket) => void socket.on('error', () => {})).listen(desk.adminSocket, resolve);
  });
}

const living = async () => {
  const { nodes } = await desk.withStore(readStatus);
  return nodes.filter(({ alive }) => alive).map(({ address }) => address);
};

describe('a command beside the one that serves', () => {
  it('takes this host for alive as long as that serves, and no other', async () => {
    expect(await living()).toEqual([]);
    await serves();
    expect(await living()).toEqual(['10.0.0.60']);
  });

  it('does not touch the file, nor what lies beside it', async () => {
    const seen = () => [readdirSync(dirname(path())), readFileSync(path(), 'utf8'), statSync(path()).ino];
    const before = seen();
    await living();
    expect(seen()).toEqual(before);
  });

  it('forgets no node, living or not', async () => {
    await serves();
    const forget = (name: string) => desk.withStore((store) => forgetNode(store, name));
    await expect(forget('10.0.0.60')).rejects.toThrow('node 10.0.0.60 is alive');
    await expect(forget(SELF.id)).rejects.toThrow(`node ${SELF.id} is alive`);
    await expect(forget('10.0.0.99')).rejects.toThrow(`${path()} is written by the tsoverlay of this host alone`);
    const asked = nodeForget.run(desk, { args: ['10.0.0.60'], options: { yes: true } });
    await expect(asked).rejects.toThrow(`the store is a file of this host alone (${path()})`);
    expect(readFileSync(path(), 'utf8')).toContain('nodes/10.0.0.60');
  });
});
