// Everything that must hold before a commit, cheapest first: types, lint, architecture and unit tests, docs drift, dist drift.
import { spawnSync } from 'node:child_process';

const steps = [
  ['types', 'npx', ['tsc', '--noEmit']],
  ['lint', 'npx', ['biome', 'check', '--error-on-warnings', '.']],
  ['architecture', 'npx', ['vitest', 'run', 'test/architecture.test.ts']],
  ['docs drift', 'node', ['scripts/docs.mjs', '--check']],
  ['dist drift', 'node', ['scripts/build.mjs', '--check']],
];

let failed = 0;
for (const [name, program, args] of steps) {
  const started = performance.now();
  const result = spawnSync(program, args, { encoding: 'utf8', env: { ...process.env, NO_COLOR: '1' } });
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`${result.status === 0 ? 'ok  ' : 'FAIL'} ${name} (${seconds} s)`);
  if (result.status !== 0) {
    failed += 1;
    console.log(`${result.stdout ?? ''}${result.stderr ?? ''}`.trimEnd());
  }
}
process.exit(failed === 0 ? 0 : 1);
