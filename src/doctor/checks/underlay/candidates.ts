import { check } from '../../check.js';
import type { Surroundings } from '../../surroundings.js';

export interface CandidateFacts {
  /** CLUSTER_ADVERTISE as it was typed. */
  readonly asked: string;
  readonly chosen: string;
  /** Addresses of this host that others may reach it at. */
  readonly candidates: readonly string[];
}

export const candidates = check({
  code: 'underlay.candidates',
  about: "this host's address for the others, where nobody named it",
  harm: 'after a boot this host may choose another one, at which the others do not reach it',
  cure: 'name the address or its interface in CLUSTER_ADVERTISE',
  look: ({ self, advertise }: Pick<Surroundings, 'advertise' | 'self'>): CandidateFacts => ({
    ...advertise,
    chosen: self,
  }),
  judge: ({ asked, chosen, candidates: all }) =>
    asked !== '' || all.length < 2
      ? []
      : [{ what: `CLUSTER_ADVERTISE is empty, and this host has ${all.join(', ')}; ${chosen} was chosen` }],
});
