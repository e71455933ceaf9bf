import { emitText } from '../model/redaction/emit.ts';

/**
 * Text of others (bodies, logs, messages) as one harmless line of at most `max` UTF-16 units: no secrets, terminal
 * sequences, control characters, bidirectional or invisible characters; cut text ends with "…".
 */
export function cleanExcerpt(text: string, max = 200): string {
  // A terminal sequence may hide much text; what lies beyond this can never show up in the excerpt of ordinary text.
  const line = cleanLine(text.slice(0, max * 16 + 4096));
  return line.length <= max ? line : `${cutBefore(line, max - 1)}…`;
}

/** The end of such a text, where programs say why they failed. */
export function cleanExcerptEnd(text: string, max = 200): string {
  const line = cleanLine(text.slice(-(max * 16 + 4096)));
  return line.length <= max ? line : `…${line.slice(1 - max).replace(/^[\uDC00-\uDFFF]/, '')}`;
}

/** Secrets go before anything is cut: half of one would not be recognised. Again at the end, for what was hidden by invisible characters. */
function cleanLine(text: string): string {
  const line = emitText(text)
    .replace(terminalSequences, '')
    .replace(invisible, '')
    .replace(unpaired, '\u{FFFD}')
    .replace(blank, ' ')
    .trim();
  return emitText(line);
}

/** CSI, OSC / DCS / APC / PM / SOS with their content, and two-character escapes; 7-bit and 8-bit forms. */
const terminalSequences =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: removing them is the purpose
  /(?:\u001b\[|\u009b)[0-?]*[ -/]*[@-~]|(?:\u001b[\]PX^_]|[\u0090\u0098\u009d-\u009f])[^\u0007\u001b\u009c\n]*(?:\u0007|\u001b\\|\u009c)?|\u001b[ -/]*[0-~]/g;
/** Format characters (bidirectional, zero-width, soft hyphen, tags), variation selectors, fillers that draw nothing. */
const invisible = /\p{Cf}|\p{Variation_Selector}|\u034f|[\u115f\u1160\u3164\uffa0]|\u17b4|\u17b5/gu;
const unpaired = /\p{Cs}/gu;
const blank = /[\p{Cc}\s\u2028\u2029]+/gu;

function cutBefore(text: string, length: number): string {
  const last = text.charCodeAt(length - 1);
  const splitsPair = last >= 0xd800 && last <= 0xdbff;
  return text.slice(0, splitsPair ? length - 1 : length);
}
