/** Which host is meant by what was typed: its address, name or id, or a container's name, address or id. Pure. */
import { UserError } from '../../errors.js';
import { ipPart } from '../../model/values/address.js';
import type { Endpoint, Node, NodeAddress } from '../../model/values/types.js';

export interface Target {
  readonly address: NodeAddress;
  readonly hostname: string;
  /** The container that was named; absent where a host was. */
  readonly container?: string;
}

interface Known {
  readonly nodes: readonly Node[];
  readonly endpoints: readonly Endpoint[];
}

/** Ids are known by their beginnings, as docker takes them; shorter ones are anybody's. */
const LEAST = 4;

/** Throws a UserError for what nobody has, or several hosts. */
export function targetOf(text: string, { nodes, endpoints }: Known): Target {
  const isIdOf = (id: string): boolean => text.length >= LEAST && id.startsWith(text);
  const hosts = nodes.filter((n) => n.address === text || n.hostname === text || isIdOf(n.id));
  const meant = endpoints.filter(
    (e) => e.names.includes(text) || isIdOf(e.container) || e.addresses.some((cidr) => ipPart(cidr) === text),
  );
  const found = hosts.length > 0 ? hosts : nodes.filter((n) => meant.some((e) => e.node === n.id));
  const [host, ...others] = found;
  if (host === undefined)
    throw new UserError(
      `"${text}" is no host and no container of the cluster; tsoverlay status names the hosts, and a container is known by its name, its address or the begin of its id`,
    );
  if (others.length > 0)
    throw new UserError(
      `"${text}" is on several hosts (${found.map((n) => `${n.hostname}, ${n.address}`).join('; ')}); name one of them`,
    );
  const { address, hostname } = host;
  return { address, hostname, ...(hosts.length > 0 ? {} : { container: text }) };
}
