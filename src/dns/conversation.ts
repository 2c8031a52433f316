/** One client's TCP connection: we answer what is ours, and pass the rest through to the engine's resolver. */
import { Socket } from 'node:net';
import { Frames, frame } from './frames.js';
import type { Verdict } from './message.js';

/** A connection without traffic for so long is closed, milliseconds. Longer than the engine takes for one answer. */
const IDLE_MS = 20_000;

/**
 * Serves `client` (made with allowHalfOpen) until one side ends. `connect` makes a connection to the engine's resolver
 * and is called at the first message that is not ours; what it throws ends the client's connection.
 */
export function converse(client: Socket, decide: (query: Buffer) => Verdict, connect: () => Socket): void {
  const queries = new Frames();
  let engine: Socket | undefined;
  let awaited = 0;
  let asking = true;

  const destroy = (): void => {
    client.destroy();
    engine?.destroy();
  };
  // Half-closed clients still want what they have asked for.
  const endIfDone = (): void => {
    if (asking || awaited > 0) return;
    client.end();
    engine?.end();
  };
  const forward = (query: Buffer): void => {
    engine ??= listenTo(connect());
    awaited++;
    engine.write(frame(query));
  };
  const listenTo = (socket: Socket): Socket => {
    const answers = new Frames();
    socket.on('data', (chunk: Buffer) => {
      for (const answer of answers.push(chunk)) {
        awaited--;
        client.write(frame(answer));
      }
      endIfDone();
    });
    return socket.on('error', destroy).on('close', () => {
      if (engine === socket) engine = undefined;
      // The engine hung up with answers owing: so do we, and the client asks again.
      if (awaited > 0) destroy();
    });
  };

  client.setTimeout(IDLE_MS, destroy);
  client.on('error', destroy);
  client.on('close', destroy);
  client.on('end', () => {
    asking = false;
    endIfDone();
  });
  client.on('data', (chunk: Buffer) => {
    try {
      for (const query of queries.push(chunk)) {
        const verdict = decide(query);
        if (verdict.kind === 'reply') client.write(frame(verdict.bytes));
        else if (verdict.kind === 'forward') forward(query);
      }
    } catch {
      destroy();
    }
  });
}

/** A connection whose handshake was begun outside of Node. */
export function socketOf(fd: number): Socket {
  return new Socket({ fd, readable: true, writable: true });
}
