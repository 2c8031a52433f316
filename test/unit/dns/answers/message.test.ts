import { randomBytes, randomInt } from 'node:crypto';
import { type Answer, type DecodedPacket, decode, encode, TRUNCATED_RESPONSE } from 'dns-packet';
import { describe, expect, it } from 'vitest';
import { decide, servfail, type Transport } from '../../../../src/dns/answers/message.js';
import type { Zone } from '../../../../src/dns/answers/zone.js';
import { asIs, asked, endpoint, zone } from '../fixtures.js';

const many = Array.from({ length: 300 }, (_, i) => endpoint([`c${i}`, 'all'], [`172.16.${i >> 8}.${i & 255}/16`]));
const zones: readonly Zone[] = [zone('backnet', many)];

function ask(query: Buffer, transport: Transport = 'udp'): { packet: DecodedPacket; size: number } {
  const verdict = decide(query, transport, zones, asIs);
  if (verdict.kind !== 'reply') throw new Error(`verdict: ${verdict.kind}`);
  return { packet: decode(verdict.bytes), size: verdict.bytes.length };
}

const offering = (udpPayloadSize: number): Answer => ({
  type: 'OPT',
  name: '.',
  udpPayloadSize,
  extendedRcode: 0,
  ednsVersion: 0,
  flags: 0,
  flag_do: false,
  options: [],
});

describe('an answer that is too large for UDP', () => {
  it.each([
    [undefined, 512],
    [1232, 1232],
    [65535, 4096],
  ])('is cut to what a client offering %s takes, as full as it can be, with TC', (offered, limit) => {
    const additionals = offered ? [offering(offered)] : [];
    const { packet, size } = ask(encode({ ...asked('all', 'A'), additionals }));
    expect(packet.flag_tc).toBe(true);
    expect(size).toBeLessThanOrEqual(limit);
    expect(size).toBeGreaterThan(limit - 24);
    expect(packet.additionals).toHaveLength(additionals.length);
  });

  it('comes whole over TCP', () => {
    const { packet } = ask(encode(asked('all', 'A')), 'tcp');
    expect(packet.flag_tc).toBe(false);
    expect(packet.answers).toHaveLength(300);
  });

  it('is not cut when it fits', () => {
    const { packet } = ask(encode(asked('c7', 'A')));
    expect((packet.flags ?? 0) & TRUNCATED_RESPONSE).toBe(0);
    expect(packet.answers).toHaveLength(1);
  });
});

describe('bytes that are no good query', () => {
  it.each([
    ['nothing', Buffer.alloc(0)],
    ['less than a header', Buffer.alloc(11)],
    ['an answer', encode({ ...asked('c7', 'A'), type: 'response' })],
  ])('are dropped: %s', (_what, bytes) => {
    expect(decide(bytes, 'udp', zones, asIs)).toEqual({ kind: 'drop' });
  });

  it.each([
    ['a question cut off', encode(asked('c7', 'A')).subarray(0, 15)],
    [
      'a pointer to itself',
      Buffer.concat([encode(asked('.', 'A')).subarray(0, 12), Buffer.from([0xc0, 12, 0, 1, 0, 1])]),
    ],
  ])('are a format error: %s', (_what, bytes) => {
    const { packet } = ask(bytes);
    expect((packet.flags ?? 0) & 0xf).toBe(1);
    expect(packet.id).toBe(bytes.readUInt16BE(0));
  });

  it('of another opcode go to the engine unread', () => {
    expect(decide(Buffer.from([0, 1, 0x28, 0, 0, 9, 0, 9, 0, 9, 0, 9]), 'udp', zones, asIs)).toEqual({
      kind: 'forward',
    });
  });

  it('never throw: random ones, and good ones with random damage', () => {
    const good = encode({ ...asked('all.backnet', 'A'), additionals: [offering(1232)] });
    for (let i = 0; i < 5000; i++) {
      const bytes = i % 2 === 0 ? randomBytes(randomInt(0, 80)) : Buffer.from(good);
      for (let n = i % 2 === 0 ? 0 : randomInt(1, 4); n > 0; n--) bytes[randomInt(2, bytes.length)] = randomInt(256);
      const verdict = decide(bytes, i % 3 === 0 ? 'tcp' : 'udp', zones, asIs);
      expect(['reply', 'forward', 'drop']).toContain(verdict.kind);
      expect(servfail(Buffer.concat([bytes, Buffer.alloc(12)])).length).toBeGreaterThanOrEqual(12);
    }
  });
});

describe('SERVFAIL', () => {
  it('repeats id and question', () => {
    const packet = decode(servfail(encode({ ...asked('example.com', 'A'), id: 99 })));
    expect(packet).toMatchObject({ id: 99, type: 'response', questions: [{ name: 'example.com' }] });
    expect((packet.flags ?? 0) & 0xf).toBe(2);
  });
});
