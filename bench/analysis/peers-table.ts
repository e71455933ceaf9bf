import { type BenchTable, mean, percent, short } from './bench-table.ts';
import type { PeerOutcome } from './drive-peers.ts';
import { exactInterval } from './exact-interval.ts';
import type { JudgedCell } from './judged-cell.ts';
import { comparedRules } from './peer-cells.ts';

type Finding = { failedMs: number | null; canaryFailures: number };

/** The same traces judged by seatrial and by other tools' documented rules. */
export function peersTable(cells: readonly JudgedCell[], outcomes: ReadonlyArray<readonly PeerOutcome[]>): BenchTable {
  const rows = cells.flatMap((cell, index) => {
    const runs = outcomes[index] ?? [];
    const harmful = cell.scenario.canaryExcess > 0;
    const own = runs.map((run) => run.seatrial);
    const rules = comparedRules.map((rule, at) => ({
      title: rule.title,
      findings: runs.flatMap((run) => run.peers[at] ?? []),
    }));
    return [{ title: 'seatrial', findings: own }, ...rules].map(({ title, findings }) => [
      cell.name,
      title,
      ...(harmful ? harmColumns(findings, mean(own.map((run) => run.canaryFailures))) : healthColumns(findings)),
    ]);
  });
  return {
    title: 'The same traces judged by other rules (simulated)',
    columns: ['canary', 'rule', 'rolled back', 'mean s', 'failed served', '× seatrial'],
    rows,
    notes: [
      '100 requests/s unless it says otherwise, 5 % to the canary, traces of one hour; a rule that does not roll back lets all failures of the hour through',
      'identical: every rollback is a false one; in brackets the exact 95 % interval',
      ...comparedRules.map((rule) => `${rule.title}: ${rule.settings}`),
      'own implementations from documented behaviour; weights are those of the trace',
    ],
  };
}

function harmColumns(findings: readonly Finding[], ownServed: number): string[] {
  const found = findings.flatMap((finding) => finding.failedMs ?? []);
  const served = mean(findings.map((finding) => finding.canaryFailures));
  return [
    `${found.length}/${findings.length}`,
    found.length === 0 ? '–' : short(mean(found) / 1000),
    short(served),
    short(served / ownServed),
  ];
}

function healthColumns(findings: readonly Finding[]): string[] {
  const rolledBack = findings.filter((finding) => finding.failedMs !== null).length;
  const [low, high] = exactInterval(rolledBack, findings.length, 0.05);
  return [`${percent(rolledBack / findings.length)} [${percent(low)}, ${percent(high)}]`, '–', '–', '–'];
}
