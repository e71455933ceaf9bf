import { type Html, html, joinHtml, nothing } from './html.ts';

export type Citing = {
  /** Ids of events that the page's journal shows. */
  shown: ReadonlySet<number>;
};

/** Ids of events as small links to the page's journal; at most four, as in the Markdown. Pure. */
export function citeHtml(events: readonly number[], { shown }: Citing): Html {
  const unique = [...new Set(events)].sort((one, other) => one - other);
  if (unique.length === 0) return nothing;
  const few = unique.length > 4 ? [...unique.slice(0, 3), ...unique.slice(-1)] : unique;
  const ids = few.map((seq, index) => {
    const before = unique.length > 4 && index === 3 ? '… ' : '';
    return shown.has(seq) ? html`${before}<a href="#e${seq}">#${seq}</a>` : html`${before}#${seq}`;
  });
  return html` <span class="cite">${joinHtml(ids, ' ')}</span>`;
}
