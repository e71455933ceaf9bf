import { type ConformanceCell, cellPattern, targetCases, targetDrivers } from '../test/conformance/target/case-list.ts';

/** Cells by driver and case: `process promote`. */
export type ConformanceCells = Record<string, ConformanceCell>;

/** Cells that are not there, in words. Pure. */
export function missingCells(cells: ConformanceCells): string[] {
  return targetCases.flatMap(({ id }) =>
    targetDrivers.flatMap((driver) => (cells[`${driver.id} ${id}`] === undefined ? [`${driver.id}: ${id}`] : [])),
  );
}

/** docs/conformance.md: a row for each case, a column for each driver. `engines`: name and version. Pure. */
export function renderConformance(
  cells: ConformanceCells,
  { engines, date }: { engines: Record<string, string>; date: string },
): string {
  const of = (driver: string, id: string): ConformanceCell =>
    cells[`${driver} ${id}`] ?? { cell: 'missing', why: null };
  const refusals = targetDrivers.flatMap((driver) => {
    const told = new Map<string, string>();
    for (const { id } of targetCases) {
      const { cell, why } = of(driver.id, id);
      if (why !== null) told.set(cell.replace('refused: ', ''), why);
    }
    return [...told].map(([lack, why]) => `- **${driver.title}** ${lack}: ${why}.`);
  });
  return [
    '# Conformance of the targets',
    '',
    `Written by \`npm run conformance\` on ${date}; the command installs the Debian packages that it needs and fails when a cell`,
    'fails or is missing. Every driver was run against the real engine:',
    Object.entries(engines)
      .map(([name, version]) => `${name} ${version}`)
      .join(', '),
    '',
    'A case that needs what a driver lacks must have been refused: when planning, with what would work, and by the call itself.',
    '',
    row(['case', ...targetDrivers.map(({ title }) => title)]),
    row(['---', ...targetDrivers.map(() => '---')]),
    ...targetCases.map(({ id, title }) => row([title, ...targetDrivers.map((driver) => of(driver.id, id).cell)])),
    '',
    '## What is refused, and what works',
    '',
    ...refusals,
    '',
  ].join('\n');
}

/** Why the committed table is not about the cases and drivers that there are; empty when it is. Pure. */
export function complaintsAbout(text: string): string[] {
  const [head = [], , ...rows] = text
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .map(parseRow);
  const columns = targetDrivers.map(({ title }) => title);
  const titles = targetCases.map(({ title }) => title);
  const bad = rows.flatMap(([title, ...cells]) =>
    cells.filter((cell) => !cellPattern.test(cell)).map((cell) => `"${title}" has the cell "${cell}"`),
  );
  return [
    ...(same(head.slice(1), columns) ? [] : [`its columns are not the drivers ${columns.join(', ')}`]),
    ...(same(
      rows.map(([title = '']) => title),
      titles,
    )
      ? []
      : ['its rows are not the list of cases']),
    ...(rows.every((cells) => cells.length === columns.length + 1) ? [] : ['a row has too few or too many cells']),
    ...bad,
  ];
}

function row(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

function parseRow(line: string): string[] {
  return line
    .slice(1, -1)
    .split('|')
    .map((cell) => cell.trim());
}

function same(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((one, index) => one === right[index]);
}
