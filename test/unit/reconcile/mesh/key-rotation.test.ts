import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { OwnKey } from '../../../../src/model/crypt/plan.js';
import { cryptPlan, provenBy } from '../../../../src/model/crypt/plan.js';
import type { ObservedCrypt } from '../../../../src/model/crypt/steps.js';
import type { PublicKey } from '../../../../src/model/values/types.js';
import { KeyRotation, type Keys } from '../../../../src/reconcile/mesh/key-rotation.js';
import { host, keyOf, made, own, selfAt } from '../../model/crypt/mesh.js';

const [OLD, NEW] = [11, 12];

class FakeKeys implements Pick<Keys, 'add' | 'drop' | 'held' | 'made' | 'renew'> {
  held: readonly OwnKey[] = [own(OLD)];
  readonly made = Date.now();
  add(): void {
    this.held = [...this.held, own(NEW, 1)];
  }
  drop(key: PublicKey): void {
    this.held = this.held.filter((k) => k.key !== key);
  }
  renew(): void {
    this.held = [own(NEW)];
  }
}

let keys: FakeKeys;
let rotation: KeyRotation;
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance', 'Date'], now: 1_700_000_000_000 });
  keys = new FakeKeys();
  rotation = new KeyRotation({ keys, everyMs: 0, log: { info: () => undefined } });
  rotation.begin();
});
afterEach(() => vi.useRealTimers());

const ALL = () => true;
type Shaken = (own: number, peer: number) => boolean;

/** What the kernel has with one other host of these keys, of which so many bytes came by each. */
function found(received: Readonly<Record<number, number>>, shaken: Shaken): ObservedCrypt {
  const numbers = Object.keys(received).map(Number);
  const numberOf = (key: PublicKey | undefined): number => [...numbers, OLD, NEW].find((n) => keyOf(n) === key) ?? 0;
  const moment = { now: Date.now(), prunes: true };
  const there = made(cryptPlan([host(2, ...numbers)], selfAt(1, ...keys.held), ALL, moment));
  const devices = there.devices.map((device) => ({
    ...device,
    peers: device.peers.map((peer) => ({
      ...{ ...peer, received: received[numberOf(peer.key)] ?? 0 },
      ...(shaken(numberOf(device.key), numberOf(peer.key)) ? { handshake: Date.now() } : {}),
    })),
  }));
  return { ...there, devices };
}

/** Gives how many keys are told of then. */
function look(received: Readonly<Record<number, number>>, shaken: Shaken = ALL, ms = 2_000): number {
  vi.advanceTimersByTime(ms);
  const there = found(received, shaken);
  rotation.look([host(2, ...Object.keys(received).map(Number))], selfAt(1, ...keys.held), there, provenBy(there));
  return rotation.published.length;
}

it('tells of the new key alone once nothing comes by the old one, and drops that', () => {
  expect([look({ 21: 100 }), look({ 21: 100 }), look({ 21: 100 })]).toEqual([2, 2, 1]);
  look({ 21: 100 });
  expect(keys.held.map(({ key }) => key)).toEqual([keyOf(NEW)]);
});

it('counts the three seconds from when there is a mesh: after a boot nobody has had the time to answer', () => {
  vi.advanceTimersByTime(10_000);
  rotation.look([host(2, 21)], selfAt(1, ...keys.held), undefined, () => false);
  expect([look({ 21: 0 }), look({ 21: 0 })]).toEqual([2, 1]);
});

it('waits while anything comes by the old one', () => {
  for (let bytes = 100; bytes < 1_000; bytes += 100) expect(look({ 21: bytes })).toBe(2);
});

it('goes on when the other host drops a key of its own meanwhile: that nothing more comes by it is no news', () => {
  expect([look({ 21: 100, 22: 50 }), look({ 21: 100, 22: 50 }), look({ 21: 100, 22: 50 })]).toEqual([2, 2, 1]);
  look({ 22: 50 });
  expect(keys.held).toHaveLength(1);
});

it('takes back what it told when something comes after all', () => {
  for (let i = 0; i < 3; i++) look({ 21: 100 });
  expect(look({ 21: 101 }, ALL, 500)).toBe(2);
  expect(keys.held).toHaveLength(2);
});

it('keeps the old one for three seconds after the last host was sent to by it', () => {
  const unshaken: Shaken = (own) => own === OLD;
  for (let i = 0; i < 5; i++) expect(look({ 21: 100 }, unshaken)).toBe(2);
  expect([look({ 21: 100 }), look({ 21: 100 })]).toEqual([2, 1]);
});

it('needs the old one while the key that the other host is sent to has not answered the new one', () => {
  const crossed: Shaken = (own, peer) => !(own === NEW && peer === 22);
  for (let i = 0; i < 5; i++) expect(look({ 21: 100, 22: 50 }, crossed)).toBe(2);
  expect([look({ 21: 100, 22: 50 }), look({ 21: 100, 22: 50 })]).toEqual([2, 1]);
});

it('gives a host that has answered neither time for several handshakes, from when both keys are in the kernel', () => {
  const others = [host(2, 21), host(3, 31)];
  const silent = () => {
    vi.advanceTimersByTime(2_000);
    const there = made(
      cryptPlan(others, selfAt(1, ...keys.held), ALL, { now: Date.now(), prunes: true }),
      new Set([`${keyOf(NEW)} ${keyOf(21)}`]),
    );
    rotation.look(others, selfAt(1, ...keys.held), there, provenBy(there));
    return rotation.published.length;
  };
  vi.advanceTimersByTime(60_000);
  rotation.look(others, selfAt(1, ...keys.held), undefined, () => false);
  expect(Array.from({ length: 14 }, silent)).toEqual(Array.from({ length: 14 }, () => 2));
  expect([silent(), silent(), silent(), silent()].at(-1)).toBe(1);
});
