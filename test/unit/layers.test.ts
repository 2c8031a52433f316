import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { cruise, type ICruiseResult } from 'dependency-cruiser';
import { afterEach, describe, expect, it } from 'vitest';
import config from '../../.dependency-cruiser.mjs';

/** What each layer may never know. */
const FORBIDDEN = {
  model: [
    'health',
    'store',
    'kernel',
    'engine',
    'registry',
    'reconcile',
    'dns',
    'api',
    'probe',
    'metrics',
    'doctor',
    'overview',
    'admin',
    'cli',
    'config',
    'wiring',
    'agent',
  ],
  health: [
    'store',
    'kernel',
    'engine',
    'registry',
    'reconcile',
    'dns',
    'api',
    'probe',
    'metrics',
    'doctor',
    'overview',
    'admin',
    'cli',
    'config',
    'wiring',
    'agent',
  ],
  store: [
    'kernel',
    'engine',
    'registry',
    'reconcile',
    'dns',
    'api',
    'probe',
    'metrics',
    'doctor',
    'overview',
    'admin',
    'cli',
    'config',
    'wiring',
    'agent',
  ],
  kernel: [
    'store',
    'engine',
    'registry',
    'reconcile',
    'dns',
    'api',
    'probe',
    'metrics',
    'doctor',
    'overview',
    'admin',
    'cli',
    'config',
    'wiring',
    'agent',
  ],
  engine: [
    'store',
    'kernel',
    'registry',
    'reconcile',
    'dns',
    'api',
    'probe',
    'metrics',
    'doctor',
    'overview',
    'admin',
    'cli',
    'config',
    'wiring',
    'agent',
  ],
  registry: [
    'kernel',
    'engine',
    'reconcile',
    'dns',
    'api',
    'probe',
    'metrics',
    'doctor',
    'overview',
    'admin',
    'cli',
    'config',
    'wiring',
    'agent',
  ],
  reconcile: [
    'kernel',
    'engine',
    'dns',
    'api',
    'probe',
    'metrics',
    'doctor',
    'overview',
    'admin',
    'cli',
    'config',
    'wiring',
    'agent',
  ],
  dns: [
    'engine',
    'reconcile',
    'api',
    'probe',
    'metrics',
    'doctor',
    'overview',
    'admin',
    'cli',
    'config',
    'wiring',
    'agent',
  ],
  api: ['kernel', 'engine', 'probe', 'metrics', 'doctor', 'overview', 'admin', 'cli', 'config', 'wiring', 'agent'],
  probe: [
    'store',
    'engine',
    'registry',
    'reconcile',
    'dns',
    'api',
    'metrics',
    'doctor',
    'overview',
    'admin',
    'cli',
    'config',
    'wiring',
    'agent',
  ],
  metrics: [
    'kernel',
    'engine',
    'registry',
    'reconcile',
    'dns',
    'api',
    'probe',
    'doctor',
    'overview',
    'admin',
    'cli',
    'config',
    'wiring',
    'agent',
  ],
  doctor: [
    'registry',
    'reconcile',
    'dns',
    'api',
    'probe',
    'metrics',
    'overview',
    'admin',
    'cli',
    'config',
    'wiring',
    'agent',
  ],
  overview: [
    'kernel',
    'engine',
    'registry',
    'reconcile',
    'dns',
    'api',
    'probe',
    'metrics',
    'doctor',
    'admin',
    'cli',
    'config',
    'wiring',
    'agent',
  ],
  admin: ['kernel', 'engine', 'api', 'doctor', 'cli', 'config', 'wiring', 'agent'],
  cli: ['engine', 'reconcile', 'dns', 'api', 'metrics', 'admin', 'wiring', 'agent'],
  config: [
    'health',
    'kernel',
    'engine',
    'registry',
    'reconcile',
    'dns',
    'api',
    'probe',
    'metrics',
    'doctor',
    'overview',
    'admin',
    'cli',
    'wiring',
    'agent',
  ],
  wiring: ['metrics', 'overview', 'admin', 'cli', 'agent'],
  agent: ['probe', 'doctor', 'cli'],
} as const;
const LAYERS = Object.keys(FORBIDDEN) as (keyof typeof FORBIDDEN)[];

