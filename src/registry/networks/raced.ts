import { StoreError } from '../../errors.js';

/** Of two hosts that change a network at once, the slower one reads all anew. */
export const raced = (): StoreError =>
  new StoreError('another host changed the same network, or made one, at the same moment', true);
