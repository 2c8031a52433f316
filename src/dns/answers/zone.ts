/** What a container can look up: the endpoints of one of its networks, and how to find one by name or by address. */
import ipaddr from 'ipaddr.js';
import type { Named } from '../../model/values/types.js';
import { canonical, type Directory } from './directory.js';
import { encodeName } from './rdata.js';

export interface Zone {
  /** The network's announced name; '' if unknown yet, then only bare names match. */
  readonly network: string;
  readonly directory: Directory;
  /** Whom the container's links lead to, by alias; both canonical. */
  readonly links?: ReadonlyMap<string, string>;
  /** Engines before 28: a question for AAAA goes on to the next network when a name has none here. */
  readonly passesOn?: boolean;
}

/** What a container can look up right now, its networks in the engine's order; a promise until that is known. */
export type Zones = () => readonly Zone[] | Promise<unknown>;

/** What the engine ranks a container's networks by. */
export interface Rank {
  /** `gw-priority`; 0 on engines before 28. */
  readonly priority: number;
  readonly internal: boolean;
  /** Address families in which it is a way out; a network of ours is none, docker_gwbridge is. */
  readonly gateways: number;
  readonly name: string;
}

/** The order in which the engine's resolver asks a container's networks (moby `libnetwork`, `Endpoint.Less`), 20.10 to 29 alike. */
export const inOrder = (a: Rank, b: Rank): number =>
  b.priority - a.priority ||
  Number(a.internal) - Number(b.internal) ||
  b.gateways - a.gateways ||
  compareBytes(a.name, b.name);

/** As Go compares strings. */
const compareBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

type Wanted = (endpoint: Named) => boolean;

interface Question {
  readonly zone: Zone;
  /** Canonical. */
  readonly name: string;
}

/**
 * The endpoints of `name` (canonical), or undefined when no zone has it. As the engine does it: bare names of all
 * zones go before `name.network`, links before names, the first zone that has the name wins, zones are not merged.
 * `isIt`: who has what was asked for.
 */
export function lookUp(name: string, zones: readonly Zone[], isIt: Wanted): readonly Named[] | undefined {
  if (name === '') return undefined;
  const bare = zones.map((zone) => ({ zone, name }));
  const qualified = zones.flatMap((zone) => {
    const suffix = `.${canonical(zone.network)}`;
    const isOfZone = suffix.length > 1 && name.length > suffix.length && name.endsWith(suffix);
    return isOfZone ? [{ zone, name: name.slice(0, -suffix.length) }] : [];
  });
  // The shortest network name first.
  const lengths = [...new Set(qualified.map((question) => question.name.length))].sort((a, b) => b - a);
  const rounds = [bare, ...lengths.map((length) => qualified.filter((question) => question.name.length === length))];
  for (const round of rounds) {
    const found = first(round, isIt);
    if (found) return found;
  }
  return undefined;
}

/** A link hides who is really called so, also while nobody has the name that it leads to. */
function first(questions: readonly Question[], isIt: Wanted): readonly Named[] | undefined {
  const linked = questions.flatMap(({ zone, name }) => {
    const to = zone.links?.get(name);
    return to === undefined ? [] : [{ zone, name: to }];
  });
  const named = questions.filter(({ zone, name }) => zone.links?.has(name) !== true);
  return answering(linked, isIt) ?? answering(named, isIt);
}

function answering(questions: readonly Question[], isIt: Wanted): readonly Named[] | undefined {
  let without: readonly Named[] | undefined;
  for (const { zone, name } of questions) {
    const found = within(zone, name);
    if (found && (zone.passesOn !== true || found.some(isIt))) return found;
    without ??= found;
  }
  return without;
}

/**
 * `name.network` of the endpoint that has this address, on the wire; undefined when nobody has it, or nothing is known
 * of its name yet. `address`: canonical text. The container's own name, or the first of its names that fits into DNS;
 * without the network when that does not fit with any of them. `none fits` is ours to say: the engine would put into
 * the packet what DNS cannot carry.
 */
export function nameOf(address: string, zones: readonly Zone[]): Buffer | 'none fits' | undefined {
  for (const { network, directory } of zones)
    for (const endpoint of directory.at(address)) if (endpoint.names.length > 0) return fitting(network, endpoint);
  return undefined;
}

interface Fitting {
  readonly network: string;
  readonly name: Buffer | 'none fits';
}

/** An endpoint may have any number of names that do not fit: looked for once. */
const found = new WeakMap<Named, Fitting>();

function fitting(network: string, endpoint: Named): Fitting['name'] {
  const known = found.get(endpoint);
  if (known?.network === network) return known.name;
  const suffixes = network === '' ? [''] : [`.${network}`, ''];
  const name = firstThatFits(suffixes.flatMap((suffix) => endpoint.names.map((own) => `${own}${suffix}`)));
  found.set(endpoint, { network, name });
  return name;
}

function firstThatFits(names: readonly string[]): Fitting['name'] {
  for (const name of names) {
    const encoded = encodeName(name);
    if (encoded) return encoded;
  }
  return 'none fits';
}

/** The address that a reverse name (RFC 1035 section 3.5, RFC 3596 section 2.5) asks for; undefined for all else. */
export function reversedAddress(name: string): string | undefined {
  if (!name.endsWith('.arpa')) return undefined;
  const labels = name.split('.');
  const [family] = labels.splice(-2);
  const digits = labels.reverse();
  if (family === 'in-addr' && digits.length === 4 && digits.every((d) => /^(0|[1-9][0-9]{0,2})$/.test(d))) {
    return parsed(digits.join('.'));
  }
  if (family === 'ip6' && digits.length === 32 && digits.every((d) => /^[0-9a-f]$/.test(d))) {
    return parsed(digits.join('').replace(/(.{4})(?!$)/g, '$1:'));
  }
  return undefined;
}

function within({ directory }: Zone, name: string): readonly Named[] | undefined {
  const found = directory.named(name);
  return found.length > 0 ? found : undefined;
}

function parsed(address: string): string | undefined {
  return ipaddr.isValid(address) ? ipaddr.parse(address).toString() : undefined;
}
