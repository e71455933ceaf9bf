import type { ArmRevision } from './arm-revisions.ts';

const placeholder = /\{\{\s*(version|revisionId)\s*\}\}/g;

/**
 * A selector for one arm: placeholders filled, `match` added, `suffix` put behind the metric's name. A value stands inside
 * quotes and is escaped, so that it can never become anything else than a label value. Pure.
 */
export function fillSelector(
  text: string,
  { match, revision, suffix = '' }: { match: string | null; revision: ArmRevision; suffix?: string },
): string {
  const { name, inner } = splitSelector(text);
  const matchers = [inner, match ?? ''].map((one) => one.trim().replace(/,$/, '')).filter((one) => one !== '');
  const filled = matchers.map((one) => fillQuoted(one, revision)).join(',');
  return `${name}${name === '' ? '' : suffix}${filled === '' ? '' : `{${filled}}`}`;
}

/**
 * The same for what served before, whatever it was: a matcher with a placeholder accepts any value instead. Pure.
 */
export function pastSelector(text: string, match: string | null, suffix = ''): string {
  const { name, inner } = splitSelector(text);
  const matchers = [inner, match ?? ''].map((one) => one.trim().replace(/,$/, '')).filter((one) => one !== '');
  const opened = matchers
    .join(',')
    .replace(/(=~?)\s*("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')/g, (whole, _, value: string) =>
      value.includes('{{') ? '=~".+"' : whole,
    );
  return `${name}${name === '' ? '' : suffix}${opened === '' ? '' : `{${opened}}`}`;
}

function splitSelector(text: string): { name: string; inner: string } {
  const trimmed = text.trim();
  const open = trimmed.indexOf('{');
  if (open < 0) return { name: trimmed, inner: '' };
  return { name: trimmed.slice(0, open).trim(), inner: trimmed.slice(open + 1, trimmed.lastIndexOf('}')) };
}

function fillQuoted(text: string, revision: ArmRevision): string {
  return text.replace(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'/g, (literal) =>
    literal.replace(placeholder, (_, name: string) =>
      escapeLabel(name === 'version' ? revision.version : revision.revisionId),
    ),
  );
}

/** Both quotes, backslashes and line breaks, as Go and therefore PromQL reads them. */
function escapeLabel(value: string): string {
  return value
    .replace(/\\/g, '\\\\')
    .replace(/"/g, '\\"')
    .replace(/'/g, '\\x27')
    .replace(/\n/g, '\\n')
    .replace(/\r/g, '\\r');
}
