import { type CounterName, parseCounterName } from './request-log.ts';
import { unreadable } from './unreadable-answer.ts';

/** One counter: numbers 1 to `arrived` have been given out, `open` of them to requests that have not ended. */
export type ArrivalCount = CounterName & { arrived: number; open: number };

/** `show table` of the table of arrivals; keys that nobody of ours has made are left out. Pure. Throws TARGET_REFUSED. */
export function parseArrivals(answer: string): ArrivalCount[] {
  const [head = '', ...rows] = answer.split('\n');
  if (!head.startsWith('# table: ')) throw unreadable('show table', answer, 'it has no header');
  return rows.flatMap((row) => {
    const found = /^0x[0-9a-f]+: key=(\S+) use=(\d+) .*\bgpc0=(\d+)/.exec(row);
    if (found === null) throw unreadable('show table', answer, `a row is not understood: ${row.slice(0, 80)}`);
    const [, key = '', open, arrived] = found;
    const name = parseCounterName(key);
    return name === null ? [] : [{ ...name, arrived: Number(arrived), open: Number(open) }];
  });
}
