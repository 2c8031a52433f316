/** `tsoverlay node drain --wait`: what is said at its end is of that moment. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { nodeDrain } from '../../../src/cli/commands/node-drain.js';
import { StoreError } from '../../../src/errors.js';
import { NOBODY } from '../../../src/health/row.js';
import { HostMemory } from '../../../src/store/data-dir/host-memory.js';
import { FakeDesk } from '../../fakes/desk.js';
import { FakeStore } from '../../fakes/store.js';
import { nodeOf } from '../nodes.js';
import { makeHost } from '../registry/host.js';

let folder: string;
let store: FakeStore;
let host: Awaited<ReturnType<typeof makeHost>>;
let desk: FakeDesk;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tsoverlay-drain-'));
  store = new FakeStore();
  host = await makeHost(store, '10.0.0.60');
  await host.run(10, await host.createNetwork(1));
  HostMemory.open(folder, NOBODY).rememberNode({ id: host.self, machine: {}, boot: nodeOf('10.0.0.60').boot });
  desk = new FakeDesk(store, folder);
  desk.ask = () => Promise.resolve({ since: '2026-11-27T00:00:00Z' } as never);
});
afterEach(() => {
  host.stop();
  rmSync(folder, { recursive: true });
});

const drain = (wait: string) => nodeDrain.run(desk, { args: [], options: { yes: true, wait } });

it('names what is still here', async () => {
  expect(await drain('0')).toMatchObject({ exit: 1, json: { left: [{ container: '000000000000' }] } });
});

it('does not pass off as the present what it read before the store went away', async () => {
  const read = desk.withStore.bind(desk);
  let looks = 0;
  desk.withStore = (work) => (looks++ === 0 ? read(work) : Promise.reject(new StoreError('Consul is away', true)));
  expect(await drain('0.1')).toMatchObject({
    ...{ exit: 2, json: { left: [] } },
    lines: ['this host takes no more containers since 2026-11-27T00:00:00Z'],
    errors: ['which are still here is not known: Consul is away'],
  });
});
