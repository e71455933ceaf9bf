/** One line of a document with what ended it; the last one may have no ending. */
export type DocumentLine = { text: string; ending: '' | '\n' | '\r\n' };

export type SplitDocument = { mark: '' | '\uFEFF'; lines: DocumentLine[] };

/** A text as its lines, so that joining them gives the same bytes. Pure. */
export function splitDocument(text: string): SplitDocument {
  const mark = text.startsWith('\uFEFF') ? '\uFEFF' : '';
  const lines: DocumentLine[] = [];
  for (const part of text.slice(mark.length).match(/[^\n]*\n|[^\n]+$/g) ?? []) {
    const ending = part.endsWith('\r\n') ? '\r\n' : part.endsWith('\n') ? '\n' : '';
    lines.push({ text: part.slice(0, part.length - ending.length), ending });
  }
  return { mark, lines };
}

/** The inverse of `splitDocument`. Pure. */
export function joinDocument({ mark, lines }: SplitDocument): string {
  return mark + lines.map((line) => line.text + line.ending).join('');
}

/** What lines of this document end with: as the line before the place, else as the first. Pure. */
export function endingAt(lines: readonly DocumentLine[], place: number): '\n' | '\r\n' {
  const before = lines[place - 1]?.ending || lines[place]?.ending || lines[0]?.ending;
  return before || '\n';
}
