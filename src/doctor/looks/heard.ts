/** What an answer says, whoever sent it: any program in a container can answer in its resolver's place. Pure. */
import { decode } from 'dns-packet';

export type Type = 'A' | 'AAAA' | 'PTR';

export interface Heard {
  /** Addresses or names; empty where there is the name but nothing of that type, or no name. */
  readonly answers: readonly string[];
  /** `NOERROR`, `NXDOMAIN`, …; why there is no answer, where there is none. */
  readonly outcome: string;
  readonly isAnswer: boolean;
}

/** RFC 1035, bytes: a header; an answer to a question without OPT; the shortest record. */
const [HEADER, MOST_BYTES, RECORD] = [12, 512, 11];
const MOST_RECORDS = Math.floor((MOST_BYTES - HEADER) / RECORD);
const RESPONSE = 0x8000;

/** RFC 1035 section 4.1.1. */
const RCODES = ['NOERROR', 'FORMERR', 'SERVFAIL', 'NXDOMAIN', 'NOTIMP', 'REFUSED'];

/** Undefined for what is no answer to a question of ours: with this id, one, for this type. */
export function heardIn(bytes: Buffer, id: number, type: Type): Heard | undefined {
  if (!mayAnswer(bytes, id)) return undefined;
  try {
    const { answers = [], flags = 0 } = decode(bytes);
    return {
      answers: answers.flatMap((a) => (a.type === type && typeof a.data === 'string' ? [a.data] : [])),
      outcome: RCODES[flags & 0xf] ?? 'an error',
      isAnswer: true,
    };
  } catch {
    return undefined;
  }
}

/** To decode 65 KB takes up to a second, for names may be pointers to pointers; 64 KB of room is made for each count. */
function mayAnswer(bytes: Buffer, id: number): boolean {
  if (bytes.length < HEADER || bytes.length > MOST_BYTES || bytes.readUInt16BE(0) !== id) return false;
  if ((bytes.readUInt16BE(2) & RESPONSE) === 0 || bytes.readUInt16BE(4) > 1) return false;
  return [6, 8, 10].every((at) => bytes.readUInt16BE(at) <= MOST_RECORDS);
}
