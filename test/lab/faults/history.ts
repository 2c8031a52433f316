/** All that a run did and saw, one JSON line each, in order of writing. */
import { createWriteStream, mkdirSync, type WriteStream } from 'node:fs';
import { dirname } from 'node:path';

/** A container's place on a network as the engine of its host tells it, while the container runs. */
export interface Holding {
  readonly host: number;
  readonly container: string;
  readonly network: string;
  readonly address: string;
  /** The engine's id of this place; each start of a container makes a new one. */
  readonly endpoint: string;
}

export type Event =
  /** Sent off; `ok` and `words` come with its end. */
  | { readonly kind: 'call'; readonly id: number; readonly host: number; readonly line: string }
  | { readonly kind: 'return'; readonly id: number; readonly ok: boolean; readonly words: string }
  | { readonly kind: 'fault'; readonly host: number; readonly what: string; readonly phase: 'begin' | 'end' }
  /** One look at one host's engine, begun at `began`: all that lives there. Without an answer there is no look. */
  | { readonly kind: 'look'; readonly host: number; readonly began: number; readonly holdings: readonly Holding[] };

export type Timed = Event & { readonly at: number };

export class History {
  readonly events: Timed[] = [];
  private readonly start = performance.now();
  private readonly out: WriteStream;

  constructor(readonly file: string) {
    mkdirSync(dirname(file), { recursive: true });
    this.out = createWriteStream(file);
  }

  /** Milliseconds since the beginning. */
  now(): number {
    return Math.round(performance.now() - this.start);
  }

  add(event: Event): void {
    const timed: Timed = { at: this.now(), ...event };
    this.events.push(timed);
    this.out.write(`${JSON.stringify(timed)}\n`);
  }

  async close(): Promise<void> {
    await new Promise((resolve) => this.out.end(resolve));
  }
}
