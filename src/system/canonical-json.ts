import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';

// The package's types describe another export than its code has, so what was loaded is looked at.
const serialize: unknown = canonicalize;
if (typeof serialize !== 'function') throw new TypeError('the package canonicalize exports no function');
const toCanonicalText = serialize;

/** RFC 8785: the one text of a JSON value, whatever order its keys came in. Throws on what JSON cannot hold (NaN, Infinity). Pure. */
export function canonicalJson(value: unknown): string {
  const text: unknown = toCanonicalText(value);
  if (typeof text !== 'string') throw new TypeError('this value has no JSON form');
  return text;
}

/** SHA-256 (hex) of the UTF-8 form of a text. Pure. */
export function sha256Hex(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex');
}
