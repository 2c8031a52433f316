import { check, type Trouble } from '../../check.js';
import type { DifferenceLook, Surroundings } from '../../surroundings.js';

/** Beyond, they all have one reason. */
const MOST_TOLD = 5;

const look = ({ differences }: Pick<Surroundings, 'differences'>): Promise<readonly DifferenceLook[]> => differences();

export const entries = check({
  code: 'kernel.entries',
  about: "whether neighbours and FDBs of the networks' namespaces say what is planned, by two looks some seconds apart",
  harm: 'packets to a container of another host go nowhere, or to the wrong host',
  cure: 'tsoverlay mends them within seconds: somebody breaks them again and again, or the kernel refuses. tsoverlay events says which; look for who runs ip or bridge in that namespace (another tool for the network, a second tsoverlay), and stop that',
  look,
  judge: (found) => told(found, 'entry'),
});

export const devices = check({
  code: 'kernel.plan',
  about:
    "whether links, addresses and rules of the networks' namespaces and the host's own (guards, docker_gwbridge, sysctls) are as planned, by two looks some seconds apart",
  harm: 'containers of that network reach nobody, or what should be kept out comes in',
  cure: 'as of kernel.entries; a rule set that another firewall loads again and again (nft flush ruleset in a timer) is to spare the tables whose names begin with tsoverlay',
  look,
  judge: (found) => told(found, 'device'),
});

function told(found: readonly DifferenceLook[], about: DifferenceLook['about']): readonly Trouble[] {
  const all = found.filter((one) => one.about === about);
  const some = all.slice(0, MOST_TOLD).map(({ where, what }) => ({ what: `${placeOf(where)}: ${what}` }));
  return all.length <= MOST_TOLD ? some : [...some, { what: `and ${all.length - MOST_TOLD} more like these` }];
}

const placeOf = (where: string): string => (where === 'host' ? 'this host' : `network ${where}`);
