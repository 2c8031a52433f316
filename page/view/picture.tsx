/** Hosts and networks as a picture. Whoever does not see it finds the same in the lists. */
import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import type { Choice } from '../data/choice.js';
import { pictureOf, SIZE, type Spot } from '../data/picture.js';
import { networkName, type State } from '../data/state.js';
import { WAYS } from '../data/way.js';

/** Beyond so many, labels would cover each other: then the chosen ones have one. */
const MOST_LABELS = 40;

interface PictureProps {
  readonly state: State;
  /** Hosts on which something is wrong. */
  readonly ill: { has(id: string): boolean };
  /** The chosen ones. */
  readonly host: string | undefined;
  readonly network: string | undefined;
  readonly onChoose: (choice: Partial<Choice>) => void;
}

export function Picture({ state, ill, host: chosenHost, network: chosenNetwork, onChoose }: PictureProps): JSX.Element {
  const { hosts, networks, members, edges } = state;
  const picture = useMemo(() => pictureOf({ hosts, networks, members, edges }), [hosts, networks, members, edges]);
  const alive = new Set(hosts.filter((host) => host.alive).map((host) => host.id));
  const names = new Map([
    ...hosts.map((host) => [host.id, host.name || host.address] as const),
    ...networks.map((network) => [network.id, networkName(network)] as const),
  ]);
  const isChosen = (id: string): boolean => id === chosenHost || id === chosenNetwork;
  const label = ({ id, x, y, angle }: Spot, distance: number, many: boolean) =>
    (!many || isChosen(id)) && (
      <text
        x={x + distance * Math.cos(angle)}
        y={y + distance * Math.sin(angle)}
        text-anchor={Math.abs(Math.cos(angle)) < 0.3 ? 'middle' : Math.cos(angle) > 0 ? 'start' : 'end'}
        dominant-baseline="middle"
      >
        {short(names.get(id) ?? '')}
      </text>
    );
  const pick = (event: MouseEvent): void => {
    const place =
      event.target instanceof Element ? event.target.closest<SVGElement>('[data-host],[data-network]') : null;
    const { host, network } = place?.dataset ?? {};
    if (host !== undefined) onChoose({ host: host === chosenHost ? undefined : host, place: undefined });
    if (network !== undefined) onChoose({ network: network === chosenNetwork ? undefined : network, place: undefined });
  };
  const size = hosts.length > MOST_LABELS ? 7 : 13;
  return (
    <>
      {/* biome-ignore lint/a11y/useKeyWithClickEvents: what it chooses, the lists choose by keyboard */}
      <svg
        onClick={pick}
        class={`picture${chosenNetwork === undefined && chosenHost === undefined ? '' : ' dimmed'}`}
        viewBox={`0 0 ${SIZE.width} ${SIZE.height}`}
        role="img"
        aria-label={`${hosts.length} hosts in a circle, ${networks.length} networks within it, and the ways between hosts; the lists have the same in words`}
      >
        <path class="way unknown" d={picture.unknown} />
        {networks.map(({ id }) => (
          <path key={id} class={`join${isChosen(id) ? ' chosen' : ''}`} d={picture.joins.get(id)} />
        ))}
        {[...WAYS].reverse().map((way) => (
          <path key={way} class={`way ${way}`} d={picture.ways.get(way) ?? ''} />
        ))}
        <path class="secret" d={picture.secret} />
        {picture.networks.map((spot) => (
          <g key={spot.id} class={`network${isChosen(spot.id) ? ' chosen' : ''}`} data-network={spot.id}>
            <title>{names.get(spot.id)}</title>
            <rect x={spot.x - size / 1.5} y={spot.y - size / 1.5} width={size * 1.33} height={size * 1.33} rx="3" />
            {label(spot, size + 8, networks.length > MOST_LABELS / 2)}
          </g>
        ))}
        {picture.hosts.map((spot) => (
          <g
            key={spot.id}
            class={`host ${alive.has(spot.id) ? 'alive' : 'away'}${ill.has(spot.id) ? ' ill' : ''}${isChosen(spot.id) ? ' chosen' : ''}`}
            data-host={spot.id}
          >
            <title>{names.get(spot.id)}</title>
            <circle cx={spot.x} cy={spot.y} r={size} />
            {label(spot, size + 10, hosts.length > MOST_LABELS)}
          </g>
        ))}
      </svg>
      <Legend isUnknownHidden={picture.isUnknownHidden} />
    </>
  );
}

const short = (name: string): string => (name.length > 20 ? `${name.slice(0, 19)}…` : name);

const Legend = ({ isUnknownHidden }: { readonly isUnknownHidden: boolean }): JSX.Element => (
  <ul class="legend" aria-label="Ways between hosts, by the last probe from the host that tells">
    {([...WAYS, 'unknown'] as const).map((way) => (
      <li key={way}>
        <Sample way={way} />
        {way === 'unknown' && isUnknownHidden ? 'not probed: too many to be drawn' : WORDS[way]}
      </li>
    ))}
    <li>
      <Sample way="fine" isSecret />
      encrypted
    </li>
    <li>
      <svg width="18" height="18" aria-hidden="true" class="host ill">
        <circle cx="9" cy="9" r="6" />
      </svg>
      host with findings
    </li>
  </ul>
);

const Sample = ({ way, isSecret = false }: { readonly way: string; readonly isSecret?: boolean }): JSX.Element => (
  <svg width="34" height="10" aria-hidden="true">
    <path class={`way ${way}`} d="M2 5H32" />
    {isSecret && <path class="secret" d="M2 5H32" />}
  </svg>
);

const WORDS = {
  cut: 'nothing arrives',
  lossy: 'some is lost',
  narrow: 'large or offloaded packets are lost',
  slow: 'slow',
  fine: 'fine',
  unknown: 'not probed',
} as const;
