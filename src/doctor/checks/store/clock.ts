import { check } from '../../check.js';
import type { ServerLook } from '../../looks/consul.js';
import type { Surroundings } from '../../surroundings.js';

/** Consul tells whole seconds, and may take one to answer, s. */
const MOST_S = 5;

export const clock = check({
  code: 'store.clock',
  about: "this host's clock before those of Consul's servers",
  harm: 'times of different hosts in logs and records cannot be compared, and certificates may not be valid yet, or any more',
  cure: 'keep the clocks by NTP on all hosts: timedatectl set-ntp true, chronyc tracking',
  look: ({ consul }: Pick<Surroundings, 'consul'>): Promise<readonly ServerLook[]> => consul(),
  judge: (servers) =>
    servers.flatMap(({ address, ahead }) =>
      ahead === undefined || Math.abs(ahead) <= MOST_S
        ? []
        : [
            {
              what: `the clock of this host is ${Math.abs(ahead)} s ${ahead > 0 ? 'behind' : 'before'} that of Consul at ${address}`,
            },
          ],
    ),
});
