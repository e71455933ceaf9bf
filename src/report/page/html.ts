import { escapeHtml } from '../escape-html.ts';

/** Markup that may stand in a page as it is. Only `html` and `rawHtml` make it. */
export type Html = { readonly markup: string };
type Value = string | number | Html | readonly Html[];

/** Markup with values put in: texts and numbers are escaped, markup is not. Pure. */
export function html(strings: TemplateStringsArray, ...values: Value[]): Html {
  const markup = strings.map((part, index) => {
    const value = values[index];
    return value === undefined ? part : `${part}${render(value)}`;
  });
  return { markup: markup.join('') };
}

/** Markup that a renderer of ours has made and escaped itself, such as a plot. */
export function rawHtml(markup: string): Html {
  return { markup };
}

export const nothing: Html = { markup: '' };

/** A list of markup with `between` in between. Pure. */
export function joinHtml(parts: readonly Html[], between = '\n'): Html {
  return {
    markup: parts
      .filter(({ markup }) => markup !== '')
      .map(({ markup }) => markup)
      .join(between),
  };
}

function render(value: Value): string {
  if (typeof value === 'string') return escapeHtml(value);
  if (typeof value === 'number') return String(value);
  return 'markup' in value ? value.markup : joinHtml(value).markup;
}
