/** Asks the resolver of a container, from inside of its namespace, as its programs do. */
import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { decode, encode } from 'dns-packet';
import { messageOf } from '../../errors.js';
import { ENGINE_ADDRESS, OUR_ADDRESS } from '../../kernel/rules/dns-rules.js';
import { udpSocketIn } from '../../kernel/system/sockets.js';

/** The world may be asked behind it, ms: what is waited for without another wish. */
const PATIENCE_MS = 2_500;

export type Type = 'A' | 'AAAA' | 'PTR';

export interface Heard {
  /** Addresses or names; empty where there is the name but nothing of that type, or no name. */
  readonly answers: readonly string[];
  /** `NOERROR`, `NXDOMAIN`, …; why there is no answer, where there is none. */
  readonly outcome: string;
  readonly isAnswer: boolean;
}

/** As programs ask: by way of the redirect to our resolver, where that stands. */
export const askAsContainer = (sandbox: string, name: string, type: Type, patienceMs = PATIENCE_MS): Promise<Heard> =>
  ask(sandbox, '127.0.0.1', name, type, patienceMs);

/** The engine's resolver alone: questions from this address are not redirected. */
export const askEngineAlone = (sandbox: string, name: string, type: Type, patienceMs = PATIENCE_MS): Promise<Heard> =>
  ask(sandbox, OUR_ADDRESS, name, type, patienceMs);

/** Never rejects. */
async function ask(sandbox: string, from: string, name: string, type: Type, patienceMs: number): Promise<Heard> {
  try {
    return await exchange(sandbox, from, name, type, patienceMs);
  } catch (e) {
    return { answers: [], outcome: messageOf(e), isAnswer: false };
  }
}

/** RFC 1035 section 4.1.1. */
const RCODES = ['NOERROR', 'FORMERR', 'SERVFAIL', 'NXDOMAIN', 'NOTIMP', 'REFUSED'];

/** Any program in the container can send from the resolver's address. */
function read(bytes: Buffer): ReturnType<typeof decode> | undefined {
  try {
    return decode(bytes);
  } catch {
    return undefined;
  }
}

function exchange(sandbox: string, from: string, name: string, type: Type, patienceMs: number): Promise<Heard> {
  const fd = udpSocketIn(sandbox, { address: from, port: 0 });
  const id = randomInt(0x10000);
  const query = encode({ type: 'query', id, flags: 0x0100, questions: [{ name, type }] });
  return new Promise((resolve, reject) => {
    const socket = createSocket('udp4').bind({ fd });
    const timer = setTimeout(
      () => finish(() => reject(new Error(`no answer within ${patienceMs / 1000} s`))),
      patienceMs,
    );
    const finish = (tell: () => void) => {
      clearTimeout(timer);
      socket.close();
      tell();
    };
    socket.on('error', (e) => finish(() => reject(e)));
    socket.on('message', (bytes) => {
      const answer = read(bytes);
      if (answer?.id !== id) return;
      const data = (answer.answers ?? []).flatMap((a) =>
        a.type === type && typeof a.data === 'string' ? [a.data] : [],
      );
      finish(() =>
        resolve({ answers: data, outcome: RCODES[(answer.flags ?? 0) & 0xf] ?? 'an error', isAnswer: true }),
      );
    });
    socket.once('connect', () => socket.send(query));
    // Not with a callback: that one is called for a failure, too, which then is no 'error'.
    socket.connect(53, ENGINE_ADDRESS);
  });
}
