import { z } from 'zod';
import { longestGuidance } from '../model/guidance.ts';

/** Fields that several operations share, with the same words everywhere. */
export const environmentField = z.string().max(63).optional().describe('Default: production, or the only one');
export const versionField = z
  .string()
  .max(64)
  .describe('Version to ship, such as 1.4.0')
  .meta({ examples: ['1.4.0'] });
export const strategyField = z
  .enum(['direct', 'canary', 'blue-green', 'rolling'])
  .optional()
  .describe('Default: as configured');
export const runField = z.string().max(64).optional().describe('Default: the newest run');
export const detailField = z
  .enum(['concise', 'full'])
  .default('concise')
  .describe('full: everything')
  .meta({ selfEvident: true });
export const planField = z
  .string()
  .max(64)
  .describe('planId (or its first 12 digits)')
  .meta({ examples: ['3f9c1a2b4d5e'] });

/** Longest line behind a command, in characters. */
const longestLine = 1000;

/** What a rollout is asked for by: fields, or the line behind a command; `arguments` holds whatever fields may hold. */
export const requestFields = {
  version: versionField.optional(),
  environment: environmentField,
  strategy: strategyField,
  guidance: z
    .string()
    .max(longestGuidance, `longer than ${longestGuidance} characters; say it shorter`)
    .optional()
    .describe("What to watch for, in the person's words; keywords change the plan"),
  arguments: z
    .string()
    .max(longestLine, `longer than ${longestLine} characters; say it shorter`)
    .optional()
    .describe('The whole text typed after a command, unchanged'),
};

export const answersField = z.record(z.string(), z.string()).optional().describe("The person's, by question id");
