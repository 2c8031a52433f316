/** Holding containers to their records (`tsoverlay.antispoof`): what each port may send, and what there is to do. Pure. */
import { familyOf, ipOf, parseIp } from '../values/address.js';
import { OPTION_ANTISPOOF } from '../values/names.js';
import type { Endpoint, Ip, Mac, Network } from '../values/types.js';
import type { PortPlan, Sender } from './namespace-plan.js';
import { type ObservedFilter, type ObservedNamespace, portLinks } from './observed.js';
import type { Draft } from './steps.js';

/** The engine gives two addresses, and a few of the link; rules grow with them, and a record may be forged. */
const MOST_ADDRESSES = 16;

export const isAntispoof = (options: Readonly<Record<string, string>>): boolean => options[OPTION_ANTISPOOF] === 'on';

/** What a port's plan says of its sender: nothing where the network lets containers send as they like. */
export const holding = (network: Network, endpoint: Endpoint): Pick<PortPlan, 'sender'> =>
  isAntispoof(network.options) ? { sender: senderOf(endpoint) } : {};

/** IPv6 needs a link-local address, and the kernel makes it of the MAC; no other than that, for it may be another's. */
function senderOf({ mac, addresses, linkLocal = [] }: Endpoint): Sender {
  const told = [...addresses.slice(0, MOST_ADDRESSES).map(ipOf), ...linkLocal].slice(0, MOST_ADDRESSES);
  const ip6 = told.filter((ip) => familyOf(ip) === 6);
  const all = [...told.filter((ip) => familyOf(ip) === 4), ...ip6, ...(ip6.length > 0 ? [linkLocalOf(mac)] : [])];
  return { mac, addresses: [...new Set(all)] };
}

/** `fe80::` and the modified EUI-64 of the MAC (RFC 4291, appendix A), canonical. */
export function linkLocalOf(mac: Mac): Ip {
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = mac.split(':').map((byte) => Number.parseInt(byte, 16));
  const words = [((a ^ 2) << 8) | b, (c << 8) | 0xff, 0xfe00 | d, (e << 8) | f];
  return parseIp(`fe80::${words.map((w) => w.toString(16)).join(':')}`);
}

/** For ports that are there: one that is made gets its filter with it. */
export function filterSteps(ports: readonly PortPlan[], { links, filters }: ObservedNamespace): readonly Draft[] {
  const byEndpoint = new Map<string, Sender | undefined>(ports.map((p) => [p.endpoint, p.sender]));
  const wanted = new Map(
    [...portLinks(links)].flatMap(([endpoint, { name }]) => {
      const sender = byEndpoint.get(endpoint);
      return sender === undefined ? [] : [[name, sender] as const];
    }),
  );
  const have = new Map(filters.map((f) => [f.link, f]));
  return [
    ...filters
      .filter((f) => !wanted.has(f.link))
      .map(({ link }): Draft => ({ kind: 'removeFilter', link, reason: 'not planned', prune: true })),
    ...[...wanted].flatMap(([link, sender]): Draft[] => {
      const reason = differs(have.get(link), sender);
      return reason === undefined ? [] : [{ kind: 'replaceFilter', link, sender, reason }];
    }),
  ];
}

function differs(filter: ObservedFilter | undefined, wanted: Sender): string | undefined {
  if (filter === undefined) return 'missing';
  if (filter.sender === undefined) return 'its rules differ';
  const [is, should] = [textOf(filter.sender), textOf(wanted)];
  return is === should ? undefined : `it holds to ${is}`;
}

const textOf = ({ mac, addresses }: Sender): string => [mac, ...addresses].join(' ');
