/** What may stand in the kernel under a name of ours. */

/** Nothing of the sort: what an earlier setting made goes. */
export const OFF = 'off';
export type Off = typeof OFF;

/**
 * What stands in the kernel under a name of ours. Undefined: nothing. `other`: something, but not as this process has
 * made it; it cannot be told from what an older release would make.
 */
export type Standing<T> = T | 'other' | undefined;
