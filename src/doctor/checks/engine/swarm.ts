import { check } from '../../check.js';
import type { Surroundings } from '../../surroundings.js';

export interface SwarmFacts {
  readonly isManager: boolean;
  readonly scope: Surroundings['scope'];
}

export const swarm = check({
  code: 'engine.swarm',
  about: 'whether the engine is a swarm manager while SCOPE is global',
  harm: 'docker network create -d tsoverlay is refused, for a manager makes networks of scope global for the swarm alone',
  cure: 'set SCOPE=auto or SCOPE=local, or have the engine leave the swarm (docker swarm leave)',
  look: async ({ engine, scope }: Pick<Surroundings, 'engine' | 'scope'>): Promise<SwarmFacts> => ({
    isManager: (await engine()).isSwarmManager,
    scope,
  }),
  judge: ({ isManager, scope }) =>
    isManager && scope === 'global' ? [{ what: 'the engine is a swarm manager, and SCOPE is global' }] : [],
});
