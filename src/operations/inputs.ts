import { z } from 'zod';

/** Fields that several operations share, with the same words everywhere. */
export const environmentField = z
  .string()
  .max(63)
  .optional()
  .describe('Environment of seatrial.yaml; default: production, or the only one');
export const versionField = z
  .string()
  .max(64)
  .describe('Version to ship, such as 1.4.0')
  .meta({ examples: ['1.4.0'] });
export const strategyField = z
  .enum(['direct', 'canary', 'blue-green', 'rolling'])
  .optional()
  .describe('Default: as configured');
export const runField = z.string().max(64).optional().describe('Run id; default: the newest run');
export const detailField = z.enum(['concise', 'full']).default('concise').describe('full: everything');
export const planField = z
  .string()
  .max(64)
  .describe('planId (or its first 12 digits)')
  .meta({ examples: ['3f9c1a2b4d5e'] });
