import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/engines/conformance/**/*.test.ts'],
    testTimeout: 600_000,
    hookTimeout: 120_000,
    // Real engines in real time on a busy machine. What needed it is named at the end of CI, not hidden.
    retry: 1,
    // They mostly wait, and each place has ports and folders of its own.
    maxWorkers: 3,
  },
});
