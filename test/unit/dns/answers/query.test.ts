import { type Answer, decode, encode, type Packet } from 'dns-packet';
import { describe, expect, it } from 'vitest';
import { decide } from '../../../../src/dns/answers/message.js';
import { type Query, readQuery } from '../../../../src/dns/answers/query.js';
import { asIs, asked, endpoint, zone } from '../fixtures.js';

const opt = (udpPayloadSize: number, flags = 0): Answer => ({
  type: 'OPT',
  name: '.',
  udpPayloadSize,
  extendedRcode: 0,
  ednsVersion: 0,
  flags,
  flag_do: flags !== 0,
  options: [],
});
const read = (packet: Packet): Query => {
  const query = readQuery(encode(packet));
  if (typeof query === 'string') throw new Error(query);
  return query;
};
/** A question of these labels, raw, for an A record. */
const raw = (labels: readonly Buffer[], end = [0, 0, 1, 0, 1]): Buffer =>
  Buffer.concat([
    encode(asked('.', 'A')).subarray(0, 12),
    ...labels.flatMap((label) => [Buffer.from([label.length]), label]),
    Buffer.from(end),
  ]);
const text = (...labels: string[]): Buffer => raw(labels.map((label) => Buffer.from(label)));

describe('a question', () => {
  it('is read as dns-packet reads it', () => {
    for (const name of ['web', 'Web.Backnet', 'a.b.c.d.e.f', 'bücher.example', '1.0.0.127.in-addr.arpa', '.']) {
      for (const [type, code] of [
        ['A', 1],
        ['AAAA', 28],
        ['PTR', 12],
        ['ANY', 255],
        ['SRV', 33],
      ] as const) {
        for (const additionals of [[], [opt(1232)], [opt(65535, 0x8000)]]) {
          const packet = { ...asked(name, type), id: 4711, flags: 0x110, additionals };
          const theirs = decode(encode(packet));
          expect(read(packet)).toMatchObject({
            id: theirs.id,
            flags: (theirs.flags ?? 0) & 0x7fff,
            name: (theirs.questions?.[0]?.name ?? '').toLowerCase().replace(/^\.$/, ''),
            type: code,
            class: 1,
          });
          const [offered] = theirs.additionals ?? [];
          const size = offered?.type === 'OPT' ? offered.udpPayloadSize : undefined;
          expect(read(packet).opt?.size).toBe(size);
          expect(read(packet).opt?.dnssecOk ?? false).toBe(offered?.type === 'OPT' && offered.flag_do);
        }
      }
    }
  });

  it('may have options behind it, as dig’s cookie', () => {
    const cookie = { ...opt(1232), options: [{ code: 10, data: Buffer.alloc(8, 7) }] } as unknown as Answer;
    expect(read({ ...asked('web', 'A'), additionals: [cookie] }).opt?.size).toBe(1232);
  });

  it('may be as long as RFC 1035 allows, and no longer', () => {
    const label = Buffer.alloc(63, 'x');
    expect(readQuery(raw([label, label, label, Buffer.alloc(61, 'x')]))).toMatchObject({ type: 1 });
    expect(readQuery(raw([label, label, label, Buffer.alloc(62, 'x')]))).toBe('malformed');
  });

  it.each([
    ['a pointer', Buffer.concat([text('a').subarray(0, 14), Buffer.from([0xc0, 12, 0, 1, 0, 1])])],
    ['a label of 64 bytes', raw([Buffer.alloc(64)])],
    ['its type missing', text('web').subarray(0, 18)],
    ['its root missing', text('web').subarray(0, 16)],
  ])('with %s is malformed', (_what, bytes) => {
    expect(readQuery(bytes)).toBe('malformed');
  });

  it.each<[string, Buffer]>([
    ['two questions', encode({ ...asked('a', 'A'), questions: [...Array(2)].map(() => ({ name: 'a', type: 'A' })) })],
    ['an answer', encode({ ...asked('a', 'A'), answers: [{ type: 'A', name: 'a', data: '1.1.1.1' }] })],
    [
      'a record that is no OPT',
      encode({ ...asked('a', 'A'), additionals: [{ type: 'A', name: 'a', data: '1.1.1.1' }] }),
    ],
    ['two additional records', encode({ ...asked('a', 'A'), additionals: [opt(512), opt(512)] })],
    ['bytes behind it', Buffer.concat([text('a'), Buffer.alloc(1)])],
    ['bytes behind its OPT', Buffer.concat([encode({ ...asked('a', 'A'), additionals: [opt(512)] }), Buffer.alloc(1)])],
    ['another EDNS version', encode({ ...asked('a', 'A'), additionals: [{ ...opt(512), ednsVersion: 1 } as Answer] })],
  ])('with %s is not ours to read', (_what, bytes) => {
    expect(readQuery(bytes)).toBe('foreign');
  });

  it('whose label has a dot, or is no UTF-8, is nobody’s name', () => {
    const zones = [zone('net', [endpoint(['my.app', '\ufffd'], ['10.0.0.1/8'])])];
    expect(decide(text('my', 'app'), 'udp', zones, asIs).kind).toBe('reply');
    expect(decide(text('my.app'), 'udp', zones, asIs).kind).toBe('forward');
    expect(decide(raw([Buffer.from([0xff])]), 'udp', zones, asIs).kind).toBe('forward');
  });
});

