import { describe, expect, it } from 'vitest';
import { byId, chooseId, type Origin, type Remembered } from '../../../../src/model/cluster/origin.js';
import type { Machine, Node, NodeAddress, NodeId } from '../../../../src/model/values/types.js';
import { livingNode } from '../../nodes.js';

const HERE = '10.0.0.60' as NodeAddress;
const [OWN, OTHER, FRESH] = ['00000000000000aa', '00000000000000bb', '00000000000000ff'] as [NodeId, NodeId, NodeId];
const hash = (n: number) => n.toString(16).padStart(32, '0');
const [OS, BOARD, BOOT] = [hash(1), hash(2), hash(3)];

const origin = (change: Partial<Origin> = {}): Origin => ({
  hostname: 'docker01',
  machine: { os: OS },
  boot: BOOT,
  ...change,
});
const memory = (change: Partial<Remembered> = {}): Remembered => ({
  id: OWN,
  machine: { os: OS },
  boot: hash(30),
  ...change,
});
/** As an earlier process of this host wrote it, before the last boot. */
const record = (change: Partial<Node> = {}): Node =>
  livingNode(HERE, {
    ...{ id: OWN, hostname: 'docker01', machine: { os: OS }, boot: hash(30), alive: false, index: 5 },
    ...change,
  });
const elsewhere = (change: Partial<Node> = {}): Node => record({ address: '10.0.0.61' as NodeAddress, ...change });

const choose = (
  self: Origin,
  remembered: Remembered | undefined,
  nodes: readonly Node[],
  patient = true,
  carried: readonly NodeId[] = [],
) => chooseId(self, HERE, remembered, { nodes, carried: new Set(carried) }, FRESH, patient);
const known = (id: NodeId) => ({ kind: 'known', id });
const cloned = { kind: 'cloned', id: FRESH };
const isNew = { kind: 'new', id: FRESH };

describe('a host that remembers its id', () => {
  it('has it, whatever its address and name have become', () => {
    expect(choose(origin(), memory(), [])).toEqual(known(OWN));
    expect(choose(origin(), memory(), [record()])).toEqual(known(OWN));
    expect(choose(origin({ hostname: 'renamed' }), memory(), [elsewhere()])).toEqual(known(OWN));
  });

  it('has it while its former session lives, when it was this boot’s', () => {
    const before = elsewhere({ alive: true, boot: BOOT });
    expect(choose(origin(), memory({ boot: BOOT }), [before])).toEqual(known(OWN));
    expect(choose(origin({ hostname: 'renamed' }), memory(), [before])).toEqual(known(OWN));
  });

  it('has it after a change of its system’s id, while it runs', () => {
    expect(choose(origin({ machine: { os: hash(9) } }), memory({ boot: BOOT }), [])).toEqual(known(OWN));
  });

  it('has it on hardware that says that it is the same, though the session of before the boot lives', () => {
    const machine: Machine = { os: OS, board: BOARD };
    expect(choose(origin({ machine }), memory({ machine }), [record({ machine, alive: true })])).toEqual(known(OWN));
  });

  it.each<[string, Machine, Machine]>([
    ['system', { os: OS }, { os: hash(9) }],
    ['hardware under a copied disk', { os: OS, board: BOARD }, { os: OS, board: hash(9) }],
    ['hardware alone', { board: BOARD }, { os: OS, board: hash(9) }],
  ])('gets another one on another %s', (_, there, here) => {
    expect(choose(origin({ machine: here }), memory({ machine: there }), [])).toEqual(cloned);
  });

  it('has it where one of the two marks cannot be seen, as in the managed plugin', () => {
    expect(choose(origin({ machine: { board: BOARD } }), memory({ machine: { os: OS, board: BOARD } }), [])).toEqual(
      known(OWN),
    );
    expect(choose(origin({ machine: { board: BOARD } }), memory({ machine: { os: OS } }), [])).toEqual(known(OWN));
    expect(choose(origin({ machine: {} }), memory({ machine: {} }), [])).toEqual(known(OWN));
  });

  it('gets another one when a host of another name, or on another machine, lives with it', () => {
    const twin = elsewhere({ alive: true, hostname: 'docker02' });
    expect(choose(origin(), memory(), [twin])).toEqual(cloned);
    expect(choose(origin({ machine: {} }), memory({ machine: {} }), [twin])).toEqual(cloned);
    const other = elsewhere({ alive: true, machine: { os: hash(9) } });
    expect(choose(origin(), memory(), [other])).toEqual(cloned);
  });

  it('waits for the end of a session that may be its own, and gets another id when it does not end', () => {
    const twin = elsewhere({ alive: true });
    expect(choose(origin(), memory(), [twin])).toEqual({ kind: 'undecided', twin });
    expect(choose(origin(), memory(), [twin], false)).toEqual(cloned);
    expect(choose(origin(), memory(), [{ ...twin, alive: false }], false)).toEqual(known(OWN));
  });

  it('believes what was written on this machine since its boot more than a folder from elsewhere', () => {
    const own = elsewhere({ id: OTHER, boot: BOOT, alive: true });
    expect(choose(origin(), memory(), [own])).toEqual(known(OTHER));
  });

  it('believes no record more than its own memory of this boot', () => {
    const forged = elsewhere({ id: OTHER, boot: BOOT, alive: true, index: 99 });
    expect(choose(origin(), memory({ boot: BOOT }), [forged])).toEqual(known(OWN));
  });
});

