/**
 * What goes through the probe network, each in one datagram. An ask is padded to the length that is to be tried; its
 * answer is as long as the ask wants it, and says how many of the ask's session have arrived: so each direction is known
 * by itself. Pure.
 *
 * | bytes | what |
 * |---|---|
 * | 0-3 | `tsop` |
 * | 4 | version of this layout |
 * | 5 | 1: ask, 2: answer |
 * | 6-7 | ask: how long the answer is to be, bytes |
 * | 8-11 | session: chosen by who asks |
 * | 12-15 | number of the ask in its session, from 0 |
 * | 16 | ask: 1: the answer must not be cut, 2: it has a checksum |
 * | 20-23 | answer: how many asks of this session have arrived |
 */
import { randomInt } from 'node:crypto';

/** UDP, in the probe network alone. */
export const ECHO_PORT = 4790;
export const HEADER_BYTES = 24;
/** What no MTU is above. */
export const MOST_BYTES = 65_507;

const MAGIC = Buffer.from('tsop');
const VERSION = 1;
const [ASK, ANSWER] = [1, 2];
const [WHOLE, CHECKSUM] = [1, 2];

export interface Ask {
  readonly session: number;
  readonly number: number;
  /** Of the answer's datagram, bytes. */
  readonly answerBytes: number;
  readonly answerWhole: boolean;
  readonly answerChecksum: boolean;
}

export interface Answer {
  readonly session: number;
  readonly number: number;
  readonly arrived: number;
}

export const newSession = (): number => randomInt(2 ** 32);

/** `bytes`: of the datagram. */
export function formatAsk(ask: Ask, bytes: number): Buffer {
  const out = head(ASK, bytes, ask);
  out.writeUInt16BE(ask.answerBytes, 6);
  out[16] = (ask.answerWhole ? WHOLE : 0) | (ask.answerChecksum ? CHECKSUM : 0);
  return out;
}

export function formatAnswer({ session, number, answerBytes }: Ask, arrived: number): Buffer {
  const out = head(ANSWER, answerBytes, { session, number });
  out.writeUInt32BE(arrived, 20);
  return out;
}

/** Undefined for what is none. */
export function readAsk(bytes: Buffer): Ask | undefined {
  if (!isOf(ASK, bytes)) return undefined;
  const answerBytes = Math.max(HEADER_BYTES, bytes.readUInt16BE(6));
  if (answerBytes > MOST_BYTES) return undefined;
  const flags = bytes[16] ?? 0;
  return {
    ...idOf(bytes),
    answerBytes,
    answerWhole: (flags & WHOLE) !== 0,
    answerChecksum: (flags & CHECKSUM) !== 0,
  };
}

/** Undefined for what is none. */
export const readAnswer = (bytes: Buffer): Answer | undefined =>
  isOf(ANSWER, bytes) ? { ...idOf(bytes), arrived: bytes.readUInt32BE(20) } : undefined;

function head(kind: number, bytes: number, { session, number }: { session: number; number: number }): Buffer {
  const out = Buffer.alloc(Math.max(HEADER_BYTES, bytes));
  MAGIC.copy(out);
  out[4] = VERSION;
  out[5] = kind;
  out.writeUInt32BE(session, 8);
  out.writeUInt32BE(number, 12);
  return out;
}

const isOf = (kind: number, bytes: Buffer): boolean =>
  bytes.length >= HEADER_BYTES && bytes.subarray(0, 4).equals(MAGIC) && bytes[4] === VERSION && bytes[5] === kind;

const idOf = (bytes: Buffer) => ({ session: bytes.readUInt32BE(8), number: bytes.readUInt32BE(12) });
