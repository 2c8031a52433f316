/** Engines and Consul in the cache: each entry is complete or absent, whenever the fetch is aborted. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { openSuite, type Suite, unpack } from './archive.js';
import { cached } from './paths.js';
import { putInPlace, withScratch } from './scratch.js';

interface Recipe {
  readonly suite: string;
  /** Packages of the suite; the first one's version must start with the recipe's. */
  readonly packages: readonly string[];
}

/** Every engine has its own client and containerd, and runs where it was unpacked. */
const ENGINES = {
  '20.10.5': { suite: 'bullseye', packages: ['docker.io', 'containerd'] },
  '20.10.24': { suite: 'bookworm', packages: ['docker.io', 'containerd'] },
  '26.1.5': { suite: 'trixie', packages: ['docker.io', 'docker-cli', 'containerd'] },
  '28.5.2': { suite: 'forky', packages: ['docker.io', 'docker-cli', 'containerd'] },
} as const satisfies Record<string, Recipe>;

export type EngineVersion = keyof typeof ENGINES;
export const ENGINE_VERSIONS = Object.keys(ENGINES) as readonly EngineVersion[];
export const isEngineVersion = (v: string): v is EngineVersion => v in ENGINES;

// runc of trixie and forky wants a newer C library than Debian 12 has; bookworm's serves every engine.
const RUNC = { name: 'runc-1.1.5', recipe: { suite: 'bookworm', packages: ['runc'] } };
const CONSUL = { name: 'consul-1.8.7', recipe: { suite: 'bullseye', packages: ['consul'] } };

// A registry for images and plugins, of the project that the public one runs.
const REGISTRY = { name: 'registry-2.8.2', recipe: { suite: 'bookworm', packages: ['docker-registry'] } };

// The client's plug-in that reads compose files: one before and one after it learned to set endpoint options.
const COMPOSE = {
  '2.26.1': { suite: 'trixie', packages: ['docker-compose'] },
  '2.40.3': { suite: 'forky', packages: ['docker-compose'] },
} as const satisfies Record<string, Recipe>;

export type ComposeVersion = keyof typeof COMPOSE;
export const COMPOSE_VERSIONS = Object.keys(COMPOSE) as readonly ComposeVersion[];

/** A responder for multicast DNS, and a client that asks. */
const MDNS = { name: 'mdnsd-0.12', recipe: { suite: 'bookworm', packages: ['mdnsd', 'libmdnsd1'] } };

const FIREWALLD = {
  name: 'firewalld-1.3.3',
  recipe: { suite: 'bookworm', packages: ['firewalld', 'python3-firewall', 'python3-nftables', 'python3-cap-ng'] },
};

/** A server that scrapes, and promtool, which checks rules and metrics. */
const PROMETHEUS = { name: 'prometheus-2.42.0', recipe: { suite: 'bookworm', packages: ['prometheus'] } };

const engineEntry = (version: EngineVersion): string => `engine-${version}`;

/** PATH of an engine's host: its own binaries, runc first, then the machine's. */
export const enginePath = (version: EngineVersion): string =>
  [RUNC.name, engineEntry(version)]
    .flatMap((entry) => [cached(`${entry}/usr/sbin`), cached(`${entry}/usr/bin`)])
    .concat('/usr/sbin:/usr/bin:/sbin:/bin')
    .join(':');

export const consulBinary = (): string => cached(`${CONSUL.name}/usr/bin/consul`);

export const composeBinary = (version: ComposeVersion): string =>
  cached(`compose-${version}/usr/libexec/docker/cli-plugins/docker-compose`);

export const registryBinary = (): string => cached(`${REGISTRY.name}/usr/bin/docker-registry`);

/** Fetches the registry unless the cache has it. */
export const fillRegistry = (tell: (line: string) => void): Promise<void> =>
  fetchMissing(new Map([[REGISTRY.name, REGISTRY.recipe]]), tell);

/** Fetches what the cache lacks of Compose. */
export const fillCompose = (versions: readonly ComposeVersion[], tell: (line: string) => void): Promise<void> =>
  fetchMissing(new Map(versions.map((v) => [`compose-${v}`, COMPOSE[v]])), tell);

/** The folder of mdnsd (usr/sbin) and mquery (usr/bin) with their library. */
export const mdnsFolder = (): string => cached(MDNS.name);

export const fillMdns = (tell: (line: string) => void): Promise<void> =>
  fetchMissing(new Map([[MDNS.name, MDNS.recipe]]), tell);

/** The folder of firewalld (usr/sbin) and firewall-cmd (usr/bin); D-Bus and its Python are the machine's. */
export const firewalldFolder = (): string => cached(FIREWALLD.name);

export const fillFirewalld = (tell: (line: string) => void): Promise<void> =>
  fetchMissing(new Map([[FIREWALLD.name, FIREWALLD.recipe]]), tell);

export const prometheusBinary = (name: 'prometheus' | 'promtool'): string =>
  cached(`${PROMETHEUS.name}/usr/bin/${name}`);

export const fillPrometheus = (tell: (line: string) => void): Promise<void> =>
  fetchMissing(new Map([[PROMETHEUS.name, PROMETHEUS.recipe]]), tell);

/** Fetches what the cache lacks of these engines, of runc and of Consul; `tell` gets a line per download. */
export async function fillCache(versions: readonly EngineVersion[], tell: (line: string) => void): Promise<void> {
  const wanted = new Map<string, Recipe>([
    [RUNC.name, RUNC.recipe],
    [CONSUL.name, CONSUL.recipe],
    ...versions.map((v): [string, Recipe] => [engineEntry(v), ENGINES[v]]),
  ]);
  await fetchMissing(wanted, tell);
}

async function fetchMissing(wanted: ReadonlyMap<string, Recipe>, tell: (line: string) => void): Promise<void> {
  const missing = [...wanted].filter(([name]) => !existsSync(cached(name)));
  if (missing.length === 0) return;
  await withScratch(async (scratch) => {
    const suites = new Map<string, Promise<Suite>>();
    for (const [, { suite }] of missing) if (!suites.has(suite)) suites.set(suite, openSuite(suite, scratch));
    await Promise.all(
      missing.map(async ([name, recipe]) => {
        const suite = await suites.get(recipe.suite);
        if (suite) await fetchEntry(name, recipe, suite, scratch, tell);
      }),
    );
  });
}

async function fetchEntry(
  name: string,
  recipe: Recipe,
  suite: Suite,
  scratch: string,
  tell: (line: string) => void,
): Promise<void> {
  const packages = recipe.packages.map((p) => suite.find(p));
  const version = name.slice(name.indexOf('-') + 1);
  const found = packages[0]?.version ?? '';
  if (!found.startsWith(version))
    throw new Error(`${suite.name} now has ${recipe.packages[0]} ${found}, not ${version}`);
  tell(`fetching ${packages.map((p) => `${p.name} ${p.version}`).join(', ')} (${suite.name})`);
  const folder = join(scratch, name);
  await Promise.all(packages.map((p) => unpack(p, folder, scratch)));
  await putInPlace(folder, cached(name));
}
