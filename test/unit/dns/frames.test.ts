import { expect, it } from 'vitest';
import { Frames, frame } from '../../../src/dns/frames.js';

it('finds messages however the stream is cut', () => {
  const messages = ['first', '', 'x'.repeat(300)].map((text) => Buffer.from(text));
  const stream = Buffer.concat(messages.map(frame));
  for (let size = 1; size <= stream.length; size++) {
    const frames = new Frames();
    const found: Buffer[] = [];
    for (let at = 0; at < stream.length; at += size) found.push(...frames.push(stream.subarray(at, at + size)));
    expect(found.map(String)).toEqual(messages.map(String));
  }
});
