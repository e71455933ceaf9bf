import { DeployError } from '../../model/deploy-error.ts';
import type { Revision } from '../../model/revision.ts';
import type { Instance, PlacedRevision, TargetState } from '../../model/target.ts';
import { canonicalJson, sha256Hex } from '../../system/canonical-json.ts';
import type { InspectAnswer, PrintedRevision } from './command-answer.ts';
import type { Memory } from './command-memory.ts';

export type Observed = { state: TargetState; urls: ReadonlyMap<string, string> };

/** What a program printed, as every target tells it. Throws TARGET_REFUSED for a revision that nobody can name. Pure. */
export function describeAnswer(answer: InspectAnswer, memory: Memory): Observed {
  const urls = new Map<string, string>();
  const revisions = answer.revisions.map((printed): PlacedRevision => {
    const revision = identifyRevision(printed, memory.revisions);
    if (printed.url != null) urls.set(revision.id, printed.url);
    return {
      revision,
      role: printed.role,
      weightPercent: printed.weightPercent,
      wantedInstances: printed.wantedInstances ?? printed.instances.length,
      instances: printed.instances.map(describeInstance),
      inFlight: printed.inFlight ?? 0,
      retireAtMs: null,
    };
  });
  const facts = revisions
    .map(({ revision, role, weightPercent }) => [revision.id, role, weightPercent] as const)
    .sort(([left], [right]) => (left < right ? -1 : 1));
  return {
    urls,
    state: {
      up: answer.up ?? revisions.length > 0,
      token: sha256Hex(canonicalJson(facts)).slice(0, 16),
      fence: Math.max(answer.fence ?? 0, memory.fence),
      cut: answer.cut ?? 0,
      revisions,
    },
  };
}

/** The revision that was handed over under this id or commit; else what can be told of one that came from elsewhere. */
function identifyRevision(printed: PrintedRevision, known: readonly Revision[]): Revision {
  const { revisionId, version, commit = null, ref = null } = printed;
  const found = known.find(
    (revision) =>
      (revisionId === undefined ? revision.commit === commit : revision.id === revisionId) &&
      (version === undefined || revision.version === version),
  );
  if (found !== undefined) {
    if (commit === null || found.commit === commit) return found;
    throw new DeployError('TARGET_REFUSED', {
      reason: `inspect says that ${found.id} is of commit ${commit.slice(0, 12)}, and it was shipped from ${found.commit?.slice(0, 12) ?? 'no commit'}`,
      remedy: 'Somebody deployed something else under that name; ship it under a version of its own.',
    });
  }
  const short = (commit ?? '').slice(0, 12);
  const named = version ?? (revisionId === undefined ? short : revisionId.replace(/-[0-9a-f]{12}$/, ''));
  return { id: revisionId ?? `${named}-${short}`, version: named, commit, ref, artifact: null };
}

function describeInstance(printed: PrintedRevision['instances'][number]): Instance {
  return {
    id: printed.id,
    state: printed.state,
    pid: printed.pid ?? null,
    url: printed.url ?? null,
    restarts: printed.restarts ?? 0,
    startedAtMs: printed.startedAtMs ?? null,
    lastExit: printed.lastExit ?? null,
  };
}
