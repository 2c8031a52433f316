/** Tells of what is wrong with records without flooding whoever listens. */
import type { Report } from './records.js';

/** Lines within {@link PERIOD_MS}: enough to see what is going on, whatever somebody pours into the store. */
const MOST_LINES = 100;
const PERIOD_MS = 600_000;
const SUMMARY_MS = 60_000;

/**
 * Passes each key's problem on once per index, of many keys the first ones; `more` is told a little later how many
 * others there were.
 */
export function reportOnce(
  report: (key: string, reason: string) => void,
  more: (count: number) => void = () => {},
): Report {
  const told = new Map<string, number>();
  let since = performance.now();
  let lines = 0;
  let untold = 0;
  const sum = () => {
    more(untold);
    untold = 0;
  };
  return (key, reason, index) => {
    if (performance.now() - since > PERIOD_MS) {
      told.clear();
      lines = 0;
      since = performance.now();
    }
    if (told.get(key) === index) return;
    if (lines < MOST_LINES) {
      lines++;
      told.set(key, index);
      report(key, reason);
      return;
    }
    if (untold++ === 0) setTimeout(sum, SUMMARY_MS).unref();
  };
}
