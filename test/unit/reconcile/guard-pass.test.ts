import type { Logger } from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Guard } from '../../../src/model/ports.js';
import { GuardPass } from '../../../src/reconcile/guard-pass.js';
import { FakeStore } from '../../fakes/store.js';
import { HOST1, HOST2 } from '../model/fixtures.js';
import { makeHost } from '../registry/host.js';

/** Counts what is made, and can be taken away. */
class PaperGuard implements Guard {
  readonly made: string[] = [];
  standing = false;
  ensure(nodes: readonly string[], vnis: readonly number[]) {
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

let guard: PaperGuard;
let warn: ReturnType<typeof vi.fn>;
let host: Awaited<ReturnType<typeof makeHost>>;
let pass: GuardPass;
beforeEach(async () => {
  const store = new FakeStore();
  host = await makeHost(store, HOST1);
  await makeHost(store, HOST2).then((other) => other.stop());
  guard = new PaperGuard();
  warn = vi.fn();
  pass = new GuardPass(guard, host.view, HOST1, true, { warn } as unknown as Logger);
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
    expect(warn).not.toHaveBeenCalled();
  });

  it('makes it anew when somebody took it away, and says so', async () => {
    await look();
    guard.standing = false;
    await look();
    await look();
    expect(guard.made).toHaveLength(2);
    expect(warn.mock.calls).toEqual([['repaired the guard of UDP 4789, which somebody had removed']]);
  });

  it('tells of datagrams that did not come by the route to their node, once a minute', async () => {
    await look();
    guard.strayed = 5;
    for (let i = 0; i < 3; i++) await look();
    guard.strayed = 9;
    await look();
    expect(warn.mock.calls).toEqual([[{ datagrams: 5 }, expect.stringContaining('VXLAN_GUARD=incoming')]]);
  });
});
