import { type ConfigChanges, createScratch, type Scratch } from '../e2e/scratch-project.ts';

/** A first release is made by a test itself, everything after it by the real client. */
const approval = '{ how: client-dialog, clients: [e2e, claude-code] }';

/** A shop on 1.0.0 with the releases given behind it, each tagged; the approval is a dialog of the client. */
export async function createShop(
  releases: Parameters<Scratch['release']>[0][],
  changes: ConfigChanges = {},
): Promise<Scratch> {
  const scratch = await createScratch();
  scratch.writeConfig({ approval, ...changes });
  for (const release of [{ version: '1.0.0' }, ...releases]) scratch.release(release);
  return scratch;
}

/** Puts 1.0.0 into service, without the real client. */
export async function deployFirst(scratch: Scratch): Promise<void> {
  const session = await scratch.connect();
  const version = '1.0.0';
  const plan = await session.call('rollout_plan', { version });
  const plan_id = /planId: ([0-9a-f]{64})/.exec(plan.text)?.[1] ?? '';
  await session.call('rollout_approve', { plan_id, service: 'shop', version, environment: 'production' });
  await session.call('rollout_start', { plan_id });
  for (let turn = 0; turn < 20; turn++) {
    const { text } = await session.call('rollout_status', { wait_s: 10 });
    if (/^outcome: succeeded/m.test(text)) return session.close();
  }
  throw new Error('1.0.0 did not get into service.');
}
