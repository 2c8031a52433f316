/** Where hosts and networks stand in the picture, and the lines between them: hosts on a circle, networks within. Pure. */
import type { State } from './state.js';
import { isSecret, seatsOf, WAYS, type Way, wayOf } from './way.js';

export const SIZE = { width: 1000, height: 720 } as const;
const MIDDLE = { x: 500, y: 360 };
const OUTER = { x: 400, y: 290 };
const INNER = 0.45;
/** More pairs of hosts without a probe would be nothing but grey. */
const MOST_PAIRS = 600;

export interface Spot {
  readonly id: string;
  readonly x: number;
  readonly y: number;
  /** Of the circle, radians; where its label goes. */
  readonly angle: number;
}

export interface Picture {
  readonly hosts: readonly Spot[];
  readonly networks: readonly Spot[];
  /** Lines from a network to the hosts with containers on it, as an SVG path; by the network's id. */
  readonly joins: ReadonlyMap<string, string>;
  /** Lines between hosts of each kind of way, as one path. */
  readonly ways: ReadonlyMap<Way, string>;
  /** Those of them on which all is encrypted. */
  readonly secret: string;
  /** Between hosts that share a network and of which no probe is known; empty where there are too many. */
  readonly unknown: string;
  readonly isUnknownHidden: boolean;
}

export function pictureOf(state: Pick<State, 'hosts' | 'networks' | 'members' | 'edges'>): Picture {
  const hosts = ring(state.hosts, 1);
  const networks = ring(state.networks, INNER);
  const at = new Map(hosts.map((spot) => [spot.id, spot]));
  const seats = seatsOf(state);
  const joins = new Map(
    networks.map((spot) => [
      spot.id,
      [...(seats.get(spot.id) ?? [])].flatMap((host) => lineTo(spot, at.get(host))).join(''),
    ]),
  );
  const probed = new Set(state.edges.map(({ from, to }) => pairOf(from, to)));
  const pairs = pairsOf(seats.values(), probed);
  const isUnknownHidden = pairs.size > MOST_PAIRS;
  const unknown = isUnknownHidden ? '' : [...pairs].map((pair) => chord(pair, at)).join('');
  const secrets = state.edges.filter((edge) => isSecret(state, seats, edge));
  const secret = [...new Set(secrets.map(({ from, to }) => pairOf(from, to)))].map((pair) => chord(pair, at)).join('');
  return { hosts, networks, joins, ways: waysOf(state, at), secret, unknown, isUnknownHidden };
}

function waysOf({ edges }: Pick<State, 'edges'>, at: ReadonlyMap<string, Spot>): ReadonlyMap<Way, string> {
  const worst = new Map<string, Way>();
  for (const edge of edges) {
    const pair = pairOf(edge.from, edge.to);
    const [way, known] = [wayOf(edge), worst.get(pair)];
    if (known === undefined || WAYS.indexOf(way) < WAYS.indexOf(known)) worst.set(pair, way);
  }
  const ways = new Map<Way, string>();
  for (const [pair, way] of worst) ways.set(way, (ways.get(way) ?? '') + chord(pair, at));
  return ways;
}

const ring = (items: readonly { readonly id: string }[], radius: number): readonly Spot[] =>
  items.map(({ id }, i) => {
    const angle = (2 * Math.PI * i) / items.length - Math.PI / 2;
    const r = items.length === 1 && radius < 1 ? 0 : radius;
    return {
      id,
      angle,
      x: round(MIDDLE.x + r * OUTER.x * Math.cos(angle)),
      y: round(MIDDLE.y + r * OUTER.y * Math.sin(angle)),
    };
  });

const round = (n: number): number => Math.round(n * 10) / 10;
const pairOf = (a: string, b: string): string => (a < b ? `${a} ${b}` : `${b} ${a}`);

/** Without those that are known; no more than one too many. */
function pairsOf(groups: Iterable<ReadonlySet<string>>, known: ReadonlySet<string>): ReadonlySet<string> {
  const pairs = new Set<string>();
  for (const group of [...groups].map((hosts) => [...hosts]))
    for (const [i, a] of group.entries())
      for (const b of group.slice(i + 1)) {
        const pair = pairOf(a, b);
        if (!known.has(pair)) pairs.add(pair);
        if (pairs.size > MOST_PAIRS) return pairs;
      }
  return pairs;
}

const lineTo = (a: Spot, b: Spot | undefined): readonly string[] =>
  b === undefined ? [] : [`M${a.x} ${a.y}L${b.x} ${b.y}`];

/** Bent towards the middle, so that it is not hidden below others. */
function chord(pair: string, at: ReadonlyMap<string, Spot>): string {
  const [a, b] = pair.split(' ').map((id) => at.get(id));
  if (a === undefined || b === undefined) return '';
  const bent = (from: number, to: number, middle: number) => round((from + to) / 2 + (middle - (from + to) / 2) * 0.25);
  return `M${a.x} ${a.y}Q${bent(a.x, b.x, MIDDLE.x)} ${bent(a.y, b.y, MIDDLE.y)} ${b.x} ${b.y}`;
}
