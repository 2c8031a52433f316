/** Who the old one of two keys is still needed for: host 1 has 11 and 12, the others have one key each. */
import { describe, expect, test } from 'vitest';
import { cryptPlan, provenBy } from '../../../../src/model/crypt/plan.js';
import { needing } from '../../../../src/model/crypt/rotation.js';
import type { Node } from '../../../../src/model/values/types.js';
import { host, keyOf, made, own, selfAt } from './mesh.js';

const [OLD, NEW] = [11, 12];
const self = selfAt(1, own(OLD), own(NEW, 1));
const [a, b, c] = [host(2, 22), host(3, 33), host(4, 44)];
/** When sessions live, and when those have ended. */
const [SOON, LATER] = [1_060_000, 2_000_000];

/** `shaken`: pairs of keys that have shaken hands. */
function waiting(
  others: readonly Node[],
  shaken: readonly (readonly [number, number])[],
  now = LATER,
  triedMs = 30_000,
) {
  const nodes = [host(1, OLD, NEW), ...others];
  const pairs = new Set(shaken.map(([device, peer]) => `${keyOf(device)} ${keyOf(peer)}`));
  const found = made(
    cryptPlan(nodes, self, () => false, { now, prunes: true }),
    pairs,
  );
  return needing(nodes, self, found, provenBy(found), { now, triedMs });
}

describe('the old key is needed', () => {
  test('for each living host that has answered it, and not the new one yet', () => {
    const old = [OLD, 22] as const;
    expect(waiting([a, b], [old, [OLD, 33], [NEW, 33]])).toEqual([a.id]);
    expect(waiting([a, b], [old, [NEW, 22], [OLD, 33], [NEW, 33]])).toEqual([]);
  });

  test('for one that does not live, while it is talked to', () => {
    const gone = { ...a, alive: false };
    expect(waiting([gone], [[OLD, 22]], SOON)).toEqual([a.id]);
    expect(waiting([gone], [[OLD, 22]], LATER)).toEqual([]);
  });

  test('for no host that has answered neither: what it is not reached by is of no use to it', () => {
    expect(
      waiting(
        [a, b, c],
        [
          [OLD, 22],
          [NEW, 22],
          [NEW, 33],
        ],
      ),
    ).toEqual([]);
    expect(
      waiting(
        [a, b, c],
        [
          [OLD, 22],
          [NEW, 33],
        ],
      ),
    ).toEqual([a.id]);
  });

  test('for a host that has answered neither, until each handshake has been tried several times: one may be lost', () => {
    const shaken = [[NEW, 33]] as const;
    expect(waiting([a, b], shaken, LATER, 29_000)).toEqual([a.id]);
    expect(waiting([a, b], [...shaken, [NEW, 22]], LATER, 0)).toEqual([]);
    expect(waiting([{ ...a, alive: false }, b], shaken, LATER, 0)).toEqual([]);
  });

  test('for all that live while nobody has answered the new one: it may be what nobody can reach', () => {
    expect(waiting([a, b], [])).toEqual([a.id, b.id]);
    expect(waiting([a, b], [[OLD, 22]])).toEqual([a.id, b.id]);
  });
});
