import { defineConfig } from 'vitest/config';

interface Project {
  /** Of each test, and of each hook. */
  readonly seconds: number;
  /** Files at once. */
  readonly workers: number;
  readonly include?: readonly string[];
  readonly exclude?: readonly string[];
  /** False: files share what they import, which is most of a short test's time. */
  readonly isolate?: boolean;
}

let order = 0;
const project = (
  name: string,
  { seconds, workers, include = [`test/${name}/**/*.test.ts`], exclude = [], isolate = true }: Project,
) => ({
  test: {
    name,
    include: [...include],
    exclude: [...exclude],
    testTimeout: seconds * 1000,
    hookTimeout: seconds * 1000,
    maxWorkers: workers,
    isolate,
    // One project after the other.
    sequence: { groupOrder: order++ },
    // Namespaces belong to threads: a test that switches them needs a process of its own.
    pool: 'forks' as const,
  },
});

/** They measure, or flood: each wants the machine for itself. */
const ALONE = [
  'accelerate-pass',
  'antispoof',
  'dns-attack',
  'dns-busy-rules',
  'dns-crowd',
  'dns-destroyed',
  'dns-locked-rules',
  'flood',
  'guard-traffic',
  'nftables',
  'traffic',
  'watch',
].map((file) => `test/kernel/${file}.test.ts`);
const LABS_ALONE = ['test/lab/attacks.test.ts'];

export default defineConfig({
  test: {
    projects: [
      project('unit', { seconds: 20, workers: 3, isolate: false }),
      project('store', { seconds: 30, workers: 3 }),
      project('kernel', { seconds: 60, workers: 3, exclude: ALONE }),
      project('kernel-alone', { seconds: 30, workers: 1, include: ALONE }),
      project('figures', { seconds: 120, workers: 1 }),
      // Two labs side by side: most of the time each waits for what it has broken to be seen.
      project('lab', { seconds: 300, workers: 2, include: ['test/lab/*.test.ts'], exclude: LABS_ALONE }),
      project('lab-alone', { seconds: 300, workers: 1, include: LABS_ALONE }),
      ...['managed', 'options', 'attacks', 'faults'].map((name) =>
        project(name, { seconds: 300, workers: 1, include: [`test/lab/${name}/*.test.ts`] }),
      ),
      project('operate', { seconds: 300, workers: 2, include: ['test/lab/operate/*.test.ts'] }),
      // Emulated, an import takes as long as a test.
      project('encryption', { seconds: 300, workers: 1, include: ['test/lab/encryption/*.test.ts'], isolate: false }),
    ],
  },
});
