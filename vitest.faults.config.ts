import { defineConfig } from 'vitest/config';

/** For `npm run test:faults`: nothing is tried twice, because what went wrong once has gone wrong. */
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/engines/conformance/**', 'node_modules/**'],
    testTimeout: 3_000_000,
    hookTimeout: 600_000,
    // Most of what they do is waiting.
    maxWorkers: 3,
  },
});
