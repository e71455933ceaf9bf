import { z } from 'zod';

export const rawDeployAnswers = ['warn', 'ask', 'deny'] as const;

/** What happens when an agent is about to deploy around seatrial. The hooks of the plugin read it; see docs/hooks.md. */
export const agentSchema = z.strictObject({
  rawDeploys: z
    .enum(rawDeployAnswers)
    .describe(
      'A raw deploy command of an agent, such as kubectl apply. warn: it runs and the agent is told. ask: a person is asked. deny: it does not run',
    )
    .prefault('ask'),
  deployBranches: z
    .array(z.string().regex(/^[^\s~^:?[\\]{1,200}$/, 'must be the name of a branch, such as "release/*"'))
    .max(50)
    .describe('Branches whose push deploys; * stands for any characters')
    .prefault(['production', 'prod', 'deploy', 'live', 'gh-pages']),
  deployCommands: z
    .array(z.array(z.string().min(1).max(200)).min(1).max(10))
    .max(50)
    .describe('Further commands that deploy here, such as [make, deploy]; every command that begins so is meant')
    .prefault([]),
});
export type AgentRules = z.output<typeof agentSchema>;
