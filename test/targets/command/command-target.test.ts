import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { createScriptedPlace, live, nothing, one, type ScriptedPlace } from './scripted-place.ts';

const places: ScriptedPlace[] = [];
afterEach(() => {
  for (const place of places.splice(0)) place.close();
});
function open(...args: Parameters<typeof createScriptedPlace>): ScriptedPlace {
  const place = createScriptedPlace(...args);
  places.push(place);
  return place;
}
const signal = new AbortController().signal;
const becomesLive = `writeFileSync('inspect.json', ${JSON.stringify(JSON.stringify(live()))});`;
const promote = (place: ScriptedPlace, changes = {}): Promise<void> =>
  place.target.promote({ revision: one, standbyMs: 0 }, place.act(changes));

describe('a program of a command target', () => {
  it('gets values as arguments, in the environment and on standard input, with key, deadline and fence', async () => {
    const place = open({
      promote: { code: becomesLive, argv: ['{version}', '--key={idempotencyKey}'], more: { output: 'text' } },
    });
    await promote(place);
    const heard = place.heard('promote');
    expect(heard?.argv).toEqual(['1.0.0', '--key=run-1:02-promote']);
    expect(heard?.env).toMatchObject({
      SEATRIAL_COMMAND: 'promote',
      SEATRIAL_REVISION_ID: one.id,
      SEATRIAL_COMMIT: one.commit,
      SEATRIAL_IDEMPOTENCY_KEY: 'run-1:02-promote',
      SEATRIAL_FENCE: '3',
      SEATRIAL_WAY: 'forward',
    });
    const leftMs = Number(heard?.env['SEATRIAL_DEADLINE_MS']);
    expect(leftMs > 5000 && leftMs <= 10_000).toBe(true);
    expect(JSON.parse(heard?.input ?? '')).toMatchObject({ command: 'promote', revisionId: one.id, ref: 'v1.0.0' });
  });

  it('gets nothing on standard input where it must not, and only the variables that are named', async () => {
    process.env['SEATRIAL_TEST_TOKEN'] = 'secret';
    process.env['OTHER_TEST_TOKEN'] = 'secret';
    const code = `${becomesLive} writeFileSync('env.json', JSON.stringify(process.env));`;
    const place = open({ promote: { code, more: { output: 'text' } } }, { input: 'none', pass: ['OTHER_TEST_TOKEN'] });
    await promote(place);
    expect(place.heard('promote')?.input).toBe('');
    const env: unknown = JSON.parse(readFileSync(join(place.directory, 'env.json'), 'utf8'));
    expect(env).toMatchObject({ OTHER_TEST_TOKEN: 'secret' });
    expect(env).not.toHaveProperty('SEATRIAL_TEST_TOKEN');
    delete process.env['SEATRIAL_TEST_TOKEN'];
    delete process.env['OTHER_TEST_TOKEN'];
  });

  it('is not run again for what is there already', async () => {
    const place = open({ promote: { code: becomesLive, more: { output: 'text' } } });
    place.show(live());
    await promote(place);
    expect(place.heard('promote')).toBeNull();
  });

  it('is replaced by rollback when users go back', async () => {
    const place = open({
      promote: { code: 'process.exit(1)' },
      rollback: {
        code: `${becomesLive} console.log(JSON.stringify({ revisionId: process.env.SEATRIAL_REVISION_ID }))`,
      },
    });
    await promote(place, { way: 'back' });
    expect(place.heard('promote')).toBeNull();
    expect(place.heard('rollback')?.env['SEATRIAL_WAY']).toBe('back');
  });

  it.each([
    [
      'an exit code',
      "console.error('first line'); console.error('quota is used up'); process.exit(3)",
      'TARGET_REFUSED',
      /exit code 3: .*quota is used up/,
    ],
    ['exit code 75', 'process.exit(75)', 'TARGET_UNREACHABLE', /exit code 75/],
    ['a kill', "process.kill(process.pid, 'SIGKILL')", 'TARGET_UNREACHABLE', /killed by SIGKILL/],
    [
      'its time-out',
      "console.error('still building'); setTimeout(() => {}, 60_000)",
      'STEP_TIMED_OUT',
      /promote: still building was not done within 0.5 s/,
    ],
    ['no answer', '', 'TARGET_REFUSED', /it printed nothing instead of one JSON object/],
    ['text', "console.log('Deployed to https://shop.example')", 'TARGET_REFUSED', /it printed "Deployed to/],
    ['an unknown key', 'console.log(\'{"revisionId": "x", "colour": 1}\')', 'TARGET_REFUSED', /colour/],
    ['a wrong type', 'console.log(\'{"revisionId": 7}\')', 'TARGET_REFUSED', /revisionId: /],
    ['another revision', 'console.log(\'{"revisionId": "0.9.0-x"}\')', 'TARGET_CHANGED', /0\.9\.0-x is stable/],
    ['too much', "process.stdout.write('x'.repeat(1_500_000))", 'TARGET_REFUSED', /more than 1000000 characters/],
  ])('that ends with %s says so', async (_how, code, expected, message) => {
    const place = open({ promote: { code, more: { timeout: '500ms' } } });
    const thrown = await promote(place).catch((error: unknown) => error);
    expect(thrown).toMatchObject({ code: expected, message: expect.stringMatching(message) });
  });

  it('makes the standby stable again where users leave a revision that was promoted already', async () => {
    const place = open({
      promote: { code: becomesLive, more: { output: 'text' } },
      cutover: { code: '', more: { output: 'text' } },
    });
    const [standby] = live({ role: 'standby', weightPercent: 0 }).revisions;
    const [promoted] = live({ revisionId: '2.0.0-bbbbbbbbbbbb', version: '2.0.0' }).revisions;
    place.show({ revisions: [standby, promoted] });
    const request = { revisionId: '2.0.0-bbbbbbbbbbbb', weightPercent: 0 };
    await place.target.traffic?.setWeight(request, place.act());
    expect(place.heard('promote')?.env).toMatchObject({ SEATRIAL_REVISION_ID: one.id });
    expect(place.heard('cutover')).toBeNull();
    expect((await place.target.inspect(signal)).revisions.map(({ revision }) => revision.id)).toEqual([one.id]);
  });

  it('tells the end of a long log, not its beginning', async () => {
    const place = open({
      promote: { code: 'for (let n = 0; n < 60_000; n++) console.error("line " + n); process.exitCode = 1' },
    });
    await expect(promote(place)).rejects.toThrow(/line 59999$/);
  });

  it('is not believed: inspect must confirm what it says', async () => {
    const said = `console.log(JSON.stringify({ revisionId: process.env.SEATRIAL_REVISION_ID }))`;
    const place = open({ promote: { code: said } });
    await expect(promote(place, { deadlineMs: 1500 })).rejects.toMatchObject({ code: /TARGET_CHANGED|STEP_TIMED_OUT/ });
  });

  it('that is not there, or not executable, is named', async () => {
    const place = open({}, {});
    const other = (argv: string[]) => open({}, { commands: { inspect: { argv } } }).target.inspect(signal);
    await expect(other(['no-such-program-anywhere'])).rejects.toMatchObject({ code: 'COMMAND_NOT_FOUND' });
    const file = join(place.directory, 'plain.txt');
    writeFileSync(file, 'no program', { mode: 0o644 });
    await expect(other([file])).rejects.toMatchObject({ code: 'TARGET_UNREACHABLE' });
  });

  it('of a place that changed hands is not run', async () => {
    const place = open({ promote: { code: becomesLive, more: { output: 'text' } } });
    await promote(place, { fence: 9 });
    place.show(nothing);
    await expect(promote(place, { fence: 8 })).rejects.toMatchObject({ code: 'TARGET_FENCED' });
    place.show({ ...nothing, fence: 12 });
    await expect(promote(place, { fence: 11 })).rejects.toMatchObject({ code: 'TARGET_FENCED' });
  });
});

describe('what inspect prints', () => {
  const inspected = (answer: unknown) => {
    const place = open({});
    place.show(answer);
    return place.target.inspect(signal);
  };

  it('is the state of the target', async () => {
    const state = await inspected({ ...live(), cut: 4 });
    expect(state).toMatchObject({ up: true, fence: 0, cut: 4 });
    expect(state.revisions[0]).toMatchObject({ role: 'stable', wantedInstances: 1, inFlight: 0, retireAtMs: null });
    expect((await inspected(live())).token).toBe(state.token);
    expect((await inspected(live({ role: 'candidate' }))).token).not.toBe(state.token);
  });

  it.each([
    [live({ weightPercent: 60 }), /weights of 60 %/],
    [
      {
        revisions: [
          ...[live()].flatMap(({ revisions }) => revisions),
          ...[live()].flatMap(({ revisions }) => revisions),
        ],
      },
      /two stable/,
    ],
    [live({ revisionId: undefined }), /needs revisionId or commit/],
    [live({ state: 'fine' }), /state/],
    [live({ commit: 'abc' }), /full id of a commit/],
    ['<html>', /it printed "<html>"/],
    ['', /printed nothing/],
  ])('%# is refused when it cannot be true', async (answer, message) => {
    await expect(inspected(answer)).rejects.toMatchObject({
      code: 'TARGET_REFUSED',
      message: expect.stringMatching(message),
    });
  });

  it('may name a commit that was handed over before', async () => {
    const place = open({ promote: { code: becomesLive, more: { output: 'text' } } });
    await promote(place);
    place.show(live({ revisionId: undefined, version: undefined, commit: one.commit }));
    expect((await place.target.inspect(signal)).revisions[0]?.revision).toEqual(one);
    place.show(live({ commit: 'b'.repeat(40) }));
    await expect(place.target.inspect(signal)).rejects.toThrow(/of commit bbbbbbbbbbbb/);
  });

  it('is needed', async () => {
    const place = open({}, { commands: {} });
    await expect(place.target.inspect(signal)).rejects.toMatchObject({
      code: 'TARGET_REFUSED',
      remedy: expect.stringMatching(/target\.commands\.inspect/),
    });
  });
});
