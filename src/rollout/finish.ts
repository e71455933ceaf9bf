import type { Revision } from '../model/revision.ts';
import type { Outcome } from '../model/run-event.ts';
import { end } from './end-run.ts';
import { summariseExposure } from './exposure.ts';
import { type RunContext, watchWhile } from './run-context.ts';
import { type Verification, verifyRevision } from './verify-revision.ts';

/** Success is bound to the revision: it must have been seen answering on the path that users take. */
export async function finish(context: RunContext): Promise<Outcome> {
  context.phase = 'closing';
  const verification = context.verification ?? (await verifyServing(context));
  await summariseExposure(context);
  if (!verification.ok) {
    const reason = `${expectedRevision(context).version} was not seen serving: ${verification.reason}`;
    context.ports.notify('failed', reason);
    return end(context, 'unverified', reason, null);
  }
  const done = renderSuccess(context);
  context.ports.notify('success', done);
  return end(context, 'succeeded', `${done}: ${verification.reason}${renderUnproven(context)}`, null);
}

/** Reads the traffic path and keeps what was seen; asked before the former revision is taken away. */
export async function verifyServing(context: RunContext): Promise<Verification> {
  const signal = new AbortController().signal;
  const expected = expectedRevision(context);
  const verification = await watchWhile(
    context,
    verifyRevision(context.ports, expected.id, { withinMs: 15_000, signal }),
  );
  context.verification = verification;
  await context.append({ type: 'revision_verified', data: verification });
  return verification;
}

/** A rehearsal moves nobody: what served before must still serve. */
function expectedRevision({ plan: { content } }: RunContext): Revision {
  return content.kind === 'rehearsal' ? (content.stable ?? content.revision) : content.revision;
}

function renderSuccess({ plan: { content } }: RunContext): string {
  if (content.kind !== 'rehearsal') return `${content.revision.version} serves all users`;
  return `the way back works: ${content.revision.version} was tested beside ${content.stable?.version ?? 'nothing'}`;
}

/** Comparisons that could neither be shown to be worse nor to be safe. */
function renderUndecided(context: RunContext): string {
  const { plan, verdicts } = context.record();
  const undecided = plan.content.judge.comparisons.filter(
    ({ metric }) => verdicts.find((one) => one.metric === metric)?.outcome !== 'pass',
  );
  return undecided.length === 0
    ? ''
    : `; neither safe nor worse could be shown: ${undecided.map(({ metric }) => metric).join(', ')}`;
}

/** A success whose error rate nobody could prove, or that went on without proof, says so in the same breath. */
function renderUnproven(context: RunContext): string {
  if (context.plan.content.kind !== 'rollout') return '';
  const { verdicts, decisions } = context.record();
  const verdict = verdicts.find((one) => one.metric === 'errorRate');
  const rate =
    verdict?.outcome === 'pass'
      ? ''
      : `; its error rate is UNVERIFIED (${verdict?.sentence ?? 'nothing was measured'})`;
  const passed = decisions.filter(({ decision }) => decision.action === 'advance' && decision.trigger === 'unproven');
  const open = renderUndecided(context);
  if (passed.length === 0) return `${rate}${open}`;
  return `${rate}${open}; promoted without proof at ${passed.map(({ stepId }) => stepId).join(', ')}`;
}
