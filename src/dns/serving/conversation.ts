/** One client's TCP connection: we answer what is ours, and pass the rest through to the engine's resolver. */
import { EventEmitter, once } from 'node:events';
import { Socket } from 'node:net';
import { Frames, frame } from '../answers/frames.js';
import { MAX_QUERY, type Verdict } from '../answers/message.js';

/** A connection without traffic for so long is closed, milliseconds. Longer than the engine takes for one answer. */
const IDLE_MS = 20_000;
/** As many questions of one connection may be with the engine's resolver at once. */
const MAX_AWAITED = 16;

/** What a conversation needs of whoever serves the container. */
export interface Host {
  /** Gives the verdict when it is this container's turn. */
  decide(query: Buffer): Promise<Verdict>;
  /** A new connection to the engine's resolver; what it throws ends the client's connection. */
  connect(): Socket;
  /** Bytes have come, from either side; false when no more are wanted. */
  received(bytes: number): boolean;
}

/**
 * Serves `client` (made with allowHalfOpen) until one side ends. One question is taken after the other, and none while
 * the client does not read its answers: then its further questions stay in the kernel's buffers, which are bounded.
 */
export class Conversation {
  private readonly queries = new Frames(MAX_QUERY);
  private engine: Socket | undefined;
  private awaited = 0;
  private readonly changes = new EventEmitter();

  constructor(
    private readonly client: Socket,
    private readonly host: Host,
  ) {
    client.setTimeout(IDLE_MS, () => this.destroy());
    for (const event of ['error', 'close']) client.on(event, () => this.destroy());
    client.on('drain', () => this.wake());
    this.serve().catch(() => this.destroy());
  }

  private destroy(): void {
    this.client.destroy();
    this.engine?.destroy();
    this.wake();
  }

  private async serve(): Promise<void> {
    // Half-closed clients still want what they have asked for: the end of questions must not destroy the socket.
    for await (const chunk of this.client.iterator({ destroyOnReturn: false })) {
      if (!this.host.received(chunk.length)) return this.destroy();
      for (const query of this.queries.push(chunk)) {
        const verdict = await this.host.decide(query);
        if (verdict.kind === 'reply') await this.write(verdict.bytes);
        else if (verdict.kind === 'forward') await this.forward(query);
        if (this.client.destroyed) return;
      }
    }
    await this.until(() => this.awaited === 0);
    this.client.end();
    this.engine?.end();
  }

  private async forward(query: Buffer): Promise<void> {
    await this.until(() => this.awaited < MAX_AWAITED);
    if (this.client.destroyed) return;
    this.engine ??= this.listenTo(this.host.connect());
    this.awaited++;
    this.engine.write(frame(query));
  }

  private listenTo(engine: Socket): Socket {
    engine.on('error', () => this.destroy());
    engine.on('close', () => {
      if (this.engine === engine) this.engine = undefined;
      // The engine hung up with answers owing: so do we, and the client asks again.
      if (this.awaited > 0) this.destroy();
    });
    this.passOn(engine).catch(() => this.destroy());
    return engine;
  }

  /** Whoever listens there may be a program of the container: what was not asked for ends the connection. */
  private async passOn(engine: Socket): Promise<void> {
    const answers = new Frames();
    for await (const chunk of engine) {
      if (!this.host.received(chunk.length)) return this.destroy();
      for (const answer of answers.push(chunk)) {
        if (this.awaited === 0) return this.destroy();
        await this.write(answer);
        this.awaited--;
        this.wake();
      }
    }
  }

  private async write(message: Buffer): Promise<void> {
    if (!this.client.write(frame(message))) await this.until(() => !this.client.writableNeedDrain);
  }

  private wake(): void {
    this.changes.emit('change');
  }

  /** Resolves when the condition holds, or the client is gone. */
  private async until(holds: () => boolean): Promise<void> {
    while (!holds() && !this.client.destroyed) await once(this.changes, 'change');
  }
}

/** A connection whose handshake was begun outside of Node. */
export function socketOf(fd: number): Socket {
  return new Socket({ fd, readable: true, writable: true });
}
