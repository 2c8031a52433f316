/** Which containers of a host are asked for names, and for which. Pure. */
import { familyOf } from '../model/values/address.js';
import type { Endpoint, NetworkId, NodeId } from '../model/values/types.js';
import type { ContainerLook } from './looks/names.js';
import type { ClusterLook, RowLook } from './surroundings.js';

/**
 * The containers of a host, each with a name that there is on one of its networks: of another host's container where there
 * is one, for the engine knows only its own. `troubled`: namespaces whose names a row tells of already.
 */
export function containersOf(
  { nodes, endpoints }: Pick<ClusterLook, 'endpoints' | 'nodes'>,
  self: NodeId,
  sandboxOf: (endpoint: Endpoint) => string | undefined,
  rows: readonly RowLook[],
): readonly ContainerLook[] {
  const troubled = new Set(rows.filter(({ code }) => code.startsWith('dns.')).map(({ subject }) => subject));
  const living = new Set(nodes.filter(({ alive }) => alive).map(({ id }) => id));
  const others = new Map<NetworkId, Endpoint>();
  for (const e of endpoints)
    if (e.node !== self && living.has(e.node) && !others.has(e.network) && dnsName(e) !== undefined)
      others.set(e.network, e);
  const found = new Map<string, ContainerLook>();
  for (const e of endpoints) {
    const sandbox = e.node === self ? sandboxOf(e) : undefined;
    if (sandbox === undefined || troubled.has(sandbox)) continue;
    const asked = others.get(e.network) ?? e;
    const name = dnsName(asked);
    const type = asked.addresses.some((a) => familyOf(a) === 4) ? 'A' : 'AAAA';
    if (!found.has(sandbox) || others.has(e.network))
      found.set(sandbox, {
        name: e.names[0] ?? e.id.slice(0, 12),
        sandbox,
        known: name === undefined ? undefined : { name, type },
      });
  }
  return [...found.values()];
}

const dnsName = ({ names }: Endpoint): string | undefined => names.find((name) => /^[a-z0-9_-]{1,63}$/i.test(name));
