/** What stands where a secret was. */
export const redactedMark = '[redacted]';

/**
 * Replaces what looks like a secret wherever it comes from: private keys, JSON web tokens, tokens of well-known makers,
 * user info and secret parameters of URLs, authorization headers, values of options and settings with a telling name.
 * Ids, hashes and commit ids stay as they are. Pure.
 */
export function redactShapes(text: string): string {
  let result = text.includes(' PRIVATE KEY') ? redactKeyEnds(text) : text;
  // Most texts have none of it: looking for a fixed word is far cheaper than trying an expression at every place.
  for (const { hint, pattern, into } of shapes) if (hint.test(result)) result = result.replace(pattern, into);
  return result;
}

type Shape = { hint: RegExp; pattern: RegExp; into: (...match: string[]) => string };

/** Words in a name that say that its value is secret. */
const telling =
  'token|secret|passwd|password|passphrase|pwd|api[-_]?key|access[-_]?key|private[-_]?key|signing[-_]?key|credentials?|auth[-_]?key';

/** Whether the name of a variable, option or parameter says that its value is secret. Pure. */
export function isTellingName(name: string): boolean {
  const words = name.replace(/([a-z\d])([A-Z])/g, '$1_$2').toLowerCase();
  return tellingName.test(words) && !publicName.test(words);
}

/** Whether the argument behind this one is a secret: `--password`. Pure. */
export function isSecretOption(argument: string): boolean {
  return secretOption.test(argument) && !publicName.test(argument.toLowerCase());
}

const secretOption = new RegExp(`^--?(?:[a-z][\\w-]{0,40}[-_])?(?:${telling})$`, 'i');

const tellingName = new RegExp(
  `(?:^|[-_.])(?:${telling}|pass|key|auth|dsn|jwt|cookie|session)s?(?:$|[-_.\\d])|(?:token|secret|password|passwd|apikey)$`,
);
/** Names that end like this hold where a secret is, or how it is used, and not the secret. */
const publicName = /[-_.](?:file|path|dir|name|id|url|uri|host|port|user|type|ttl|expiry|length|count|sock)$/;

const value = '[^\\s"\'`<>&#,;\\\\\\])}]';
const whole = (): string => redactedMark;
const kept = (...match: string[]): string => `${match[1] ?? ''}${redactedMark}`;

const shapes: readonly Shape[] = [
  {
    hint: /PRIVATE KEY/,
    pattern:
      /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----[\s\S]*?(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----|$)/g,
    into: whole,
  },
  {
    hint: /eyJ/,
    pattern: /\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*){0,3}/g,
    into: whole,
  },
  {
    hint: /gh[opusr]_|github_pat_|glpat-|npm_|dop_v1_|hf_/,
    pattern: /(?:gh[opusr]_|github_pat_|glpat-|npm_|dop_v1_|hf_)[A-Za-z0-9_-]{16,}/g,
    into: whole,
  },
  { hint: /xox|xapp-/, pattern: /\b(?:xox[a-z]|xapp)-[A-Za-z0-9-]{8,}/g, into: whole },
  {
    hint: /A(?:KIA|SIA)|AIza/,
    pattern: /\b(?:(?:AKIA|ASIA)[0-9A-Z]{16}|AIza[A-Za-z0-9_-]{35})/g,
    into: whole,
  },
  { hint: /[sr]k[-_]/, pattern: /\b(?:sk-|[sr]k_(?:live|test)_)[A-Za-z0-9_-]{16,}/g, into: whole },
  {
    hint: /hooks\.slack\.com/i,
    pattern: /(hooks\.slack\.com\/(?:services|workflows|triggers)\/)[A-Za-z0-9_/-]{8,}/gi,
    into: kept,
  },
  {
    hint: /:\/\/[^\s/]*@/,
    pattern: /(\b[a-z][a-z0-9+.-]{0,20}:\/\/)[^\s/?#"'<>\\]{1,512}@/gi,
    into: (_whole, scheme = '') => `${scheme}${redactedMark}@`,
  },
  {
    hint: /[?&;][\w.~%-]+=/,
    pattern: new RegExp(
      `([?&;](?:amp;)?(?:[\\w.~%-]{0,40}[-_.])?(?:[a-z]{0,20}(?:${telling})|key|auth|sig|signature|x-amz-credential|jwt)=)(?!\\[redacted\\])${value}+`,
      'gi',
    ),
    into: kept,
  },
  {
    hint: /\b(?:bearer|basic|authorization)\b/i,
    pattern:
      /(\b(?:bearer|(?:authorization["']?\s{0,3}[:=]\s{0,3}["']?)(?:basic|token|digest)?)\s{1,3})[A-Za-z0-9._~+/=-]{12,}/gi,
    into: kept,
  },
  {
    // --token=…, PASSWORD=…, "secret": "…", password: …
    hint: new RegExp(telling, 'i'),
    pattern: new RegExp(
      `((?:^|[\\s"'\`{,;(\\[])-{0,2}(?:[\\w.-]{0,40}[-_.])?(?:${telling})(?:\\\\?["']\\s{0,2}:\\s{0,2}|\\s{0,2}(?:=|:\\s)\\s{0,2})(?:\\\\?["'])?)(?!\\[redacted\\]|true\\b|false\\b|null\\b|none\\b|\\d{1,6}\\b|[$\\{])${value}{6,}`,
      'gi',
    ),
    into: kept,
  },
];

/** The end of a private key whose beginning was cut off: what stands before it and may belong to it goes. */
function redactKeyEnds(text: string): string {
  let result = '';
  let from = 0;
  for (const match of text.matchAll(/-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----/g)) {
    const begin = text.lastIndexOf('-----BEGIN ', match.index);
    if (begin >= from) continue;
    let start = match.index;
    while (start > from && /[A-Za-z0-9+/=\s\\]/.test(text[start - 1] ?? '')) start -= 1;
    result += `${text.slice(from, start)}${redactedMark}`;
    from = match.index + match[0].length;
  }
  return result + text.slice(from);
}
