/** The engine's calls to the plugin, as the plugin's log tells them. Pure. */
import { type Summary, summarise } from '../statistics.js';

export interface Call {
  /** Without `NetworkDriver.` or `IpamDriver.`. */
  readonly method: string;
  readonly ms: number;
}

/** Milliseconds. */
export interface CallTable {
  readonly methods: readonly (Summary & { readonly method: string })[];
  /** Of all calls that one attach waits for. */
  readonly attach: Summary;
  readonly detach: Summary;
}

/** In the engine's order. */
export const ATTACH = ['RequestAddress', 'CreateEndpoint', 'Join'] as const;
export const DETACH = ['Leave', 'DeleteEndpoint', 'ReleaseAddress'] as const;

/** Lines that are not of a call that went well are skipped; so is a last one that is not whole. */
export function parseCalls(log: string): readonly Call[] {
  return log.split('\n').flatMap((line) => {
    if (!line.includes('"driver call"')) return [];
    try {
      const { call, ms } = JSON.parse(line) as { call: string; ms: number };
      return [{ method: call.slice(call.indexOf('.') + 1), ms }];
    } catch {
      return [];
    }
  });
}

export function tabulate(calls: readonly Call[]): CallTable {
  const methods = [...ATTACH, ...DETACH].map((method) => ({
    method,
    ...summarise(calls.filter((c) => c.method === method).map((c) => c.ms)),
  }));
  return { methods, attach: summarise(sums(calls, ATTACH)), detach: summarise(sums(calls, DETACH)) };
}

/** Milliseconds of each run of calls that is `sequence`, other methods in between left out. One attach at a time. */
export function sums(calls: readonly Call[], sequence: readonly string[]): readonly number[] {
  const relevant = calls.filter((c) => sequence.includes(c.method));
  return relevant.flatMap((_, start) => {
    const run = relevant.slice(start, start + sequence.length);
    const whole = run.length === sequence.length && run.every((c, i) => c.method === sequence[i]);
    return whole ? [run.reduce((sum, c) => sum + c.ms, 0)] : [];
  });
}
