import { z } from 'zod';
import { documentPathRefusal } from '../document-path.ts';
import { argvSchema } from './argv-schema.ts';
import { projectPath } from './target.ts';

const reviewModes = z.enum(['block', 'warn']);

const documentPath = z
  .string()
  .min(1)
  .refine(
    (path) => documentPathRefusal(path) === null,
    'must be a document inside the project, such as docs/guide.md: .md, .mdx, .txt, .rst or .adoc, in no hidden folder',
  );

/** Documents of the project that a review may want to change, in the order in which they are thought of. */
export const reviewDocumentsSchema = z.strictObject({
  guidelines: documentPath.describe('How this project deploys').prefault('docs/technical/deployment-guidelines.md'),
  checklist: documentPath
    .describe('Checklist, template or playbook')
    .prefault('docs/deployment/pre-deployment-checklist.md'),
  standards: documentPath
    .describe('Shared standards of operations or architecture')
    .prefault('docs/technical/operations-standards.md'),
  implementation: documentPath
    .describe('What concerns the code before it is deployed')
    .prefault('docs/technical/use-case-implementation-guidelines.md'),
});
export type ReviewDocuments = z.output<typeof reviewDocumentsSchema>;

const reviewMode = reviewModes
  .describe('What an unacknowledged review of the last run does to the next plan')
  .prefault('block');

/** `review: warn`, or a map with the documents too. */
export const reviewSchema = z
  .union([
    reviewModes,
    z.strictObject({
      next: reviewMode,
      documents: reviewDocumentsSchema.describe('Where its improvements belong').prefault({}),
    }),
  ])
  .describe('What an unacknowledged review of the last run does to the next plan')
  .prefault('block');

/** What is done for the story that a run has shipped, once the run has succeeded. */
export const completionSchema = z.strictObject({
  stories: projectPath.describe('Folder with a folder for each story').prefault('docs/stories'),
  story: z
    .string()
    .regex(
      /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/,
      'must be the name of a folder: letters, digits, dot, underscore, hyphen',
    )
    .optional()
    .describe('The story that is shipped; without it the only one whose state file says that its phase is deploy'),
  stateFile: projectPath.optional().describe('In place of workflow-state.json in the folder of the story'),
  create: z.boolean().describe('Write a state file where there is none').prefault(false),
  ticket: z
    .union([
      z.strictObject({ webhook: z.url({ protocol: /^https?$/ }).describe('Gets JSON with a "text" field') }),
      z.strictObject({ command: argvSchema.describe('Gets the JSON on standard input') }),
    ])
    .optional()
    .describe('Told once that the story is complete, so that the ticket can be closed'),
});
export type CompletionSpec = z.output<typeof completionSchema>;

export type ReviewRule = { next: 'block' | 'warn'; documents: ReviewDocuments };

/** The rule about reviews, whichever form it was written in. Pure. */
export function reviewRule(review: z.output<typeof reviewSchema>): ReviewRule {
  return typeof review === 'string' ? { next: review, documents: reviewDocumentsSchema.parse({}) } : review;
}
