/**
 * What names, ids and paths may look like in records: all that we write, and no more. Whoever writes a record asks
 * here first, so that nothing is written that nobody could read.
 */
import { isPlainText, isPrintable, shown } from './printable.js';
import type { EndpointId, Lookup, NetworkId, NodeId } from './types.js';

/** How much there may be of everything that a record lists. */
export const MOST = {
  /** UTF-16 units of a record's JSON. */
  record: 256 * 1024,
  routes: 512,
  gwbridge: 64,
  /** WireGuard keys of a host. */
  keys: 2,
  subnets: 32,
  /** Auxiliary addresses of a subnet. */
  aux: 256,
  options: 64,
  labels: 256,
  /** Further addresses of an endpoint (`--link-local-ip`). */
  linkLocal: 64,
  /** DNS names of an endpoint. */
  names: 128,
  /** Links of an endpoint. */
  links: 1024,
  /** Hosts with endpoints in one network. */
  owners: 4096,
} as const;

/** The smallest that IPv4 allows (RFC 791) and the largest of an Ethernet device, bytes. */
export const MTU_RANGE = { min: 68, max: 65_535 } as const;

/** A network's MTU is the underlay's: VXLAN's overhead must fit. */
export const NETWORK_MTU_RANGE = { min: MTU_RANGE.min + 50, max: MTU_RANGE.max } as const;

/** Of a network, an endpoint or a container. */
export const isId = (text: string): boolean => /^[0-9a-f]{64}$/.test(text);
export const isNetworkId = (text: string): text is NetworkId => isId(text);
export const isEndpointId = (text: string): text is EndpointId => isId(text);

/** Whatever a cluster is called by: a UUID. */
export const isClusterId = (text: string): boolean => /^[0-9a-zA-Z-]{1,64}$/.test(text);

/** UDP. */
export const PORT_RANGE = { min: 1, max: 65_535 } as const;

/** Of tsoverlay, as package.json has it (semver.org). */
export const isRelease = (text: string): boolean => /^[0-9][0-9A-Za-z.+-]{0,63}$/.test(text);

/** Of a host. */
export const isNodeId = (text: string): text is NodeId => /^[0-9a-f]{16}$/.test(text);

/** Half of a SHA-256. */
export const isFingerprint = (text: string): boolean => /^[0-9a-f]{32}$/.test(text);

/** 32 bytes in base64, the one way to write them: the last digit before the padding carries four bits. */
export const isPublicKey = (text: string): boolean => /^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/.test(text);

/** RFC 1123 gives names 253 bytes; hosts have all kinds of names, but none with a gap. */
export const isHostname = (text: string): boolean =>
  isPrintable(text, 253) && Buffer.byteLength(text) <= 253 && !/\s/.test(text);

/** A host's name as its record has it: the kernel takes any bytes as one. */
export function hostnameOf(name: string): string {
  const readable = shown(name).replace(/\s/g, '_').slice(0, 64);
  return isHostname(readable) ? readable : 'unnamed';
}

/** Engines have networks of these names, and would take another one for theirs. */
const ENGINES_OWN = new Set(['bridge', 'host', 'none', 'default', 'nat', 'ingress', 'docker_gwbridge']);

/** A network's name: engines take nearly everything. */
export const isNetworkName = (name: string): boolean =>
  isPrintable(name, 255) && name.trim() !== '' && !ENGINES_OWN.has(name);

/** A name that a container is asked for by: no longer than DNS can carry (RFC 1035 section 2.3.4). */
export const isEndpointName = (name: string): boolean => isPrintable(name, 253) && Buffer.byteLength(name) <= 253;

/** Of a host's own memory. */
export const isSoundLookup = ({ links, priority = 0 }: Lookup): boolean =>
  Number.isSafeInteger(priority) &&
  links.length <= MOST.links &&
  links.every(({ alias, name }) => isEndpointName(alias) && isEndpointName(name));

/** Where engines put the namespaces of containers: the first 12 digits of the sandbox's id, on 20.10 to 29 alike. */
export const isSandboxPath = (path: string): boolean => /^(?:\/var)?\/run\/docker\/netns\/[0-9a-f]{12,64}$/.test(path);

/** One card's own address: not that of a group, and not none. */
export const isCardsMac = (text: string): boolean =>
  /^[0-9a-f][02468ace](?::[0-9a-f]{2}){5}$/.test(text) && text !== '00:00:00:00:00:00';

/** A label as people type it; values may have several lines. `__proto__` would be lost on the way. */
export const isLabel = (key: string, value: string): boolean =>
  key !== '__proto__' && isPrintable(key, 512) && isPlainText(value, 4096);
