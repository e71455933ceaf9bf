import { defineConfig } from 'vitest/config';

/** For `npm run test:client`, which says where the client is. */
export default defineConfig({
  test: {
    include: ['test/client/**/*.test.ts'],
    testTimeout: 180_000,
    hookTimeout: 120_000,
    retry: 1,
    // Each scenario has a client of 400 MB and a service of its own.
    fileParallelism: false,
  },
});
