import { describe, expect, it } from 'vitest';
import { preflightChecks } from '../../../src/checks/preflight/list.ts';
import { targetConfigFileCheck, targetPreparedCheck } from '../../../src/checks/preflight/target-prepared.ts';
import { DeployError } from '../../../src/model/deploy-error.ts';
import type { PlaceFinding } from '../../../src/model/target.ts';
import { contextOf } from '../scene.ts';

const there: PlaceFinding = { part: 'a map', state: 'present', source: 'running', detail: 'loaded', add: null };
const lacking: PlaceFinding = {
  part: 'backend shop_b',
  state: 'missing',
  source: 'running',
  detail: 'there is no such backend',
  add: 'backend shop_b: (whole section)',
};
const unseen: PlaceFinding = { part: 'retries', state: 'unknown', source: 'file', detail: 'unread', add: 'retries 3' };
const signal = new AbortController().signal;
const answer = (check: typeof targetPreparedCheck, findings: PlaceFinding[]) =>
  check.run(contextOf({ assessTarget: async () => findings }), signal);

describe('whether the proxy of a target is prepared', () => {
  it('is asked where another program routes users', () => {
    const ids = preflightChecks(contextOf().environment).map(({ id }) => id);
    expect(ids).not.toContain('target-prepared');
    const target = {
      kind: 'haproxy' as const,
      command: ['node', 'server.js'],
      socket: '/run/admin.sock',
      slots: { a: 'a', b: 'b' },
      splitMap: '/m/split',
      revisionsMap: '/m/revisions',
      stateFile: '/m/state',
    };
    expect(preflightChecks(contextOf({}, { target }).environment).map(({ id }) => id)).toContain('target-prepared');
  });

  it('fails with the lines to add, by what the running program lacks', async () => {
    expect(await answer(targetPreparedCheck, [there, unseen])).toMatchObject({ status: 'passed' });
    expect(await answer(targetPreparedCheck, [there, lacking])).toMatchObject({
      status: 'failed',
      reason: '1 missing: backend shop_b (there is no such backend)',
      remedy: expect.stringContaining('(whole section)'),
    });
  });

  it('does not pass on lines that nobody could look at, and names the error of a program that does not answer', async () => {
    expect(await answer(targetConfigFileCheck, [there, unseen])).toMatchObject({
      status: 'unknown',
      reason: '1 of 1 cannot be told from here',
    });
    const refused = new DeployError('TARGET_UNREACHABLE', { target: 'HAProxy', reason: 'nobody listens there' });
    const context = contextOf({ assessTarget: () => Promise.reject(refused) });
    expect(await targetPreparedCheck.run(context, signal)).toMatchObject({ status: 'failed' });
    expect(await targetPreparedCheck.run(contextOf(), signal)).toMatchObject({ status: 'skipped' });
  });
});