let root = '';
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** Makes a tree of these files and returns `from → to` of all that the lint refuses in it, with the rule. */
async function refused(files: Readonly<Record<string, string>>): Promise<ReadonlyMap<string, string>> {
  root = mkdtempSync(join(tmpdir(), 'layers-'));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  const { forbidden, options } = config;
  const { output } = await cruise(['src'], { ...options, ruleSet: { forbidden }, validate: true, baseDir: root });
  const { violations } = (output as ICruiseResult).summary;
  return new Map(violations.map(({ from, to, rule }) => [`${from} → ${to}`, rule.name]));
}

const DEPTHS = ['', 'deep/', 'deep/deeper/'];
const VERBS = ['import', 'import type'];

const planted = (layer: string, to: string, depth: string, verb: string): string =>
  `src/${layer}/${depth}planted-${verb.replace(' ', '-')}-${to}.ts`;
const target = (to: string): string => `src/${to}/deep/target.ts`;

it('a file of a layer is refused each import of a layer above, at any depth, and may import those below', async () => {
  const files: Record<string, string> = {};
  for (const to of LAYERS) files[target(to)] = 'export class Target {}\n';
  const places = DEPTHS.flatMap((depth) => VERBS.map((verb) => ({ depth, verb })));
  for (const { depth, verb } of places)
    for (const to of LAYERS)
      for (const layer of LAYERS.filter((name) => name !== to)) {
        const path = '../'.repeat(depth.split('/').length) + target(to).slice('src/'.length, -'.ts'.length);
        files[planted(layer, to, depth, verb)] = `${verb} { Target } from '${path}.js';\nexport type T = Target;\n`;
      }
  // One look at all trees: the lint takes longer to begin than to end.
  const rules = await refused(files);
  for (const { depth, verb } of places)
    for (const layer of LAYERS) {
      const found = LAYERS.filter((to) => rules.has(`${planted(layer, to, depth, verb)} → ${target(to)}`));
      expect(found.sort(), `${verb} in ${layer}/${depth}`).toEqual([...FORBIDDEN[layer]].sort());
    }
}, 60_000);

describe('what the admin socket says', () => {
  it('is known to who asks there, and knows nothing of who answers', async () => {
    const rules = await refused({
      'src/admin/contract/status.ts': "import type { Rows } from '../rows.js';\nexport type Status = Rows;\n",
      'src/admin/rows.ts': "import type { Store } from '../store/store.js';\nexport type Rows = Store;\n",
      'src/store/store.ts': 'export type Store = string;\n',
      'src/cli/status.ts': "import type { Status } from '../admin/contract/status.js';\nexport type Shown = Status;\n",
    });
    expect([...rules.keys()].filter((edge) => !edge.includes(' → src/admin/contract ')).sort()).toEqual([
      'src/admin/contract/status.ts → src/admin/rows.ts',
    ]);
  });
});

describe('folders of one layer', () => {
  it('know each other in one direction only', async () => {
    const rules = await refused({
      'src/kernel/nft/rule.ts': "import type { Link } from '../links/link.js';\nexport type Rule = Link;\n",
      'src/kernel/links/link.ts': 'export type Link = string;\n',
      'src/kernel/links/port.ts': "import type { Rule } from '../nft/rule.js';\nexport type Port = Rule;\n",
    });
    expect([...rules.values()]).toContain('no-cycle-of-folders');
  });
});

describe('the tree', () => {
  const files = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ts'));
  const lines = new Map(files.map((path) => [path, readFileSync(join('src', path), 'utf8').split('\n').length - 1]));

  it('has no file over 200 lines, and half of them have 80 at most', () => {
    expect([...lines].filter(([, n]) => n > 200)).toEqual([]);
    expect([...lines.values()].sort((a, b) => a - b)[files.length >> 1]).toBeLessThanOrEqual(80);
  });

  it('has no folder with more than twelve files at one level', () => {
    const perFolder = new Map<string, number>();
    for (const path of files) perFolder.set(dirname(path), (perFolder.get(dirname(path)) ?? 0) + 1);
    expect([...perFolder].filter(([, n]) => n > 12)).toEqual([]);
  });
});
