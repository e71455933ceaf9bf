export type ChangelogUpdate =
  | { ok: true; text: string; changed: boolean }
  /** A section of this version that people wrote: it is left alone. */
  | { ok: false; reason: string };

const title = '# Changelog\n\nAll notable changes are listed here, newest first.\n';

/**
 * A changelog with the section of one version put in, or renewed where it is one of ours: it stands between comments that name
 * the version. A new one stands below the next higher version. Everything else stays byte for byte, line ends and byte order mark included; doing it twice changes nothing. Pure.
 */
export function updateChangelog(before: string | null, version: string, section: string): ChangelogUpdate {
  const text = before ?? title;
  const eol = /\r\n/.test(text) ? '\r\n' : '\n';
  const [begin, end] = [`<!-- seatrial:${version} -->`, `<!-- /seatrial:${version} -->`];
  const block = `${begin}\n${section.trim()}\n${end}`.replaceAll('\n', eol);
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from !== -1 || to !== -1) {
    const isWhole = from !== -1 && to > from && count(text, begin) === 1 && count(text, end) === 1;
    if (!isWhole) return { ok: false, reason: `the comments around ${version} are damaged` };
    return done(before, text.slice(0, from) + block + text.slice(to + end.length));
  }
  if (hasSection(text, version)) return { ok: false, reason: `it has a section ${version} that was written by hand` };
  const at = placeOf(text, version);
  const head = text.slice(0, at);
  const gap = head === '' || head.endsWith(`${eol}${eol}`) ? '' : head.endsWith(eol) ? eol : `${eol}${eol}`;
  const rest = text.slice(at);
  return done(before, `${head}${gap}${block}${eol}${rest === '' ? '' : eol}${rest}`);
}

function done(before: string | null, text: string): ChangelogUpdate {
  return { ok: true, text, changed: before !== text };
}

function count(text: string, part: string): number {
  return text.split(part).length - 1;
}

function hasSection(text: string, version: string): boolean {
  return [...text.matchAll(/^\uFEFF?##[ \t]+(?:version |release )?\[?v?([\w.+-]+)/gim)].some(
    ([, name]) => name === version,
  );
}

/**
 * Where the section of a version belongs: before the first one of a lower version, else behind the last one that has a version.
 * What is unreleased stays above it, and links that are defined at the end stay there.
 */
function placeOf(text: string, version: string): number {
  const sections = [...text.matchAll(/^\uFEFF?(?:<!-- seatrial:[^\s>]+ -->\r?\n)?##[ \t]+(.*)$/gm)].map((match) => ({
    at: match.index + (match[0].startsWith('\uFEFF') ? 1 : 0),
    heading: match[1] ?? '',
    version: versionOf(match[1] ?? ''),
  }));
  const end = linksAtEnd.exec(text)?.index ?? text.length;
  const lower = sections.find((section) => section.version !== null && compareVersions(section.version, version) < 0);
  if (lower !== undefined) return lower.at;
  const last = sections.findLastIndex((section) => section.version !== null);
  if (last !== -1) return sections[last + 1]?.at ?? end;
  return sections.find(({ heading }) => !/unreleased/i.test(heading))?.at ?? text.length;
}

/** `[1.0.0]: https://…` and the like, down to the end of the text. */
const linksAtEnd = /^\[[^\]\n]+\]:[ \t]*\S[^\n]*(?:\n(?:\[[^\]\n]+\]:[^\n]*|[ \t\r]*))*(?![\s\S])/m;

/** The version that a heading names; null when it names none. */
function versionOf(heading: string): string | null {
  return /^(?:version |release )?\[?v?(\d+(?:\.\d+)*(?:[-+][\w.+-]+)?)(?![\w.])/i.exec(heading)?.[1] ?? null;
}

/** As semver orders them: numbers by their size, what stands behind a hyphen before the release itself. Pure. */
export function compareVersions(one: string, other: string): number {
  const [left, right] = [partsOf(one), partsOf(other)];
  const released = compareParts(left.release, right.release);
  if (released !== 0) return released;
  if (left.before.length === 0 || right.before.length === 0) return right.before.length - left.before.length;
  return compareParts(left.before, right.before);
}

function partsOf(version: string): { release: string[]; before: string[] } {
  const [, release = '', before = ''] = /^v?([^-+]*)(?:-([^+]*))?/i.exec(version) ?? [];
  return { release: release.split('.'), before: before === '' ? [] : before.split('.') };
}

/** What is missing counts as 0 in a release, and comes first behind a hyphen: both sort before everything else. */
function compareParts(left: readonly string[], right: readonly string[]): number {
  for (let index = 0; index < Math.max(left.length, right.length); index += 1) {
    const [one = '', other = ''] = [left[index], right[index]];
    const areNumbers = /^\d*$/.test(one) && /^\d*$/.test(other);
    const order = areNumbers ? Number(one) - Number(other) : numbersFirst(one, other);
    if (order !== 0) return order;
  }
  return 0;
}

function numbersFirst(one: string, other: string): number {
  const [isNumber, isOther] = [/^\d*$/.test(one), /^\d*$/.test(other)];
  if (isNumber !== isOther) return isNumber ? -1 : 1;
  return one < other ? -1 : one > other ? 1 : 0;
}
