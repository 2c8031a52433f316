import { check } from '../../check.js';
import type { ServerLook } from '../../looks/consul.js';
import type { Surroundings } from '../../surroundings.js';

export const rights = check({
  code: 'store.rights',
  about:
    'what the token may do: each right is tried by a write that changes nothing, and by a session that ends at once',
  harm: 'what the token may not write fails: containers that start, networks that are made, or this host is away for the others',
  cure: 'give the policy of the token key_prefix "PREFIX/" { policy = "write" } and session_prefix "" { policy = "write" } (docs/plugin.md has it whole)',
  look: ({ consul }: Pick<Surroundings, 'consul'>): Promise<readonly ServerLook[]> => consul(),
  judge: (servers) =>
    servers
      .filter(({ denied }) => denied.length > 0)
      .map(({ address, denied }) => ({
        what: `the token may not write ${denied.slice(0, MOST_NAMED).join(', ')}${denied.length > MOST_NAMED ? ` and ${denied.length - MOST_NAMED} more` : ''}, as Consul at ${address} says`,
      })),
});

const MOST_NAMED = 4;
