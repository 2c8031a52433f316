/** Questions over UDP to the engine's own resolver, from inside the container's namespace. */
import { randomInt } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { ENGINE_ADDRESS, OUR_ADDRESS } from '../kernel/nftables.js';
import { udpSocketIn } from '../kernel/sockets.js';

/** The engine asks up to three servers, 4 s each, before it gives up itself. */
export const GIVE_UP_MS = 13_000;

/** As many questions of one container under way at once; beyond that it is a loop or a flood. */
const MAX_PENDING = 256;

/**
 * Each question has a socket of its own. Its fresh port makes a forged answer hard to place, and makes conntrack look
 * the engine's current port up anew: with one port kept, questions would go on to the port that the engine had before
 * a live-restore for as long as the container keeps asking.
 */
export class Forwarder {
  private readonly sockets = new Set<Socket>();

  constructor(private readonly sandbox: string) {}

  get pending(): number {
    return this.sockets.size;
  }

  /**
   * Asks, and calls `done` once: with the engine's answer under the query's own id, or with undefined when none came
   * within GIVE_UP_MS, nobody listens, or too many are pending. After close() it calls nobody.
   */
  forward(query: Buffer, done: (answer: Buffer | undefined) => void): void {
    const socket = this.sockets.size < MAX_PENDING ? this.open() : undefined;
    if (!socket) {
      done(undefined);
      return;
    }
    this.sockets.add(socket);
    const id = randomInt(0x10000);
    const finish = (answer?: Buffer): void => {
      if (!this.sockets.delete(socket)) return;
      clearTimeout(timer);
      socket.close();
      done(answer && withId(answer, query.readUInt16BE(0)));
    };
    const timer = setTimeout(finish, GIVE_UP_MS).unref();
    socket.on('error', () => finish());
    socket.on('message', (answer) => {
      if (answer.length >= 12 && answer.readUInt16BE(0) === id) finish(answer);
    });
    // Connected, it takes packets from there only, and hears at once when nobody listens there.
    socket.connect(53, ENGINE_ADDRESS, () => {
      if (this.sockets.has(socket)) socket.send(withId(query, id));
    });
  }

  close(): void {
    for (const socket of this.sockets) socket.close();
    this.sockets.clear();
  }

  /** Undefined when the namespace has gone, or descriptors have run out: then the question has no answer. */
  private open(): Socket | undefined {
    try {
      return createSocket('udp4').bind({ fd: udpSocketIn(this.sandbox, { address: OUR_ADDRESS, port: 0 }) });
    } catch {
      return undefined;
    }
  }
}

function withId(message: Buffer, id: number): Buffer {
  const copy = Buffer.from(message);
  copy.writeUInt16BE(id, 0);
  return copy;
}
