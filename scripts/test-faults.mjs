// Shows what is promised of every run: the suites of test/faults/promises.ts, then changes that are wrong on purpose, then
// docs/reliability.md out of both. Ends with 1 when something went wrong, a promise has no record or a change was not noticed.
//   npm run test:faults                       everything, and writes the page (under an hour)
//   npm run test:faults -- --quick            smaller counts; writes nothing, but the page must be about the same promises
//   npm run test:faults -- --only <promise>   one promise, with the full counts; writes nothing
//   --write                                   with --quick: writes the page all the same, and says there that it was the quick run
//   --proofs <file>                           takes the records of a test run that has just been made, instead of running the suites
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { loadTypeScript } from './load-typescript.mjs';
import { runMutants } from './run-mutants.mjs';

const root = join(import.meta.dirname, '..');
const { values: asked } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
    only: { type: 'string' },
    proofs: { type: 'string' },
  },
});
const { provenPromises } = await loadTypeScript('test/faults/promises.ts');
const { mutants } = await loadTypeScript('test/faults/mutants.ts');
const { renderReliability, complaintsAboutReliability, complaintsAboutProofs } =
  await loadTypeScript('scripts/reliability-doc.ts');

const only = asked.only ?? null;
if (only !== null && !provenPromises.some(({ id }) => id === only)) {
  console.error(`There is no promise ${only}. There are: ${provenPromises.map(({ id }) => id).join(', ')}.`);
  process.exit(2);
}
const page = join(root, 'docs/reliability.md');
const started = performance.now();
const folder = mkdtempSync(join(tmpdir(), 'seatrial-faults-'));
const complaints = [];
try {
  const report = asked.proofs ?? join(folder, 'proofs.jsonl');
  if (asked.proofs === undefined) complaints.push(...runSuites(report));
  const proofs = readProofs(report);
  complaints.push(...missingSuites(), ...complaintsAboutProofs(proofs, only));
  for (const { promise, tried, wrong } of proofs)
    console.log(`${wrong === 0 ? 'ok  ' : 'FAIL'} ${promise}: tried ${tried}, wrong ${wrong}`);

  const results = only === null ? await tryMutants() : [];
  complaints.push(
    ...results
      .filter(({ caught }) => !caught)
      .map(({ name, suite }) => `nobody noticed "${name}"; ${suite} should have`),
  );

  const minutes = Math.ceil((performance.now() - started) / 60_000);
  const writes = only === null && asked.proofs === undefined && (asked.write || !asked.quick);
  if (writes) writeFileSync(page, renderReliability({ proofs, mutants: results, ...thisRun(minutes) }));
  if (only === null)
    complaints.push(
      ...complaintsAboutReliability(existsSync(page) ? readFileSync(page, 'utf8') : '').map(
        (text) => `docs/reliability.md: ${text}`,
      ),
    );
  const caught = results.filter((result) => result.caught).length;
  console.log(
    `${proofs.length} records, ${caught} of ${results.length} changes noticed (${Math.round((performance.now() - started) / 1000)} s)`,
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}
for (const complaint of complaints) console.error(`FAIL ${complaint}`);
process.exit(complaints.length === 0 ? 0 : 1);

/** In words, what was not green. The suites of engines come last, one after the other: they measure. */
function runSuites(report) {
  const wanted = provenPromises.filter(({ id }) => only === null || only === id);
  const groups = [
    ['suites', wanted.filter(({ engines }) => engines !== true), []],
    ['suites of engines', wanted.filter(({ engines }) => engines === true), ['--no-file-parallelism']],
  ];
  return groups.flatMap(([name, group, how]) => {
    const suites = group.flatMap((one) => one.suites);
    if (suites.length === 0) return [];
    const { status } = spawnSync('npx', ['vitest', 'run', '--config', 'vitest.faults.config.ts', ...suites, ...how], {
      cwd: root,
      stdio: 'inherit',
      env: { ...process.env, ...counts(), SEATRIAL_FAULTS_REPORT: report },
    });
    return status === 0 ? [] : [`the ${name} are not green`];
  });
}

/** Suites that a promise names and that are not there. */
function missingSuites() {
  const files = readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' }).map((path) => `test/${path}`);
  return provenPromises
    .filter(({ id }) => only === null || only === id)
    .flatMap(({ id, suites }) =>
      suites
        .filter((suite) => !files.some((path) => path.startsWith(suite)))
        .map((suite) => `${id}: there is no ${suite}`),
    );
}

function counts() {
  return asked.quick
    ? { SEATRIAL_FAULTS: 'quick', LOSS_METER_REQUESTS: '20000', LOSS_METER_RATE: '400' }
    : { SEATRIAL_FAULTS: 'full' };
}

function readProofs(report) {
  if (!existsSync(report)) return [];
  const lines = readFileSync(report, 'utf8')
    .split('\n')
    .filter((line) => line !== '');
  const proofs = lines.map((line) => JSON.parse(line));
  return only === null ? proofs : proofs.filter(({ promise }) => promise === only);
}

async function tryMutants() {
  const chosen = mutants.filter(({ bundle }) => !(asked.quick && bundle));
  const report = ({ name, suite, caught, seconds }) =>
    console.log(
      `${caught ? 'ok  ' : 'FAIL'} "${name}" ${caught ? 'was noticed by' : 'was not noticed by'} ${suite} (${seconds.toFixed(1)} s)`,
    );
  try {
    return await runMutants(chosen, { workers: 2, report });
  } catch (thrown) {
    complaints.push(thrown instanceof Error ? thrown.message : String(thrown));
    return [];
  }
}

function thisRun(minutes) {
  const said = (program, ...args) => spawnSync(program, args, { cwd: root, encoding: 'utf8' }).stdout.trim();
  return {
    date: new Date().toISOString().slice(0, 10),
    commit: `${said('git', 'rev-parse', '--short=12', 'HEAD')}${said('git', 'status', '--porcelain', '--', 'src', 'test', 'scripts') === '' ? '' : ' with changes'}`,
    machine: `${cpus().length} cores, Node ${process.versions.node}, Linux ${release()}`,
    command: `npm run test:faults${asked.quick ? ' -- --quick --write' : ''}`,
    minutes,
  };
}
