/**
 * Consul leaves out of a list, without a word, what the token may not read; who asks for one key is told. Rejects with a
 * StoreError when the token may not read what is in this folder.
 */
import type { Store } from '../model/ports/ports.js';

export async function assertReadable(store: Pick<Store, 'get'>, folder: string): Promise<void> {
  // There is no such key: what counts is that it says so.
  await store.get(`${folder}-`);
}