describe('what a container may send', () => {
  /** 10,000 names, each a pointer to the one before as far as pointers reach: dns-packet takes a second for it. */
  function ladder(): Buffer {
    const first = encode(asked('.', 'A'));
    const steps = Array.from({ length: 10_000 }, (_, i) => {
      const before = Math.min(i, 2700);
      return Buffer.from([0xc0 | ((12 + before * 6) >> 8), (12 + before * 6) & 0xff, 0, 1, 0, 1]);
    });
    // The root and five bytes, so that all steps are six bytes apart.
    const bytes = Buffer.concat([first.subarray(0, 12), Buffer.from([0, 0, 1, 0, 1, 0]), ...steps]);
    bytes.writeUInt16BE(10_000, 4);
    return bytes;
  }

  it('takes no time, a ladder of pointers included', () => {
    const zones = [zone('net', [endpoint(['web'], ['10.0.0.1/8'])])];
    const many = ladder();
    const one = Buffer.from(many);
    one.writeUInt16BE(1, 4);
    const messages = [many, one, many.subarray(0, 4096), one.subarray(0, 4096)];
    const times = Array.from({ length: 10 }, () => {
      const began = performance.now();
      for (const bytes of messages) for (const way of ['udp', 'tcp'] as const) decide(bytes, way, zones, asIs);
      return performance.now() - began;
    });
    expect(Math.min(...times)).toBeLessThan(2);
  });

  it('never throws: 30,000 random messages and mutated good ones', () => {
    const random = seeded(10);
    const zones = [zone('net', [endpoint(['web', 'bücher'], ['10.0.0.1/8', 'fd00::1/64'])])];
    const good = [
      encode({ ...asked('web.net', 'ANY'), additionals: [opt(1232)] }),
      encode(asked('1.0.0.10.in-addr.arpa', 'PTR')),
      text('a'.repeat(63), 'b'.repeat(63), 'bücher'),
    ];
    for (let i = 0; i < 30_000; i++) {
      const cut =
        i % 3 === 0 ? Buffer.from(Array.from({ length: random(90) }, () => random(256))) : damaged(good, random);
      const verdict = decide(cut, i % 2 === 0 ? 'tcp' : 'udp', zones, asIs);
      if (verdict.kind !== 'reply') continue;
      // Whatever came in, what goes out can be read.
      expect(decode(verdict.bytes).type).toBe('response');
      expect(verdict.bytes.length).toBeLessThanOrEqual(cut.length + 60);
    }
  });
});

/** One of the messages with some bytes changed, sometimes cut off. */
function damaged(good: readonly Buffer[], random: (n: number) => number): Buffer {
  const bytes = Buffer.from(good[random(good.length)] ?? '');
  for (let n = random(6); n > 0; n--) bytes[random(bytes.length)] = random(256);
  return bytes.subarray(0, random(5) === 0 ? random(bytes.length + 1) : bytes.length);
}

/** Numbers below n, the same ones in each run. Park and Miller. */
function seeded(seed: number): (n: number) => number {
  let state = seed;
  return (n) => {
    state = (state * 48_271) % 0x7fffffff;
    return state % n;
  };
}
