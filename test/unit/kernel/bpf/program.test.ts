import { expect, it } from 'vitest';
import { isOurs } from '../../../../src/kernel/bpf/hooks.js';
import { labelOf, markIn } from '../../../../src/kernel/bpf/label.js';
import { linked } from '../../../../src/kernel/bpf/program.js';

const SETTINGS = { vtep: '10.0.0.60', port: 4789, vni: 256, longest: 1464, lane: 5 };
const MAGIC = Buffer.from([0xfe, 0x73, 0x74]);

it('puts settings where the code wants them, as they are in a packet, and maps by their descriptors', () => {
  const code = linked('send', SETTINGS, { macs: 77 });
  expect(code.includes(MAGIC)).toBe(false);
  // LDDW of a register, with what follows in the host's order of bytes.
  const loads = (value: readonly number[], source = 0) =>
    [...Array(code.length / 8).keys()].filter(
      (n) =>
        code[n * 8] === 0x18 &&
        (code[n * 8 + 1] ?? 0) >> 4 === source &&
        code.subarray(n * 8 + 4, n * 8 + 8).equals(Buffer.from(value)),
    ).length;
  expect(loads([10, 0, 0, 60])).toBe(1);
  expect(loads([0x12, 0xb5, 0, 0])).toBe(1);
  expect(loads([0, 1, 0, 0])).toBe(1);
  expect(loads([0xb8, 5, 0, 0])).toBe(1);
  expect(loads([5, 0, 0, 0])).toBe(1);
  expect(loads([77, 0, 0, 0], 1)).toBe(1);
});

it('is not loaded without what it wants', () => {
  expect(() => linked('arrive', SETTINGS, {})).toThrow('arrive wants the map networks');
  expect(() => linked('leave', {}, {})).toThrow('a program wants to know vtep');
});

it('has a name by which it is known again, and another release’s too', () => {
  const label = labelOf('send', '256 10.0.0.60:4789 1464 by 5');
  expect(markIn(label, 'send')).toBe('256 10.0.0.60:4789 1464 by 5');
  expect(markIn('tsoverlay-send 00000000 256 10.0.0.60:4789 1464 by 5', 'send')).toBe('');
  expect([markIn(label, 'deliver'), markIn('cilium', 'send'), isOurs('tsoverlay-sender x', 'send')]).toEqual([
    undefined,
    undefined,
    false,
  ]);
});
