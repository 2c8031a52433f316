/**
 * bpf(2), for which the C library has no function: maps and programs by their descriptors, which are the caller's to
 * close. What a program or a map is held by (a filter, a program, another map) keeps it, whatever becomes of this process.
 */
import { closeSync } from 'node:fs';
import { constants } from 'node:os';
import { isDeepStrictEqual } from 'node:util';
import koffi from 'koffi';
import { isKernelError, KernelError } from '../../errors.js';
import { bpfCall, check, errnoError } from '../system/libc.js';
import { LICENSE, MAPS } from './programs.js';

/** enum bpf_cmd */
const CMD = {
  mapCreate: 0,
  lookup: 1,
  update: 2,
  remove: 3,
  load: 5,
  programById: 13,
  mapById: 14,
  info: 15,
  lookupBatch: 24,
} as const;
const BPF_PROG_TYPE_SCHED_CLS = 3;
/** BPF_OBJ_NAME_LEN, with the NUL. */
const NAME_BYTES = 16;
const LOG_BYTES = 1 << 16;

const name = koffi.array('char', NAME_BYTES);
// Each is what `union bpf_attr` is for one command.
const mapCreate = bpfCall(
  koffi.struct({
    ...{ type: 'uint32', keySize: 'uint32', valueSize: 'uint32', maxEntries: 'uint32', flags: 'uint32' },
    ...{ inner: 'uint32', node: 'uint32', name },
  }),
);
const element = bpfCall(koffi.struct({ map: 'uint32', key: 'void *', value: 'void *', flags: 'uint64' }));
const batch = bpfCall(
  koffi.struct({
    ...{ from: 'void *', next: 'void *', keys: 'void *', values: 'void *' },
    ...{ count: 'uint32', map: 'uint32', elementFlags: 'uint64', flags: 'uint64' },
  }),
);
const load = bpfCall(
  koffi.struct({
    ...{ type: 'uint32', count: 'uint32', instructions: 'void *', license: 'void *', logLevel: 'uint32' },
    ...{ logSize: 'uint32', log: 'void *', kernel: 'uint32', flags: 'uint32', name },
  }),
);
const byId = bpfCall(koffi.struct({ id: 'uint32', next: 'uint32', flags: 'uint32' }));
const info = bpfCall(koffi.struct({ fd: 'uint32', length: 'uint32', into: 'void *' }));

/** A program has four maps at most. */
const ids = Buffer.allocUnsafeSlow(16);
const { keySize, valueSize, maxEntries } = MAPS.macs;
/** Where what is dumped is put; a host without the short way has none. */
let room: { readonly keys: Buffer; readonly values: Buffer } | undefined;

export type MapName = keyof typeof MAPS;

/** `bpftool map create`. `inner`: of a map of maps, one like those that it shall hold. */
export function createMap(which: MapName, inner = 0): number {
  const verb = `bpf map create ${which}`;
  return check(verb, mapCreate(CMD.mapCreate, { ...MAPS[which], inner, node: 0, name: `tso_${which}` }));
}

/** `bpftool map update`. E2BIG when it is full. */
export function setElement(map: number, key: Buffer, value: Buffer): void {
  check('bpf map update', element(CMD.update, { map, key, value, flags: 0n }));
}

/** `bpftool map delete`; gone is success. */
export function removeElement(map: number, key: Buffer): void {
  try {
    check('bpf map delete', element(CMD.remove, { map, key, value: null, flags: 0n }));
  } catch (e) {
    if (!isKernelError(e, 'ENOENT')) throw e;
  }
}

/**
 * The same of a map of maps, by a pool thread: for each change to one the kernel waits until no program is looking into
 * it (`maybe_wait_bpf_programs`).
 */
export async function setMap(map: number, key: Buffer, inner: Buffer): Promise<void> {
  const errno = await element.aside(CMD.update, { map, key, value: inner, flags: 0n });
  if (errno !== 0) throw errnoError('bpf map update', errno);
}

/** Likewise; gone is success. */
export async function removeMap(map: number, key: Buffer): Promise<void> {
  const errno = await element.aside(CMD.remove, { map, key, value: null, flags: 0n });
  if (errno !== 0 && errno !== constants.errno.ENOENT) throw errnoError('bpf map delete', errno);
}

