/** All codes of status rows: what each is about, what it says, what brings it about and what to do. */
import { ACCELERATION, type AccelerationCodes } from './catalogue/acceleration.js';
import { HOST, type HostCodes } from './catalogue/host.js';
import { NODE, type NodeCodes } from './catalogue/node.js';
import { STORE, type StoreCodes } from './catalogue/store.js';
import type { Entries } from './entry.js';

/** Code to its arguments. A new code goes into the interface of its part, and the compiler asks for the rest. */
export interface CodeArgs extends StoreCodes, NodeCodes, HostCodes, AccelerationCodes {}

export type Code = keyof CodeArgs;

export const CATALOGUE: Entries<CodeArgs> = { ...STORE, ...NODE, ...HOST, ...ACCELERATION };
