/** The engine's events for as long as we live, over however many connections. */
import { setTimeout as sleep } from 'node:timers/promises';
import type Docker from 'dockerode';
import { messageOf } from '../errors.js';
import type { Reason } from '../health/entry.js';
import type { RowPort } from '../health/row.js';
import type { EngineEvent } from '../model/ports/engine-port.js';
import { parseEvent } from './event.js';

const RECONNECT_MS = 500;

export interface EventStream {
  /** Without a time-out: events may be far apart. */
  readonly docker: Pick<Docker, 'getEvents'>;
  readonly onEvent: (event: EngineEvent) => void;
  /** Told at each (re)connection. */
  readonly onConnect: () => void;
  /** Of whether the engine answers. */
  readonly row: RowPort<Reason>;
  readonly signal: AbortSignal;
}

/** The engine may be stopped, booting (its socket takes connections but does not answer) or restarting: for ever. */
export async function followEvents({ docker, onEvent, onConnect, row, signal }: EventStream): Promise<void> {
  while (!signal.aborted) {
    try {
      const stream = await docker.getEvents({ filters: { type: ['network', 'container'] }, abortSignal: signal });
      row.ok();
      onConnect();
      await readLines(stream, (line) => {
        const event = parseEvent(line);
        if (event !== undefined) onEvent(event);
      });
    } catch (e) {
      if (!signal.aborted) row.failing({ reason: messageOf(e) });
    }
    await sleep(RECONNECT_MS, undefined, { ref: false });
  }
}

async function readLines(stream: NodeJS.ReadableStream, onLine: (line: string) => void): Promise<void> {
  let rest = '';
  for await (const chunk of stream) {
    const lines = (rest + String(chunk)).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line !== '') onLine(line);
  }
}
