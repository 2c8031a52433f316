/**
 * Which imports there may be: a folder is a layer, and knows only what is below it, type imports too. Run by
 * `npm run check`; test/unit/layers.test.ts shows that each layer's forbidden imports are refused at every depth.
 */

/** Layer to what it may import besides itself and the files of no layer below. */
export const LAYERS = {
  model: [],
  health: ['model'],
  store: ['health', 'model'],
  kernel: ['health', 'model'],
  engine: ['health', 'model'],
  registry: ['store', 'health', 'model'],
  reconcile: ['registry', 'store', 'health', 'model'],
  dns: ['registry', 'store', 'kernel', 'health', 'model'],
  api: ['dns', 'reconcile', 'registry', 'store', 'health', 'model'],
  probe: ['kernel', 'health', 'model'],
  metrics: ['store', 'health', 'model'],
  admin: ['overview', 'probe', 'metrics', 'dns', 'reconcile', 'registry', 'store', 'health', 'model'],
  'admin/contract': ['health', 'model'],
  overview: ['admin/contract', 'store', 'health', 'model'],
  doctor: ['kernel', 'engine', 'store', 'health', 'model'],
  cli: ['admin/contract', 'overview', 'doctor', 'probe', 'config', 'registry', 'store', 'kernel', 'health', 'model'],
  config: ['store', 'model'],
  wiring: ['config', 'api', 'doctor', 'probe', 'dns', 'reconcile', 'registry', 'store', 'kernel', 'engine', 'health', 'model'],
  agent: ['wiring', 'admin', 'overview', 'metrics', 'config', 'api', 'dns', 'reconcile', 'registry', 'store', 'kernel', 'engine', 'health', 'model'],
};
/** Files of no layer that every layer may import. */
const EVERYBODYS = ['errors', 'insist'];

const layers = Object.entries(LAYERS).map(([layer, below]) => ({
  name: `layer-${layer}`,
  comment: 'Imports run one way, see CONTRIBUTING.md.',
  severity: 'error',
  from: { path: `^src/${layer}/` },
  to: { path: '^src/', pathNot: `^src/((${[layer, ...below].join('|')})/|(${EVERYBODYS.join('|')})\\.ts$)` },
}));

export default {
  forbidden: [
    ...layers,
    { name: 'no-cycle-of-files', severity: 'error', from: {}, to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } } },
    { name: 'no-cycle-of-folders', severity: 'error', scope: 'folder', from: {}, to: { circular: true } },
    { name: 'resolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    parser: 'swc',
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
  },
};
