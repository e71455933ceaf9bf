import { describe, expect, it } from 'vitest';
import { renderOdds } from '../../src/cli/live-evidence.ts';
import { createLivePainter } from '../../src/cli/live-painter.ts';
import { type RunCommands, renderFrame } from '../../src/cli/live-view.ts';
import { renderBar, spread, truncate, visibleLength, wrap } from '../../src/cli/terminal-text.ts';
import { endedRecord } from '../fixtures/door-operations.ts';
import { createDoorRecord, runId, startMs, verdict } from '../fixtures/door-record.ts';
import { createVirtualClock } from '../fixtures/virtual-clock.ts';
import { createMemoryIo } from './memory-io.ts';

const commands: RunCommands = {
  follow: 'seatrial status R --follow',
  resume: 'seatrial control resume R',
  promote: 'seatrial control promote R',
  abort: 'seatrial control abort R',
  rollback: 'seatrial control rollback R',
};
const nowMs = startMs + 130_000;
const frame = (record = createDoorRecord(), width = 80, color = false): string[] =>
  renderFrame(record, { nowMs, width, color, commands });

describe('renderFrame', () => {
  it.each([60, 80, 120])('says what matters within %i columns', (width) => {
    const lines = frame(createDoorRecord(), width);
    expect(Math.max(...lines.map(visibleLength))).toBeLessThanOrEqual(width);
    const text = lines.join('\n');
    expect(lines[0]).toMatch(/^shop · production · 1\.3\.0 → 1\.4\.0 · canary +2m 10s$/);
    expect(lines[1]).toMatch(new RegExp(`^run ${runId} +running$`));
    expect(text).toMatch(/✓ start 2 × 1\.4\.0 and wait until healthy +3s/);
    expect(text).toMatch(/▶ watch at 5 % for 10m \(at most 2h\) +2m 1s/);
    expect(text).toMatch(/· candidate gets 50 % of users/);
    expect(text).toMatch(/users on it +█+░+ +5 %/);
    expect(text).toMatch(/canary +23\.0 {2}0\.43 % \(1\/230\) +45 ms/);
    expect(text).toMatch(/baseline +445\.0 {2}0\.00 % \(0\/4450\) +43 ms/);
    expect(text).toMatch(/harm +█+░+\| 3:1 of 240:1/);
    expect(text).toMatch(/safety +█+░+\| 40:1 of 80:1/);
    expect(text).toContain('errorRate: canary fails 0.43 %');
    expect(text).toMatch(/time left +7m 59s in this bake/);
    expect(text).not.toContain('\u001b');
  });

  it('keeps its layout below 60 columns instead of breaking it', () => {
    expect(frame(createDoorRecord(), 20)).toEqual(frame(createDoorRecord(), 60));
  });

  it('has the same text in colour', () => {
    const plain = frame().map((line) => line.trimEnd());
    const coloured = frame(createDoorRecord(), 80, true);
    expect(coloured.join('')).toContain('\u001b[32m');
    expect(coloured.map((line) => line.replace(/\p{Cc}\[[0-9;]*m/gu, '').trimEnd())).toEqual(plain);
  });

  it('says that nothing was measured instead of zero', () => {
    expect(frame(createDoorRecord({ counts: [], verdicts: [] })).join('\n')).toContain('none measured yet');
    const silent = createDoorRecord().counts.map((point) => ({
      ...point,
      canary: { requests: 0, failures: 0 },
      p99CanaryMs: null,
    }));
    expect(frame(createDoorRecord({ counts: silent })).join('\n')).toMatch(/canary +0\.0 {2}no data +–/);
  });

  it('tells what is missing when the bake is over without a verdict', () => {
    const text = renderFrame(createDoorRecord(), { nowMs: startMs + 700_000, width: 100, color: false, commands }).join(
      '\n',
    );
    expect(text).toContain(
      'bake time is over, waits for a verdict: 1,200 more canary requests, about 3m; holds in 1h 48m',
    );
  });

  it('says why it holds and what to type', () => {
    const holds = [{ seq: 9, fromMs: nowMs - 60_000, toMs: null, reason: 'no verdict after 2h', gate: null }];
    const text = frame(createDoorRecord({ status: 'held', holds })).join('\n');
    expect(text).toContain('HELD for 1m: no verdict after 2h');
    expect(text).toMatch(/go on: +seatrial control resume R/);
    expect(text).toMatch(/stop: +seatrial control abort R/);
    const goesOnBy = (trigger: string): string =>
      frame(createDoorRecord({ status: 'held', holds: holds.map((hold) => ({ ...hold, trigger })) })).join('\n');
    expect(goesOnBy('person')).toMatch(/go on: +seatrial control resume R/);
    expect(goesOnBy('metrics-source')).toMatch(/let go on: seatrial control promote R/);
    const gated = [{ seq: 9, fromMs: nowMs, toMs: null, reason: 'a person lets it go on', gate: 'half' }];
    expect(frame(createDoorRecord({ status: 'held', holds: gated })).join('\n')).toMatch(
      /let go on: seatrial control promote R/,
    );
  });

  it('tells a rollback, a freeze and every end', () => {
    const rollback = {
      trigger: 'error-rate',
      reason: 'canary fails 8 %',
      detectedAtMs: 0,
      startedAtMs: 0,
      trafficRestoredAtMs: null,
      trafficRestoredAfterMs: null,
      completedAtMs: null,
    };
    expect(frame(createDoorRecord({ status: 'rolling_back', rollback })).join('\n')).toContain(
      'ROLLING BACK: canary fails 8 %',
    );
    expect(frame(createDoorRecord({ status: 'frozen', reason: 'journal damaged' })).join('\n')).toMatch(
      /FROZEN: journal damaged[\s\S]*seatrial control rollback R/,
    );
    expect(frame(endedRecord('rolled_back', 'it did harm')).join('\n')).toContain('ROLLED_BACK: it did harm');
    expect(frame(endedRecord('succeeded', 'proven')).join('\n')).not.toContain('time left');
  });

  it('takes control characters out of what a service said', () => {
    const text = frame(endedRecord('failed', 'bad\u001b[2Jscreen\u202e')).join('\n');
    expect(text).toContain('FAILED: badscreen');
    expect(text).not.toMatch(/(?!\n)[\p{Cc}\p{Cf}]/u);
  });

  it('shows the steps around the current one when rows are few', () => {
    const lines = renderFrame(createDoorRecord(), { nowMs, width: 80, color: false, commands, maxSteps: 3 });
    const text = lines.join('\n');
    expect(text).toContain('✓ 2 earlier steps');
    expect(text).toContain('▶ watch at 5 %');
    expect(text).toContain('· 3 later steps');
    expect(lines).toHaveLength(frame().length - 8 + 5);
  });
});

describe('the painter', () => {
  it('redraws in place at most four times a second, and gives the cursor back', async () => {
    const clock = createVirtualClock(startMs);
    const io = createMemoryIo({ isTty: true, clock });
    const painter = createLivePainter(io, { color: false, commandsOf: () => commands });
    painter.show(createDoorRecord());
    for (let index = 0; index < 10; index += 1) {
      await clock.advance(50);
      painter.show(createDoorRecord());
    }
    expect(io.out).toHaveLength(3);
    const height = (io.out[0] ?? '').split('\n').length - 1;
    expect(io.out[1]).toContain(`\u001b[${height}A\r\u001b[J`);
    painter.close();
    expect(io.out.at(-1)).toBe('\u001b[?25h');
    expect(io.out[0]).toContain('\u001b[?25l');
  });

  it('draws the end at once, and a resize at once, counting lines that the terminal has broken', () => {
    const io = createMemoryIo({ isTty: true, columns: 121, clock: createVirtualClock(startMs) });
    const painter = createLivePainter(io, { color: false, commandsOf: () => commands });
    painter.show(createDoorRecord());
    const height = (io.out[0] ?? '').split('\n').length - 1;
    io.resize(70);
    expect(io.out).toHaveLength(2);
    const up = Number(/\[(\d+)A/.exec(io.out[1] ?? '')?.[1]);
    expect(up).toBeGreaterThan(height);
    expect(Math.max(...(io.out[1] ?? '').split('\n').slice(1).map(visibleLength))).toBeLessThan(70);
    painter.show(endedRecord('succeeded', 'proven'));
    expect(io.out[2]).toContain('SUCCEEDED: proven');
  });

  it('stays within the rows of the terminal', () => {
    const io = createMemoryIo({ isTty: true, rows: 16, clock: createVirtualClock(startMs) });
    createLivePainter(io, { color: false, commandsOf: () => commands }).show(createDoorRecord());
    const lines = (io.out[0] ?? '').trimEnd().split('\n');
    expect(lines.length).toBeLessThanOrEqual(15);
    expect(io.out[0]).toContain('time left');
  });

  it('keeps notes above the picture', () => {
    const io = createMemoryIo({ isTty: true, clock: createVirtualClock(startMs) });
    const painter = createLivePainter(io, { color: false, commandsOf: () => commands });
    painter.show(createDoorRecord());
    painter.note('something happened');
    expect(io.out[1]).toMatch(/\[\d+A\r\p{Cc}\[Jsomething happened\n$/u);
    expect(io.out[2]).toContain('shop · production');
    expect(io.out[2]).not.toContain('A\r');
  });
});

describe('text of a terminal', () => {
  it('cuts, spreads, wraps and draws bars', () => {
    expect(truncate('abcdef', 4)).toBe('abc…');
    expect(spread('left', 'right', 14)).toBe('left     right');
    expect(visibleLength(spread('a very long left side', 'right', 14))).toBe(14);
    expect(wrap('one two three four', 8, 2)).toEqual(['one two', 'three f…']);
    expect(renderBar(0, 4)).toBe('░░░░');
    expect(renderBar(0.01, 4)).toBe('█░░░');
    expect(renderBar(7, 4)).toBe('████');
    expect(renderBar(Number.NaN, 4)).toBe('░░░░');
  });

  it.each([
    [0, '1:1'],
    [Math.log(2.5), '2.5:1'],
    [Math.log(240), '240:1'],
    [-Math.log(20), '1:20'],
    [20, '10^9:1'],
    [Number.POSITIVE_INFINITY, '∞:1'],
  ])('prints evidence of ln %d as %s', (ln, text) => {
    expect(renderOdds(ln)).toBe(text);
  });

  it('marks verdicts that are decided', () => {
    const decided = { ...verdict, outcome: 'fail', lnHarm: verdict.lnHarmLimit + 1, sentence: 'it does harm' } as const;
    expect(frame(createDoorRecord({ verdicts: [decided] })).join('\n')).toContain('✗ errorRate: it does harm');
  });
});
