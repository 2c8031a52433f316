import { defineConfig } from 'vitest/config';

const project = (name: string, seconds: number, parallel: boolean) => ({
  test: {
    name,
    include: [`test/${name}/**/*.test.ts`],
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
      project('lab', 300, false),
    ],
  },
});