/** Of a map whose values are numbers; what a map of maps holds is told by its id. Undefined when there is none. */
export function numberIn(map: number, key: Buffer): number | undefined {
  const value = Buffer.alloc(4);
  try {
    check('bpf map lookup', element(CMD.lookup, { map, key, value, flags: 0n }));
  } catch (e) {
    if (isKernelError(e, 'ENOENT')) return undefined;
    throw e;
  }
  return value.readUInt32LE();
}

/** `bpftool map dump` of MACs, keys and values by themselves, in the order of a hash. To be read before the next call. */
export function allElements(map: number): { readonly keys: Buffer; readonly values: Buffer } {
  room ??= {
    keys: Buffer.allocUnsafeSlow(keySize * maxEntries),
    values: Buffer.allocUnsafeSlow(valueSize * maxEntries),
  };
  const { keys, values } = room;
  const attributes = { from: null, next: Buffer.alloc(4), keys, values, count: maxEntries, map };
  const all = { ...attributes, elementFlags: 0n, flags: 0n };
  try {
    check('bpf map dump', batch(CMD.lookupBatch, all));
  } catch (e) {
    // There was room for all: this is the end.
    if (!isKernelError(e, 'ENOENT')) throw e;
  }
  return { keys: keys.subarray(0, all.count * keySize), values: values.subarray(0, all.count * valueSize) };
}

/** `bpftool prog load`, of a program for tc. What the kernel's verifier says against it is in the verb. */
export function loadProgram(which: string, instructions: Buffer): number {
  const attributes = {
    ...{ type: BPF_PROG_TYPE_SCHED_CLS, count: instructions.length / 8, instructions },
    ...{ license: Buffer.from(`${LICENSE}\0`), kernel: 0, flags: 0, name: `tso_${which}` },
  };
  try {
    return check(`bpf prog load ${which}`, load(CMD.load, { ...attributes, logLevel: 0, logSize: 0, log: null }));
  } catch (e) {
    if (!isKernelError(e, 'EINVAL', 'EACCES')) throw e;
    const log = Buffer.alloc(LOG_BYTES);
    load(CMD.load, { ...attributes, logLevel: 1, logSize: log.length, log });
    const words = log.toString('latin1', 0, log.indexOf(0)).trim().split('\n').slice(-3).join('; ');
    throw e instanceof KernelError ? new KernelError(`${e.verb} (${words})`, e.errno, e.code) : e;
  }
}

/** Undefined when there is none of that id any more, or it is another release's, of a shape that nothing here has room for. */
export function openMap(id: number, which: MapName): number | undefined {
  const fd = opened('bpf map by id', () => byId(CMD.mapById, { id, next: 0, flags: 0 }));
  if (fd === undefined) return undefined;
  const { type, keySize, valueSize, maxEntries } = MAPS[which];
  if (isDeepStrictEqual(aboutMap(fd), [type, id, keySize, valueSize, maxEntries])) return fd;
  closeSync(fd);
  return undefined;
}

export const idOfMap = (fd: number): number => aboutMap(fd)[1];

/** struct bpf_map_info: type, id, bytes of key and value, number of elements. */
function aboutMap(fd: number): readonly [type: number, id: number, ...sizes: number[]] {
  const info = infoOf(fd, Buffer.alloc(88));
  const at = (n: number): number => info.readUInt32LE(4 * n);
  return [at(0), at(1), at(2), at(3), at(4)];
}

/** Ids of the maps that a program looks into, in the order of its instructions; none when there is no such program. */
export function mapsOfProgram(id: number): readonly number[] {
  const fd = opened('bpf prog by id', () => byId(CMD.programById, { id, next: 0, flags: 0 }));
  if (fd === undefined) return [];
  try {
    // struct bpf_prog_info: how many there is room for, and where.
    const asked = Buffer.alloc(80);
    asked.writeUInt32LE(4, 52);
    asked.writeBigUInt64LE(koffi.address(ids), 56);
    const count = infoOf(fd, asked).readUInt32LE(52);
    return Array.from({ length: Math.min(count, 4) }, (_, n) => ids.readUInt32LE(4 * n));
  } finally {
    closeSync(fd);
  }
}

function infoOf(fd: number, into: Buffer): Buffer {
  check('bpf info', info(CMD.info, { fd, length: into.length, into }));
  return into;
}

function opened(verb: string, open: () => number): number | undefined {
  try {
    return check(verb, open());
  } catch (e) {
    if (e instanceof KernelError && e.errno === constants.errno.ENOENT) return undefined;
    throw e;
  }
}
