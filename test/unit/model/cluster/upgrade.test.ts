import { describe, expect, it } from 'vitest';
import {
  judge,
  laggards,
  newerWords,
  olderWords,
  type Reader,
  raised,
  versionWords,
} from '../../../../src/model/cluster/upgrade.js';
import type { NodeAddress } from '../../../../src/model/values/types.js';
import { idOf } from '../../nodes.js';

let last = 60;
/** A host that lives. */
const reads = (version: number, change: Partial<Reader> = {}): Reader => {
  const address = `10.0.0.${last++}` as NodeAddress;
  return { id: idOf(address), address, hostname: 'docker', reads: version, alive: true, awaited: false, ...change };
};
const away = { alive: false } as const;
const awaited = { alive: false, awaited: true } as const;
const BUILD = { newest: 4, least: 3 };

describe('which hosts keep the cluster from a version', () => {
  const cases: readonly [string, Reader, boolean][] = [
    ['one that lives and reads less', reads(3), true],
    ['one that lives and reads it', reads(4), false],
    ['one that reads more', reads(5), false],
    ['one that is gone, with nothing left behind', reads(3, away), false],
    ['one that is gone and has left endpoints', reads(3, awaited), true],
    ['one that is gone, has left endpoints and reads it', reads(4, awaited), false],
  ];
  it.each(cases)('%s', (_, reader, does) => expect(laggards(4, [reader])).toEqual(does ? [reader] : []));
});

describe('what a release that writes 3 and 4 does', () => {
  const writes = (version: number, unfounded = false) => ({ kind: 'writes', version, unfounded });
  const cases: readonly [string, number, readonly Reader[], object][] = [
    ['a new cluster', 3, [], writes(3)],
    ['among hosts of the release before', 3, [reads(3), reads(3)], writes(3)],
    ['among hosts of its own, before it is raised', 3, [reads(4)], writes(3)],
    ['after it was raised', 4, [reads(4), reads(4), reads(3, away)], writes(4)],
    ['raised by somebody while an older host lives', 4, [reads(4), reads(3)], writes(3, true)],
    ['raised by somebody while an older host is awaited', 4, [reads(4), reads(3, awaited)], writes(3, true)],
    ['the next release is here, too', 4, [reads(5), reads(4)], writes(4)],
    ['raised by the next release', 5, [reads(5), reads(4, away)], { kind: 'newer' }],
    ['raised by the next release, and all hosts are off', 5, [reads(5, away)], { kind: 'newer' }],
    ['raised beyond this release while it lives', 5, [reads(5), reads(4)], writes(3, true)],
    ['a version that nobody reads', 99, [reads(4), reads(4)], writes(3, true)],
    ['a version that nobody reads, and nobody is there', 99, [], writes(3, true)],
    ['left at an older one by hosts that are gone for good', 2, [reads(2, away)], writes(3)],
    ['made older by somebody', 1, [reads(4)], writes(3)],
  ];
  it.each(cases)('%s', (_, said, readers, verdict) => expect(judge(said, readers, BUILD)).toEqual(verdict));

  it('an older cluster than it may join', () => {
    const [lives, gone] = [reads(2), reads(2, awaited)];
    expect(judge(2, [lives, reads(4), gone], BUILD)).toEqual({ kind: 'older', hosts: [lives, gone] });
  });

  it('never writes what a host that counts could not read, whatever the record says', () => {
    for (const said of [1, 2, 3, 4, 5, 99])
      for (const other of [3, 4, 5])
        for (const state of [{}, awaited]) {
          const verdict = judge(said, [reads(4), reads(other, state)], BUILD);
          if (verdict.kind === 'writes') expect(verdict.version).toBeLessThanOrEqual(other);
          else expect(other).toBeGreaterThan(4);
        }
  });

  it('a living host of it is never refused', () => {
    for (const said of [1, 2, 3, 4, 5, 99, Number.MAX_SAFE_INTEGER])
      for (const other of [3, 4, 5, 99]) expect(judge(said, [reads(4), reads(other)], BUILD).kind).toBe('writes');
  });
});

describe('whether the version is raised', () => {
  const cases: readonly [string, number, readonly Reader[], number | undefined][] = [
    ['all read it', 3, [reads(4), reads(4)], 4],
    ['all read it or are gone with nothing left', 3, [reads(4), reads(3, away)], 4],
    ['one does not', 3, [reads(4), reads(3)], undefined],
    ['one that is awaited does not', 3, [reads(4), reads(3, awaited)], undefined],
    ['it is already', 4, [reads(4)], undefined],
    ['the next release does it', 5, [reads(4), reads(5)], undefined],
    ['from a version that was made older', 1, [reads(4)], 4],
    ['one that nobody reads is put right', 99, [reads(4), reads(4)], 4],
    ['one that nobody reads is put right for the oldest host', 99, [reads(4), reads(3)], 3],
    ['nor does who sees no host', 99, [], undefined],
  ];
  it.each(cases)('%s', (_, said, readers, to) => expect(raised(said, readers, BUILD)).toBe(to));

  it('a first release has nothing to raise', () =>
    expect(raised(2, [reads(2)], { newest: 2, least: 2 })).toBeUndefined());
});

describe('what people read', () => {
  const one = reads(3, { address: '10.0.0.61' as NodeAddress, hostname: 'docker02' });
  const names = 'docker02 at 10.0.0.61 (alive, reads 3)';

  it('of a store that is too new or too old', () => {
    expect(newerWords('tsoverlay/ in Consul', 5, BUILD)).toBe(
      'tsoverlay/ in Consul has records of version 5 and this tsoverlay reads up to 4; install the release that the other hosts run',
    );
    expect(olderWords('tsoverlay/ in Consul', [one], { newest: 5, least: 4 })).toBe(
      `tsoverlay/ in Consul has hosts that read too old a version for this tsoverlay, which writes 4 or 5: ${names}; upgrade all hosts to the release before this one first; one that never returns: tsoverlay node forget ADDRESS`,
    );
  });

  it('while it is not the newest', () => {
    expect(versionWords(3, [one, reads(4)], BUILD)).toBe(
      `records are written in version 3, not 4, until all hosts read that: ${names}; upgrade tsoverlay there; one that never returns: tsoverlay node forget ADDRESS`,
    );
    expect(versionWords(3, [reads(4)], BUILD), 'it takes a minute').toBeUndefined();
    const many = Array.from({ length: 7 }, () => reads(3));
    expect(versionWords(3, many, BUILD)).toContain('(alive, reads 3), 2 more; upgrade');
  });

  it('of a record that somebody wrote', () => {
    expect(versionWords(4, [one, reads(4)], BUILD)).toBe(
      `the record cluster in the store says version 4, which not all hosts read: ${names}; it was not tsoverlay that wrote this, and records are written in version 3, which all read`,
    );
    const evil = { ...one, hostname: 'x\u001b[2J' };
    expect(versionWords(4, [evil], BUILD)).not.toContain('\u001b');
    expect(versionWords(99, [], BUILD)).toContain('version 99, which no host reads');
  });
});
