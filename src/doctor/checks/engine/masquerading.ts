import { check, type Trouble } from '../../check.js';
import type { SourceNatLook } from '../../looks/source-nat.js';
import type { Surroundings } from '../../surroundings.js';

export interface MasqueradingFacts {
  /** As docker_gwbridge was made; undefined where there is none yet. */
  readonly asked: boolean | undefined;
  readonly found: readonly SourceNatLook[];
}

export const masquerading = check({
  code: 'engine.masquerading',
  about:
    'whether docker_gwbridge makes what containers send look like the host’s: as it was made, and by a walk through the rules of this host (nft, iptables-nft) that look at what leaves',
  harm: 'containers get no answer from outside, unless the network there has a route to docker_gwbridge',
  cure: 'as each says',
  look: async ({ engine, sourceNat }: Pick<Surroundings, 'engine' | 'sourceNat'>): Promise<MasqueradingFacts> => {
    const [{ masquerades: asked }, found] = await Promise.all([engine(), sourceNat()]);
    return { asked, found };
  },
  judge: ({ asked, found }) => {
    if (asked === undefined) return [];
    return asked ? found.filter(({ isThere }) => isThere === false).map(flushed) : [NOT_ASKED];
  },
});

const NOT_ASKED: Trouble = {
  what: 'docker_gwbridge was made with com.docker.network.bridge.enable_ip_masquerade=false',
  cure: 'stop the containers that are on it, docker network rm docker_gwbridge, and start them again: it is made anew, with masquerading',
};

const flushed = ({ network }: SourceNatLook): Trouble => ({
  what: `no rule of this host masquerades what comes from ${network}, the network of docker_gwbridge: somebody has taken the engine's away`,
  cure: `at once: iptables -t nat -A POSTROUTING -s ${network} ! -o docker_gwbridge -j MASQUERADE; all rules of the engine, those of published ports too, come back with its restart (systemctl restart docker). See who takes them away: a firewall that loads rules of its own (nft flush ruleset) is to start before the engine`,
});
