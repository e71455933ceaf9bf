import { describe, expect, it } from 'vitest';
import { begin } from '../fixtures/simulated-run.ts';

describe('watching stable alone', () => {
  it('comes before the first user, and what was learned stands in the record', async () => {
    const run = await begin({ spec: { aaPhase: '30s' } });
    run.world.behaviour.failures.baseline = 0.01;
    run.world.behaviour.failures.canary = 0.01;
    expect(await run.toEnd()).toBe('succeeded');
    const observed = run.record().steps.find(({ step }) => step.kind === 'observe');
    expect(observed).toMatchObject({ state: 'completed' });
    expect((observed?.endedAtMs ?? 0) - (observed?.startedAtMs ?? 0)).toBeGreaterThanOrEqual(30_000);
    // 400 requests per second, evenly spread: they scatter less than independent ones would.
    expect(observed?.evidence).toMatchObject({ overdispersion: expect.stringMatching(/^0\.\d+ \(at most \d\.\d+\)$/) });
    expect(Number(observed?.evidence['baselineRequests'])).toBeGreaterThan(10_000);
    expect(
      run
        .record()
        .counts.filter((point) => point.toMs <= (observed?.endedAtMs ?? 0))
        .every((point) => point.canary.requests === 0),
    ).toBe(true);
  });

  it('claims nothing of failures that it hardly saw, and can be passed by a person', async () => {
    const run = await begin({ spec: { aaPhase: '10m' } });
    await run.until(() => run.record().currentStepId === '03-observe');
    run.world.controls.push({ requestId: 'r1', action: 'promote', by: 'ada', reason: null });
    expect(await run.toEnd()).toBe('succeeded');
    const observed = run.record().steps.find(({ step }) => step.kind === 'observe');
    expect(observed?.evidence['overdispersion']).toBe('unknown: 0 of 10 windows with failures');
    expect((observed?.endedAtMs ?? 0) - (observed?.startedAtMs ?? 0)).toBeLessThan(60_000);
  });

  it('stops when the candidate crashes meanwhile', async () => {
    const run = await begin({ spec: { aaPhase: '10m' } });
    await run.until(() => run.record().currentStepId === '03-observe');
    const { revision } = run.record().plan.content;
    for (const instanceId of ['i1', 'i2'])
      run.world.instanceEvents.push({
        revisionId: revision.id,
        instanceId,
        atMs: run.clock.now(),
        what: 'exited',
        code: 1,
        signal: null,
        excerpt: null,
      });
    expect(await run.toEnd()).toBe('failed');
  });
});
