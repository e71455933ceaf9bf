export type ChangelogUpdate =
  | { ok: true; text: string; changed: boolean }
  /** A section of this version that people wrote: it is left alone. */
  | { ok: false; reason: string };

const title = '# Changelog\n\nAll notable changes are listed here, newest first.\n';

/**
 * A changelog with the section of one version put in, or renewed where it is one of ours: it stands between comments that name
 * the version. Everything else stays byte for byte, line ends and byte order mark included; doing it twice changes nothing. Pure.
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
  const at = firstSection(text);
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

/** Where the newest released section begins; what is unreleased stays above it. */
function firstSection(text: string): number {
  const sections = [...text.matchAll(/^(?:<!-- seatrial:[^\s>]+ -->\r?\n)?##\s+(.*)$/gm)];
  const first = sections.find(([, heading = '']) => !/unreleased/i.test(heading));
  return first?.index ?? text.length;
}
