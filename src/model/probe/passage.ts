/** What probes have found out about the way to one host and back. Pure. */
import type { NodeAddress } from '../values/types.js';

/** Datagrams in one direction. */
export interface Tally {
  readonly sent: number;
  readonly arrived: number;
}

export interface Passage {
  readonly peer: NodeAddress;
  /** Milliseconds, between the agents of both hosts. */
  readonly roundTrip: { readonly min: number; readonly median: number; readonly max: number };
  readonly there: Tally;
  readonly back: Tally;
  /** Bytes of the largest packet inside the overlay that passes uncut, and the one that should. */
  readonly mtu: { readonly planned: number; readonly there: number; readonly back: number };
  /** Whether packets of the planned size pass where they may be cut on their way, as those of containers are. */
  readonly cut: boolean;
  /** Whether what has a checksum passes, which a card may reckon. */
  readonly checksum: { readonly there: boolean; readonly back: boolean };
  /** Whether what the card, or the kernel at last, cuts out of one large piece passes. */
  readonly segments: boolean;
}

/** Nothing came back at all. */
export interface Silence {
  readonly answered: false;
  readonly peer: NodeAddress;
  /** That host has probed this one meanwhile, and what it sent has arrived. */
  readonly heard?: boolean | undefined;
}

export type Probed = ({ readonly answered: true } & Passage) | Silence;
