import { plural, quoteUntrusted } from '../format.ts';
import type { ForgeLinks } from './forge-links.ts';
import { type Change, type ChangeKind, changeKinds } from './parse-commit.ts';

/** How a version came to users, in one environment. */
export type ReleaseStatus = {
  status: 'deployed' | 'rolled-back' | 'not-deployed' | 'unclear';
  environment: string;
  /** Null when a person says so and no run is on record. */
  runId: string | null;
  at: string | null;
};

export type ReleaseNotes = {
  service: string;
  version: string;
  commit: string;
  /** ISO date of the commit. */
  date: string;
  /** Name of the tag before it; null: from the first commit on. */
  since: string | null;
  status: ReleaseStatus;
  changes: Change[];
  /** More commits than were read. */
  truncated: boolean;
};

const titles: Record<ChangeKind, string> = {
  feat: 'Features',
  fix: 'Fixes',
  perf: 'Performance',
  revert: 'Reverts',
  refactor: 'Refactoring',
  docs: 'Documentation',
  maintenance: 'Maintenance',
  other: 'Other Changes',
};

/** Release notes in Markdown; headings begin at `level` so that they can be a section of a changelog. Pure. */
export function renderReleaseNotes(notes: ReleaseNotes, links: ForgeLinks | null): string {
  const { service, version, commit, date, since } = notes;
  return `${[
    [
      `# Release Notes: ${inert(service)} ${version}`,
      '',
      `**Version**: ${version}`,
      `**Commit**: ${commit.slice(0, 12)}`,
      `**Date**: ${date}`,
      `**Since**: ${since === null ? 'the first commit' : inert(quoteUntrusted(since))}`,
      `**Status**: ${renderReleaseStatus(notes.status)}`,
    ].join('\n'),
    ...renderGroups(notes, links, '##'),
    ...renderPeople(notes, links, '##'),
  ].join('\n\n')}\n`;
}

/** The same as a section of a changelog, without contributors and references. Pure. */
export function renderChangelogSection(notes: ReleaseNotes, links: ForgeLinks | null): string {
  const head = `## [${notes.version}] - ${notes.date}\n\n_${renderReleaseStatus(notes.status)}_`;
  return [head, ...renderGroups(notes, links, '###')].join('\n\n');
}

/** `deployed to production at …, run …`. Pure. */
export function renderReleaseStatus({ status, environment, runId, at }: ReleaseStatus): string {
  const words = {
    deployed: `deployed to ${environment}`,
    'rolled-back': `rolled back in ${environment}`,
    'not-deployed': `not deployed to ${environment}`,
    unclear: `unclear in ${environment}: the last run took it neither there nor back`,
  }[status];
  if (status === 'not-deployed') return runId === null ? `${words}: no run is on record` : `${words} (run ${runId})`;
  return runId === null
    ? `${words}, as was stated; no run is on record`
    : `${words} at ${at ?? 'an unknown time'} (run ${runId})`;
}

function renderGroups({ changes, truncated }: ReleaseNotes, links: ForgeLinks | null, level: string): string[] {
  const breaking = changes.filter((change) => change.breaking !== null);
  const groups = changeKinds.flatMap((kind) => {
    const own = changes.filter((change) => change.kind === kind);
    return own.length === 0
      ? []
      : [`${level} ${titles[kind]}\n\n${own.map((change) => renderChange(change, links)).join('\n')}`];
  });
  return [
    ...(breaking.length === 0
      ? []
      : [
          `${level} Breaking Changes\n\n${breaking.map(({ scope, breaking: words }) => `- ${scope === null ? '' : `**${inert(scope)}**: `}${inert(words ?? '')}`).join('\n')}`,
        ]),
    ...groups,
    ...(changes.length === 0 ? [`${level} Changes\n\n- none since then`] : []),
    ...(truncated ? ['_Older commits are left out._'] : []),
  ];
}

function renderChange({ oid, scope, subject, issues, pulls }: Change, links: ForgeLinks | null): string {
  const commit = links === null ? oid.slice(0, 7) : `[${oid.slice(0, 7)}](${links.commit(oid)})`;
  const named = [
    ...pulls.map((number) => (links === null ? `#${number}` : `[#${number}](${links.pull(number)})`)),
    ...issues.map((number) => (links === null ? `#${number}` : `[#${number}](${links.issue(number)})`)),
    commit,
  ];
  return `- ${scope === null ? '' : `**${inert(scope)}**: `}${inert(subject)} (${named.join(', ')})`;
}

function renderPeople({ changes }: ReleaseNotes, links: ForgeLinks | null, level: string): string[] {
  const commits = new Map<string, number>();
  for (const name of changes.flatMap(({ people }) => people)) commits.set(name, (commits.get(name) ?? 0) + 1);
  const people = [...commits].sort(([one, many], [other, more]) => more - many || one.localeCompare(other, 'en'));
  const list = (numbers: readonly number[], address: ((number: number) => string) | undefined): string =>
    [...new Set(numbers)]
      .sort((one, other) => one - other)
      .map((number) => (address === undefined ? `#${number}` : `[#${number}](${address(number)})`))
      .join(', ');
  const pulls = list(
    changes.flatMap((change) => change.pulls),
    links?.pull,
  );
  const issues = list(
    changes.flatMap((change) => change.issues),
    links?.issue,
  );
  return [
    ...(pulls === '' && issues === ''
      ? []
      : [
          `${level} Issues and Pull Requests\n\n- Pull requests: ${pulls === '' ? 'none named' : pulls}\n- Issues: ${issues === '' ? 'none named' : issues}`,
        ]),
    `${level} Contributors\n\n${people.length === 0 ? '- nobody' : people.map(([name, count]) => `- ${inert(name)} (${plural(count, 'commit')})`).join('\n')}`,
  ];
}

/** Text of strangers that neither links, nor formats, nor becomes a heading in Markdown. */
function inert(text: string): string {
  return text
    .replace(/[\\[\]*_|~!#&$]/g, '\\$&')
    .replace(/:(?=\/\/)|(?<=\bwww)\./gi, '\\$&')
    .replace(/^[-+=]|^\d{1,9}(?=[.)])/, (start) => (/\d/.test(start) ? `${start}\\` : `\\${start}`));
}
