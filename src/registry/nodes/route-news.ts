/**
 * When a host tells of its routes. They say which pools not to choose, and all hosts read all nodes' records for each
 * change: so every bridge of a `docker compose up` would cost the whole cluster that.
 */
import { overlaps } from '../../model/values/address.js';
import type { Cidr } from '../../model/values/types.js';

/** New ones are gathered for so long, and up to twice that, ms. */
const GATHER_MS = 60_000;
/** Of one that went the range is left free in vain for so long, and up to twice that, ms. */
const LINGER_MS = 600_000;

/** How long what differs may wait to be told, ms; undefined where nothing does. `choices`: where pools are chosen. */
export function patience(told: readonly Cidr[], routes: readonly Cidr[], choices: readonly Cidr[]): number | undefined {
  const known = new Set(told);
  const added = routes.filter((route) => !known.has(route));
  if (added.some((route) => choices.some((choice) => overlaps(choice, route)))) return 0;
  if (added.length > 0) return GATHER_MS;
  return routes.length < known.size ? LINGER_MS : undefined;
}

export class RouteNews {
  /** By the clock that nobody sets, ms. */
  #due = Number.POSITIVE_INFINITY;

  constructor(private readonly choices: readonly Cidr[]) {}

  /** Whether these are to be told now, after what was told last. */
  isDue(told: readonly Cidr[], routes: readonly Cidr[]): boolean {
    const ms = patience(told, routes, this.choices);
    // At random: a thing that all hosts have at once shall not be told by all at once.
    const due = performance.now() + (ms ?? Number.POSITIVE_INFINITY) * (1 + Math.random());
    this.#due = ms === undefined ? due : Math.min(this.#due, due);
    return performance.now() >= this.#due;
  }

  wereTold(): void {
    this.#due = Number.POSITIVE_INFINITY;
  }
}
