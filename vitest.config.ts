import { defineConfig } from 'vitest/config';

/**
 * `unit` and `contract` are quick and need nothing; `process` starts real programs; `e2e` builds and runs whole
 * installations. Real processes share two cores in CI, so files run two at a time and have generous bounds.
 */
const project = (name: string, testTimeout: number, more: { globalSetup?: string } = {}) => ({
  test: { name, include: [`test/${name}/**/*.test.ts`], testTimeout, hookTimeout: testTimeout, ...more },
});

export default defineConfig({
  test: {
    maxWorkers: 2,
    projects: [
      project('unit', 20_000),
      project('golden', 20_000),
      project('process', 120_000),
      project('contract', 20_000),
      project('e2e', 600_000, { globalSetup: 'test/e2e/global-setup.ts' }),
    ],
  },
});
