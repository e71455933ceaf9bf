import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/engines/**/*.test.ts'],
    // With a configuration of its own: vitest.conformance.config.ts.
    exclude: ['test/engines/conformance/**', 'node_modules/**'],
    testTimeout: 600_000,
    hookTimeout: 120_000,
    // Real engines in real time on a busy machine. What needed it is named at the end of CI, not hidden.
    retry: 1,
    // Loss and load are measured: one suite has the machine to itself.
    fileParallelism: false,
  },
});
