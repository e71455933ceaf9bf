import matter from 'gray-matter';
import { parse } from 'yaml';
import { DeployError } from '../model/deploy-error.ts';

export type FrontMatter = {
  /** What the YAML says; an empty object when there is no front matter. Parse it with zod. */
  data: unknown;
  /** The text after it, byte for byte. */
  body: string;
};

/**
 * Front matter of a Markdown text. The only place that may call gray-matter, whose defaults run code (`---js`), keep a
 * shared cache and read YAML 1.1. Only YAML 1.2 is accepted here; anything else throws DeployError FRONT_MATTER_INVALID,
 * and so does broken YAML, every time.
 */
export function parseFrontMatter(text: string, file = 'the text'): FrontMatter {
  const clean = text.startsWith('\uFEFF') ? text.slice(1) : text;
  const opening = /^---(?!-)([^\r\n]*)(?:\r?\n|$)/.exec(clean);
  if (opening === null) return { data: {}, body: clean };
  const language = (opening[1] ?? '').trim();
  if (language !== '' && language !== 'yaml' && language !== 'yml') {
    throw new DeployError('FRONT_MATTER_INVALID', { file, reason: `it is marked as "${language.slice(0, 20)}"` });
  }
  const closing = /\n---[^\r\n]*(?:\r?\n|$)/.exec(clean);
  // gray-matter ends at the first line that begins with ---, whatever follows; such a line must be the end itself.
  if (closing === null || closing[0].trim() !== '---')
    throw new DeployError('FRONT_MATTER_INVALID', { file, reason: 'its closing line --- is missing' });
  try {
    const data: unknown = matter(clean, { engines, language: 'yaml' }).data;
    return { data: data ?? {}, body: clean.slice(closing.index + closing[0].length) };
  } catch (error) {
    throw new DeployError('FRONT_MATTER_INVALID', { file, reason: firstLine(error) }, error);
  }
}

/** Every engine that gray-matter knows is replaced; passing options also keeps it from using its cache. */
const engines = {
  yaml: parseYaml,
  yml: parseYaml,
  json: refuse,
  javascript: refuse,
  js: refuse,
  coffee: refuse,
  coffeescript: refuse,
  cson: refuse,
  toml: refuse,
};

function parseYaml(text: string): object {
  const value: unknown = parse(text.replace(/\r$/, ''), {
    version: '1.2',
    schema: 'core',
    uniqueKeys: true,
    maxAliasCount: 20,
    logLevel: 'error',
  });
  if (value === null || value === undefined) return {};
  if (typeof value !== 'object' || Array.isArray(value)) throw new Error('it must be a list of "key: value" lines');
  return value;
}

function refuse(): object {
  throw new Error('only YAML is accepted');
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? '';
}
