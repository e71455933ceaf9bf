import { describe, expect, it } from 'vitest';
import {
  type ConformanceCells,
  complaintsAbout,
  missingCells,
  renderConformance,
} from '../../scripts/conformance-table.ts';
import { targetCases, targetDrivers } from './target/case-list.ts';

const cells: ConformanceCells = Object.fromEntries(
  targetDrivers.flatMap((driver) =>
    targetCases.map(({ id }) => [`${driver.id} ${id}`, { cell: 'passed', why: null }] as const),
  ),
);
const made = { engines: { HAProxy: '2.6.12' }, date: '2026-11-21' };

describe('the table of conformance', () => {
  it('has a row for each case, a column for each driver, and says what was refused and what works', () => {
    const refused = { cell: 'refused: lacks batches', why: 'cannot replace instances; use strategy direct' };
    const text = renderConformance({ ...cells, 'command-git batches': refused }, made);
    expect(complaintsAbout(text)).toEqual([]);
    expect(text).toContain('HAProxy 2.6.12');
    expect(text).toContain('- **command: git push** lacks batches: cannot replace instances; use strategy direct.');
  });

  it('is no table when a cell is missing, a row was dropped or a driver was added', () => {
    const { 'haproxy drain': gone, ...others } = cells;
    expect(gone).toBeDefined();
    expect(missingCells(others)).toEqual(['haproxy: drain']);
    expect(missingCells(cells)).toEqual([]);
    expect(complaintsAbout(renderConformance(others, made))).toEqual([expect.stringMatching(/has the cell "missing"/)]);
    const lines = renderConformance(cells, made).split('\n');
    expect(complaintsAbout(lines.filter((line) => !line.includes('killed in promote')).join('\n'))).toEqual([
      'its rows are not the list of cases',
    ]);
    expect(complaintsAbout(lines.map((line) => line.replace('| haproxy |', '|')).join('\n'))).not.toEqual([]);
    expect(complaintsAbout('')).not.toEqual([]);
  });
});
