import { join } from 'node:path';
import { approveCommand } from '../model/approve-command.ts';
import type { Clock } from '../model/clock.ts';
import type { Plan } from '../model/plan.ts';
import { fileExists, linkOnce } from '../system/files.ts';
import { notifyAll } from './notify.ts';
import type { Place } from './place.ts';

/** Longest time that a plan waits for its notice; what is still being told after that goes on beside it. */
const waitMs = 2000;

/**
 * Tells the configured channels that a plan waits for a person, once for each planId; again only when no channel took it.
 * Never throws and holds nothing up. Returns what came of it, for people; null when there was nobody to tell.
 */
export async function tellApprovers(place: Place, plan: Plan, clock: Clock): Promise<string | null> {
  if (plan.approval === 'none' || place.spec.notify.length === 0) return null;
  const told = join(place.project.state.plans, `${plan.planId}.told`);
  const telling = tellOnce({ place, plan, clock, told }).catch(
    (thrown: unknown) => `Nobody was told: ${thrown instanceof Error ? thrown.message : String(thrown)}`,
  );
  const given = new AbortController();
  const late = clock
    .sleep(waitMs, given.signal)
    .then(() => 'People are being told that an approval is needed; not every channel has answered yet.');
  const said = await Promise.race([telling, late]);
  given.abort();
  return said;
}

type Telling = { place: Place; plan: Plan; clock: Clock; told: string };

async function tellOnce({ place, plan, clock, told }: Telling): Promise<string | null> {
  if (await fileExists(told)) return null;
  const { revision, strategy } = plan.content;
  const short = plan.planId.slice(0, 12);
  const command = approveCommand({ how: plan.approval, planId: short, scope: 'start' });
  const events = await notifyAll(
    place,
    {
      about: 'approval',
      text: `${revision.version} by ${strategy} waits for a person. Plan ${short}: ${command}`,
      runId: null,
      planId: plan.planId,
      version: revision.version,
    },
    clock,
  );
  const [took, failed] = [events.filter(({ data }) => data.ok), events.filter(({ data }) => !data.ok)];
  if (took.length > 0) await linkOnce(new Date(clock.now()).toISOString(), told);
  return [
    ...(took.length === 0
      ? []
      : [`Told that an approval is needed: ${took.map(({ data }) => data.channel).join(', ')}.`]),
    ...failed.map(({ data }) => `The ${data.channel} could not be told: ${data.reason}.`),
  ].join(' ');
}
