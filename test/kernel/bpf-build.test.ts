/** What is in the tree is what Debian's clang makes of bpf/, and the kernel's verifier takes each program. */
import { closeSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { buildPrograms } from '../../scripts/bpf.js';
import { load, type ProgramName } from '../../src/kernel/bpf/program.js';
import { LICENSE, MAPS, PROGRAMS } from '../../src/kernel/bpf/programs.js';
import { createMap } from '../../src/kernel/bpf/syscall.js';

test('a build gives the instructions that are in the tree', () => {
  expect(buildPrograms()).toEqual({ license: LICENSE, programs: PROGRAMS, maps: MAPS });
});

describe('the kernel takes', () => {
  test.each(Object.keys(PROGRAMS) as ProgramName[])('%s', (name) => {
    const macs = createMap('macs');
    const maps = { macs, networks: createMap('networks', macs), lanes: createMap('lanes') };
    const settings = { vtep: '10.0.0.60', port: 4789, vni: 256, longest: 1464, lane: 5 };
    closeSync(load(name, settings, maps));
    for (const fd of Object.values(maps)) closeSync(fd);
  });
});

test('what a program lacks is said', () => {
  expect(() => load('send', { vtep: '10.0.0.60' }, {})).toThrow('a program wants to know longest');
});
