import { unreadable } from './unreadable-answer.ts';

export type MapEntry = { key: string; value: string };

export type MapInfo = {
  file: string;
  /** Where it is used, in the words of HAProxy: names the file and line of the configuration. */
  description: string;
  currentVersion: number;
  nextVersion: number;
  /** Entries of all versions, of those not committed too. */
  entries: number;
};

/** `show map <file>`. `add map` makes a key twice without complaint; both are shown. Pure. Throws TARGET_REFUSED. */
export function parseMapEntries(answer: string): MapEntry[] {
  return linesOf(answer).map((line) => {
    const [, key, value] = /^0x[0-9a-f]+ (\S+) (.*)$/.exec(line) ?? [];
    if (key === undefined || value === undefined) throw unreadable('show map <file>', answer, 'a line is no entry');
    return { key, value };
  });
}

/** `show map`: the maps there are. Pure. Throws TARGET_REFUSED. */
export function parseMapList(answer: string): MapInfo[] {
  const [header = '', ...lines] = linesOf(answer);
  if (!header.startsWith('# id (file)')) throw unreadable('show map', answer, 'it has no header');
  return lines.map((line) => {
    const found = /^-?\d+ \((.*?)\) (.*?) *curr_ver=(\d+) next_ver=(\d+) entry_cnt=(\d+)$/.exec(line);
    if (found === null) throw unreadable('show map', answer, 'a line is no map');
    const [, file = '', description = '', current, next, entries] = found;
    return {
      file,
      description,
      currentVersion: Number(current),
      nextVersion: Number(next),
      entries: Number(entries),
    };
  });
}

/** The answer to `prepare map`: the number under which entries are added before they count. Pure; null for another answer. */
export function parsePreparedVersion(answer: string): number | null {
  const [, version] = /^New version created: (\d+)$/.exec(answer) ?? [];
  return version === undefined ? null : Number(version);
}

function linesOf(answer: string): string[] {
  return answer.split('\n').filter((line) => line !== '');
}
