/** A number as a text has it. `ms` when its unit is one of time; `step` is half of its last digit, in the same unit. */
export type Quantity = {
  shown: string;
  value: number;
  ms: number | null;
  step: number;
  isPercent: boolean;
  /** `<1`: anything below it. */
  isBound: boolean;
};

const unitMs: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  sec: 1000,
  seconds: 1000,
  second: 1000,
  min: 60_000,
  m: 60_000,
  minute: 60_000,
  minutes: 60_000,
  h: 3_600_000,
  hour: 3_600_000,
  hours: 3_600_000,
  d: 86_400_000,
};

/** Versions, times, ids and addresses hold digits that are no quantities. */
const noQuantities =
  /https?:\/\/\S+|\b\d{4}-\d{2}-\d{2}(?:T[\d:.]+Z?)?|\b\d{1,2}:\d{2}:\d{2}(?:\.\d+)?Z?\b|\bv?\d+\.\d+\.\d+[\w.+-]*|\b(?=[a-z]*\d)(?=\d*[a-z])[0-9a-z]{7,}\b|`[^`]*`/gi;

/** Every quantity of a text; `1m 30s` is one. Pure. */
export function quantitiesIn(text: string): Quantity[] {
  const found: Quantity[] = [];
  let endOfLast = -1;
  const plain = text.replace(noQuantities, (match) => (match.startsWith('`') ? match : ' '.repeat(match.length)));
  const pattern =
    /([<>]\s?)?(?<![\w.#/-])(\d{1,3}(?:,\d{3})+|\d+)(\.\d+)?(?:\s?(%|percent\b|ms\b|seconds?\b|sec\b|s\b|minutes?\b|min\b|m\b|hours?\b|h\b|d\b))?(?![\w])/gi;
  for (const match of plain.matchAll(pattern)) {
    const quantity = quantityOf(match);
    const last = found.at(-1);
    const joins = /^\s?$/.test(plain.slice(endOfLast, match.index)) && endOfLast > 0;
    if (last?.ms != null && quantity.ms !== null && joins && quantity.ms < last.ms) {
      last.ms += quantity.ms;
      last.step = quantity.step;
      last.shown += ` ${quantity.shown}`;
    } else found.push(quantity);
    endOfLast = match.index + match[0].length;
  }
  return found;
}

function quantityOf(match: RegExpExecArray): Quantity {
  const [shown, bound, whole = '', fraction = '', unit] = match;
  const value = Number(`${whole.replaceAll(',', '')}${fraction}`);
  const factor = unit === undefined ? undefined : unitMs[unit.toLowerCase()];
  const half = 0.5 * 10 ** -Math.max(0, fraction.length - 1);
  return {
    shown: shown.trim(),
    value,
    ms: factor === undefined ? null : value * factor,
    step: half * (factor ?? 1),
    isPercent: unit === '%' || unit?.toLowerCase() === 'percent',
    isBound: bound?.startsWith('<') === true,
  };
}
