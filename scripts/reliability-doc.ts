import { provenPromises } from '../test/faults/promises.ts';
import type { Proof } from '../test/faults/record-proof.ts';

/** A way to be wrong on purpose, and the suite that noticed; null: none did. */
export type MutantResult = { name: string; what: string; suite: string; caught: boolean };

export type ReliabilityRun = {
  proofs: readonly Proof[];
  mutants: readonly MutantResult[];
  date: string;
  commit: string;
  machine: string;
  command: string;
  minutes: number;
};

const columns = ['promise', 'what was tried, and what must not happen', 'tried', 'wrong', 'seed', 'figures'];

/** docs/reliability.md: a row for each record of each promise, the mutants, and what the methods cannot see. Pure. */
export function renderReliability({ proofs, mutants, ...run }: ReliabilityRun): string {
  const caught = mutants.filter((mutant) => mutant.caught).length;
  return [
    '# Reliability',
    '',
    `Written by \`${run.command}\` on ${run.date}, commit ${run.commit}, in ${run.minutes} minutes on ${run.machine}.`,
    'Everything drawn by chance is drawn from the seed, so the same command tries the same again. `wrong` must be 0 in every row.',
    '',
    row(columns),
    row(columns.map(() => '---')),
    ...provenPromises.flatMap(({ id, title }) => {
      const records = proofs.filter((proof) => proof.promise === id);
      if (records.length === 0) return [row([`\`${id}\`: ${title}`, notShown, '–', '–', '–', '–'])];
      return records.map((proof) =>
        row([
          `\`${id}\`: ${title}`,
          proof.what,
          count(proof.tried),
          count(proof.wrong),
          proof.seed === null ? 'nothing by chance' : String(proof.seed),
          renderFigures(proof.figures),
        ]),
      );
    }),
    '',
    '## Wrong on purpose',
    '',
    `A suite that never fails proves nothing. Each of these changes was made to the sources alone, and the suite beside it had to fail: ${caught} of ${mutants.length} were noticed.`,
    '',
    row(['change', 'what is wrong then', 'noticed by']),
    row(['---', '---', '---']),
    ...mutants.map(({ name, what, suite, caught: noticed }) =>
      row([name, what, noticed ? `\`${suite}\`` : `**nobody** (\`${suite}\` should)`]),
    ),
    '',
    '## What each method cannot see',
    '',
    ...provenPromises.map(({ id, blind }) => `- \`${id}\`: ${blind}`),
    '',
  ].join('\n');
}

const notShown = '**not shown by this run**';

/** Why the committed page is not about the promises that there are; empty when it is. Pure. */
export function complaintsAboutReliability(text: string): string[] {
  const table = text.split('\n## ')[0] ?? '';
  const named = [...table.matchAll(/^\| `([a-z-]+)`: /gm)].map((match) => match[1] ?? '');
  const wanted = provenPromises.map(({ id }) => id);
  return [
    ...wanted.filter((id) => !named.includes(id)).map((id) => `it has no row for the promise ${id}`),
    ...[...new Set(named)]
      .filter((id) => !wanted.some((one) => one === id))
      .map((id) => `it has a row for ${id}, which is not promised`),
    ...wanted.filter((id) => !text.includes(`\n- \`${id}\`: `)).map((id) => `it does not say what ${id} cannot see`),
  ];
}

/** What stands against the promises in these records, in words; empty when each was tried and nothing went wrong. Pure. */
export function complaintsAboutProofs(proofs: readonly Proof[], only: string | null): string[] {
  return provenPromises
    .filter(({ id }) => only === null || only === id)
    .flatMap(({ id, suites }) => {
      const records = proofs.filter((proof) => proof.promise === id);
      if (records.length === 0) return [`${id}: no record; is ${suites.join(', ')} there, and green?`];
      return records.flatMap((proof) => [
        ...(proof.wrong > 0 ? [`${id}: wrong ${proof.wrong} times of ${proof.tried}: ${proof.what}`] : []),
        ...(proof.tried > 0 ? [] : [`${id}: nothing was tried`]),
      ]);
    });
}

function renderFigures(figures: Proof['figures']): string {
  const entries = Object.entries(figures ?? {});
  if (entries.length === 0) return '–';
  return entries.map(([name, value]) => `${name} ${typeof value === 'number' ? count(value) : value}`).join(', ');
}

function count(value: number): string {
  return value.toLocaleString('en-US');
}

function row(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`;
}
