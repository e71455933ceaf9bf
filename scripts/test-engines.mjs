// Suites against real engines, each in a run of its own; their Debian packages are installed by .ci/run.
// Prints one line a suite, and SKIPPED with the reason where it cannot run here.
import { spawnSync } from 'node:child_process';

const result = spawnSync('npx', ['vitest', 'run', '--config', 'vitest.engines.config.ts', ...process.argv.slice(2)], {
  stdio: 'inherit',
});
process.exit(result.status ?? 1);
