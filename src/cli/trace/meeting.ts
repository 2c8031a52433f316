/** On which of its networks a container meets another one, and whom there. Pure. */
import { UserError } from '../../errors.js';
import { ipPart, isIp, parseIp } from '../../model/values/address.js';
import type { Endpoint, Ip } from '../../model/values/types.js';
import { isCalled, meantBy, type Place, placesAt } from '../reading/containers.js';

export interface Meeting {
  readonly place: Place;
  readonly target: Endpoint;
  /** The target is called so, and was not found by an address or an id: DNS knows it. */
  readonly isByName: boolean;
}

/**
 * All whom `to` may mean on the networks of these places, in their order. Throws a UserError for nobody.
 */
export function meetingsOf(endpoints: readonly Endpoint[], own: readonly Place[], to: string): readonly Meeting[] {
  const there = own.flatMap(({ network }) =>
    endpoints.filter((e) => e.network === network.id).map((endpoint) => ({ endpoint, network })),
  );
  const ip = isIp(to) ? parseIp(to) : undefined;
  const meant = ip === undefined ? meantBy(there, to) : placesAt(there, ip);
  const found = own.flatMap((place) => {
    const targets = meant.filter(({ network }) => network.id === place.network.id);
    const isSelf = ({ endpoint: { id } }: Place) => id === place.endpoint.id;
    // Of two that claim one address, the one that others may take it from.
    const others = [...targets.filter((t) => !isSelf(t)), ...targets.filter(isSelf)];
    return others.map((target) => ({
      ...{ place, target: target.endpoint },
      isByName: ip === undefined && isCalled(target, to),
    }));
  });
  if (found.length > 0) return found;
  const networks = own.map(({ network }) => network.announced?.name ?? network.id.slice(0, 12)).join(', ');
  throw new UserError(
    `nobody is called "${to}" on ${networks}, the networks of that container; tsoverlay dns shows what it would be answered`,
  );
}

export interface Chosen extends Meeting {
  readonly ip: Ip;
}

/**
 * Where a packet goes: to one at an address that the container was answered, for of two networks that have the name the
 * engine asks one first, and its order is in no record. Without such an answer to the first.
 */
export function chosenOf(meetings: readonly Meeting[], to: string, answers: readonly string[]): Chosen {
  const told = meetings.flatMap((meeting) => {
    const ip = meeting.isByName ? addressesOf(meeting.target).find((a) => answers.includes(a)) : undefined;
    return ip === undefined ? [] : [{ ...meeting, ip }];
  });
  if (told[0] !== undefined) return told[0];
  const [first] = meetings;
  if (first === undefined) throw new Error(`nobody is called "${to}"`);
  return { ...first, ip: isIp(to) ? parseIp(to) : (addressesOf(first.target)[0] ?? fail(first.target)) };
}

const addressesOf = ({ addresses }: Endpoint): readonly Ip[] => addresses.map(ipPart);
const fail = ({ id }: Endpoint): never => {
  throw new Error(`endpoint ${id} has no address`);
};
