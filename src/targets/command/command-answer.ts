import { z } from 'zod';
import { instanceSchema } from '../../model/target.ts';

const count = z.number().int().nonnegative();
const commit = z
  .string()
  .regex(/^([0-9a-f]{40}|[0-9a-f]{64})$/, 'must be the full id of a commit, in small hex digits');

const printedInstanceSchema = z.strictObject({
  id: z.string().min(1).describe('Any name'),
  state: instanceSchema.shape.state,
  pid: instanceSchema.shape.pid.optional(),
  url: z
    .url({ protocol: /^https?$/ })
    .nullish()
    .describe('Where this one instance answers'),
  restarts: count.optional(),
  startedAtMs: instanceSchema.shape.startedAtMs.optional(),
  lastExit: instanceSchema.shape.lastExit.optional(),
});

const printedRevisionSchema = z
  .strictObject({
    revisionId: z.string().min(1).max(200).optional().describe('As it was handed to provision or promote'),
    version: z.string().min(1).max(64).optional(),
    commit: commit.nullish().describe('Of which it was made, where the platform knows no revisionId'),
    ref: z.string().nullish(),
    role: z.enum(['stable', 'candidate', 'standby']),
    weightPercent: z.number().min(0).max(100).describe('Share of the users now'),
    url: z
      .url({ protocol: /^https?$/ })
      .nullish()
      .describe('Reaches only instances of this revision'),
    inFlight: count.optional().describe('Open requests'),
    wantedInstances: count.optional().describe('Without it: as many as are listed'),
    instances: z.array(printedInstanceSchema),
  })
  .refine((printed) => (printed.revisionId ?? printed.commit ?? null) !== null, 'needs revisionId or commit');
export type PrintedRevision = z.output<typeof printedRevisionSchema>;

/** What `inspect` prints: everything that is there, as it is now. */
export const inspectAnswerSchema = z
  .strictObject({
    up: z.boolean().optional().describe('Traffic is answered; without it: there is a revision'),
    fence: count.optional().describe('Highest fence that changed the place, where the platform keeps it'),
    cut: count.optional().describe('Requests cut at a drain deadline so far'),
    revisions: z.array(printedRevisionSchema),
  })
  .superRefine(({ revisions }, context) => {
    const add = (message: string): void => context.addIssue({ code: 'custom', path: ['revisions'], message });
    if (revisions.filter(({ role }) => role === 'stable').length > 1) add('has two stable revisions');
    const sum = revisions.reduce((total, { weightPercent }) => total + weightPercent, 0);
    if (sum !== 0 && Math.abs(sum - 100) > 0.5) add(`has weights of ${sum} % in all; it must be 100, or 0`);
    const names = revisions.map(({ revisionId, commit: of }) => revisionId ?? of);
    if (new Set(names).size !== names.length) add('has one revision twice');
  });
export type InspectAnswer = z.output<typeof inspectAnswerSchema>;

const note = z.string().max(2000).optional().describe('For the log');

/** What each changing command prints when its `output` is json: what it found afterwards, which inspect must confirm. */
export const changeAnswerSchemas = {
  provision: z.strictObject({ ready: count.describe('Instances of the revision that are ready'), note }),
  set_weight: z.strictObject({ weightPercent: z.number().min(0).max(100).describe('Read back'), note }),
  cutover: z.strictObject({ revisionId: z.string().min(1).describe('That has all users now'), note }),
  drain: z.strictObject({ cut: count.describe('Requests that had not finished in time'), note }),
  promote: z.strictObject({ revisionId: z.string().min(1).describe('That is stable now'), note }),
  rollback: z.strictObject({ revisionId: z.string().min(1).describe('That is stable now'), note }),
  retire: z.strictObject({ instances: count.describe('Of the revision that are left'), note }),
};
export type ChangeName = keyof typeof changeAnswerSchemas;
