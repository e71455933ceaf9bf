import { type Html, html, joinHtml } from './html.ts';

export type Cell = string | Html;

/** A table with a caption, heads of columns and of rows, which scrolls by itself where it is too wide. Pure. */
export function dataTable({
  caption,
  head,
  rows,
}: {
  caption: string;
  head: readonly string[];
  /** The first cell of each is its head. */
  rows: ReadonlyArray<readonly Cell[]>;
}): Html {
  const body = rows.map(
    ([first = '', ...rest]) =>
      html`<tr><th scope="row">${first}</th>${rest.map((cell) => html`<td>${cell}</td>`)}</tr>`,
  );
  return html`<div class="scroll" role="region" aria-label="${caption}" tabindex="0"><table><caption>${caption}</caption><thead><tr>${head.map((title) => html`<th scope="col">${title}</th>`)}</tr></thead><tbody>
${joinHtml(body)}
</tbody></table></div>`;
}
