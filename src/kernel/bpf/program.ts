/** The programs (bpf/*.bpf.c) as they are loaded: with the settings of one network or host, and with their maps. */
import { createHash } from 'node:crypto';
import { closeSync } from 'node:fs';
import { isKernelError } from '../../errors.js';
import { ipBytes } from '../netlink/attributes.js';
import { together } from '../opening/together.js';
import { PROGRAMS } from './programs.js';
import { loadProgram, type MapName, mapsOfProgram, openMap } from './syscall.js';

export type ProgramName = keyof typeof PROGRAMS;

/** What is the same for all frames of a program. */
export interface Settings {
  /** This host's VTEP, IPv4. */
  readonly vtep?: string;
  /** UDP, of VXLAN. */
  readonly port?: number;
  readonly vni?: number;
  /** Bytes, Ethernet header included. */
  readonly longest?: number;
  /** Index of the lane's end in the network's namespace. */
  readonly lane?: number;
}

/** As overlay.h numbers them. */
const NUMBERS: Readonly<Record<number, keyof Settings>> = {
  1953758721: 'vtep',
  1953758722: 'port',
  1953758723: 'vni',
  1953758724: 'longest',
  1953758725: 'lane',
};
const INSTRUCTION = 8;
/** Loads 64 bits; with this source register, a map by its descriptor. */
const LDDW = 0x18;
const BPF_PSEUDO_MAP_FD = 1;

/** A descriptor, the caller's to close. Throws a KernelError, in whose verb is what the kernel has against it. */
export function load(name: ProgramName, settings: Settings, maps: Readonly<Partial<Record<MapName, number>>>): number {
  return loadProgram(name, linked(name, settings, maps));
}

/**
 * The maps that a program looks into, in the order of its instructions. Undefined when there is no such program any more, or
 * its maps are not these: another release's may be of other shapes, and what reads ours would read past their end.
 */
export function openMaps(program: number, which: readonly MapName[]): readonly number[] | undefined {
  const ids = mapsOfProgram(program);
  if (ids.length !== which.length) return undefined;
  try {
    return together((keep) => which.map((name, n) => keep(openMap(ids[n] ?? 0, name), closeSync)));
  } catch (e) {
    if (isKernelError(e, 'ENOENT')) return undefined;
    throw e;
  }
}

/** Pure. */
export function linked(
  name: ProgramName,
  settings: Settings,
  maps: Readonly<Partial<Record<MapName, number>>>,
): Buffer {
  const program = PROGRAMS[name];
  const code = Buffer.from(program.code, 'base64');
  for (let at = 0; at < code.length; at += INSTRUCTION) {
    const setting = code[at] === LDDW ? NUMBERS[code.readUInt32LE(at + 4)] : undefined;
    if (setting !== undefined) fourBytes(settings, setting).copy(code, at + 4);
  }
  for (const [instruction, map] of program.maps) {
    const [at, fd] = [instruction * INSTRUCTION, maps[map]];
    if (fd === undefined) throw new Error(`${name} wants the map ${map}`);
    code.writeUInt8(((code[at + 1] ?? 0) & 0x0f) | (BPF_PSEUDO_MAP_FD << 4), at + 1);
    code.writeUInt32LE(fd, at + 4);
  }
  return code;
}

/** Four bytes as they are in a packet, or a number in the host's order. */
function fourBytes(settings: Settings, which: keyof Settings): Buffer {
  const value = settings[which];
  if (value === undefined) throw new Error(`a program wants to know ${which}`);
  if (typeof value === 'string') return ipBytes(value);
  const bytes = Buffer.alloc(4);
  if (which === 'vni') bytes.writeUInt32BE(value * 256);
  else if (which === 'port') bytes.writeUInt16BE(value);
  else bytes.writeUInt32LE(value);
  return bytes;
}

/** Which instructions it is made of: another release's are others. */
export const editionOf = (name: ProgramName): string =>
  createHash('sha256').update(PROGRAMS[name].code).digest('hex').slice(0, 8);
