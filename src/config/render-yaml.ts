/** A value as one piece of YAML 1.2 on one line; plain where that is safe, else as JSON, which YAML contains. Pure. */
export function renderScalar(value: unknown): string {
  if (typeof value === 'string') return isPlain(value) ? value : quote(value);
  if (Array.isArray(value)) return `[${value.map(renderInFlow).join(', ')}]`;
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).map(([key, inner]) => `${renderKey(key)}: ${renderInFlow(inner)}`);
    return entries.length === 0 ? '{}' : `{ ${entries.join(', ')} }`;
  }
  return String(value);
}

/** A key as YAML has it. Pure. */
export function renderKey(key: string): string {
  return word.test(key) && !/^(true|false|null)$/i.test(key) ? key : quote(key);
}

function renderInFlow(value: unknown): string {
  if (typeof value === 'string') return quote(value);
  return renderScalar(value);
}

const quantity = /^\d+(\.\d+)?(ms|s|m|h|d|%|pp|\/s|KiB|MiB|GiB)$/;
const word = /^[A-Za-z/][A-Za-z0-9_./-]*$/;
const address = /^https?:\/\/[A-Za-z0-9.:/_-]*[A-Za-z0-9/_-]$/;
/** Words that some reader of YAML, of this version or an older one, takes for something else than text. */
const ambiguous = /^(true|false|null|yes|no|on|off|y|n)$/i;

function isPlain(text: string): boolean {
  return (quantity.test(text) || word.test(text) || address.test(text)) && !ambiguous.test(text);
}

/** JSON, with the characters escaped that YAML does not allow or that hide in an editor. */
function quote(text: string): string {
  return JSON.stringify(text).replace(/[\u007f-\u009f\p{Cf}\p{Zl}\p{Zp}]/gu, (character) => {
    const units = Array.from({ length: character.length }, (_, index) => character.charCodeAt(index));
    return units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('');
  });
}
