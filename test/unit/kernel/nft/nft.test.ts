import { describe, expect, it } from 'vitest';
import { errnosIn } from '../../../../src/kernel/netfilter/socket.js';
import {
  attr,
  attributeOf,
  attributesIn,
  batch,
  element,
  Msg,
  NLM_F_ACK,
  NLM_F_CREATE,
  nested,
  text,
  u32,
  u64,
} from '../../../../src/kernel/nft/message.js';
import { redirectBatch } from '../../../../src/kernel/rules/dns-rules.js';

const hex = (bytes: Buffer): string => bytes.toString('hex');

/** Type and flags of every message in a batch. */
function headers(bytes: Buffer): [number, number][] {
  const found: [number, number][] = [];
  for (let at = 0; at < bytes.length; at += bytes.readUInt32LE(at)) {
    found.push([bytes.readUInt16LE(at + 4), bytes.readUInt16LE(at + 6)]);
  }
  return found;
}

describe('attributes', () => {
  it.each([
    ['text, ended by NUL and padded to four', text(1, 'live'), '0900' + '0100' + '6c69766500' + '000000'],
    ['32 bits', u32(3, 16), '0800' + '0300' + '00000010'],
    ['32 negative bits', u32(2, -110), '0800' + '0200' + 'ffffff92'],
    ['64 bits', u64(4, 4000), '0c00' + '0400' + '0000000000000fa0'],
    ['a byte', attr(1, Buffer.from([17])), '0500' + '0100' + '11000000'],
    ['nested', nested(3, element()), '0800' + '0380' + '0400' + '0180'],
  ])('%s', (_what, bytes, wanted) => {
    expect(hex(bytes)).toBe(wanted);
  });
});

describe('a batch', () => {
  it('is begun and ended, and numbers its changes', () => {
    const bytes = batch([{ type: Msg.newTable, flags: NLM_F_ACK | NLM_F_CREATE, attributes: [text(1, 't')] }]);
    expect(hex(bytes)).toBe(
      // length, type, flags, sequence number, port; family, version, resource
      '14000000' +
        '1000' +
        '0100' +
        '00000000' +
        '00000000' +
        '00' +
        '00' +
        '000a' +
        '1c000000' +
        '000a' +
        '0504' +
        '01000000' +
        '00000000' +
        '02' +
        '00' +
        '0000' +
        '06000100' +
        '74000000' +
        '14000000' +
        '1100' +
        '0100' +
        '02000000' +
        '00000000' +
        '00' +
        '00' +
        '000a',
    );
  });

  it('of a redirect drops the table that was, and makes set, element, chains and rules anew', () => {
    const types = headers(redirectBatch(4567)).map(([type]) => type);
    const nft = (type: number): number => 0xa00 | type;
    expect(types).toEqual([
      0x10,
      ...[Msg.newTable, Msg.delTable, Msg.newTable, Msg.newSet, Msg.newSetElem].map(nft),
      ...[Msg.newSet, Msg.newSet].map(nft),
      ...[Msg.newChain, Msg.newRule, Msg.newRule, Msg.newRule, Msg.newRule].map(nft),
      ...[Msg.newChain, Msg.newRule, Msg.newRule].map(nft),
      ...[Msg.newChain, Msg.newRule, Msg.newRule, Msg.newRule].map(nft),
      0x11,
    ]);
  });

  it('of a redirect asks for an answer to every change', () => {
    const flags = headers(redirectBatch(4567))
      .slice(1, -1)
      .map(([, f]) => f & NLM_F_ACK);
    expect(flags.every((f) => f === NLM_F_ACK)).toBe(true);
  });
});

describe('attributes that are read', () => {
  const bytes = Buffer.concat([text(1, 'a'), nested(2, u32(3, 7)), element(u32(1, 1)), element(u32(1, 2))]);

  it('come in order, nested ones by their plain type', () => {
    expect([...attributesIn(bytes)].map(({ type }) => type)).toEqual([1, 2, 1, 1]);
    expect(attributeOf(attributeOf(bytes, 2), 3)?.readUInt32BE()).toBe(7);
  });

  it('that are cut off or of no length are left out', () => {
    expect([...attributesIn(bytes.subarray(0, 10))].map(({ type }) => type)).toEqual([1]);
    expect([...attributesIn(Buffer.alloc(8))]).toEqual([]);
    expect(attributeOf(undefined, 1)).toBeUndefined();
  });
});

describe('answers', () => {
  const error = (errno: number): Buffer => {
    const bytes = Buffer.alloc(36);
    bytes.writeUInt32LE(36, 0);
    bytes.writeUInt16LE(2, 4);
    bytes.writeInt32LE(-errno, 16);
    return bytes;
  };

  it('are read one after the other', () => {
    expect(errnosIn(Buffer.concat([error(0), error(2)]))).toEqual([0, 2]);
  });

  it('that are no answers, or cut off, are left out', () => {
    expect(errnosIn(Buffer.alloc(36))).toEqual([]);
    expect(errnosIn(error(2).subarray(0, 18))).toEqual([]);
  });
});
