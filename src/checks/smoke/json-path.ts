export type JsonPathResult = { there: true; value: unknown } | { there: false };

/** The value at a dotted path (`order.items.0.id`, `order.items[0].id`; empty: the whole). Only own members count. Pure. */
export function readJsonPath(document: unknown, path: string): JsonPathResult {
  const parts = path
    .replace(/\[(\d+)\]/g, '.$1')
    .split('.')
    .filter((part) => part !== '');
  let value = document;
  for (const part of parts) {
    const next = readMember(value, part);
    if (!next.there) return next;
    value = next.value;
  }
  return { there: true, value };
}

function readMember(value: unknown, name: string): JsonPathResult {
  if (Array.isArray(value)) {
    const index = /^\d+$/.test(name) ? Number(name) : -1;
    return index >= 0 && index < value.length ? { there: true, value: value[index] } : { there: false };
  }
  if (typeof value !== 'object' || value === null) return { there: false };
  const found = Object.entries(value).find(([key]) => key === name);
  return found === undefined ? { there: false } : { there: true, value: found[1] };
}
