import { join } from 'node:path';
import { z } from 'zod';
import { DeployError } from '../model/deploy-error.ts';
import type { History } from '../model/history.ts';
import { type ForgeLinks, forgeLinks } from '../report/release-notes/forge-links.ts';
import { parseCommit } from '../report/release-notes/parse-commit.ts';
import {
  type ReleaseNotes,
  type ReleaseStatus,
  renderChangelogSection,
  renderReleaseNotes,
} from '../report/release-notes/release-notes.ts';
import { updateChangelog } from '../report/release-notes/update-changelog.ts';
import { readTextFile, resolveInside } from '../system/files.ts';
import type { Repository } from '../system/git.ts';
import { writeProjectFile } from '../system/project-file.ts';
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
  const since = asked.since ?? (await repository.tagBefore(revision.commit));
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
    changes: commits.flatMap((commit) => parseCommit(commit) ?? []),
    truncated,
  };
  return { notes, links: forgeLinks(await repository.originUrl()) };
}

async function resolveSince(repository: Repository, since: string | null): Promise<string | null> {
  if (since === null) return null;
  const commit = await repository.resolveCommit(since);
  if (commit !== null) return commit;
  throw new DeployError('USAGE', {
    reason: `--since ${JSON.stringify(since.slice(0, 80))} is no tag or commit of this repository.`,
  });
}

/** The newest run of this commit decides; a statement against it is refused. */
function statusOf(
  history: readonly History[],
  { place, asked, commit }: { place: Place; asked: Asked; commit: string },
): ReleaseStatus {
  const environment = place.name;
  const last = history.findLast(
    (one) => one.environment === environment && one.commit === commit && one.kind !== 'rehearsal',
  );
  const stated = asked.status ?? null;
  if (last === undefined) return { status: stated ?? 'not-deployed', environment, runId: null, at: null };
  const status =
    last.outcome === 'succeeded' || last.outcome === 'unverified'
      ? 'deployed'
      : last.outcome === 'rolled_back'
        ? 'rolled-back'
        : 'not-deployed';
  if (stated !== null && stated !== status)
    throw new DeployError('USAGE', {
      reason: `--status ${stated} is not what is on record: run ${last.runId} of ${asked.version} ended as ${last.outcome}.`,
    });
  return { status, environment, runId: last.runId, at: last.endedAt };
}

async function writeChangelog(
  directory: string,
  notes: ReleaseNotes,
  links: ForgeLinks | null,
): Promise<{ path: string; changed: boolean }> {
  await resolveInside(directory, 'CHANGELOG.md');
  const path = join(directory, 'CHANGELOG.md');
  const update = updateChangelog(await readTextFile(path), notes.version, renderChangelogSection(notes, links));
  if (!update.ok) throw new DeployError('CHANGELOG_KEPT', { path, reason: update.reason });
  if (update.changed) await writeProjectFile(path, update.text);
  return { path, changed: update.changed };
}
