import { check } from '../../check.js';
import type { Surroundings } from '../../surroundings.js';

export const masquerading = check({
  code: 'engine.masquerading',
  about: 'whether docker_gwbridge makes what containers send look like the host’s',
  harm: 'containers get no answer from outside, unless the network there has a route to docker_gwbridge',
  cure: 'stop the containers that are on it, docker network rm docker_gwbridge, and start them again: it is made anew, with masquerading',
  look: async ({ engine }: Pick<Surroundings, 'engine'>): Promise<boolean | undefined> => (await engine()).masquerades,
  judge: (masquerades) =>
    masquerades === false
      ? [{ what: 'docker_gwbridge was made with com.docker.network.bridge.enable_ip_masquerade=false' }]
      : [],
});
