import { type CopyKind, copyPath } from '../model/config/copies.ts';
import { toDeployError } from '../model/deploy-error.ts';
import { emitText } from '../model/redaction/emit.ts';
import type { RunRecord } from '../model/run-record.ts';
import { renderDeploymentPlanCard } from '../report/cards/deployment-plan-card.ts';
import { renderRollbackPlanCard } from '../report/cards/rollback-plan-card.ts';
import { isCopyIntact, withCopyMark } from '../report/copy-mark.ts';
import { renderReport } from '../report/deployment-report.ts';
import { isIncident, renderIncident } from '../report/incident-report.ts';
import { renderReleaseNotes } from '../report/release-notes/release-notes.ts';
import { sha256Hex } from '../system/canonical-json.ts';
import { readTextFile, resolveInside } from '../system/files.ts';
import { writeOwnLog } from '../system/own-log.ts';
import { replaceProjectFile } from '../system/project-file.ts';
import { type Copy, saveCopies } from './copies-of-run.ts';
import type { Place } from './place.ts';
import { gatherNotes } from './release-notes.ts';
import { reportOptions } from './write-reports.ts';

/**
 * Puts what a finished run leaves behind into the folders that are configured for it. A file that people changed, or that is
 * none of ours, stays; nothing that goes wrong is thrown, it stands in the answer. Safe to repeat.
 */
export async function copyDocuments(place: Place, record: RunRecord): Promise<Copy[]> {
  const { copies } = place.spec;
  if (copies === undefined) return [];
  const done: Copy[] = [];
  for (const { kind, of, render } of documentsOf(place, record, done)) {
    const path = copyPath(copies, kind, of);
    const reason = await writeCopy({ place, path, runId: record.runId, render });
    done.push({ kind, path, reason });
    if (reason !== null) writeOwnLog(`run ${record.runId}: ${path} was not written: ${reason}`);
  }
  await saveCopies(place.project, record.runId, done).catch((thrown: unknown) =>
    writeOwnLog(`run ${record.runId}: what was copied is not kept: ${toDeployError(thrown).message}`),
  );
  return done;
}

type Document = { kind: CopyKind; of: string; render: () => string | Promise<string> };

/** In an order in which each can name those before it; `done` grows meanwhile. */
function documentsOf(place: Place, record: RunRecord, done: readonly Copy[]): Document[] {
  const { plan, preflight, runId } = record;
  const { kind, revision } = plan.content;
  if (kind === 'rehearsal') return [];
  const card = {
    project: place.project.config.service,
    environment: place.name,
    spec: place.spec,
    plan,
    checks: preflight?.checks ?? null,
    record,
  };
  const { version } = revision;
  const report: Document[] = [
    ...notesOf(place, record),
    ...(isIncident(record)
      ? [
          {
            kind: 'incident',
            of: runId,
            render: () => renderIncident(record, reportOptions(place, record, done)),
          } as const,
        ]
      : []),
  ];
  // The plan of a rollback is short, and its version has documents of its own rollout.
  if (kind === 'rollback') return report;
  return [
    { kind: 'deployment-plan', of: version, render: () => renderDeploymentPlanCard(card) },
    { kind: 'rollback-plan', of: version, render: () => renderRollbackPlanCard(card) },
    ...report,
    { kind: 'deployment-report', of: version, render: () => renderReport(record, reportOptions(place, record, done)) },
  ];
}

/** Of the version that came to users, or that a rollback took from them; one that never had users has none. */
function notesOf(place: Place, { plan, outcome }: RunRecord): Document[] {
  const { kind, revision, stable } = plan.content;
  const subject = kind === 'rollback' ? stable : revision;
  if (subject === null || subject.commit === null || outcome === 'failed' || outcome === 'aborted') return [];
  const { version, commit } = subject;
  const render = async (): Promise<string> => {
    const { notes, links } = await gatherNotes(place, { version, commit });
    return renderReleaseNotes(notes, links);
  };
  return [{ kind: 'release-notes', of: version, render }];
}

/** Null when the copy is there, else why not. */
async function writeCopy({
  place,
  path,
  runId,
  render,
}: {
  place: Place;
  path: string;
  runId: string;
  render: Document['render'];
}): Promise<string | null> {
  try {
    const real = await resolveInside(place.project.directory, path);
    const before = await readTextFile(real);
    if (before !== null && !isCopyIntact(before, sha256Hex))
      return 'the file that is there was changed by people, or is none of ours; it stays as it is';
    const text = withCopyMark(emitText(await render()), runId, sha256Hex);
    if (before === text) return null;
    if (await replaceProjectFile(real, { from: before, to: text })) return null;
    return 'somebody wrote in it at this very moment';
  } catch (thrown) {
    return toDeployError(thrown).message;
  }
}