describe('a host that remembers nothing', () => {
  it('is new', () => {
    expect(choose(origin(), undefined, [])).toEqual(isNew);
    expect(choose(origin(), undefined, [elsewhere({ id: OTHER, machine: { os: hash(9) } })])).toEqual(isNew);
  });

  it('finds itself by a record of this boot, held or not, at any address', () => {
    for (const alive of [true, false]) {
      expect(choose(origin(), undefined, [record({ boot: BOOT, alive })])).toEqual(known(OWN));
      expect(choose(origin({ machine: {} }), undefined, [elsewhere({ boot: BOOT, alive })])).toEqual(known(OWN));
    }
  });

  it('finds itself after a boot by machine and name, where nobody holds the record', () => {
    expect(choose(origin(), undefined, [record()])).toEqual(known(OWN));
    expect(choose(origin(), undefined, [elsewhere()])).toEqual(known(OWN));
    expect(choose(origin({ hostname: 'docker09' }), undefined, [record()])).toEqual(isNew);
    expect(choose(origin({ machine: { os: hash(9) } }), undefined, [record()])).toEqual(isNew);
    expect(choose(origin({ machine: {} }), undefined, [record({ machine: {} })])).toEqual(isNew);
  });

  it('finds itself by the containers that run, though its record is gone, and after a copied folder', () => {
    expect(choose(origin(), undefined, [], true, [OWN])).toEqual(known(OWN));
    expect(choose(origin({ machine: {} }), memory({ id: OTHER, machine: { os: hash(9) } }), [], true, [OWN])).toEqual(
      known(OWN),
    );
    expect(choose(origin(), undefined, [], true, [OWN, OTHER]), 'two cannot both be right').toEqual(isNew);
  });

  it('waits while somebody holds such a record, and is new when that does not end', () => {
    const twin = record({ alive: true });
    expect(choose(origin(), undefined, [twin])).toEqual({ kind: 'undecided', twin });
    expect(choose(origin(), undefined, [twin], false)).toEqual(isNew);
  });

  it('of several hosts of one image and name is none but the one at its address', () => {
    const [a, b] = [elsewhere(), elsewhere({ id: OTHER, address: '10.0.0.62' as NodeAddress })];
    expect(choose(origin(), undefined, [a, b])).toEqual(isNew);
    expect(choose(origin(), undefined, [a, b, record({ id: FRESH })])).toEqual(known(FRESH));
  });

  it('at the address of another host that lives is new', () => {
    expect(choose(origin(), undefined, [record({ alive: true, machine: { os: hash(9) } })])).toEqual(isNew);
    expect(choose(origin(), undefined, [record({ alive: true, hostname: 'docker02' })])).toEqual(isNew);
  });
});

describe('byId', () => {
  const at = (address: string, alive: boolean, index: number) =>
    record({ address: address as NodeAddress, alive, index });
  const of = (...nodes: readonly Node[]) => byId(new Map(nodes.map((n) => [n.address, n])));

  it('has a host once: where it is held, else where it was last', () => {
    const [former, now] = [at('10.0.0.60', true, 5), at('10.0.0.70', true, 9)];
    for (const both of [of(former, now), of(now, former)]) expect([...both.values()]).toEqual([now]);
    const ended = { ...former, alive: false, index: 12 };
    for (const both of [of(ended, now), of(now, ended)]) expect(both.get(OWN)).toBe(now);
    const away = { ...now, alive: false };
    expect(of(away, ended).get(OWN)).toBe(ended);
  });

  it('is the same map for the same records', () => {
    const records = new Map([[HERE, record()]]);
    expect(byId(records)).toBe(byId(records));
  });
});
