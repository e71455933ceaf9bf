import { quoteUntrusted } from './format.ts';

export type Commit = { oid: string; subject: string; body: string; author: string };

export type ReleaseNotesInput = {
  version: string;
  /** As it went: `deployed`, `rolled back`, `planned` … */
  status: string;
  /** Newest first, as git tells them. */
  commits: readonly Commit[];
  previousVersion: string | null;
};

const groups: ReadonlyArray<readonly [string, string]> = [
  ['feat', 'Features'],
  ['fix', 'Fixes'],
  ['perf', 'Performance'],
  ['revert', 'Reverts'],
  ['refactor', 'Refactoring'],
  ['docs', 'Documentation'],
  ['test', 'Tests'],
  ['build', 'Build'],
  ['ci', 'Continuous integration'],
  ['style', 'Style'],
  ['chore', 'Chores'],
];

type Parsed = { commit: Commit; type: string; scope: string | null; text: string; breaking: string | null };

/** Release notes from commits: conventional ones by kind, the rest under "Other changes", breaking changes first. Pure. */
export function renderReleaseNotes({ version, status, commits, previousVersion }: ReleaseNotesInput): string {
  const parsed = commits.map(parseCommit);
  const known = new Set(groups.map(([type]) => type));
  const sections = [
    section(
      'Breaking changes',
      parsed.filter((one) => one.breaking !== null),
      (one) => one.breaking ?? one.text,
    ),
    ...groups.map(([type, title]) =>
      section(
        title,
        parsed.filter((one) => one.type === type),
      ),
    ),
    section(
      'Other changes',
      parsed.filter((one) => !known.has(one.type)),
    ),
  ].filter((text) => text !== '');
  const authors = [...new Set(commits.map((commit) => quoteUntrusted(commit.author, 80)))].sort((a, b) =>
    a < b ? -1 : 1,
  );
  return `${[
    `# Release notes: ${version}`,
    `**Status**: ${status}\n**Since**: ${previousVersion ?? 'the beginning'}\n**Commits**: ${commits.length}`,
    ...(sections.length === 0 ? ['No commits.'] : sections),
    ...(authors.length === 0 ? [] : [`## Contributors\n\n${authors.map((author) => `- ${author}`).join('\n')}`]),
  ].join('\n\n')}\n`;
}

function parseCommit(commit: Commit): Parsed {
  const match = /^([a-z]+)(?:\(([^)]+)\))?(!)?:\s+(.+)$/i.exec(commit.subject);
  const footer = /^BREAKING[ -]CHANGE:\s*(.+(?:\n(?![A-Za-z-]+:\s|\s*$).+)*)/m.exec(commit.body)?.[1];
  const text = match?.[4] ?? commit.subject;
  return {
    commit,
    type: (match?.[1] ?? '').toLowerCase(),
    scope: match?.[2] ?? null,
    text,
    breaking: footer ?? (match?.[3] === '!' ? text : null),
  };
}

function section(
  title: string,
  entries: readonly Parsed[],
  say: (entry: Parsed) => string = (entry) => entry.text,
): string {
  if (entries.length === 0) return '';
  const lines = entries.map(
    (entry) =>
      `- ${entry.scope === null ? '' : `**${quoteUntrusted(entry.scope, 40)}**: `}${quoteUntrusted(say(entry), 300)} (${entry.commit.oid.slice(0, 10)})`,
  );
  return `## ${title}\n\n${lines.join('\n')}`;
}
