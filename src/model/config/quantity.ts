import { z } from 'zod';

const durationUnits: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `"500ms"`, `"10m"`, `"1h30m"` → milliseconds, or null when it is not a duration. Pure. */
export function parseDuration(text: string): number | null {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)];
  if (parts.length === 0 || parts.map((part) => part[0]).join('') !== text) return null;
  return Math.round(parts.reduce((sum, part) => sum + Number(part[1]) * (durationUnits[part[2] ?? ''] ?? 0), 0));
}

type QuantityKind = {
  /** With article: "a duration". */
  what: string;
  example: string;
  /** For editors; `parse` decides. */
  pattern: string;
  parse(text: string): number | null;
  /** Bounds of the parsed value, and how they read. */
  min: number;
  max: number;
  allowed: string;
};

/** Longest text that is looked at, so that a hostile one costs nothing. */
const longestText = 40;

function quantity(kind: QuantityKind) {
  const expected = `expected ${kind.what} with its unit, such as "${kind.example}"`;
  return z
    .string({
      error: (issue) => (issue.input === undefined ? undefined : `${expected}, got ${describeInput(issue.input)}`),
    })
    .transform((text, context) => {
      const value = text.length > longestText ? null : kind.parse(text.trim());
      if (value === null || !Number.isFinite(value)) {
        context.addIssue({ code: 'custom', message: `${expected}, got ${describeInput(text)}` });
        return z.NEVER;
      }
      if (value < kind.min || value > kind.max) {
        context.addIssue({ code: 'custom', message: `must be ${kind.allowed}, got ${describeInput(text)}` });
        return z.NEVER;
      }
      return value;
    })
    .meta({ description: `${kind.what}, such as "${kind.example}"`, pattern: kind.pattern });
}

function describeInput(input: unknown): string {
  if (typeof input === 'string')
    return JSON.stringify(input.length > longestText ? `${input.slice(0, longestText)}…` : input);
  if (typeof input === 'number' || typeof input === 'boolean') return String(input);
  if (input === null) return 'nothing';
  return Array.isArray(input) ? 'a list' : 'a map';
}

function parseSuffixed(pattern: RegExp, divisor: number): (text: string) => number | null {
  return (text) => {
    const match = pattern.exec(text);
    return match?.[1] === undefined ? null : Number(match[1]) / divisor;
  };
}

const longestMs = 366 * 86_400_000;
const durationKind = {
  what: 'a duration',
  example: '10m',
  pattern: '^(\\d+(\\.\\d+)?(ms|s|m|h|d))+$',
  parse: parseDuration,
};
const percentPattern = '^\\d+(\\.\\d+)?\\s*%$';
const parsePercent = /^(\d+(?:\.\d+)?)\s*%$/;
const percentKind = { what: 'a percentage', example: '20%', pattern: percentPattern };
const ratioKind = { ...percentKind, parse: parseSuffixed(parsePercent, 100) };

