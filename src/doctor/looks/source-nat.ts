/** Whether rules of this host make what containers send by docker_gwbridge look like the host's. */
import { HostRuleset } from '../../kernel/ruleset/host-ruleset.js';
import { isTranslated } from '../../model/firewall/walk.js';
import { familyOf, ipPart } from '../../model/values/address.js';
import { GWBRIDGE } from '../../model/values/names.js';
import type { Cidr } from '../../model/values/types.js';
import type { Proc } from './proc.js';
import type { UnderlayLook } from './underlay.js';

export interface SourceNatLook {
  /** Of docker_gwbridge. */
  readonly network: Cidr;
  /** Undefined where it cannot be told. */
  readonly isThere: boolean | undefined;
}

/** A question for a name: any datagram will do, and where it goes to is left open. */
const DNS = 53;

/** IPv4 alone, for docker_gwbridge of the engine's own has no other. Throws a KernelError where nf_tables does not answer. */
export function lookAtSourceNat({ networks }: Pick<UnderlayLook, 'networks'>, proc: Proc): readonly SourceNatLook[] {
  const own = networks.filter(({ link, network }) => link === GWBRIDGE && familyOf(ipPart(network)) === 4);
  // Rules of iptables' own kind are not told by nf_tables.
  const isLegacy = (proc.text('net/ip_tables_names') ?? '').split('\n').includes('nat');
  const ruleset = new HostRuleset();
  const chains = own.length === 0 || isLegacy ? [] : ruleset.chains('postrouting', 4, 'nat');
  return own.map(({ network }) => {
    const datagram = {
      ...{ from: ipPart(network), to: undefined, port: DNS, family: 4 as const },
      ...{ link: undefined, isComing: false, cameBy: GWBRIDGE },
    };
    return { network, isThere: isLegacy ? undefined : isTranslated(datagram, chains, ruleset) };
  });
}
