/** What is asked of a store after its end. */
import { StoreError } from '../errors.js';

/** `what`: the store, for a sentence. */
export const closedError = (what: string): StoreError => new StoreError(`${what} is not used any more`, false);
