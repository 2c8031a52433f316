/** Asks the resolver of a container, from inside of its namespace, as its programs do. */
import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { encode } from 'dns-packet';
import { messageOf } from '../../errors.js';
import { ENGINE_ADDRESS, OUR_ADDRESS } from '../../kernel/rules/dns-rules.js';
import { udpSocketIn } from '../../kernel/system/sockets.js';
import { type Heard, heardIn, type Type } from './heard.js';

/** The world may be asked behind it, ms: what is waited for without another wish. */
const PATIENCE_MS = 2_500;
/** Any program in the container can send from the resolver's address, and keep whoever asks busy with it. */
const MOST_STRANGE = 32;

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
    let strange = 0;
    socket.on('message', (bytes) => {
      const heard = heardIn(bytes, id, type);
      if (heard) finish(() => resolve(heard));
      else if (++strange === MOST_STRANGE) finish(() => reject(new Error('too many answers to what was not asked')));
    });
    socket.once('connect', () => socket.send(query));
    // Not with a callback: that one is called for a failure, too, which then is no 'error'.
    socket.connect(53, ENGINE_ADDRESS);
  });
}
