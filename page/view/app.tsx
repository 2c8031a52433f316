/** The page. */
import type { JSX } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { ALL, type Choice, found } from '../data/choice.js';
import type { Feed, Standing } from '../data/feed.js';
import { NOTHING, nameOf, networkName, type State } from '../data/state.js';
import { illnessesIn, toldIn } from '../data/told.js';
import { Details } from './details.js';
import { Findings, momentOf } from './findings.js';
import { List } from './list.js';
import { Picture } from './picture.js';
import { ThemeButton } from './theme.js';

export function App({ feed }: { readonly feed: Feed }): JSX.Element {
  const [state, setState] = useState<State>(NOTHING);
  const [standing, setStanding] = useState<Standing>('waiting');
  const [choice, setChoice] = useState<Choice>(ALL);
  const search = useRef<HTMLInputElement>(null);
  useEffect(() => feed({ onState: setState, onStanding: setStanding }), [feed]);
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.key === 'Escape') setChoice(ALL);
      if (event.key !== '/' || event.target instanceof HTMLInputElement) return;
      event.preventDefault();
      search.current?.focus();
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, []);
  const choose = (change: Partial<Choice>): void => setChoice((before) => ({ ...before, ...change }));
  const shown = useMemo(() => found(state, choice), [state, choice]);
  const { host, network } = choice;
  const told = useMemo(() => toldIn(state), [state.words, state.edges, state.hosts]);
  const ill = useMemo(() => illnessesIn(state), [state.words, state.findings, state.self]);
  // Not with every letter of a search.
  const picture = useMemo(
    () => <Picture state={state} ill={ill} host={host} network={network} onChoose={choose} />,
    [state, ill, host, network],
  );
  const counts = useMemo(() => countsOf(state), [state]);
  return (
    <>
      <header>
        <h1>tsoverlay</h1>
        <p class={`standing ${standing}`} role="status">
          {wordsOf(standing, state)}
        </p>
        <label class="search">
          Search
          <input
            ref={search}
            type="search"
            placeholder="name, address, host, network"
            value={choice.words}
            onInput={(event) => choose({ words: event.currentTarget.value })}
          />
        </label>
        <ThemeButton />
      </header>
      <main>
        <section class="map" aria-labelledby="map">
          <h2 id="map">Hosts and networks</h2>
          {picture}
        </section>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, and by keyboard too */}
        <section class="wrong" aria-labelledby="wrong" tabIndex={0}>
          <h2 id="wrong">Findings ({state.findings.length + told.length})</h2>
          <Findings findings={state.findings} told={told} />
        </section>
        <Details state={state} choice={choice} onClear={() => setChoice(ALL)} />
        <section aria-labelledby="hosts">
          <h2 id="hosts">Hosts ({shown.hosts.length})</h2>
          <List
            name="Hosts"
            items={shown.hosts}
            keyOf={({ id }) => id}
            chosen={choice.host}
            onChoose={(host) => choose({ host, place: undefined })}
            empty="No host is found."
            row={({ id, name, address, alive }) => (
              <>
                <span class={!alive ? 'away' : ill.has(id) ? 'ill' : 'alive'}>
                  {!alive ? 'away' : findingsWords(ill.get(id) ?? 0)}
                </span>
                <span class="name">{name}</span>
                <span>{address}</span>
                <span class="number">{counts.get(id) ?? 0}</span>
              </>
            )}
          />
        </section>
        <section aria-labelledby="networks">
          <h2 id="networks">Networks ({shown.networks.length})</h2>
          <List
            name="Networks"
            items={shown.networks}
            keyOf={({ id }) => id}
            chosen={choice.network}
            onChoose={(network) => choose({ network, place: undefined })}
            empty="No network is found."
            row={(network) => (
              <>
                <span class="name">{networkName(network)}</span>
                <span>{network.subnets.map(({ pool }) => pool).join(' ')}</span>
                <span class="number">{state.members[network.id]?.length ?? 0}</span>
              </>
            )}
          />
        </section>
        <section class="containers" aria-labelledby="containers">
          <h2 id="containers">Containers ({shown.places.length})</h2>
          <List
            name="Containers"
            items={shown.places}
            keyOf={({ key }) => key}
            chosen={choice.place}
            onChoose={(place) => choose({ place })}
            empty="No container is found."
            row={({ member, network, host }) => (
              <>
                <span class="name">{nameOf(member)}</span>
                <span>{member.addresses.join(' ')}</span>
                <span>{networkName(network)}</span>
                <span>{host?.name ?? member.host}</span>
              </>
            )}
          />
        </section>
      </main>
    </>
  );
}

const findingsWords = (count: number): string =>
  count === 0 ? 'alive' : `${count} ${count === 1 ? 'finding' : 'findings'}`;

/** Containers by host. */
function countsOf({ places }: State): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { member } of places) counts.set(member.host, (counts.get(member.host) ?? 0) + 1);
  return counts;
}

function wordsOf(standing: Standing, { hosts, self, at, confirmed }: State): string {
  const host = hosts.find(({ id }) => id === self)?.name;
  const whose = host === undefined ? '' : `as ${host} sees it, `;
  if (standing === 'waiting') return 'waiting for an answer';
  if (standing === 'lost') return `${whose}of ${momentOf(at)}: the connection is lost, trying on`;
  if (standing === 'still') return `${whose}of ${new Date(at).toLocaleString()}`;
  return confirmed ? `${whose}live` : `${whose}live, but the store does not answer: some of it may be old`;
}
