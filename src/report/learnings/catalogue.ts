import { z } from 'zod';
import { DeployError } from '../../model/deploy-error.ts';

const id = z.string().regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, 'lower-case words joined by hyphens');
const line = z.string().min(1).max(300);

/** Front matter of `learnings/pitfalls/<id>.md`. */
const pitfallSchema = z.strictObject({
  id,
  title: line,
  impact: line,
  summary: line,
  detector: id,
  prevention: z.array(line).min(1),
  detection: line,
  /** Id of the pre-flight check that becomes a proposal for `gates.require` when the pitfall keeps coming back. */
  gate: z.string().optional(),
});

/** Front matter of `learnings/patterns/<id>.md`. */
const patternSchema = z.strictObject({
  id,
  title: line,
  summary: line,
  detector: id,
  approach: z.array(line).min(1),
  results: line,
});

export type Pitfall = z.infer<typeof pitfallSchema> & { body: string };
export type Pattern = z.infer<typeof patternSchema> & { body: string };

/** The pitfalls and patterns that come with the package, each sorted by id. */
export type Catalogue = { pitfalls: Pitfall[]; patterns: Pattern[] };

/** One catalogue file: `path` as `pitfalls/<id>.md` or `patterns/<id>.md`, its front matter and the text after it. */
export type CatalogueDocument = { path: string; data: unknown; body: string };

/** The catalogue out of its files. Throws DeployError CATALOGUE_INVALID, naming the file. Pure. */
export function parseCatalogue(documents: readonly CatalogueDocument[]): Catalogue {
  const catalogue: Catalogue = { pitfalls: [], patterns: [] };
  for (const document of documents) {
    const [folder, name] = document.path.replaceAll('\\', '/').split('/').slice(-2);
    if (folder === 'pitfalls') catalogue.pitfalls.push(parseEntry(pitfallSchema, document, name));
    else if (folder === 'patterns') catalogue.patterns.push(parseEntry(patternSchema, document, name));
    else
      throw new DeployError('CATALOGUE_INVALID', {
        file: document.path,
        reason: 'it lies neither in pitfalls nor in patterns',
      });
  }
  const byId = (a: { id: string }, b: { id: string }): number => (a.id < b.id ? -1 : 1);
  return { pitfalls: catalogue.pitfalls.sort(byId), patterns: catalogue.patterns.sort(byId) };
}

function parseEntry<T extends { id: string; detector: string }>(
  schema: z.ZodType<T>,
  { path, data, body }: CatalogueDocument,
  name: string | undefined,
): T & { body: string } {
  const parsed = schema.safeParse(data);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new DeployError('CATALOGUE_INVALID', {
      file: path,
      reason: `${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`.trim(),
    });
  }
  if (`${parsed.data.id}.md` !== name)
    throw new DeployError('CATALOGUE_INVALID', { file: path, reason: `its id is ${parsed.data.id}` });
  return { ...parsed.data, body: body.trim() };
}
