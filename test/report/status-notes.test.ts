import { expect, it } from 'vitest';
import { renderStatus } from '../../src/report/status-text.ts';
import { startMs, succeededRun } from '../fixtures/run-records.ts';

const options = { nowMs: startMs + 1000 };

it('a status says when its journal is damaged or of a newer program, and nothing of the kind otherwise', () => {
  const record = succeededRun();
  expect(renderStatus(record, options)).not.toMatch(/note:/);
  expect(renderStatus({ ...record, damage: { line: 7, reason: 'its checksum is wrong' } }, options)).toContain(
    'note: the journal is damaged at line 7: its checksum is wrong; nothing leads forward from it, and the way back is open',
  );
  expect(renderStatus({ ...record, newer: 2 }, options)).toContain(
    'note: a newer seatrial wrote this journal (format 2)',
  );
});
