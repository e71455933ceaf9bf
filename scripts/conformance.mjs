// The contract of `Target`, every driver against its real engine, and docs/conformance.md out of it. Installs the Debian packages
// that it needs. Ends with 1, and leaves the table as it is, when a cell fails or is missing. --check runs everything and writes nothing.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadTypeScript } from './load-typescript.mjs';

const root = join(import.meta.dirname, '..');
const { missingCells, renderConformance } = await loadTypeScript('scripts/conformance-table.ts');
const directory = mkdtempSync(join(tmpdir(), 'seatrial-conformance-'));
const started = performance.now();
process.exitCode = 1;
try {
  install('haproxy', 'nginx-light', 'git');
  const cells = runSuites(join(directory, 'report.json'));
  const missing = missingCells(cells);
  for (const cell of missing) console.error(`FAIL ${cell}`);
  const seconds = Math.round((performance.now() - started) / 1000);
  console.log(`${Object.keys(cells).length} cells are green, ${missing.length} failed or are missing (${seconds} s)`);
  if (missing.length === 0) {
    const date = new Date().toISOString().slice(0, 10);
    if (!process.argv.includes('--check'))
      writeFileSync(join(root, 'docs/conformance.md'), renderConformance(cells, { engines: engineVersions(), date }));
    process.exitCode = 0;
  }
} finally {
  rmSync(directory, { recursive: true, force: true });
}

function install(...packages) {
  const done = spawnSync(join(root, 'scripts/install-engines.sh'), packages, { stdio: 'inherit' });
  if (done.status !== 0) console.error('going on with what is there');
}

/** Cells by driver and case; a case that failed has none. */
function runSuites(report) {
  const suites = ['run', '--config', 'vitest.conformance.config.ts'];
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  spawnSync('npx', ['vitest', ...suites, ...reporters], { cwd: root, stdio: 'inherit' });
  const { testResults } = JSON.parse(readFileSync(report, 'utf8'));
  const cells = {};
  for (const { assertionResults } of testResults)
    for (const { status, meta } of assertionResults)
      if (status === 'passed' && meta.conformance !== undefined) {
        const { driver, caseId, cell, why } = meta.conformance;
        cells[`${driver} ${caseId}`] = { cell, why };
      }
  return cells;
}

function engineVersions() {
  const said = (program, ...args) => {
    const { stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' });
    return /\d+\.\d+(\.\d+)?/.exec(`${stdout}${stderr}`)?.[0] ?? 'unknown';
  };
  return {
    'Node.js': process.versions.node,
    HAProxy: said('/usr/sbin/haproxy', '-v'),
    nginx: said('/usr/sbin/nginx', '-v'),
    git: said('git', '--version'),
  };
}
