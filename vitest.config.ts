import { defineConfig } from 'vitest/config';

const project = (name: string, seconds: number, parallel: boolean, include = `test/${name}/**/*.test.ts`) => ({
  test: {
    name,
    include: [include],
    testTimeout: seconds * 1000,
    hookTimeout: seconds * 1000,
    // Namespaces belong to threads: a test that switches them needs a process of its own.
    pool: 'forks' as const,
    fileParallelism: parallel,
  },
});

export default defineConfig({
  test: {
    projects: [
      project('unit', 20, true),
      project('store', 30, false),
      project('kernel', 30, false),
      project('lab', 300, false, 'test/lab/*.test.ts'),
      project('managed', 300, false, 'test/lab/managed/*.test.ts'),
      project('options', 300, false, 'test/lab/options/*.test.ts'),
      project('attacks', 300, false, 'test/lab/attacks/*.test.ts'),
      project('faults', 300, false, 'test/lab/faults/*.test.ts'),
    ],
  },
});
