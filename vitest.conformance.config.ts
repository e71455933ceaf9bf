import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/engines/conformance/**/*.test.ts'],
    testTimeout: 600_000,
    hookTimeout: 120_000,
    // They mostly wait, and each place has ports and folders of its own.
    maxWorkers: 3,
  },
});
