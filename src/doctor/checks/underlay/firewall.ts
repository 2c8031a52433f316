import { UserError } from '../../../errors.js';
import { check, type Trouble } from '../../check.js';
import type { Dropped, FirewallLook } from '../../looks/firewall.js';
import type { Surroundings } from '../../surroundings.js';
import { answersOf } from './answers.js';

export interface FirewallFacts extends FirewallLook {
  readonly port: number;
  /** Whether each host that was probed has answered; undefined where nobody could be probed. */
  readonly answered: ReadonlyMap<string, boolean> | undefined;
}

export const firewall = check({
  code: 'underlay.firewall',
  about:
    'whether rules of this host (nft, iptables-nft, firewalld) drop the UDP of VXLAN, by a walk through them; what probes show to pass passes. Told by the host itself alone, not to others',
  harm: 'containers of this host and those of the other ones do not reach each other',
  cure: 'let it through from and to the hosts: firewall-cmd --permanent --add-port=PORT/udp and firewall-cmd --reload; ufw allow PORT/udp; in nft a rule "udp dport PORT accept" before the one that is named (nft -a list chain shows handles), and in the file that is loaded at boot',
  look: async ({
    firewall: ask,
    probes,
    port,
  }: Pick<Surroundings, 'firewall' | 'port' | 'probes'>): Promise<FirewallFacts> => {
    const [found, answered] = await Promise.all([ask(), answersOf(probes)]);
    const unseen = found.unseen.filter((peer) => answered?.get(peer) !== true);
    const facts = { ...found, unseen, port, answered };
    if (unseen.length > 0 && dropped(facts).length === 0) throw new UserError(noTimeFor(unseen));
    return facts;
  },
  judge: (facts) => [...dropped(facts), ...unlooked(facts), ...hidden(facts)],
});

const noTimeFor = (unseen: readonly string[]): string =>
  `there was no time to walk through the rules for ${namesOf(unseen)}`;

const unlooked = ({ unseen }: FirewallFacts): readonly Trouble[] =>
  unseen.length === 0 ? [] : [{ what: noTimeFor(unseen), cure: 'mend what is named before, and look again' }];

/** The probe is the proof; without one only what is certain counts. */
function dropped({ drops, port, answered }: FirewallFacts): readonly Trouble[] {
  const told = new Map<string, string[]>();
  for (const { peer, isComing, drop } of drops) {
    const hasAnswered = peer === undefined ? undefined : answered?.get(peer);
    if (!(hasAnswered === undefined ? drop.isSure : !hasAnswered)) continue;
    const key = `${isComing ? 'comes from' : 'goes to'}|${wayOf({ peer, isComing, drop })}`;
    told.set(key, [...(told.get(key) ?? []), peer ?? 'other hosts']);
  }
  return [...told].map(([key, peers]) => {
    const [way = '', by = ''] = key.split('|');
    return { what: `UDP ${port} that ${way} ${namesOf(peers)} ${by}` };
  });
}

const wayOf = ({ drop: { chain, handle, isSure } }: Dropped): string => {
  const where = `chain ${chain.name} of table ${chain.family} ${chain.table}`;
  return `${isSure ? 'is' : 'may be'} dropped by ${handle === undefined ? `the policy of ${where}` : `the rule with handle ${handle} in ${where}`}`;
};

function hidden({ isLegacy, drops, port, answered }: FirewallFacts): readonly Trouble[] {
  const silent = [...(answered ?? [])].filter(([, is]) => !is).map(([peer]) => peer);
  if (!isLegacy || drops.length > 0 || silent.length === 0) return [];
  return [
    {
      what: `UDP ${port} of ${namesOf(silent)} may be dropped by rules of iptables-legacy, which cannot be seen from here`,
      cure: `iptables-legacy -S shows them; iptables-legacy -I INPUT -p udp --dport ${port} -j ACCEPT lets it in`,
    },
  ];
}

const MOST_NAMED = 3;
const namesOf = (peers: readonly string[]): string =>
  peers.length <= MOST_NAMED
    ? peers.join(', ')
    : `${peers.slice(0, MOST_NAMED).join(', ')} and ${peers.length - MOST_NAMED} more`;
