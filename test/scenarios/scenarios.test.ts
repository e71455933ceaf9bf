import { describe, expect, it } from 'vitest';
import { aroundARun } from './around-a-run.ts';
import { beforeARun } from './before-a-run.ts';
import type { Call, Scenario } from './scenario.ts';
import { createScenarioPlace, type ScenarioPlace } from './scenario-place.ts';
import { wishesAndWaits } from './wishes-and-waits.ts';

const scenarios = [...beforeARun, ...aroundARun, ...wishesAndWaits];
/** Bytes / 4 of a reply that was not asked for in full. */
const maxTokens = 600;

/** Plays calls and remembers the ids that replies name, as an agent would. */
function createPlayer(place: ScenarioPlace) {
  const known = { $plan: '', $run: place.runs.at(-1) ?? '' };
  const fill = (args: Record<string, unknown>): Record<string, unknown> =>
    Object.fromEntries(
      Object.entries(args).map(([name, value]) => [name, value === '$plan' || value === '$run' ? known[value] : value]),
    );
  return async (call: Call): Promise<void> => {
    if (call.before !== undefined) await place.happen(call.before);
    const { text, isError } = await place.call(call.tool, fill(call.args ?? {}));
    known.$plan = /planId: ([0-9a-f]{64})/.exec(text)?.[1] ?? known.$plan;
    known.$run = /(?:Started|before): run ([0-9a-z]{26})/.exec(text)?.[1] ?? known.$run;
    const what = `${call.tool} ${JSON.stringify(fill(call.args ?? {}))} said:\n${text}`;
    expect(isError, what).toBe(call.refused === true);
    for (const pattern of call.says) expect(text, what).toMatch(pattern);
    if (isError) expect(text, what).toMatch(/^[A-Z_]+: [\s\S]+\nDo: ./);
    if (isConcise(call)) expect(Buffer.byteLength(text) / 4, what).toBeLessThanOrEqual(maxTokens);
  };
}

/** A review is a document to complete, and is as long as it is. */
function isConcise({ tool, args = {} }: Call): boolean {
  return args['detail'] !== 'full' && !(tool === 'deploy_review' && args['action'] === 'draft');
}

async function play(scenario: Scenario): Promise<void> {
  const place = await createScenarioPlace(scenario.state);
  try {
    const make = createPlayer(place);
    for (let made = 0; made <= scenario.right.length; made += 1) {
      for (const wrong of scenario.mustNot.filter(({ after }) => after === made)) await make(wrong);
      const next = scenario.right[made];
      if (next !== undefined) await make(next);
    }
  } finally {
    await place.close();
  }
}

describe('situations that an agent meets', () => {
  it.each(scenarios.map((scenario) => [scenario.name, scenario] as const))(
    '%s',
    (_name, scenario) => play(scenario),
    60_000,
  );

  it('are at least twenty, each with its own name and words of a person', () => {
    expect(new Set(scenarios.map(({ name }) => name)).size).toBe(scenarios.length);
    expect(scenarios.length).toBeGreaterThanOrEqual(20);
    expect(scenarios.filter(({ user, right }) => user === '' || right.length === 0)).toEqual([]);
    // A wrong call that is never made proves nothing.
    expect(scenarios.flatMap(({ right, mustNot }) => mustNot.filter(({ after }) => after > right.length))).toEqual([]);
  });
});
