/** Looks at who has which address; once more where something seems wrong. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Readable } from '../../store/data-dir/remembered.js';
import { confirmed, type Holding, holdingsIn, isWrong, type Records } from './holders.js';
import { readRecords } from './reading.js';

/** What somebody is taking down is half there for milliseconds, ms. */
const AGAIN_MS = 1_000;

export interface Looked {
  readonly records: Records;
  readonly holdings: readonly Holding[];
}

/** What is wrong has been so for a second. */
export async function lookAtAddresses(store: Readable, now = Date.now, pauseMs = AGAIN_MS): Promise<Looked> {
  const look = async (): Promise<Looked> => {
    const records = await readRecords(store);
    return { records, holdings: holdingsIn(records, now()) };
  };
  const first = await look();
  if (!first.holdings.some(isWrong)) return first;
  await sleep(pauseMs);
  const second = await look();
  return { ...second, holdings: confirmed(first.holdings, second.holdings) };
}
