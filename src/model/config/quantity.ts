import { z } from 'zod';

const durationUnits: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `"500ms"`, `"10m"`, `"1h30m"` → milliseconds, or null when it is not a duration. Pure. */
export function parseDuration(text: string): number | null {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)];
  if (parts.length === 0 || parts.map((part) => part[0]).join('') !== text) return null;
  return Math.round(parts.reduce((sum, part) => sum + Number(part[1]) * (durationUnits[part[2] ?? ''] ?? 0), 0));
}

function quantity(what: string, example: string, parse: (text: string) => number | null) {
  return z
    .string()
    .transform((text, context) => {
      const value = parse(text.trim());
      if (value === null || !Number.isFinite(value)) {
        context.addIssue({ code: 'custom', message: `expected ${what} with its unit, such as "${example}", got "${text}"` });
        return z.NEVER;
      }
      return value;
    })
    .meta({ description: `${what}, such as "${example}"`, examples: [example] });
}

function parseSuffixed(pattern: RegExp, scale: number): (text: string) => number | null {
  return (text) => {
    const match = pattern.exec(text);
    return match?.[1] === undefined ? null : Number(match[1]) * scale;
  };
}

/** `"10m"` → 600000 ms. */
export const duration = quantity('a duration', '10m', parseDuration);
/** `"20%"` → 20 (0–100). */
export const percent = quantity('a percentage', '20%', parseSuffixed(/^(\d+(?:\.\d+)?)\s*%$/, 1)).pipe(z.number().min(0).max(100));
/** `"20%"` → 0.2 (0–1). */
export const ratio = quantity('a percentage', '20%', parseSuffixed(/^(\d+(?:\.\d+)?)\s*%$/, 0.01)).pipe(z.number().min(0).max(1));
/** `"2pp"` → 0.02: a difference of two ratios, in percentage points. */
export const percentagePoints = quantity('percentage points', '2pp', parseSuffixed(/^(\d+(?:\.\d+)?)\s*pp$/, 0.01)).pipe(
  z.number().positive().max(0.5),
);
/** `"2GiB"` → bytes. */
export const byteSize = quantity('a size', '500MiB', (text) => {
  const match = /^(\d+(?:\.\d+)?)\s*(KiB|MiB|GiB)$/.exec(text);
  const scale = { KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 }[match?.[2] ?? ''];
  return match?.[1] === undefined || scale === undefined ? null : Number(match[1]) * scale;
});
/** `"100/s"` → requests per second. */
export const perSecond = quantity('a rate', '5/s', parseSuffixed(/^(\d+(?:\.\d+)?)\s*\/s$/, 1)).pipe(z.number().positive());
