/** All that is known of what was chosen. */
import type { JSX } from 'preact';
import type { Choice } from '../data/choice.js';
import { nameOf, networkName, type State } from '../data/state.js';
import { encryptionOf, measuredOf, seatsOf } from '../data/way.js';
import { momentOf } from './findings.js';

interface DetailsProps {
  readonly state: State;
  readonly choice: Choice;
  readonly onClear: () => void;
}

type Fact = readonly [what: string, value: string];

/** Nothing while nothing is chosen. */
export function Details({ state, choice, onClear }: DetailsProps): JSX.Element {
  const chosen = chosenOf(state, choice);
  return (
    <section class="details" aria-label="Chosen" aria-live="polite">
      {chosen !== undefined && (
        <>
          <h2>{chosen.title}</h2>
          <dl>
            {chosen.facts.map(([what, value], i) => (
              <div key={`${i} ${what}`}>
                <dt>{what}</dt>
                <dd>{value}</dd>
              </div>
            ))}
          </dl>
          <button type="button" onClick={onClear}>
            Show everything again
          </button>
        </>
      )}
    </section>
  );
}

function chosenOf(
  state: State,
  choice: Choice,
): { readonly title: string; readonly facts: readonly Fact[] } | undefined {
  const place = state.places.find(({ key }) => key === choice.place);
  if (place !== undefined) {
    const { member, network, host } = place;
    return {
      title: `Container ${nameOf(member)}`,
      facts: [
        ['Names', member.names.join(', ') || 'none yet'],
        ['Addresses', member.addresses.join(', ')],
        ['MAC', member.mac],
        ['Network', networkName(network)],
        ['Host', host === undefined ? member.host : `${host.name} (${host.address})`],
        ['Container', member.container || 'not told yet'],
        ['Endpoint', member.id],
      ],
    };
  }
  const host = state.hosts.find(({ id }) => id === choice.host);
  if (host !== undefined)
    return {
      title: `Host ${host.name}`,
      facts: [
        ['Address', host.address],
        ['State', host.alive ? 'alive' : 'away'],
        ['Release', host.release ?? 'not told'],
        ['MTU', `${host.mtu} bytes`],
        ['Encryption', host.encrypts ? 'it has a WireGuard key' : 'it has no key, and nothing of an encrypted network'],
        ['Id', host.id],
        ...waysOf(state, host.id),
        ...findingsOf(state, host.id),
      ],
    };
  const network = state.networks.find(({ id }) => id === choice.network);
  if (network === undefined) return undefined;
  return {
    title: `Network ${networkName(network)}`,
    facts: [
      ...network.subnets.map(
        ({ pool, gateway, vni }): Fact => [
          'Subnet',
          `${pool}, VNI ${vni}${gateway === null ? '' : `, gateway ${gateway}`}`,
        ],
      ),
      ['Way out', network.internal ? 'none: it is internal' : 'docker_gwbridge'],
      ['Between hosts', network.encrypted ? 'encrypted' : 'not encrypted'],
      ['Id', network.id],
    ],
  };
}

/** Those of its ways that are known; without one, that it was not probed. */
function waysOf(state: State, id: string): readonly Fact[] {
  const { edges, hosts, self } = state;
  const names = new Map(hosts.map(({ id: one, name }) => [one, name]));
  const seats = seatsOf(state);
  const known = edges.filter((edge) => edge.from === id || edge.to === id);
  const unprobed = hosts.filter((one) => one.alive && one.id !== self && !edges.some(({ to }) => to === one.id));
  const facts = known.map((edge): Fact => {
    const [word, other] = edge.from === id ? ['To', edge.to] : ['From', edge.from];
    const parts = [measuredOf(edge), encryptionOf(state, seats, edge), `probed at ${momentOf(edge.at)}`];
    return [`${word} ${names.get(other) ?? other}`, parts.filter((part) => part !== '').join(', ')];
  });
  if (id === self && unprobed.length > 0)
    return [...facts, ['Not probed lately', unprobed.map(({ name }) => name).join(', ')]];
  if (id !== self && known.length === 0) return [[`From ${names.get(self) ?? 'here'}`, 'not probed lately']];
  return facts;
}

/** What is wrong on it, as far as it is known here. */
function findingsOf({ self, findings, words }: State, id: string): readonly Fact[] {
  if (id === self) return findings.map(({ code, text, cure }) => [`Finding ${code}`, `${text}. ${cure}`]);
  const word = words.find(({ host }) => host === id);
  if (word === undefined) return [['Findings', 'it has not said lately what is wrong there']];
  if (word.findings.length === 0) return [['Findings', `none, as it said at ${momentOf(word.at)}`]];
  return word.findings.map(({ code, what, cure }) => [`Finding ${code}`, `${what}. ${cure}`]);
}
