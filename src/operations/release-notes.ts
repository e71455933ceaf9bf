import { z } from 'zod';
import { DeployError } from '../model/deploy-error.ts';
import type { History } from '../model/history.ts';
import { emitText } from '../model/redaction/emit.ts';
import { type ForgeLinks, forgeLinks } from '../report/release-notes/forge-links.ts';
import { parseCommits } from '../report/release-notes/parse-commit.ts';
import {
  type ReleaseNotes,
  type ReleaseStatus,
  renderChangelogSection,
  renderReleaseNotes,
} from '../report/release-notes/release-notes.ts';
import { updateChangelog } from '../report/release-notes/update-changelog.ts';
import { readBytes, resolveInside } from '../system/files.ts';
import type { Repository } from '../system/git.ts';
import { replaceProjectFile } from '../system/project-file.ts';
import { defineOperation } from './define-operation.ts';
import { environmentField, versionField } from './inputs.ts';
import { openPlace, type Place } from './place.ts';
import { openTrustedProject } from './project.ts';
import { loadHistory } from './project-memory.ts';
import { resolveRevision } from './resolve-revision.ts';

const statuses = ['deployed', 'rolled-back'] as const;
type Stated = (typeof statuses)[number];

export const releaseNotes = defineOperation({
  name: 'release_notes',
  title: 'Release notes of a version',
  description:
    'From the commits since the tag before: grouped, with breaking changes, contributors, issues and pull requests, and whether the version was deployed or rolled back. --changelog also puts them into CHANGELOG.md.',
  tool: false,
  effects: 'changes',
  input: z.object({
    version: versionField,
    since: z.string().max(200).optional().describe('Tag or commit to begin after; default: the tag before'),
    environment: environmentField,
    status: z.enum(statuses).optional().describe('Must agree with the run on record; default: what is on record'),
    changelog: z.boolean().default(false).describe('Also write the section of this version in CHANGELOG.md'),
  }),
  cli: {
    command: 'release-notes',
    positional: [],
    examples: [
      'seatrial release-notes --version 1.4.0',
      'seatrial release-notes --version 1.4.0 --since v1.2.0 --status deployed --changelog',
    ],
  },
  run: async (input, context) => {
    const project = await openTrustedProject(context);
    const place = openPlace(project, input.environment);
    const { notes, links } = await gatherNotes(place, input);
    const markdown = renderReleaseNotes(notes, links);
    const changelog = input.changelog ? await writeChangelog(project.directory, notes, links) : null;
    const said =
      changelog === null
        ? []
        : ['', changelog.changed ? `Wrote ${changelog.path}` : `${changelog.path} says so already`];
    return {
      data: { ...notes, markdown, changelog: changelog?.path ?? null },
      text: [markdown.trimEnd(), ...said].join('\n'),
    };
  },
});

type Asked = { version: string; since?: string | undefined; status?: Stated | undefined };

/** What a version brings since the tag before it, and what the history says of it. */
export async function gatherNotes(
  place: Place,
  asked: Asked,
): Promise<{ notes: ReleaseNotes; links: ForgeLinks | null }> {
  const { repository, config } = place.project;
  const revision = await resolveRevision(place, asked.version);
  if (repository === null || revision.commit === null)
    throw new DeployError('NOT_A_REPOSITORY', { directory: place.project.directory });
  const since = asked.since ?? (await repository.tagBefore(revision.commit, tagForm(place)));
  const { commits, truncated } = await repository.history({
    from: await resolveSince(repository, since),
    to: revision.commit,
  });
  const at = (await repository.commitTime(revision.commit)) ?? commits[0]?.at ?? '';
  const notes: ReleaseNotes = {
    service: config.service,
    version: asked.version,
    commit: revision.commit,
    date: at.slice(0, 10),
    since,
    status: statusOf(await loadHistory(place.project), { place, asked, commit: revision.commit }),
    changes: parseCommits(commits),
    truncated,
  };
  return { notes, links: forgeLinks(await repository.originUrl()) };
}

/** Tags of versions and no others: `nightly` is no release. */
function tagForm({ spec }: Place): string {
  return spec.revision.ref.replace(/^refs\/tags\//, '').replaceAll('{version}', '*');
}

async function resolveSince(repository: Repository, since: string | null): Promise<string | null> {
  if (since === null) return null;
  const commit = await repository.resolveCommit(since);
  if (commit !== null) return commit;
  throw new DeployError('USAGE', {
    reason: `--since ${JSON.stringify(since.slice(0, 80))} is no tag or commit of this repository.`,
  });
}

/** The newest run that brought this commit to users, or took it from them, decides; a statement against it is refused. */
function statusOf(
  history: readonly History[],
  { place, asked, commit }: { place: Place; asked: Asked; commit: string },
): ReleaseStatus {
  const environment = place.name;
  const last = history
    .filter((one) => one.environment === environment && one.kind !== 'rehearsal')
    .filter((one) => one.commit === commit || (one.fromCommit === commit && tookBack(one)))
    .sort((one, other) => one.endedAt.localeCompare(other.endedAt))
    .at(-1);
  const stated = asked.status ?? null;
  if (last === undefined) return { status: stated ?? 'not-deployed', environment, runId: null, at: null };
  const status = last.commit === commit ? statusOfOutcome[last.outcome] : 'rolled-back';
  if (stated !== null && stated !== status)
    throw new DeployError('USAGE', {
      reason: `--status ${stated} is not what is on record: run ${last.runId} (${last.kind}) of ${last.version} ended as ${last.outcome}.`,
    });
  return { status, environment, runId: last.runId, at: last.endedAt };
}

function tookBack({ kind, outcome }: History): boolean {
  return kind === 'rollback' && (outcome === 'succeeded' || outcome === 'unverified');
}

const statusOfOutcome: Record<History['outcome'], ReleaseStatus['status']> = {
  succeeded: 'deployed',
  unverified: 'deployed',
  rolled_back: 'rolled-back',
  aborted: 'not-deployed',
  failed: 'not-deployed',
  rollback_failed: 'unclear',
};

async function writeChangelog(
  directory: string,
  notes: ReleaseNotes,
  links: ForgeLinks | null,
): Promise<{ path: string; changed: boolean }> {
  const path = await resolveInside(directory, 'CHANGELOG.md');
  const before = textOf(await readBytes(path), path);
  const update = updateChangelog(before, notes.version, emitText(renderChangelogSection(notes, links)));
  if (!update.ok) throw new DeployError('CHANGELOG_KEPT', { path, reason: update.reason });
  if (update.changed && !(await replaceProjectFile(path, { from: before, to: update.text })))
    throw new DeployError('CHANGELOG_KEPT', { path, reason: 'somebody wrote in it at this very moment' });
  return { path, changed: update.changed };
}

/** Bytes that are no UTF-8 would not come back as they were. */
function textOf(bytes: Uint8Array | null, path: string): string | null {
  if (bytes === null) return null;
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new DeployError('CHANGELOG_KEPT', { path, reason: 'it is no UTF-8 text' });
  }
}
