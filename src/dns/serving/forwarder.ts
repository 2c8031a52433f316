/** Questions over UDP to the engine's own resolver, from inside the container's namespace. */
import { randomInt } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { ENGINE_ADDRESS, OUR_ADDRESS } from '../../kernel/rules/dns-rules.js';
import { udpSocketIn } from '../../kernel/system/sockets.js';
import { HEADER } from '../answers/query.js';

/** The engine asks up to three servers, 4 s each, before it gives up itself. */
const GIVE_UP_MS = 13_000;

/** What a forwarder needs of whoever serves the container. */
export interface Asker {
  /** One more socket may be had; given back by {@link giveSocket}. */
  takeSocket(): boolean;
  giveSocket(): void;
  /** Bytes have come, wanted or not; false when no more are. */
  received(bytes: number): boolean;
  /** No socket could be had. */
  failed(): void;
}

/**
 * Each question has a socket of its own. Its fresh port makes a forged answer hard to place, and makes conntrack look
 * the engine's current port up anew: with one port kept, questions would go on to the port that the engine had before
 * a live-restore for as long as the container keeps asking.
 */
export class Forwarder {
  private readonly sockets = new Map<Socket, NodeJS.Timeout>();

  constructor(
    private readonly sandbox: string,
    private readonly asker: Asker,
  ) {}

  get pending(): number {
    return this.sockets.size;
  }

  /**
   * Asks, and calls `done` once: with the engine's answer under the query's own id, or with undefined when none came
   * within GIVE_UP_MS, nobody listens, or too many are pending. After close() it calls nobody. `query`: at least a
   * header.
   */
  forward(query: Buffer, done: (answer: Buffer | undefined) => void): void {
    const socket = this.open();
    if (!socket) {
      done(undefined);
      return;
    }
    const id = randomInt(0x10000);
    const finish = (answer?: Buffer): void => {
      if (!this.sockets.has(socket)) return;
      this.end(socket);
      done(answer && withId(answer, query.readUInt16BE(0)));
    };
    this.sockets.set(socket, setTimeout(finish, GIVE_UP_MS).unref());
    socket.on('error', () => finish());
    // Any program in the container can send from the engine's address and port, and does not know the id.
    socket.on('message', (answer) => {
      if (!this.asker.received(answer.length)) return;
      if (answer.length >= HEADER && answer.readUInt16BE(0) === id) finish(answer);
    });
    socket.once('connect', () => {
      if (this.sockets.has(socket)) socket.send(withId(query, id));
    });
    // Connected, it takes packets from there only, and hears at once when nobody listens there. Not with a callback: that
    // one is called for a failure, too, which then is no 'error'.
    socket.connect(53, ENGINE_ADDRESS);
  }

  close(): void {
    for (const socket of [...this.sockets.keys()]) this.end(socket);
  }

  private end(socket: Socket): void {
    clearTimeout(this.sockets.get(socket));
    this.sockets.delete(socket);
    socket.close();
    this.asker.giveSocket();
  }

  /** Undefined when the namespace has gone, or sockets have run out: then the question has no answer. */
  private open(): Socket | undefined {
    if (!this.asker.takeSocket()) return undefined;
    try {
      return createSocket('udp4').bind({ fd: udpSocketIn(this.sandbox, { address: OUR_ADDRESS, port: 0 }) });
    } catch {
      this.asker.giveSocket();
      this.asker.failed();
      return undefined;
    }
  }
}

function withId(message: Buffer, id: number): Buffer {
  const copy = Buffer.from(message);
  copy.writeUInt16BE(id, 0);
  return copy;
}
