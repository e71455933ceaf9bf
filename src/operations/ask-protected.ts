import { isAbsolute, relative, resolve, sep } from 'node:path';
import { z } from 'zod';
import { configFile, parseConfig } from '../config/load-config.ts';
import type { ProtectedSpec } from '../model/config/approval.ts';
import { toDeployError } from '../model/deploy-error.ts';
import type { Approval, Plan } from '../model/plan.ts';
import { canonicalJson } from '../system/canonical-json.ts';
import { allowedEnvironment } from '../system/environment.ts';
import { cleanExcerpt, cleanExcerptEnd } from '../system/excerpt.ts';
import { runCommand } from '../system/exec.ts';
import type { Place } from './place.ts';
import { readProtectedFile } from './read-protected-file.ts';

/** What the configured command prints. */
const answerSchema = z.strictObject({
  approved: z.literal(true),
  by: z.string().min(1).max(200),
  commit: z.string().regex(/^[0-9a-f]{40,64}$/),
  environment: z.string().min(1).max(200),
});

export type ProtectedAnswer = { ok: true; proof: NonNullable<Approval['proof']> } | { ok: false; reason: string };

/**
 * Asks the protected environment whether it approved this commit. The command is that of the protected branch: what the
 * working tree says is only taken when it is the same. No answer, and no proof, is a refusal with its reason.
 */
export async function askProtected(place: Place, plan: Plan, scope: string): Promise<ProtectedAnswer> {
  const spec = place.approval.protected;
  if (spec === null) return no('no approval.protected is configured that could be asked');
  const untrusted = (await branchReason(place, spec)) ?? programReason(place, spec);
  if (untrusted !== null) return no(untrusted);
  const { commit } = plan.content.revision;
  if (commit === null) return no('the revision has no commit that a protected environment could have approved');
  const result = await runCommand({
    argv: spec.verify,
    cwd: place.project.directory,
    env: allowedEnvironment({
      pass: spec.pass,
      fileText: null,
      set: {
        SEATRIAL_PLAN_ID: plan.planId,
        SEATRIAL_COMMIT: commit,
        SEATRIAL_ENVIRONMENT: place.name,
        SEATRIAL_SCOPE: scope,
      },
    }),
    timeoutMs: spec.timeout,
    keepLastOfStderr: true,
  });
  if (!result.ok)
    return no(`approval.protected.verify gave no approval (${result.how}) ${cleanExcerptEnd(result.stderr)}`.trim());
  return readAnswer(result.stdout, { commit, environment: place.name });
}

function readAnswer(stdout: string, plan: { commit: string; environment: string }): ProtectedAnswer {
  const shape = 'it must print {"approved": true, "by", "commit", "environment"}';
  let value: unknown;
  try {
    value = JSON.parse(stdout);
  } catch {
    return no(`approval.protected.verify printed no JSON: ${shape}`);
  }
  const parsed = answerSchema.safeParse(value);
  if (!parsed.success) return no(`approval.protected.verify did not approve: ${shape}`);
  const { by, commit, environment } = parsed.data;
  if (commit !== plan.commit)
    return no(`it approved commit ${commit.slice(0, 12)}, and the plan ships ${plan.commit.slice(0, 12)}`);
  if (environment !== plan.environment)
    return no(`it approved environment ${cleanExcerpt(environment, 63)}, and the plan is for ${plan.environment}`);
  return { ok: true, proof: { by: cleanExcerpt(by), commit, environment } };
}

/** Whoever can edit the working tree must not choose who is asked. */
async function branchReason(place: Place, spec: ProtectedSpec): Promise<string | null> {
  const { repository, directory } = place.project;
  const where = `${configFile} of branch ${spec.branch}`;
  if (repository === null) return `${where} cannot be read: this project is in no git repository`;
  const path = relative(repository.directory, resolve(directory, configFile));
  const found = await readProtectedFile(repository, { branch: spec.branch, path });
  if (found === null) return `there is no ${where}`;
  try {
    const there = parseConfig(found.text).config.environments[place.name]?.approval?.protected;
    if (there !== undefined && canonicalJson(there) === canonicalJson(spec)) return null;
    return `approval.protected of the working tree is not that of ${where}`;
  } catch (thrown) {
    return `${where} cannot be used: ${toDeployError(thrown).code}`;
  }
}

/** A program of the checkout is as good as the checkout: anybody who edits it answers. */
function programReason({ project }: Place, { verify }: ProtectedSpec): string | null {
  const inside = verify.find((argument) => {
    if (!argument.includes('/') && !/\.(?:[cm]?js|ts|sh|py|rb)$/.test(argument)) return false;
    const way = relative(project.directory, resolve(project.directory, argument));
    return !(way === '..' || way.startsWith(`..${sep}`) || isAbsolute(way)) && !argument.includes('://');
  });
  return inside === undefined
    ? null
    : `approval.protected.verify uses ${inside} of the working tree, which an agent can edit; use a program that is installed on the machine`;
}

function no(reason: string): { ok: false; reason: string } {
  return { ok: false, reason };
}
