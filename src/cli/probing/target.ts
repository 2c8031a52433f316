/** Which host is meant by what was typed: its address, name or id, or a container's. Pure. */
import { UserError } from '../../errors.js';
import { isEncrypted } from '../../model/plan/underlay.js';
import { isIp, parseIp } from '../../model/values/address.js';
import type { NodeAddress } from '../../model/values/types.js';
import { isCalled, type Known, oneMeantBy, placesAt, placesOf } from '../reading/containers.js';

export interface Target {
  readonly address: NodeAddress;
  readonly hostname: string;
  /** The container that was named; absent where a host was. */
  readonly container?: string;
  /** Names of its networks that are encrypted: what is sent there goes another way than a probe. */
  readonly encrypted: readonly string[];
}

/** Shorter beginnings of a node's id are anybody's. */
const LEAST = 4;

/** Throws a UserError for what nobody has, or several hosts. */
export function targetOf(text: string, known: Known): Target {
  const { nodes } = known;
  const wanted = text.toLowerCase();
  const ip = isIp(text) ? parseIp(text) : undefined;
  const isIdOf = (id: string): boolean => wanted.length >= LEAST && id.startsWith(wanted);
  const named = nodes.filter((n) => (ip === undefined ? n.hostname.toLowerCase() === wanted : n.address === ip));
  const all = placesOf(known, () => true);
  const meant = ip === undefined ? oneMeantBy(all, text) : placesAt(all, ip);
  const isName = meant.some((place) => isCalled(place, text));
  const hosts = named.length > 0 || isName ? named : nodes.filter((n) => isIdOf(n.id));
  const found = hosts.length > 0 ? hosts : nodes.filter((n) => meant.some(({ endpoint }) => endpoint.node === n.id));
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
  if (hosts.length > 0) return { address, hostname, encrypted: [] };
  const secret = meant.map(({ network }) => network).filter(({ options }) => isEncrypted(options));
  const encrypted = [...new Set(secret.map(({ id, announced }) => announced?.name ?? id.slice(0, 12)))];
  return { address, hostname, container: text, encrypted };
}
