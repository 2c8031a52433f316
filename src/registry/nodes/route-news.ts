/**
 * When a host tells of its routes. They say which pools not to choose, and all hosts read all nodes' records for each
 * change: so every bridge of a `docker compose up` would cost the whole cluster that.
 */
import { networkOf, overlaps } from '../../model/values/address.js';
import type { Cidr } from '../../model/values/types.js';

/** New ones where some host may choose pools are gathered for so long, and up to twice that, ms. */
const SOON_MS = 3_000;
/** Others, and those of hosts that tell of some again and again, ms as above. */
const GATHER_MS = 60_000;
/**
 * Of one that went the range is left free for so long, and up to twice that, ms: a project that is taken down and up again
 * has its bridge where it was, and nobody may choose a pool there in between.
 */
const LINGER_MS = 600_000;

/** Where pools are chosen at all (RFC 1918, RFC 4193): which of it others choose from, only their settings say. */
const PRIVATE = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7'].map(networkOf);

const isAmong = (route: Cidr, ranges: readonly Cidr[]): boolean => ranges.some((range) => overlaps(range, route));

/** How soon what differs is to be told: `ms` of those above, or at once (0); undefined where nothing does. */
function patience(told: readonly Cidr[], routes: readonly Cidr[], choices: readonly Cidr[], soonMs: number) {
  const known = new Set(told);
  const added = routes.filter((route) => !known.has(route));
  if (added.some((route) => isAmong(route, choices))) return 0;
  if (added.some((route) => isAmong(route, PRIVATE))) return soonMs;
  if (added.length > 0) return GATHER_MS;
  return routes.length < known.size ? LINGER_MS : undefined;
}

export class RouteNews {
  /** By the clock that nobody sets, ms. */
  #due = Number.POSITIVE_INFINITY;
  /** How long was gathered for what was told last, doubled, and when that was. */
  #last = { ms: 0, at: 0 };

  /** `choices`: where this host itself chooses pools. */
  constructor(private readonly choices: readonly Cidr[]) {}

  /** Whether these are to be told now, after what was told last. */
  isDue(told: readonly Cidr[], routes: readonly Cidr[]): boolean {
    const ms = patience(told, routes, this.choices, this.#soonMs);
    const due = momentAfter(ms);
    this.#due = ms === undefined ? due : Math.min(this.#due, due);
    return this.waitMs === 0;
  }

  /** Until what differs is due, whole ms; infinite where nothing does. */
  get waitMs(): number {
    return Math.max(0, Math.ceil(this.#due - performance.now()));
  }

  wereTold(): void {
    if (this.waitMs === 0) this.#last = { ms: Math.min(2 * this.#soonMs, GATHER_MS), at: performance.now() };
    this.#due = Number.POSITIVE_INFINITY;
  }

  /**
   * Longer with each time that some are told, and half as long with each minute after it: a handful of times in the first
   * minute, and once a minute however many come.
   */
  get #soonMs(): number {
    return Math.max(SOON_MS, this.#last.ms * 2 ** ((this.#last.at - performance.now()) / GATHER_MS));
  }
}

/** At random: a thing that all hosts have at once shall not be told by all at once. */
const momentAfter = (ms = Number.POSITIVE_INFINITY): number => performance.now() + ms * (1 + Math.random());
