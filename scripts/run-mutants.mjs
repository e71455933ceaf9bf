// Makes each change of test/faults/mutants.ts to a copy of the sources, one at a time, and runs the suite that must notice it.
import { spawn } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
/** Nothing of these is read by the suites, or it is linked. */
const left = new Set(['node_modules', '.git', 'bench', '.seatrial']);

/** What became of each mutant, in their order. `report`: told of each as it is known. Throws when a change has no place any more. */
export async function runMutants(mutants, { workers, report }) {
  const copies = Array.from({ length: Math.min(workers, mutants.length) }, copyOfSources);
  try {
    await assertGreen(copies[0], mutants);
    const results = new Map();
    const waiting = [...mutants];
    const work = async (copy) => {
      for (let mutant = waiting.shift(); mutant !== undefined; mutant = waiting.shift()) {
        const result = {
          name: mutant.name,
          what: mutant.what,
          suite: mutant.suite,
          ...(await tryMutant(copy, mutant)),
        };
        results.set(mutant.name, result);
        report(result);
      }
    };
    await Promise.all(copies.map(work));
    return mutants.map(({ name }) => results.get(name));
  } finally {
    for (const copy of copies) rmSync(copy, { recursive: true, force: true });
  }
}

function copyOfSources() {
  const copy = mkdtempSync(join(tmpdir(), 'seatrial-mutants-'));
  for (const name of readdirSync(root))
    if (!left.has(name)) cpSync(join(root, name), join(copy, name), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  return copy;
}

/** A suite that fails without a change would notice any. */
async function assertGreen(copy, mutants) {
  if (mutants.some(({ bundle }) => bundle)) await build(copy);
  const suites = [...new Set(mutants.map(({ suite }) => suite))];
  const tests = [...new Set(mutants.map((mutant) => mutant.tests))].join('|');
  const { failed, passed } = await runSuite(copy, suites, { tests, workers: 2 });
  if (failed.length > 0 || passed === 0)
    throw new Error(`without a change the suites are not green: ${failed.join('; ') || 'nothing passed'}`);
}

async function tryMutant(copy, { name, edits, suite, tests, bundle }) {
  const originals = new Map();
  for (const { file, find, replace } of edits) {
    const path = join(copy, file);
    const text = readFileSync(path, 'utf8');
    if (!originals.has(path)) originals.set(path, text);
    if (text.split(find).length !== 2)
      throw new Error(`the change "${name}" has no place in ${file} any more: ${find}`);
    writeFileSync(
      path,
      text.replace(find, () => replace),
    );
  }
  const startedMs = performance.now();
  try {
    if (bundle) await build(copy);
    const { failed } = await runSuite(copy, [suite], { tests, workers: 1 });
    return { caught: failed.length > 0, seconds: (performance.now() - startedMs) / 1000 };
  } finally {
    for (const [path, text] of originals) writeFileSync(path, text);
  }
}

/** Tests that failed by what they saw: a suite that cannot be loaded has noticed nothing. */
async function runSuite(copy, suites, { tests, workers }) {
  const file = join(copy, 'mutant-report.json');
  rmSync(file, { force: true });
  const how = ['--reporter=json', `--outputFile=${file}`, `--maxWorkers=${workers}`, '-t', tests];
  const args = ['vitest', 'run', '--config', 'vitest.faults.config.ts', ...suites, ...how];
  const output = await run('npx', args, copy);
  if (!existsSync(file)) throw new Error(`${suites.join(' ')} did not end with a report: ${output}`);
  const { testResults, numPassedTests } = JSON.parse(readFileSync(file, 'utf8'));
  const failed = testResults.flatMap(({ assertionResults }) =>
    assertionResults.filter(({ status }) => status === 'failed').map(({ fullName }) => fullName),
  );
  return { failed, passed: numPassedTests };
}

async function build(copy) {
  await run('node', ['scripts/build.mjs'], copy);
}

/** Both outputs, when it has ended, however it did. */
function run(program, args, cwd) {
  const { SEATRIAL_FAULTS_REPORT: _report, ...env } = process.env;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd,
      env: { ...env, SEATRIAL_FAULTS: 'quick', NO_COLOR: '1' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk) => (output = `${output}${chunk}`.slice(-20_000)));
    child.once('error', reject);
    child.once('exit', () => resolve(output));
  });
}
