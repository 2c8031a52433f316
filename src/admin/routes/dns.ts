/** `GET /v1/dns` */
import { canonical, hostPart } from '../../dns/answers/directory.js';
import { lookUp, type Zone } from '../../dns/answers/zone.js';
import type { Named } from '../../model/values/types.js';
import { type DnsAnswer, dnsExchange } from '../contract/dns.js';
import { answering } from './route.js';

export const dns = answering(dnsExchange, async (parts, { sandbox, name: asked }): Promise<DnsAnswer> => {
  const look = parts.sandboxes.zonesOf(sandbox);
  if (look === undefined) return { serving: 'no', zones: [], answers: null };
  const serving = (await parts.dns.ready(sandbox, 0)) ? 'yes' : 'not yet';
  // The engine tells of its container within a second, or never.
  await look();
  const zones = look();
  if (zones instanceof Promise) return { serving, zones: [], answers: null };
  const name = canonical(asked);
  const answers = lookUp(name, zones, () => true);
  return { serving, zones: zones.map((zone) => told(zone, name)), answers: answers ? addressesOf(answers) : null };
});

function told(zone: Zone, name: string): DnsAnswer['zones'][number] {
  const { network, links, directory } = zone;
  const suffix = `.${canonical(network)}`;
  const bare = network !== '' && name.endsWith(suffix) ? name.slice(0, -suffix.length) : name;
  const linked = links?.get(name) ?? links?.get(bare);
  const bearers =
    linked === undefined
      ? [...directory.named(name), ...(bare === name ? [] : directory.named(bare))]
      : directory.named(linked);
  return { network, ...(linked === undefined ? {} : { linked }), addresses: addressesOf(bearers) };
}

const addressesOf = (all: readonly Named[]): readonly string[] => [
  ...new Set(all.flatMap((e) => e.addresses.map(hostPart))),
];
