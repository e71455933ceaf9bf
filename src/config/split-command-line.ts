export type SplitResult = { ok: true; argv: string[] } | { ok: false; reason: string };

/**
 * A command line as people write it (`node server.js --name "a b"`) → argv, with the quoting rules of a POSIX shell and
 * nothing else of one: what only a shell can do is refused with a reason. Pure.
 */
export function splitCommandLine(line: string): SplitResult {
  const words: string[] = [];
  let word: string | null = null;
  let index = 0;
  while (index < line.length) {
    const character = line.charAt(index);
    if (character === "'" || character === '"') {
      const quoted = readQuoted(line, index);
      if (!quoted.ok) return quoted;
      word = (word ?? '') + quoted.text;
      index = quoted.next;
      continue;
    }
    if (character === '\\') {
      if (index + 1 >= line.length) return { ok: false, reason: 'it ends in a backslash' };
      word = (word ?? '') + line.charAt(index + 1);
      index += 2;
      continue;
    }
    if (/[ \t]/.test(character)) {
      if (word !== null) words.push(word);
      word = null;
    } else {
      const special = shellOnly(line, index, word === null);
      if (special !== null) return { ok: false, reason: `it needs a shell: ${special}` };
      word = (word ?? '') + character;
    }
    index += 1;
  }
  if (word !== null) words.push(word);
  return checkWords(words);
}

type Quoted = { ok: true; text: string; next: number } | { ok: false; reason: string };

function readQuoted(line: string, start: number): Quoted {
  const quote = line.charAt(start);
  let text = '';
  for (let index = start + 1; index < line.length; index++) {
    const character = line.charAt(index);
    if (character === quote) return { ok: true, text, next: index + 1 };
    if (quote === '"' && (character === '$' || character === '`')) {
      return { ok: false, reason: `it needs a shell: ${character} within quotes is replaced there` };
    }
    const escapes = quote === '"' && character === '\\' && /["\\$`]/.test(line.charAt(index + 1));
    text += escapes ? line.charAt(index + 1) : character;
    if (escapes) index += 1;
  }
  return { ok: false, reason: `the quote ${quote} is not closed` };
}

/** What a shell, and only a shell, does with this unquoted character; null when nothing. */
function shellOnly(line: string, index: number, startsWord: boolean): string | null {
  const character = line.charAt(index);
  if (character === '$') return '$ is replaced there';
  if (character === '`') return '` runs another command there';
  if (/[&|;<>()\n\r]/.test(character))
    return `${/[\n\r]/.test(character) ? 'a second line' : character} is an operator there`;
  if (/[*?[\]{}]/.test(character)) return `${character} is a pattern there`;
  if (startsWord && character === '~') return '~ is the home directory there';
  if (startsWord && character === '#') return '# begins a comment there';
  return null;
}

function checkWords(words: string[]): SplitResult {
  const [first] = words;
  if (first === undefined || first === '') return { ok: false, reason: 'it names no program' };
  if (/^[A-Za-z_][A-Za-z0-9_]*=/.test(first))
    return { ok: false, reason: `it sets a variable (${first.split('=')[0]}); use revision.env.set` };
  return { ok: true, argv: words };
}
