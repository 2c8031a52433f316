import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Guard } from '../../../../src/model/ports/ports.js';
import { keys } from '../../../../src/model/values/names.js';
import type { NodeAddress } from '../../../../src/model/values/types.js';
import { GuardPass } from '../../../../src/reconcile/guards/guard-pass.js';
import { formatNode } from '../../../../src/store/records/records.js';
import { FakeStore } from '../../../fakes/store.js';
import { heardRows } from '../../health/heard.js';
import { HOST1, HOST2 } from '../../model/fixtures.js';
import { idOf, nodeOf } from '../../nodes.js';
import { makeHost } from '../../registry/host.js';

/** Counts what is made, and can be taken away. */
class PaperGuard implements Guard {
  readonly made: string[] = [];
  standing = false;
  async ensure(nodes: readonly string[], vnis: readonly number[]) {
    this.made.push(`${nodes.join(' ')} for ${vnis.join(' ')}`);
    this.standing = true;
  }
  stands = () => this.standing;
  strayed = 0;
  drops = () => new Map([['prerouting', this.strayed]]);
  remove() {
    this.standing = false;
  }
  close() {}
}

const STRANGER = '203.0.113.9' as NodeAddress;

let store: FakeStore;
let guard: PaperGuard;
let heard: ReturnType<typeof heardRows>;
let host: Awaited<ReturnType<typeof makeHost>>;
let pass: GuardPass;
beforeEach(async () => {
  store = new FakeStore();
  host = await makeHost(store, HOST1);
  await makeHost(store, HOST2).then((other) => other.stop());
  guard = new PaperGuard();
  heard = heardRows();
  pass = new GuardPass(guard, host.view, HOST1, 4789, true, heard.log, heard.rows.of('guard.vxlan'));
});
afterEach(() => {
  pass.stop();
  host.stop();
});

/** Another look, and time for it. */
const look = async () => {
  pass.kick();
  await new Promise((resolve) => setImmediate(resolve));
};

describe('GuardPass', () => {
  it('makes the guard once, and again when nodes or ids change', async () => {
    await look();
    await look();
    expect(guard.made).toEqual([`${HOST1} ${HOST2} for `]);
    await host.createNetwork(1);
    await look();
    await look();
    expect(guard.made.slice(1)).toEqual([`${HOST1} ${HOST2} for 256`]);
    expect(heard.log.lines).toEqual([]);
  });

  it('admits no node whose record was written without a session, and keeps one that is away', async () => {
    const forged = formatNode(nodeOf(STRANGER));
    store.forge({ [keys.node(STRANGER)]: forged, 'nodes/0.0.0.0': forged, 'nodes/..': forged });
    await look();
    expect(guard.made).toEqual([`${HOST1} ${HOST2} for `]);
    // A host that was restored from a backup: its key stands, and no session has taken it yet.
    const value = (await store.get(keys.node(HOST2)))?.value ?? '';
    store.table.commit([{ verb: 'delete', key: keys.node(HOST2) }]);
    store.forge({ [keys.node(HOST2)]: value });
    await look();
    expect(guard.made).toHaveLength(1);
    await store.hold(keys.node(STRANGER), forged);
    await look();
    expect(guard.made.slice(1)).toEqual([`${HOST1} ${HOST2} ${STRANGER} for `]);
  });

  it('follows a node to its other address, and has the former one no more', async () => {
    await look();
    const moved = nodeOf(STRANGER, { id: idOf(HOST2) });
    await store.hold(keys.node(STRANGER), formatNode(moved));
    await look();
    store.table.commit([{ verb: 'delete', key: keys.node(HOST2) }]);
    await look();
    expect(guard.made.slice(1)).toEqual([`${HOST1} ${STRANGER} for `]);
  });

  it('makes it anew when somebody took it away, and says so', async () => {
    await look();
    guard.standing = false;
    await look();
    await look();
    expect(guard.made).toHaveLength(2);
    expect(heard.log.words).toEqual(['repaired the guard of UDP 4789, which somebody had removed']);
  });

  it('tells of datagrams that did not come by the route to their node, once a minute', async () => {
    await look();
    guard.strayed = 5;
    for (let i = 0; i < 3; i++) await look();
    guard.strayed = 9;
    await look();
    expect(heard.log.lines).toEqual([
      { level: 'warn', event: 'vxlan-strayed', datagrams: 5, msg: expect.stringContaining('VXLAN_GUARD=incoming') },
    ]);
  });
});
