/** Texts that are shorter are not searched for: they would be found everywhere. */
export const shortestSecret = 8;

/**
 * Every way in which a secret is usually written down: as it is, escaped for JSON (once and twice), for a URL, for a form
 * and for HTML, in hexadecimal, and in base64 at each of the three alignments it can have inside other bytes. Longest
 * first, so that no part of a longer form is found before the whole. Empty for a secret that is too short. Pure.
 */
export function secretForms(secret: string): readonly string[] {
  if (secret.length < shortestSecret) return [];
  const bytes = new TextEncoder().encode(secret);
  const json = JSON.stringify(secret).slice(1, -1);
  const percent = percentEncoded(secret);
  const forms = [
    secret,
    json,
    JSON.stringify(json).slice(1, -1),
    json.replaceAll('/', '\\/'),
    asciiOnly(json, false),
    asciiOnly(json, true),
    percent,
    lowerEscapes(percent),
    strictly(percent),
    strictly(percent).replaceAll('%20', '+').replaceAll('~', '%7E'),
    percent.replaceAll('%20', '+'),
    everyByte(bytes, '%', true),
    everyByte(bytes, '%', false),
    everyByte(bytes, '', true),
    everyByte(bytes, '', false),
    secret.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;'),
    ...base64Cores(bytes),
  ];
  return [...new Set(forms)]
    .filter((form) => form.length >= shortestSecret)
    .sort((left, right) => right.length - left.length);
}

/** As `encodeURIComponent`, and also for what is no whole text. */
function percentEncoded(secret: string): string {
  return encodeURIComponent(secret.replace(/\p{Cs}/gu, '\u{FFFD}'));
}

/** With what `encodeURIComponent` lets stand and others do not. */
function strictly(percent: string): string {
  return percent.replace(/[!'()]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
}

function lowerEscapes(text: string): string {
  return text.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase());
}

function asciiOnly(json: string, upper: boolean): string {
  return json.replace(/[^\u0020-\u007e]/g, (unit) => {
    const code = unit.charCodeAt(0).toString(16).padStart(4, '0');
    return `\\u${upper ? code.toUpperCase() : code}`;
  });
}

function everyByte(bytes: Uint8Array, before: string, upper: boolean): string {
  return Array.from(bytes, (byte) => {
    const code = byte.toString(16).padStart(2, '0');
    return `${before}${upper ? code.toUpperCase() : code}`;
  }).join('');
}

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** The characters of base64 that only the secret decides, whatever stands before and behind it. */
function base64Cores(bytes: Uint8Array): string[] {
  return [0, 1, 2].flatMap((offset) => {
    const first = Math.ceil((offset * 8) / 6);
    const behind = Math.floor(((offset + bytes.length) * 8) / 6);
    let core = '';
    for (let index = first; index < behind; index += 1) core += alphabet[sextet(bytes, index * 6 - offset * 8)] ?? '';
    return [core, core.replaceAll('+', '-').replaceAll('/', '_'), encodeURIComponent(core)];
  });
}

/** Six bits from the bit `start` on. */
function sextet(bytes: Uint8Array, start: number): number {
  const index = Math.floor(start / 8);
  const pair = ((bytes[index] ?? 0) << 8) | (bytes[index + 1] ?? 0);
  return (pair >> (10 - (start % 8))) & 63;
}
