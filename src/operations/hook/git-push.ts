import type { Fields } from './shell-words.ts';

/** What is known of the repository in which a push is made. */
export type PushRules = {
  /** Patterns with `*`. */
  deployBranches: readonly string[];
  /** The branch that is checked out; null when it is not known. */
  branch: string | null;
  /** Forms of release tags, such as `v{version}`. */
  tagForms: readonly string[];
};

export type PushFinding = { id: 'git-push-tag' | 'git-push-branch' | 'git-push-platform'; shown: string };

const valued: ReadonlySet<string> = new Set(['-C', '-c', '--git-dir', '--work-tree', '--namespace', '--exec-path']);
const valuedOfPush: ReadonlySet<string> = new Set(['-o', '--push-option', '--repo', '--receive-pack', '--exec']);
/** A remote of these names is a platform that ships what it gets. */
const platforms = /^(?:heroku|dokku|piku|gigalixir|clever|scalingo|flynn|caprover|production|prod|deploy|live)$/i;
const versionTag = /^(?:[\w.-]+[@/-])?v?\d+\.\d+(?:\.\d+)?(?:[-+.][\w.+-]*)?$/;

/** What a `git push` ships, when it ships something; `args` stand behind `git`. Pure. */
export function findPush(args: Fields, rules: PushRules): PushFinding | null {
  const rest = pushArguments(args);
  if (rest === null || rest.some((field) => field === '--dry-run' || field === '-n' || field === '--help')) return null;
  const flags = rest.filter((field) => field?.startsWith('-'));
  const [remote, ...refs] = operandsOf(rest);
  if (remote !== undefined && remote !== null && isPlatform(remote))
    return { id: 'git-push-platform', shown: `git push ${remote}` };
  const allTags = flags.find((flag) => flag === '--tags' || flag === '--mirror' || flag === '--follow-tags');
  if (allTags !== undefined) return { id: 'git-push-tag', shown: `git push ${allTags}` };
  for (const [index, ref] of refs.entries()) {
    const found = findRef(ref, { rules, isTag: refs[index - 1] === 'tag' });
    if (found !== null) return found;
  }
  if (flags.includes('--all') || flags.includes('--branches'))
    return rules.deployBranches.length > 0 ? { id: 'git-push-branch', shown: 'git push --all' } : null;
  return refs.length === 0 && rules.branch !== null ? branchFinding(rules.branch, rules) : null;
}

/** What stands behind `push`; null when it is another command. */
function pushArguments(args: Fields): Fields | null {
  for (let index = 0; index < args.length; index += 1) {
    const field = args[index] ?? null;
    if (field === 'push') return args.slice(index + 1);
    if (field === null || !field.startsWith('-')) return null;
    if (valued.has(field)) index += 1;
  }
  return null;
}

function operandsOf(rest: Fields): Fields {
  const operands: Fields = [];
  for (let index = 0; index < rest.length; index += 1) {
    const field = rest[index] ?? null;
    if (field !== null && valuedOfPush.has(field)) index += 1;
    else if (field === null || !field.startsWith('-')) operands.push(field);
  }
  return operands;
}

function isPlatform(remote: string): boolean {
  return platforms.test(remote) || /(?:git\.heroku\.com|heroku\.com[:/]|^dokku@)/i.test(remote);
}

/** A ref that is only known when it runs may be anything, and `$TAG` mostly is a tag. */
function findRef(ref: string | null, { rules, isTag }: { rules: PushRules; isTag: boolean }): PushFinding | null {
  if (ref === null) return { id: 'git-push-tag', shown: 'git push of a ref that is only known when it runs' };
  const target = ref.replace(/^\+/, '').split(':').at(-1) ?? '';
  const tag = /^refs\/tags\/(.+)$/.exec(target)?.[1];
  const name = tag ?? target.replace(/^refs\/heads\//, '');
  if (tag !== undefined || isTag || isReleaseTag(name, rules))
    return { id: 'git-push-tag', shown: `git push of tag ${name.slice(0, 80)}` };
  return branchFinding(name === 'HEAD' ? (rules.branch ?? '') : name, rules);
}

function branchFinding(name: string, { deployBranches }: PushRules): PushFinding | null {
  return deployBranches.some((pattern) => fitsPattern(name, pattern))
    ? { id: 'git-push-branch', shown: `git push to ${name.slice(0, 80)}` }
    : null;
}

function isReleaseTag(name: string, { tagForms }: PushRules): boolean {
  if (versionTag.test(name)) return true;
  return tagForms.some((form) => {
    const [before = '', after = ''] = form.split('{version}');
    const inner = name.slice(before.length, name.length - after.length);
    return form.includes('{version}') && name.startsWith(before) && name.endsWith(after) && /^\d+\.\d+/.test(inner);
  });
}

function fitsPattern(name: string, pattern: string): boolean {
  const [first = '', ...rest] = pattern.split('*');
  if (rest.length === 0) return name === pattern;
  const last = rest.at(-1) ?? '';
  if (!name.startsWith(first) || !name.endsWith(last) || name.length < first.length + last.length) return false;
  let at = first.length;
  for (const piece of rest.slice(0, -1)) {
    const found = name.indexOf(piece, at);
    if (found === -1) return false;
    at = found + piece.length;
  }
  return at <= name.length - last.length;
}
