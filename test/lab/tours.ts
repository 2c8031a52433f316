/** The ways through the guide that are walked on an engine. */
import type { EngineVersion } from './cache.js';
import { isBefore23 } from './engine-choice.js';

/** One way through the guide; two of them fit on one pair of hosts. */
export interface Tour {
  readonly driver: 'tsoverlay' | 'overlay';
  /** What `docker network ls` must show. */
  readonly scope: 'global' | 'local';
  /** Options of `docker network create` beside driver, subnet and gateway. */
  readonly create: string;
  /** Name of the network. */
  readonly network: string;
  /** First three numbers of its /24. */
  readonly net: string;
  /** Names of the containers on docker01 and docker02. */
  readonly containers: readonly [string, string];
  /** Last numbers of their addresses. */
  readonly numbers: readonly [number, number];
  /** Their addresses on docker_gwbridge: the first free one on a host. */
  readonly eth1: string;
  /** Of the network: what is left of 1500. */
  readonly mtu: number;
}

/** Engines that tsoverlay is shown on. */
export const SUPPORTED = ['28.5.2', '26.1.5', '20.10.24'] as const satisfies readonly EngineVersion[];

const GUIDE: Tour = {
  ...{ driver: 'tsoverlay', scope: 'global', create: '--ipam-driver tsoverlay', network: 'overlay1', net: '172.16.1' },
  containers: ['overlay1', 'overlay2'],
  numbers: [1, 2],
  eth1: '172.18.0.2',
  mtu: 1450,
};

/** `npm run test:engines` runs on the other ones what `npm test` runs on some. */
const isOthers = process.env.TSOVERLAY_ENGINES === 'others';
const taken = (...some: readonly (EngineVersion | undefined)[]): readonly EngineVersion[] =>
  SUPPORTED.filter((engine) => some.includes(engine) !== isOthers);

/** The oldest and the newest. */
export const ENDS = taken(SUPPORTED.at(0), SUPPORTED.at(-1));
/** For what engines differ little in: `npm test` has twenty minutes. */
export const NEWEST = taken(SUPPORTED.at(0));

/** With our IPAM driver, and with the engine's own; both at once on one pair of hosts. */
export function tours(engine: EngineVersion): readonly [Tour, Tour] {
  const guide: Tour = { ...GUIDE, scope: isBefore23(engine) ? 'local' : 'global' };
  const plain: Tour = {
    ...{ ...guide, create: '', network: 'plain1', net: '172.16.2', containers: ['plain1', 'plain2'] },
    // docker01's engine gives out addresses by itself, from below; the other hosts keep out of its way.
    numbers: [1, 253],
    eth1: '172.18.0.3',
  };
  return [guide, plain];
}

/** The same on an encrypted network. */
export const ENCRYPTED_TOUR: Tour = { ...GUIDE, create: `${GUIDE.create} -o encrypted`, mtu: 1390 };

/** Docker's own driver, on 20.10.5 only. */
export const NATIVE_TOUR: Tour = { ...GUIDE, driver: 'overlay', create: '' };
