import { parseAllDocuments } from 'yaml';

/** The readable documents of a YAML text that may come from any tool; broken ones are left out. Never throws. Pure. */
export function readYamlDocuments(text: string): unknown[] {
  try {
    const documents = parseAllDocuments(text, { version: '1.2', schema: 'core', logLevel: 'silent' });
    if (!Array.isArray(documents)) return [];
    return documents
      .filter((document) => document.errors.length === 0)
      .map((document): unknown => document.toJS({ maxAliasCount: 100 }));
  } catch {
    return [];
  }
}
