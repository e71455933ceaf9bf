import { secretForms } from './secret-forms.ts';
import { isSecretOption, redactedMark, redactShapes } from './secret-shapes.ts';

/** Takes secrets out of texts and of data. Doing it twice changes nothing more. */
export interface Redactor {
  text(text: string): string;
  /** The same value with the texts in it redacted: lists, maps, their keys too. What has no secret is handed back itself. */
  data<Value>(value: Value): Value;
  /** Redacts a text that comes in pieces. */
  stream(): RedactedStream;
}

/** What a secret could still begin with is kept back until more of the text, or its end, is there. */
export interface RedactedStream {
  push(chunk: string): string;
  end(): string;
}

/** A redactor for these secrets, in every form in which they are usually written, and for what has the shape of one. Pure. */
export function createRedactor(secrets: Iterable<string>): Redactor {
  const forms = [...new Set([...secrets].flatMap((secret) => [...secretForms(secret)]))].sort(
    (left, right) => right.length - left.length,
  );
  const text = (given: string): string => redactShapes(redactForms(given, forms));
  return {
    text,
    data: (value) => redactData(value, text),
    stream: () => createStream(text, forms[0]?.length ?? 0),
  };
}

function redactForms(text: string, forms: readonly string[]): string {
  let result = text;
  for (const form of forms) {
    let at = result.indexOf(form);
    while (at !== -1) {
      const { start, end } = widen(result, at, at + form.length);
      result = `${result.slice(0, start)}${redactedMark}${result.slice(end)}`;
      at = result.indexOf(form, start + redactedMark.length);
    }
  }
  return result;
}

/** The letter of an escape (`\n`) that happens to be the first of a secret stays, so that JSON stays JSON. */
function widen(text: string, start: number, end: number): { start: number; end: number } {
  let backslashes = 0;
  while (text[start - 1 - backslashes] === '\\') backslashes += 1;
  const escaped = backslashes % 2 === 1 && /["\\/bfnrtu]/.test(text[start] ?? '');
  return { start: escaped ? start + 1 : start, end };
}

function redactData<Value>(value: Value, text: (given: string) => string): Value;
function redactData(value: unknown, text: (given: string) => string): unknown {
  if (typeof value === 'string') return text(value);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return redactList(value, text);
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return value;
  let changed = false;
  const entries = Object.entries(value).map(([key, inner]) => {
    const clean = [text(key), redactData(inner, text)] as const;
    if (clean[0] !== key || clean[1] !== inner) changed = true;
    return clean;
  });
  return changed ? Object.fromEntries(entries) : value;
}

/** In a list of arguments the value of `--password` is the next element. */
function redactList(list: readonly unknown[], text: (given: string) => string): readonly unknown[] {
  let changed = false;
  const clean = list.map((item, index) => {
    const before = list[index - 1];
    const hidden =
      typeof item === 'string' && typeof before === 'string' && isSecretOption(before) && !isReference(item);
    const result = hidden ? redactedMark : redactData(item, text);
    if (result !== item) changed = true;
    return result;
  });
  return changed ? clean : list;
}

/** Says where the secret is: a path, a variable, a value to be filled in, the next option, or nothing. */
function isReference(argument: string): boolean {
  return argument === '' || /^(?:[-/.~@$%{]|env:|file:)/.test(argument);
}

/** Longest shape that is looked for over the border of two pieces; a longer one is found where a piece has it whole. */
const shapeReach = 4096;
/** Places at which no shape goes on: between two lines that do not belong to a key. */
const lineEnd = '\n';

function createStream(text: (given: string) => string, longestForm: number): RedactedStream {
  let held = '';
  return {
    push: (chunk) => {
      held += chunk;
      const cut = safeCut(held, longestForm, text);
      const out = held.slice(0, cut);
      held = held.slice(cut);
      return text(out);
    },
    end: () => {
      const out = text(held);
      held = '';
      return out;
    },
  };
}

/** How much may be handed on: up to a line's end before which nothing can reach over it, else all but the reach. */
function safeCut(held: string, longestForm: number, text: (given: string) => string): number {
  const keyBegin = held.lastIndexOf('-----BEGIN ');
  const openKey = keyBegin !== -1 && !held.slice(keyBegin).includes('-----END ') ? keyBegin : held.length;
  const reach = Math.max(longestForm, held.includes(lineEnd) ? 0 : shapeReach);
  const most = Math.min(openKey, Math.max(0, held.length - reach));
  const line = held.lastIndexOf(lineEnd, most - 1) + 1;
  const cut = line > 0 ? line : held.length > 2 * (shapeReach + longestForm) ? most : 0;
  // A secret that itself lies over the cut: whole text and the two parts then disagree.
  return cut > 0 && text(held.slice(0, cut)) + text(held.slice(cut)) !== text(held) ? 0 : cut;
}
