import { plainLine, quoteUntrusted } from '../format.ts';

/** A commit as git has it: texts of strangers. */
export type GivenCommit = { oid: string; at: string; author: string; message: string };

export const changeKinds = ['feat', 'fix', 'perf', 'revert', 'refactor', 'docs', 'maintenance', 'other'] as const;
export type ChangeKind = (typeof changeKinds)[number];

/** What a commit says of itself, cleaned and shortened: it may be printed, and is never followed. */
export type Change = {
  oid: string;
  kind: ChangeKind;
  scope: string | null;
  subject: string;
  /** What whoever upgrades must know; null when nothing is said to break. */
  breaking: string | null;
  issues: number[];
  pulls: number[];
  people: string[];
};

const kindOf: ReadonlyMap<string, ChangeKind> = new Map(
  Object.entries<ChangeKind>({
    feat: 'feat',
    feature: 'feat',
    fix: 'fix',
    bugfix: 'fix',
    hotfix: 'fix',
    perf: 'perf',
    revert: 'revert',
    refactor: 'refactor',
    docs: 'docs',
    doc: 'docs',
    chore: 'maintenance',
    build: 'maintenance',
    ci: 'maintenance',
    test: 'maintenance',
    tests: 'maintenance',
    style: 'maintenance',
    release: 'maintenance',
  }),
);

const longest = { subject: 140, breaking: 400, name: 80, author: 200, message: 20_000 } as const;

/**
 * A commit by the rules of Conventional Commits 1.0.0; null for merges that say nothing of their own. Numbers with a `#` are
 * issues, those at the end of the subject in brackets, or of a merge, pull requests. Pure.
 */
export function parseCommit({ oid, author, message }: GivenCommit): Change | null {
  const [first = '', ...rest] = message.slice(0, longest.message).split(/\r?\n/);
  const merge = /^Merge (?:pull request #(\d{1,9})\b|branch\b|remote-tracking branch\b|tag\b)/.exec(first);
  const title = merge === null ? first : (rest.find((line) => line.trim() !== '') ?? '');
  if (merge !== null && merge[1] === undefined) return null;
  const body = rest.join('\n');
  const head = /^([A-Za-z]{2,20})(?:\(([^()]{1,60})\))?(!)?:\s+(.+)$/.exec(title.trim());
  const kind = kindOf.get(head?.[1]?.toLowerCase() ?? '') ?? (/^Revert "/.test(title) ? 'revert' : 'other');
  const known = head !== null && kind !== 'other';
  const said = known ? (head[4] ?? '') : title;
  const pulls = numbersIn(`${merge?.[0] ?? ''} ${said}`, /(?:pull request #|\(#)(\d{1,9})\b/g).concat(
    numbersIn(body, /See merge request [\w./-]{0,100}!(\d{1,9})\b/g),
  );
  const subject = quoteUntrusted(said.replace(/\s*\(#\d{1,9}\)\s*$/, ''), longest.subject);
  return {
    oid,
    kind,
    scope: known && head[2] !== undefined ? quoteUntrusted(head[2], longest.name) : null,
    subject: subject === '' ? 'without a subject' : subject,
    breaking: breakingOf(body, known && head[3] === '!' ? subject : null),
    issues: numbersIn(`${said}\n${body}`, /(?<![\w/(])#(\d{1,9})\b/g).filter((number) => !pulls.includes(number)),
    pulls: [...new Set(pulls)],
    people: peopleOf(author, body),
  };
}

/** Commits as changes, in their order; a merge that repeats the subject of a commit it brought adds its pull request to that one. Pure. */
export function parseCommits(commits: readonly GivenCommit[]): Change[] {
  const changes: Change[] = [];
  const merges: Change[] = [];
  for (const commit of commits) {
    const change = parseCommit(commit);
    if (change !== null) (commit.message.startsWith('Merge ') ? merges : changes).push(change);
  }
  const own = new Map(changes.map((change) => [`${change.kind} ${change.scope} ${change.subject}`, change]));
  for (const merge of merges) {
    const same = own.get(`${merge.kind} ${merge.scope} ${merge.subject}`);
    if (same === undefined) changes.push(merge);
    else same.pulls = [...new Set([...same.pulls, ...merge.pulls])];
  }
  const order = new Map(commits.map(({ oid }, index) => [oid, index]));
  return changes.sort((one, other) => (order.get(one.oid) ?? 0) - (order.get(other.oid) ?? 0));
}

function breakingOf(body: string, marked: string | null): string | null {
  const footer = /^BREAKING[ -]CHANGE:\s+([\s\S]+?)(?=\n\s*\n|\n[A-Z][\w-]+: |$(?![\s\S]))/m.exec(body)?.[1];
  return footer === undefined ? marked : quoteUntrusted(footer, longest.breaking);
}

function numbersIn(text: string, pattern: RegExp): number[] {
  return [...new Set([...text.matchAll(pattern)].map(([, digits]) => Number(digits)))];
}

/** Names without addresses: a release note is no place for them. */
function peopleOf(author: string, body: string): string[] {
  const others = [...body.matchAll(/^Co-authored-by:[ \t]*([^<\n]{1,200})</gim)].map(([, name]) => name ?? '');
  const names = [author, ...others].map((name) =>
    quoteUntrusted(plainLine(name.slice(0, longest.author)).replace(/\S+@\S+/g, ''), longest.name).trim(),
  );
  return [...new Set(names.filter((name) => name !== ''))];
}
