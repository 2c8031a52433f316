/** Which devices of the host have a program of ours. */
import { isLaneEnd } from '../../model/values/names.js';
import { listLinks } from '../links/links.js';
import type { Rtnetlink } from '../netlink/rtnetlink.js';
import { type Hook, hooked, isOurs, listPlaces } from './hooks.js';

/** Of whatever release of ours, by the names of the devices. `host`: a socket in the host's namespace. */
export async function hooksOnHost(host: Rtnetlink): Promise<ReadonlyMap<string, Hook>> {
  const found = new Map<string, Hook>();
  const places = await listPlaces(host);
  const names = new Map((places.length === 0 ? [] : await listLinks(host)).map((l) => [l.index, l.name]));
  for (const { link } of places) {
    const name = names.get(link);
    if (name === undefined || isLaneEnd(name)) continue;
    const filter = await hooked(host, { link });
    if (filter !== undefined && isOurs(filter.name, 'arrive')) found.set(name, filter);
  }
  return found;
}