/** `"10m"` → 600000 ms. */
export const duration = quantity({ ...durationKind, min: 0, max: longestMs, allowed: 'at most 366d' });
/** A duration above zero: windows, timeouts and intervals. */
export const positiveDuration = quantity({ ...durationKind, min: 1, max: longestMs, allowed: 'from 1ms to 366d' });
/** A duration of at most an hour. */
export const durationWithinAnHour = quantity({
  ...durationKind,
  example: '60m',
  min: 1000,
  max: 3_600_000,
  allowed: 'from 1s to 60m',
});
/** The life of a lease: long enough to be renewed over a network that stumbles. */
export const durationFromTenSeconds = quantity({
  ...durationKind,
  example: '2m',
  min: 10_000,
  max: 3_600_000,
  allowed: 'from 10s to 60m',
});
/** `"20%"` → 20 (0–100). */
export const percent = quantity({
  ...percentKind,
  parse: parseSuffixed(parsePercent, 1),
  min: 0,
  max: 100,
  allowed: 'from 0% to 100%',
});
/** `"20%"` → 0.2 (0–1). */
export const ratio = quantity({ ...ratioKind, min: 0, max: 1, allowed: 'from 0% to 100%' });
/** A ratio above zero. */
export const positiveRatio = quantity({
  ...ratioKind,
  example: '0.1%',
  min: Number.MIN_VALUE,
  max: 1,
  allowed: 'above 0% (nothing is free of errors for ever) and at most 100%',
});
/** A ratio below one, as an availability objective is. */
export const ratioBelowOne = quantity({
  ...ratioKind,
  example: '99.9%',
  min: 0,
  max: 1 - Number.EPSILON,
  allowed: 'below 100% (an objective of 100% leaves no room for a single failed request)',
});
/** Chance of a wrong verdict. */
export const errorChance = quantity({
  ...ratioKind,
  example: '1%',
  min: Number.MIN_VALUE,
  max: 0.5,
  allowed: 'above 0% and at most 50%',
});
/** `"2pp"` → 0.02: a difference of two ratios, in percentage points. */
export const percentagePoints = quantity({
  what: 'percentage points',
  example: '2pp',
  pattern: '^\\d+(\\.\\d+)?\\s*pp$',
  parse: parseSuffixed(/^(\d+(?:\.\d+)?)\s*pp$/, 100),
  min: Number.MIN_VALUE,
  max: 0.5,
  allowed: 'above 0pp and at most 50pp',
});
/** `"20%"` → 1.2: a rise in proportion, as the factor that it makes. */
export const riseFactor = quantity({
  ...percentKind,
  parse: (text) => factorOf(parseSuffixed(parsePercent, 100)(text), 1),
  min: 1 + Number.EPSILON,
  max: 100,
  allowed: 'above 0% and at most 9900%',
});
/** `"30%"` → 0.7: a drop in proportion, as the factor that is left. */
export const dropFactor = quantity({
  ...percentKind,
  example: '30%',
  parse: (text) => factorOf(parseSuffixed(parsePercent, 100)(text), -1),
  min: Number.MIN_VALUE,
  max: 1 - Number.EPSILON,
  allowed: 'above 0% and below 100%',
});
/** `"1%"` → 1 (0–5): the share of users that is kept back. */
export const holdBackPercent = quantity({
  ...percentKind,
  example: '1%',
  parse: parseSuffixed(parsePercent, 1),
  min: 0,
  max: 5,
  allowed: 'from 0% (off) to 5%',
});
/** `"p99"` → 0.99. */
export const quantile = quantity({
  what: 'a quantile',
  example: 'p99',
  pattern: '^p\\d{1,2}(\\.\\d{1,2})?$',
  parse: parseSuffixed(/^p(\d{1,2}(?:\.\d{1,2})?)$/, 100),
  min: 0.01,
  max: 0.9999,
  allowed: 'from p1 to p99.99',
});
/** `"2GiB"` → bytes. */
export const byteSize = quantity({
  what: 'a size',
  example: '500MiB',
  pattern: '^\\d+(\\.\\d+)?\\s*(KiB|MiB|GiB)$',
  parse: parseByteSize,
  min: 0,
  max: Number.MAX_SAFE_INTEGER,
  allowed: 'at most 8000000GiB',
});
/** `"100/s"` → requests per second. */
export const perSecond = quantity({
  what: 'a rate',
  example: '5/s',
  pattern: '^\\d+(\\.\\d+)?\\s*/s$',
  parse: parseSuffixed(/^(\d+(?:\.\d+)?)\s*\/s$/, 1),
  min: 0.001,
  max: 10_000,
  allowed: 'from 0.001/s to 10000/s',
});

/** 1 ± 0.2 without the last binary digits, which would make two equal plans differ. */
function factorOf(share: number | null, sign: 1 | -1): number | null {
  return share === null ? null : Number((1 + sign * share).toPrecision(12));
}

function parseByteSize(text: string): number | null {
  const match = /^(\d+(?:\.\d+)?)\s*(KiB|MiB|GiB)$/.exec(text);
  const scale = { KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 }[match?.[2] ?? ''];
  return match?.[1] === undefined || scale === undefined ? null : Math.round(Number(match[1]) * scale);
}
