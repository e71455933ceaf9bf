import { describe, expect, it } from 'vitest';
import { DeployError } from '../../src/model/deploy-error.ts';
import { type BoundedAct, within } from '../../src/system/bounded-act.ts';

const act = { idempotencyKey: 'run:step', fence: 1, deadlineMs: 30 };
/** A question that ends when its signal fires, and says that it was cancelled. */
const asked = ({ signal }: BoundedAct): Promise<never> =>
  new Promise((_resolve, reject) => {
    const end = (): void => reject(new DeployError('CANCELLED', { what: 'the question' }));
    if (signal.aborted) end();
    else signal.addEventListener('abort', end, { once: true });
  });

describe('within', () => {
  it('calls the end of the time what it is, and not a cancellation', async () => {
    const signal = new AbortController().signal;
    await expect(within({ ...act, signal }, 'set weight', asked)).rejects.toMatchObject({
      code: 'STEP_TIMED_OUT',
      message: expect.stringContaining('set weight'),
    });
  });

  it('says that it was cancelled when somebody has cancelled it', async () => {
    const stop = new AbortController();
    const ended = within({ ...act, deadlineMs: 60_000, signal: stop.signal }, 'set weight', asked);
    stop.abort();
    await expect(ended).rejects.toMatchObject({ code: 'CANCELLED', message: expect.stringContaining('set weight') });
  });
});
