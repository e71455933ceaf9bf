import { defineConfig } from 'vitest/config';

/** They start real processes and wait for them. What needed a second attempt is named at the end of CI, not hidden. */
const withProcesses = [
  'test/e2e/**/*.test.ts',
  'test/faults/**/*.test.ts',
  'test/local-host/**/*.test.ts',
  'test/targets/process/**/*.test.ts',
];

export default defineConfig({
  test: {
    testTimeout: 20_000,
    hookTimeout: 20_000,
    maxWorkers: 2,
    projects: [
      {
        extends: true,
        test: { name: 'processes', include: withProcesses, retry: 1 },
      },
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          // What needs the real client has a command of its own: `npm run test:client`.
          exclude: [...withProcesses, 'test/engines/**', 'test/client/**', 'node_modules/**'],
        },
      },
    ],
  },
});
