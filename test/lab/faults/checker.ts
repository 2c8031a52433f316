/** What must hold of a history and of the state after quiet. Pure; each violation is one sentence. */
import type { Holding, Timed } from './history.js';

/** The state once all faults are over and all work is done. */
export interface Rest {
  readonly holdings: readonly Holding[];
  /** Keys of Consul below the prefix, e.g. `addresses/172.16.1.0/24/172.16.1.5`. */
  readonly keys: readonly string[];
  /** Pairs `from → to` that did not answer by name. */
  readonly unreachable: readonly string[];
  /** `from: name is a.b.c.d instead of …` */
  readonly misnamed: readonly string[];
  /** Lines of kernel steps that a fresh pass on each host still found. */
  readonly steps: readonly string[];
}

interface Life extends Holding {
  /** From the end of the first look that saw it to the beginning of the last: in between it held its address. */
  readonly from: number;
  readonly to: number;
}

/** Two endpoints that held one address at one moment: each was seen before and after the other was. */
export function doubles(events: readonly Timed[]): readonly string[] {
  const lives = new Map<string, Life>();
  for (const event of events) {
    if (event.kind !== 'look') continue;
    for (const h of event.holdings)
      lives.set(h.endpoint, { ...h, from: lives.get(h.endpoint)?.from ?? event.at, to: event.began });
  }
  const byAddress = new Map<string, Life[]>();
  for (const life of lives.values()) {
    const key = `${life.network} ${life.address}`;
    byAddress.set(
      key,
      [...(byAddress.get(key) ?? []), life].sort((a, b) => a.from - b.from),
    );
  }
  return [...byAddress].flatMap(([key, holders]) =>
    holders.flatMap((life, i) => {
      const other = holders.slice(0, i).find((o) => o.to > life.from && life.to > life.from);
      return other ? [`${key} was held by ${other.container} and by ${life.container} at ${life.from} ms`] : [];
    }),
  );
}

function twice(holdings: readonly Holding[]): readonly string[] {
  const by = new Map<string, Holding>();
  return holdings.flatMap((h) => {
    const key = `${h.network} ${h.address}`;
    const other = by.get(key);
    by.set(key, h);
    return other === undefined ? [] : [`${key} is held by ${other.container} and by ${h.container} in the end`];
  });
}

/** The rest against itself: Consul has what lives, and nothing else. */
export function leaks(rest: Rest): readonly string[] {
  const live = new Set(rest.holdings.map((h) => h.address));
  const leased = rest.keys
    .filter((key) => key.startsWith('addresses/'))
    .map((key) => key.split('/').at(-1) ?? '')
    .filter((address) => !address.endsWith('.254'));
  const endpoints = rest.keys.filter((key) => key.startsWith('endpoints/')).length;
  const ownersOf = (key: string, part: number): string =>
    key
      .split('/')
      .slice(part, part + 2)
      .join('/');
  const owners = new Set(rest.keys.filter((k) => k.startsWith('endpoints/')).map((k) => ownersOf(k, 1)));
  const heads = rest.keys.filter((key) => key.startsWith('heads/')).map((key) => ownersOf(key, 2));
  return [
    ...leased.filter((address) => !live.has(address)).map((address) => `address ${address} is leased to nobody`),
    ...[...live].filter((address) => !leased.includes(address)).map((address) => `address ${address} has no lease`),
    ...heads.filter((owner) => !owners.has(owner)).map((owner) => `${owner} has a head and no endpoint`),
    ...[...owners].flatMap((owner) => {
      const count = heads.filter((other) => other === owner).length;
      return count === 1 ? [] : [`${owner} has ${count} heads`];
    }),
    ...(endpoints === rest.holdings.length ? [] : [`${endpoints} endpoints for ${rest.holdings.length} that live`]),
  ];
}

export const violations = (events: readonly Timed[], rest: Rest): readonly string[] => [
  ...doubles(events),
  ...twice(rest.holdings),
  ...leaks(rest),
  ...rest.unreachable.map((pair) => `${pair} does not answer`),
  ...rest.misnamed,
  ...rest.steps.map((step) => `a pass after quiet still did ${step}`),
];
