/** Names that several networks of a container have. */
import { expect, it } from 'vitest';
import { lookUp, type Zone } from '../../../../src/dns/answers/zone.js';
import type { Named } from '../../../../src/model/values/types.js';
import { endpoint, zone } from '../fixtures.js';

const four = endpoint(['db', 'a'], ['172.16.1.1/24']);
const both = endpoint(['db', 'a.b'], ['172.16.2.1/24', 'fd00::1/64']);
const hasSix = ({ addresses }: Named): boolean => addresses.some((address) => address.includes(':'));
const hasAny = (): boolean => true;

const older = (of: Zone): Zone => ({ ...of, passesOn: true });

it('are of the first network; before 28 a question for IPv6 goes on to one that has an answer', () => {
  const zones = [zone('one', [four]), zone('two', [both])];
  expect(lookUp('db', zones, hasSix)).toEqual([four]);
  expect(lookUp('db', zones.map(older), hasSix)).toEqual([both]);
  expect(lookUp('db', zones.map(older), hasAny)).toEqual([four]);
  // Nobody has: the name is known all the same.
  expect(lookUp('db', [zone('one', [four])].map(older), hasSix)).toEqual([four]);
  expect(lookUp('db.one', zones.map(older), hasSix)).toEqual([four]);
});

it('with a network are split behind its shortest name first', () => {
  const zones = [zone('b.net', [four]), zone('net', [both])];
  expect(lookUp('a.b.net', zones, hasAny)).toEqual([both]);
  expect(lookUp('a.b.net', [...zones].reverse(), hasAny)).toEqual([both]);
  expect(lookUp('db.b.net', zones, hasAny)).toEqual([four]);
});
