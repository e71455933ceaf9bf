// Runs every benchmark and prints its tables, or one JSON object with --json. --quick takes fewer rounds; --only <name> one of them;
// --target <kind> of those that run behind several targets.
// Ends with 1 when a table says that something promised does not hold.
import { loadTypeScript } from './load-typescript.mjs';

const benches = [
  ['analysis', 'bench/analysis.ts', 'benchAnalysis'],
  ['restore', 'bench/restore.ts', 'benchRestore'],
  ['proxy', 'bench/proxy.ts', 'benchProxy'],
  ['mcp', 'bench/mcp.ts', 'benchMcp'],
  ['tools', 'bench/tool-replies.ts', 'benchToolReplies'],
  ['learnings', 'bench/learnings.ts', 'benchLearnings'],
  ['hooks', 'bench/hooks.ts', 'benchHooks'],
];

const args = process.argv.slice(2);
const quick = args.includes('--quick');
const json = args.includes('--json');
const optionOf = (name) => (args.includes(name) ? args[args.indexOf(name) + 1] : null);
const only = optionOf('--only');
const targets = optionOf('--target') === null ? undefined : [optionOf('--target')];
if (only !== null && !benches.some(([name]) => name === only)) {
  console.error(`There is no benchmark "${only}"; there are: ${benches.map(([name]) => name).join(', ')}.`);
  process.exit(2);
}

const results = {};
for (const [name, entry, exported] of benches.filter(([name]) => only === null || name === only)) {
  const started = performance.now();
  const made = await (await loadTypeScript(entry))[exported]({ quick, targets });
  const seconds = Math.round((performance.now() - started) / 100) / 10;
  const tables = Array.isArray(made) ? made : [made];
  results[name] = Array.isArray(made) ? { tables, seconds } : { ...made, seconds };
  if (!json) {
    for (const table of tables) print(table);
    console.log(`\n${name}: ${seconds} s`);
  }
  if (tables.some(({ failed }) => failed)) process.exitCode = 1;
}
if (json) console.log(JSON.stringify({ date: new Date().toISOString(), node: process.version, quick, results }));

function print({ title, columns, rows, notes }) {
  const cells = [columns, ...rows.map((row) => row.map(String))];
  const widths = columns.map((_, index) => Math.max(...cells.map((row) => (row[index] ?? '').length)));
  console.log(`\n${title}`);
  for (const [index, row] of cells.entries()) {
    console.log(
      `  ${row.map((cell, at) => (at === 0 ? cell.padEnd(widths[at]) : cell.padStart(widths[at]))).join('  ')}`.trimEnd(),
    );
    if (index === 0) console.log(`  ${widths.map((width) => '─'.repeat(width)).join('  ')}`);
  }
  for (const note of notes ?? []) console.log(`  ${note}`);
}
