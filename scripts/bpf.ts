/** Builds bpf/*.bpf.c with Debian's clang and writes src/kernel/bpf/programs.ts: nobody needs a compiler to run them. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const SOURCES = fileURLToPath(new URL('../bpf', import.meta.url));
const RESULT = fileURLToPath(new URL('../src/kernel/bpf/programs.ts', import.meta.url));
/** Of Debian 12: another one makes other instructions. */
const CLANG = 'clang-14';
const FLAGS = ['-O2', '-g0', '-Wall', '-Werror', '-target', 'bpf', '-mcpu=v3'];

export interface BuiltMap {
  readonly type: number;
  readonly keySize: number;
  readonly valueSize: number;
  readonly maxEntries: number;
  readonly flags: number;
}

export interface BuiltProgram {
  /** Instructions, base64. */
  readonly code: string;
  /** Which instruction wants the descriptor of which map. */
  readonly maps: readonly (readonly [at: number, name: string])[];
}

export interface Built {
  readonly license: string;
  readonly programs: Readonly<Record<string, BuiltProgram>>;
  readonly maps: Readonly<Record<string, BuiltMap>>;
}

interface Section {
  readonly name: number;
  readonly offset: number;
  readonly size: number;
  readonly link: number;
}

/** What of an ELF file (little-endian, 64 bits) is wanted: elf.h. */
function readObject(file: Buffer) {
  const count = file.readUInt16LE(60);
  const headers = Array.from({ length: count }, (_, n): Section => {
    const at = Number(file.readBigUInt64LE(40)) + n * 64;
    const [offset, size] = [24, 32].map((field) => Number(file.readBigUInt64LE(at + field))) as [number, number];
    return { name: file.readUInt32LE(at), offset, size, link: file.readUInt32LE(at + 40) };
  });
  const text = (section: Section | undefined, at: number): string => {
    const from = (section?.offset ?? 0) + at;
    return file.toString('latin1', from, file.indexOf(0, from));
  };
  const names = headers[file.readUInt16LE(62)];
  const find = (name: string) => headers.find((h) => text(names, h.name) === name);
  const bytes = (name: string): Buffer => {
    const { offset = 0, size = 0 } = find(name) ?? {};
    return file.subarray(offset, offset + size);
  };
  const strings = headers[find('.symtab')?.link ?? 0];
  const symbols = chunks(bytes('.symtab'), 24).map((symbol) => ({
    name: text(strings, symbol.readUInt32LE(0)),
    section: headers[symbol.readUInt16LE(6)],
    value: Number(symbol.readBigUInt64LE(8)),
  }));
  return { bytes, find, symbols };
}

const chunks = (bytes: Buffer, size: number): readonly Buffer[] =>
  Array.from({ length: bytes.length / size }, (_, n) => bytes.subarray(n * size, (n + 1) * size));

/** Compiles all programs; each file has one. Throws with what clang says. */
export function buildPrograms(): Built {
  const dir = mkdtempSync(join(tmpdir(), 'tsoverlay-bpf-'));
  try {
    const sources = readdirSync(SOURCES).filter((name) => name.endsWith('.bpf.c'));
    const machine = execFileSync('gcc', ['-print-multiarch'], { encoding: 'utf8' }).trim();
    const built = sources.sort().map((source) => {
      const object = join(dir, `${source}.o`);
      execFileSync(CLANG, [...FLAGS, `-I/usr/include/${machine}`, '-c', join(SOURCES, source), '-o', object]);
      return [source.replace('.bpf.c', ''), readObject(readFileSync(object))] as const;
    });
    const maps = built.flatMap(([, { bytes, find, symbols }]) =>
      symbols
        .filter(({ section }) => section !== undefined && section === find('maps'))
        .map((symbol) => {
          const [type = 0, keySize = 0, valueSize = 0, maxEntries = 0, flags = 0] = chunks(
            bytes('maps').subarray(symbol.value, symbol.value + 20),
            4,
          ).map((word) => word.readUInt32LE());
          return [symbol.name, { type, keySize, valueSize, maxEntries, flags }] as const;
        }),
    );
    const programs = built.map(([name, { bytes, symbols }]) => {
      const wanted = chunks(bytes('.relprogram'), 16).map((relocation) => {
        const symbol = symbols[relocation.readUInt32LE(12)]?.name ?? '';
        return [Number(relocation.readBigUInt64LE(0)) / 8, symbol] as const;
      });
      return [name, { code: bytes('program').toString('base64'), maps: wanted }] as const;
    });
    const license = built[0]?.[1].bytes('license').toString('latin1').replace('\0', '') ?? '';
    return { license, programs: Object.fromEntries(programs), maps: Object.fromEntries(maps) };
  } finally {
    rmSync(dir, { recursive: true });
  }
}

const HEAD = `/**
 * Made by \`npm run build:bpf\` from bpf/*.bpf.c; do not edit. Instructions of BPF in base64, with the numbers of those that
 * want the descriptor of a map; the shapes of the maps; the licence that the kernel is told.
 */
`;

function main(): void {
  const { license, programs, maps } = buildPrograms();
  const constant = (name: string, value: unknown) =>
    `export const ${name} = ${JSON.stringify(value, null, 2)} as const;\n`;
  writeFileSync(
    RESULT,
    [HEAD, constant('LICENSE', license), constant('PROGRAMS', programs), constant('MAPS', maps)].join('\n'),
  );
  execFileSync('npx', ['biome', 'check', '--write', RESULT], { stdio: 'inherit' });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main();
