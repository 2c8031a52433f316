import { check } from '../../check.js';
import type { ConnectionsLook } from '../../looks/connections.js';
import type { Surroundings } from '../../surroundings.js';

const FULL = 0.8;
/** Consul's of `limits.http_max_conns_per_client`. */
const DEFAULT = 200;

export const connections = check({
  code: 'store.connections',
  about: "the connections of this host's programs to Consul, of which one address may have only so many",
  harm: 'Consul cuts those beyond that: containers start slowly or not at all, and changes of other hosts are known late',
  cure: 'ss -tnp dst ADDRESS says which program has them (tsoverlay needs some forty at most); end that, or raise http_max_conns_per_client in the limits of that server. Where it is raised, agent_prefix "" { policy = "read" } in the policy of the token has it told',
  look: ({ connections: ask }: Pick<Surroundings, 'connections'>): Promise<readonly ConnectionsLook[]> => ask(),
  judge: (servers) =>
    servers
      .filter(({ open, most = DEFAULT }) => open >= most * FULL)
      .map(({ address, open, most }) => ({
        what: `this host has ${open} connections to Consul at ${address}${most === undefined ? `; Consul's default is ${DEFAULT}, and it does not tell our token its own` : `, and may have ${most}`}`,
      })),
});
