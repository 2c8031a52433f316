/**
 * What never changes in a record while its key stands. We write networks and endpoints once; later on their name, their
 * labels, what the engine tells. A record whose addresses or owner became others was not written by us.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Endpoint, Network } from '../../model/values/types.js';

/** The `--ip-range` comes with the announcement. */
const lastingOfNetwork = ({ subnets, mtu, internal, ipv6, options, ipam, creator }: Network) => ({
  ...{ mtu, internal, ipv6, options, ipam, creator },
  subnets: subnets.map(({ range: _, ...rest }) => rest),
});

const lastingOfEndpoint = ({ node, addresses, mac }: Endpoint) => ({ node, addresses, mac });

/** True when `after` may follow `before` under the same key; one that was made anew may be anything. */
export const isSameNetwork = (before: Network, after: Network): boolean =>
  before.born !== after.born || isDeepStrictEqual(lastingOfNetwork(before), lastingOfNetwork(after));

export const isSameEndpoint = (before: Endpoint, after: Endpoint): boolean =>
  before.born !== after.born || isDeepStrictEqual(lastingOfEndpoint(before), lastingOfEndpoint(after));

/** False for a network that its host is about to announce, or to remove. */
export const isSettled = ({ announced, deleting }: Network): boolean => announced !== undefined && !deleting;
