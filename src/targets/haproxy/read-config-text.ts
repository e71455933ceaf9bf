/** Sections of a haproxy.cfg by their heads (`backend web`, `global`), with the lines of their `defaults` put before their own. */
export type ConfigSections = ReadonlyMap<string, readonly string[]>;

/**
 * What the text of a configuration says, section by section: comments off, blanks made single, a named `from` or the last
 * `defaults` above applied, sections of one head joined. Quotes, escapes, conditions (`.if`) and included files are not
 * interpreted. Pure.
 */
export function parseConfigText(text: string): ConfigSections {
  const sections = new Map<string, string[]>();
  const named = new Map<string, readonly string[]>();
  let lastDefaults: readonly string[] = [];
  for (const { kind, name, from, lines } of blocksOf(text)) {
    const inherited = from === null ? lastDefaults : (named.get(from) ?? []);
    if (kind === 'defaults') {
      lastDefaults = from === null ? lines : [...inherited, ...lines];
      named.set(name, lastDefaults);
      continue;
    }
    const head = `${kind} ${name}`.trim();
    sections.set(head, [...(sections.get(head) ?? []), ...(inheriting.has(kind) ? inherited : []), ...lines]);
  }
  return sections;
}

type Block = { kind: string; name: string; from: string | null; lines: string[] };

function blocksOf(text: string): Block[] {
  const blocks: Block[] = [];
  for (const raw of text.split('\n')) {
    const line = raw
      .replace(/(^|\s)#.*$/, '')
      .trim()
      .replace(/\s+/g, ' ');
    const [head, kind = '', name = '', from] = heading.exec(line) ?? [];
    if (head !== undefined) blocks.push({ kind, name, from: from ?? null, lines: [] });
    else if (line !== '') blocks.at(-1)?.lines.push(line);
  }
  return blocks;
}

const heading =
  /^(global|defaults|frontend|backend|listen|peers|resolvers|userlist|cache|program|ring|mailers|http-errors|fcgi-app)(?: (?!from )(\S+))?(?: from (\S+))?$/;
const inheriting: ReadonlySet<string> = new Set(['frontend', 'backend', 'listen']);
