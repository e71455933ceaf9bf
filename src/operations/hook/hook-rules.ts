import { join } from 'node:path';
import { z } from 'zod';
import { longestConfig, parseYaml } from '../../config/parse-yaml.ts';
import { type AgentRules, agentSchema } from '../../model/config/agent.ts';
import { plainFileSize, readTextFile } from '../../system/files.ts';

export type HookRules = {
  agent: AgentRules;
  /** Forms of release tags, such as `v{version}`. */
  tagForms: string[];
};

/** What a hook needs to know of a configuration; that the rest is right is for others to say. */
const rulesSchema = z.looseObject({
  version: z.literal(1),
  service: z.string(),
  environments: z.record(
    z.string(),
    z.looseObject({ revision: z.looseObject({ ref: z.string().optional() }).optional() }),
  ),
  agent: agentSchema.prefault({}),
});

/**
 * The part of seatrial.yaml that hooks go by, in a fraction of the time that all of it takes. Throws CONFIG_UNREADABLE and ZodError for
 * what is no configuration.
 */
export async function readHookRules(directory: string): Promise<HookRules> {
  const path = join(directory, 'seatrial.yaml');
  const size = await plainFileSize(path);
  if (size === null || size > longestConfig * 4) throw new Error('seatrial.yaml is no plain file, or too long');
  const { value } = parseYaml((await readTextFile(path)) ?? '', 'seatrial.yaml');
  const { agent, environments } = rulesSchema.parse(value);
  return { agent, tagForms: Object.values(environments).flatMap(({ revision }) => revision?.ref ?? []) };
}
