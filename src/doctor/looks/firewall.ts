/** What the rules of this host do to VXLAN of the others, and to what is sent to them. */
import { setImmediate as breathe } from 'node:timers/promises';
import { HostRuleset } from '../../kernel/ruleset/host-ruleset.js';
import type { Datagram } from '../../model/firewall/packet.js';
import type { HookName } from '../../model/firewall/ruleset.js';
import { type Drop, dropOf } from '../../model/firewall/walk.js';
import { familyOf } from '../../model/values/address.js';
import type { Proc } from './proc.js';
import type { UnderlayLook } from './underlay.js';

/** In the order in which a packet meets them. */
const COMING: readonly HookName[] = ['prerouting', 'input'];
const GOING: readonly HookName[] = ['output', 'postrouting'];

export interface FirewallLook {
  readonly drops: readonly Dropped[];
  /** There are rules of iptables' own kind, which nf_tables does not tell. */
  readonly isLegacy: boolean;
  /** Hosts for which there was no time. */
  readonly unseen: readonly string[];
}

/** Long rulesets take a tenth of a second for each host, ms. */
const PATIENCE_MS = 4_000;

export interface Dropped {
  /** Undefined: whoever sends, for there is no other host. */
  readonly peer: string | undefined;
  readonly isComing: boolean;
  readonly drop: Drop;
}

export interface FirewallSubject {
  readonly self: string;
  /** UDP. */
  readonly port: number;
  /** Addresses of the other hosts. */
  readonly peers: readonly string[];
  readonly underlay: Pick<UnderlayLook, 'link' | 'linkIndex'>;
  readonly proc: Proc;
}

/** Rejects with a KernelError where nf_tables does not answer. */
export async function lookAtFirewall(subject: FirewallSubject): Promise<FirewallLook> {
  const { self, peers, proc } = subject;
  const family = familyOf(self);
  const ruleset = new HostRuleset();
  const drops: Dropped[] = [];
  const chainsOf = (hooks: readonly HookName[]) => hooks.flatMap((hook) => [...ruleset.chains(hook, family)]);
  const ways = [
    { isComing: true, chains: chainsOf(COMING) },
    { isComing: false, chains: chainsOf(GOING) },
  ].filter(({ chains }) => chains.length > 0);
  const end = performance.now() + PATIENCE_MS;
  const unseen: string[] = [];
  for (const peer of peers.length === 0 ? [undefined] : peers) {
    if (peer !== undefined && performance.now() > end) unseen.push(peer);
    else
      for (const { isComing, chains } of ways) {
        const drop = dropOf(datagramOf(subject, peer, isComing), chains, ruleset);
        if (drop !== undefined) drops.push({ peer, isComing, drop });
        await breathe();
      }
  }
  const legacy = proc.text(`net/${family === 4 ? 'ip' : 'ip6'}_tables_names`) ?? '';
  return { drops, isLegacy: legacy.split('\n').includes('filter'), unseen };
}

function datagramOf({ self, port, underlay }: FirewallSubject, peer: string | undefined, isComing: boolean): Datagram {
  const { link, linkIndex } = underlay;
  return {
    ...(isComing ? { from: peer, to: self } : { from: self, to: peer }),
    ...{ port, family: familyOf(self), isComing },
    link: link === undefined || linkIndex === undefined ? undefined : { name: link, index: linkIndex },
  };
}
