import { z } from 'zod';
import { approvalHows } from '../approval-level.ts';
import { gitRefSchema } from '../vetted.ts';
import { argvSchema } from './argv-schema.ts';
import { durationWithinAnHour, positiveDuration } from './quantity.ts';
import { projectPath, variableName } from './target.ts';

/** Roles of the people who approve, as sign-offs and configuration name them; the last three are asked for by guidance. */
export const approverRoles = [
  'releaseManager',
  'securityGatekeeper',
  'reliabilityEngineer',
  'changeAdvisoryBoard',
  'securityArchitect',
  'privacyOfficer',
  'legalLiaison',
] as const;
export type ApproverRole = (typeof approverRoles)[number];

const branch = gitRefSchema.describe('Protected branch; read by commit id, never from the working tree');

export const signersSchema = z.union([
  z.strictObject({
    from: z.literal('user').describe("seatrial/allowed_signers in the user's config folder (`seatrial approvers`)"),
  }),
  z.strictObject({
    from: z.literal('branch').describe('A file of a protected branch'),
    branch: branch.prefault('main'),
    path: projectPath.describe('The file, relative to the top of the repository'),
  }),
]);
export type SignersSpec = z.output<typeof signersSchema>;

export const protectedSchema = z.strictObject({
  verify: argvSchema.describe(
    'Prints {"approved": true, "by", "commit", "environment"}; gets SEATRIAL_PLAN_ID, SEATRIAL_COMMIT, SEATRIAL_ENVIRONMENT, SEATRIAL_SCOPE',
  ),
  branch: branch.prefault('main'),
  pass: z.array(variableName).describe('Variables handed on, such as the token that may ask').prefault([]),
  timeout: positiveDuration.describe('An answer that takes longer is none').prefault('30s'),
});
export type ProtectedSpec = z.output<typeof protectedSchema>;

export const approvalRuleSchema = z
  .strictObject({
    how: z
      .enum(approvalHows)
      .describe(
        'none: nobody is asked. client-dialog: the agent client asks a person. terminal: a person types a code. signature: enrolled approvers sign the plan. protected: a protected environment of CI says who approved',
      ),
    clients: z
      .array(z.string())
      .describe('MCP clients whose dialog an agent cannot answer; "*" for any. Others must approve in a terminal')
      .prefault(['claude-code']),
    expires: durationWithinAnHour.describe('An approval is worth nothing after this time').prefault('60m'),
    approvers: z
      .strictObject({
        releaseManager: z.string().optional(),
        securityGatekeeper: z.string().optional(),
        reliabilityEngineer: z.string().optional(),
        changeAdvisoryBoard: z.string().optional(),
        securityArchitect: z.string().optional(),
        privacyOfficer: z.string().optional(),
        legalLiaison: z.string().optional(),
      })
      .describe('Who stands for each role; printed in the plan')
      .prefault({}),
    required: z.number().int().min(1).max(5).describe('Different approvers, each with a key of their own').prefault(1),
    roles: z
      .array(z.enum(approverRoles))
      .refine((names) => new Set(names).size === names.length, 'names a role twice')
      .describe('Roles that must be among those who sign, as they were enrolled')
      .prefault([]),
    separation: z.boolean().describe('Whoever asked for the plan cannot approve it').prefault(false),
    signers: signersSchema.describe('Whose signatures count').optional(),
    protected: protectedSchema.describe('Who answers for how: protected').optional(),
  })
  .superRefine((rule, context) => {
    const add = (key: string, message: string): void => context.addIssue({ code: 'custom', path: [key], message });
    if (rule.how !== 'signature') {
      const why = 'needs how: signature; the other ways cannot tell one person from another';
      if (rule.required > 1) add('required', why);
      if (rule.roles.length > 0) add('roles', why);
      if (rule.separation) add('separation', why);
      if (rule.signers !== undefined) add('signers', 'needs how: signature');
    }
    if (rule.how === 'protected' && rule.protected === undefined)
      add('protected', 'must name the command that asks the protected environment: { verify: [program, …] }');
    if (rule.how !== 'protected' && rule.protected !== undefined) add('protected', 'needs how: protected');
  });
export type ApprovalSpec = z.output<typeof approvalRuleSchema>;
