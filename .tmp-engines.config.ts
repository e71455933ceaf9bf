import { defineConfig } from 'vitest/config';
export default defineConfig({
  root: '/work/main',
  test: { include: ['test/engines/loss-meter.test.ts'], testTimeout: 600000, hookTimeout: 60000 },
});
