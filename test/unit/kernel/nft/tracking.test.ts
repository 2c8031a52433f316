import { expect, it } from 'vitest';
import { IP_SADDR, UDP_SPORT } from '../../../../src/kernel/nft/field.js';
import { attributeOf } from '../../../../src/kernel/nft/message.js';
import { isNoted } from '../../../../src/kernel/nft/tracking.js';

/** NFTA_LIST_ELEM, NFTA_EXPR_DATA, NFTA_LOOKUP_DREG. */
const [ELEMENT, DATA, INTO] = [1, 2, 3];

it('a map of a kernel before 6.5 is asked with a place for its value: it refuses the question for a key alone', () => {
  const placeOf = (older: boolean) => {
    const asked = isNoted('asked', { address: IP_SADDR, port: UDP_SPORT }, older).at(-1);
    return attributeOf(attributeOf(attributeOf(asked, ELEMENT), DATA), INTO)?.readUInt32BE();
  };
  expect([placeOf(true), placeOf(false)]).toEqual([2, undefined]);
});
