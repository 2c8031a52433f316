/**
 * Which news the kernel puts into a watcher's socket at all: classic BPF (linux/filter.h). What containers can cause
 * by the million (questions for unknown neighbours, the bridge's own neighbours, learned FDB entries) must cost
 * nothing here. Pure.
 */
import { AF, IFLA, NUD_NOARP, NUD_PERMANENT, RTM } from './uapi.js';

/** One instruction; a jump names where it goes to, `yes` and `no` are the next instruction when left out. */
interface Instruction {
  readonly code: number;
  readonly k: number;
  readonly yes?: string;
  readonly no?: string;
}
type Line = Instruction | { readonly label: string };

/** Of a socket buffer that begins with the nlmsghdr: its type, and the first bytes of ifinfomsg and ndmsg. */
const AT = { TYPE: 4, TYPE_HIGH: 5, FAMILY: 16, NEIGHBOUR_LINK: 20, NEIGHBOUR_STATE: 24, LINK_ATTRIBUTES: 32 } as const;
/** SKF_AD_OFF + SKF_AD_NLATTR: where the attribute of type X is, looked for from A on; 0 when it is not there. */
const FIND_ATTRIBUTE = -0x1000 + 12;
const ALL = 0xffffffff;

const loadByte = (k: number): Line => ({ code: 0x30, k });
const loadWord = (k: number): Line => ({ code: 0x20, k });
const loadWordBehindX = (k: number): Line => ({ code: 0x40, k });
const isEqual = (k: number, yes?: string, no?: string): Line => jump(0x15, k, yes, no);
const hasBits = (k: number, yes?: string, no?: string): Line => jump(0x45, k, yes, no);
const give = (k: number): Line => ({ code: 0x06, k });
const at = (label: string): Line => ({ label });

const jump = (code: number, k: number, yes?: string, no?: string): Line => ({
  code,
  k,
  ...(yes === undefined ? {} : { yes }),
  ...(no === undefined ? {} : { no }),
});

/** Messages of these types, each with where it is looked at; all others are left out. */
const ofTypes = (types: Readonly<Record<number, string>>): readonly Line[] => [
  // A host's order of bytes is that of x86-64 and arm64, so the low byte comes first.
  loadByte(AT.TYPE_HIGH),
  isEqual(0, undefined, 'drop'),
  loadByte(AT.TYPE),
  ...Object.entries(types).map(([type, label]) => isEqual(Number(type), label)),
  give(0),
];

/**
 * A network's namespace: links (of its ports a bridge tells in a family of its own, where a lost port is a "deleted
 * link"), addresses, FDB entries that somebody set (learned ones are neither permanent nor
 * static), and the neighbours of the VXLAN devices whatever their state: a deletion tells it as failed.
 */
export function namespaceFilter(vxlans: readonly number[]): Buffer {
  return assemble([
    ...ofTypes({
      [RTM.NEWLINK]: 'take',
      [RTM.DELLINK]: 'link',
      [RTM.NEWADDR]: 'take',
      [RTM.DELADDR]: 'take',
      [RTM.NEWNEIGH]: 'neighbour',
      [RTM.DELNEIGH]: 'neighbour',
      [RTM.DELQDISC]: 'take',
      [RTM.DELTFILTER]: 'take',
    }),
    at('link'),
    loadByte(AT.FAMILY),
    isEqual(AF.BRIDGE, 'drop', 'take'),
    at('neighbour'),
    loadByte(AT.FAMILY),
    isEqual(AF.BRIDGE, undefined, 'ofWhich'),
    loadByte(AT.NEIGHBOUR_STATE),
    hasBits(NUD_PERMANENT | NUD_NOARP, 'take', 'drop'),
    at('take'),
    give(ALL),
    at('drop'),
    give(0),
    at('ofWhich'),
    loadWord(AT.NEIGHBOUR_LINK),
    ...vxlans.flatMap((index, n) => [isEqual(swapped(index), undefined, `after${n}`), give(ALL), at(`after${n}`)]),
    give(0),
  ]);
}

/** One link of the host, by its name; those of containers come and go beside it. */
export function linkFilter(name: string): Buffer {
  const text = Buffer.alloc(16);
  text.write(name, 'latin1');
  const words = text.subarray(0, (name.length + 4) & ~3);
  return assemble([
    ...ofTypes({ [RTM.NEWLINK]: 'link', [RTM.DELLINK]: 'link' }),
    at('link'),
    loadByte(AT.FAMILY),
    isEqual(AF.BRIDGE, 'drop'),
    { code: 0x00, k: AT.LINK_ATTRIBUTES },
    { code: 0x01, k: IFLA.IFNAME },
    loadWord(FIND_ATTRIBUTE),
    isEqual(0, 'drop'),
    { code: 0x07, k: 0 },
    ...[...Array(words.length / 4).keys()].flatMap((n) => [
      loadWordBehindX(4 + 4 * n),
      isEqual(words.readUInt32BE(4 * n), undefined, 'drop'),
    ]),
    give(ALL),
    at('drop'),
    give(0),
  ]);
}

/** A word is loaded as if it were in network order, and this field is in the host's. */
const swapped = (value: number): number => Buffer.from(Uint32Array.of(value).buffer).readUInt32BE();

/** The bytes of `struct sock_filter[]`. */
function assemble(lines: readonly Line[]): Buffer {
  const labels = new Map<string, number>();
  const code: Instruction[] = [];
  for (const line of lines) {
    if ('label' in line) labels.set(line.label, code.length);
    else code.push(line);
  }
  const bytes = Buffer.alloc(code.length * 8);
  code.forEach((instruction, n) => {
    const offset = (label?: string): number => (label === undefined ? 0 : (labels.get(label) ?? 0) - n - 1);
    bytes.writeUInt16LE(instruction.code, n * 8);
    bytes.writeUInt8(offset(instruction.yes), n * 8 + 2);
    bytes.writeUInt8(offset(instruction.no), n * 8 + 3);
    bytes.writeUInt32LE(instruction.k >>> 0, n * 8 + 4);
  });
  return bytes;
}
