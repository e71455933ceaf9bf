import { createRedactor, type RedactedStream, type Redactor } from './redactor.ts';
import { shortestSecret } from './secret-forms.ts';
import { isTellingName } from './secret-shapes.ts';

/**
 * The one point that everything passes which leaves this process for people, models, the journal or the project: what is
 * known to be secret here, and what looks so, is taken out. Known secrets are those that were declared; a process learns
 * more of them as it goes and forgets none.
 */
export function emitText(text: string): string {
  return redactor().text(text);
}

/** The same for data; what has no secret is handed back itself. */
export function emitData<Value>(value: Value): Value {
  return redactor().data(value);
}

/** The same for a text that comes in pieces. */
export function emitStream(): RedactedStream {
  return redactor().stream();
}

/** A value that must never be emitted. Values of fewer than 8 characters are not searched for. */
export function declareSecret(value: string): void {
  // A trailing line break belongs to the file that a secret was read from.
  for (const text of new Set([value, value.trim()])) {
    if (text.length < shortestSecret || known.has(text)) continue;
    known.add(text);
    current = null;
  }
}

/** Declares those of the variables that are named `handedOn`, or whose name says that they are secret. */
export function declareVariables(
  variables: Readonly<Record<string, string | undefined>>,
  handedOn: readonly string[] = [],
): void {
  const named = new Set(handedOn);
  for (const [name, value] of Object.entries(variables)) {
    if (value === undefined || ordinaryNames.has(name)) continue;
    if (isTellingName(name) || (named.has(name) && !isPlainWords(value))) declareSecret(value);
  }
}

/**
 * What configuration is made of and secrets are not: lower-case words (`production`, `eu-west`), numbers, versions,
 * commit ids, addresses without user info, paths. A secret that is one of these is found only when its variable's name tells.
 */
function isPlainWords(value: string): boolean {
  return (
    /^(?:[A-Z]?[a-z]{1,23}|[A-Z]{1,24})(?:[-_. ][a-z]{1,24}){0,5}(?:-\d{1,2})?$/.test(value) ||
    /^(?:[\d.]{1,20}|v?\d+(?:\.\d+){1,3}(?:[-+][a-z\d.-]{1,24})?|[0-9a-f]{40})$/.test(value) ||
    /^[a-z][a-z0-9+.-]*:\/\/[A-Za-z0-9.-]+(?::\d{1,5})?(?:\/[a-z0-9._-]{0,20}){0,3}$/.test(value) ||
    /^(?:~|\.{0,2})(?:\/(?:[a-z0-9._@-]{1,40}|[A-Z][a-z._-]{1,40})){1,20}\/?$/.test(value)
  );
}

const ordinaryNames: ReadonlySet<string> = new Set([
  'PATH',
  'HOME',
  'LANG',
  'LC_ALL',
  'TZ',
  'TMPDIR',
  'USER',
  'LOGNAME',
  'SHELL',
  'PWD',
  'OLDPWD',
  'TERM',
  'SSH_AUTH_SOCK',
  'XDG_SESSION_ID',
  'NODE_ENV',
]);

const known = new Set<string>();
let current: Redactor | null = null;

function redactor(): Redactor {
  current ??= createRedactor(known);
  return current;
}
