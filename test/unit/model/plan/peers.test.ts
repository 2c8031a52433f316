import { describe, expect, it } from 'vitest';
import { walk } from '../../../../src/model/plan/peers.js';
import { differences } from '../../../../src/model/values/differing.js';
import { Edition, edited } from '../../../../src/model/values/edition.js';
import type { Cidr, Endpoint, EndpointId, Mac } from '../../../../src/model/values/types.js';
import { cluster, endpoint, endpointId, HOST1, HOST2, network, selfOf } from '../fixtures.js';

const MANY = 1000;
const self = selfOf(HOST1);
const record = (n: number, host = HOST2, change: Partial<Endpoint> = {}): Endpoint =>
  endpoint(1, host, {
    id: endpointId(n),
    addresses: [`172.16.1.${n % 250}/24` as Cidr],
    mac: `02:42:ac:10:${(n >> 8).toString(16).padStart(2, '0')}:${(n & 255).toString(16).padStart(2, '0')}` as Mac,
    ...change,
  });

/** Their order says nothing. */
const sorted = (all: readonly object[]): readonly string[] => all.map((one) => JSON.stringify(one)).toSorted();

function setting() {
  const subject = network();
  const base = cluster([subject], []);
  let all = Edition.of(
    new Map(Array.from({ length: MANY }, (_, n) => [endpointId(n), record(n, n < 3 ? HOST1 : HOST2)])),
  );
  return {
    change: (changes: ReadonlyMap<EndpointId, Endpoint | undefined>) => {
      all = edited(all, changes);
    },
    walk: () => walk({ ...base, endpoints: new Map([[subject.id, all]]) }, subject, self),
    /** By whoever has never walked this network. */
    anew: () => {
      const other = { ...subject };
      return walk({ ...base, endpoints: new Map([[subject.id, all]]) }, other, self);
    },
    count: () => {
      const iterate = all.values.bind(all);
      let walks = 0;
      Object.assign(all, {
        values: () => {
          walks++;
          return iterate();
        },
      });
      return () => walks;
    },
  };
}

describe('a walk over the endpoints of a network', () => {
  it('costs what has changed since the last one', () => {
    const s = setting();
    const before = s.walk();
    s.change(
      new Map([
        [endpointId(500), record(500, HOST2, { mac: '02:42:00:00:00:01' as Mac })],
        [endpointId(501), undefined],
      ]),
    );
    const walks = s.count();
    const after = s.walk();
    expect(walks(), 'no look at all of them').toBe(0);
    expect(after.own).toBe(before.own);
    expect(after.peers).toHaveLength(before.peers.length - 1);
    expect(after.peers.filter((p) => !before.peers.includes(p)).map((p) => p.mac)).toEqual(['02:42:00:00:00:01']);
    const differing = differences(before.peers, after.peers);
    expect(differing.map((some) => some.length)).toEqual([2, 1]);
    expect(differences(before.peers, after.peers), 'told, not looked for').toBe(differing);
  });

  it('keeps both lists where what changed says the same, or nothing did', () => {
    const s = setting();
    const before = s.walk();
    expect(s.walk().peers).toBe(before.peers);
    s.change(new Map([[endpointId(1), record(1, HOST1, { names: ['other'] })]]));
    expect(s.walk().peers).toBe(before.peers);
    expect(s.walk().own).not.toBe(before.own);
  });

  it('finds what one from the beginning finds', () => {
    const s = setting();
    let last = s.walk().peers;
    for (let n = 0; n < 300; n++) {
      const id = endpointId((n * 7919) % (MANY + 50));
      const host = n % 5 === 0 ? HOST1 : HOST2;
      const two = { addresses: ['172.16.1.7/24' as Cidr, 'fd00::7/64' as Cidr] };
      s.change(new Map([[id, n % 4 === 0 ? undefined : record(n, host, { id, ...(n % 3 === 0 ? two : {}) })]]));
      if (n % 3 > 0) continue;
      const [found, wanted] = [s.walk(), s.anew()];
      expect(sorted(found.own)).toEqual(sorted(wanted.own));
      expect(sorted(found.peers)).toEqual(sorted(wanted.peers));
      const looked = differences([...last], [...found.peers]);
      expect(differences(last, found.peers).map(sorted)).toEqual(looked.map(sorted));
      last = found.peers;
    }
  });
});
