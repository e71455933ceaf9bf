import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createScenarioPlace, type ScenarioPlace } from '../scenarios/scenario-place.ts';

/** Through a real client, in a project with three tagged versions, two environments and two runs. */
describe('completion/complete', () => {
  let place: ScenarioPlace;
  beforeAll(async () => {
    const runs = [
      { kind: 'succeeded' as const, version: '1.3.0' },
      { kind: 'aborted' as const, version: '1.4.0' },
    ];
    place = await createScenarioPlace({ config: { second: 'staging' }, runs });
  }, 60_000);
  afterAll(() => place?.close());

  const ofPrompt = async (name: string, value: string) => {
    const ref = { type: 'ref/prompt' as const, name: 'phase-2-ship' };
    return (await place.client.complete({ ref, argument: { name, value } })).completion;
  };

  it.each([
    { name: 'version', value: '', values: ['1.5.0', '1.4.0', '1.3.0'] },
    { name: 'version', value: '1.4', values: ['1.4.0'] },
    { name: 'environment', value: 'S', values: ['staging'] },
    { name: 'strategy', value: 'b', values: ['blue-green'] },
    { name: 'guidance', value: '', values: [] },
  ])('offers for $name that begins with "$value" what the project has', async ({ name, value, values }) => {
    expect(await ofPrompt(name, value)).toEqual({ values, total: values.length, hasMore: false });
  });

  it('offers run ids for the address of a run, newest first', async () => {
    const ref = { type: 'ref/resource' as const, uri: 'seatrial://runs/{id}' };
    const complete = async (value: string) =>
      (await place.client.complete({ ref, argument: { name: 'id', value } })).completion.values;
    expect(await complete('')).toEqual([...place.runs].reverse());
    expect(await complete((place.runs[0] ?? '').toUpperCase())).toEqual([place.runs[0]]);
  });

  it('completes nothing for what is not offered', async () => {
    const argument = { name: 'version', value: '' };
    const prompt = place.client.complete({ ref: { type: 'ref/prompt', name: 'phase-3' }, argument });
    await expect(prompt).rejects.toThrow(/There is no prompt "phase-3"/);
    const resource = place.client.complete({ ref: { type: 'ref/resource', uri: 'file:///{id}' }, argument });
    await expect(resource).rejects.toThrow(/There is no file:\/\/\/\{id\}\. Known: seatrial:\/\/runs/);
  });
});
