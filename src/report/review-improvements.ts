import { adviceFor, documents } from './improvement-advice.ts';
import { addToSection } from './patches/add-to-section.ts';
import { renderPatch } from './patches/render-patch.ts';

/** A document that improvements may belong to; null: it does not exist. In the order in which they are thought of. */
export type ReviewDocument = { role: keyof typeof documents; path: string; text: string | null };

/** A change that follows from a pitfall. */
export type DocumentChange = {
  pitfall: string;
  document: string;
  section: string;
  wording: string;
  /** The document says it already, word for word. */
  alreadySaid: boolean;
};

/** What should change where, in the order of the documents. Pure. */
export function documentChanges(pitfalls: readonly string[], known: readonly ReviewDocument[]): DocumentChange[] {
  const advice = adviceFor(pitfalls);
  return known.flatMap((document) =>
    advice
      .filter((one) => one.document === documents[document.role])
      .map(({ pitfall, section, wording }) => ({
        pitfall,
        document: document.path,
        section,
        wording,
        alreadySaid: document.text?.split(/\r?\n/).some((line) => line.trim() === wording.trim()) ?? false,
      })),
  );
}

/** Step 3 of the review: for each document what to add where, in words and as a patch that can be applied. Pure. */
export function renderImprovements(changes: readonly DocumentChange[], known: readonly ReviewDocument[]): string {
  const order = `- Documents in order of priority: ${known.map(({ path }) => `\`${path}\``).join(', ')}.`;
  const touched = known.filter(({ path }) => changes.some((change) => change.document === path));
  if (touched.length === 0) return `- No change of a document follows from the record.\n${order}`;
  const parts = touched.map((document, index) =>
    renderDocument(
      index + 1,
      document,
      changes.filter((change) => change.document === document.path),
    ),
  );
  return `${parts.join('\n\n')}\n\n${order}`;
}

function renderDocument(number: number, { path, text }: ReviewDocument, changes: readonly DocumentChange[]): string {
  const after = changes.reduce<string | null>(
    (document, change) => addToSection(document, { ...change, title: titleOf(path) }),
    text,
  );
  const patch = renderPatch(path, text, after ?? '');
  const findings = changes.map(
    ({ pitfall, section, wording, alreadySaid }) =>
      `- **Finding**: ${pitfall}\n- **Section**: “${section}”${alreadySaid ? ', which says it already' : ''}\n- **Wording, ready to paste**:\n\n${fenced('markdown', wording)}`,
  );
  const how =
    patch === ''
      ? '- **Patch**: none is needed'
      : `- **Patch**${text === null ? ', which makes the document' : ''}:\n\n${fenced('diff', patch)}`;
  return `### ${number}. \`${path}\`\n${findings.join('\n')}\n${how}`;
}

/** A fence longer than any inside of it. */
function fenced(language: string, text: string): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map((match) => match[0].length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}${language}\n${text}\n${fence}`;
}

/** `docs/technical/deployment-guidelines.md` → `Deployment guidelines`. */
function titleOf(path: string): string {
  const name = (path.split('/').at(-1) ?? path).replace(/\.\w+$/, '').replace(/[-_]+/g, ' ');
  return name.slice(0, 1).toUpperCase() + name.slice(1);
}
