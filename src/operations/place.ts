import { type ApprovalRule, approvalRule } from '../config/approval-rule.ts';
import { judgeSettings } from '../config/judge-settings.ts';
import { loadEnvironment } from '../config/load-environment.ts';
import { hostDirectory, lockDirectory } from '../journal/state-folder.ts';
import type { EnvironmentSpec } from '../model/config/environment.ts';
import type { Revision } from '../model/revision.ts';
import type { Target, TargetState } from '../model/target.ts';
import type { JudgeSettings } from '../model/verdict.ts';
import { commandTargetIdentity, createCommandTarget } from '../targets/command/command-target.ts';
import { createHaproxyTarget, haproxyTargetIdentity } from '../targets/haproxy/haproxy-target.ts';
import {
  createProcessTarget,
  type ProcessTargetOptions,
  processTargetIdentity,
} from '../targets/process/process-target.ts';
import { launchHost } from './launch-host.ts';
import type { TrustedProject } from './project.ts';

/** One environment of a project with its driver and its rules. It can be made of a trusted project only: whoever runs, asks or writes what a configuration says needs one. */
export type Place = {
  project: TrustedProject;
  name: string;
  spec: EnvironmentSpec;
  target: Target;
  judge: JudgeSettings;
  approval: ApprovalRule;
  lockDirectory: string;
  /** Folder of the target's own files: of the local host that looks after instances, or what a driver has to keep. */
  hostDirectory: string;
};

/** The environment named, or the default one. Throws ENVIRONMENT_UNKNOWN. */
export function openPlace(project: TrustedProject, environment: string | undefined): Place {
  const { name, spec } = loadEnvironment(project.config, environment);
  const identity = identityOf(spec);
  const host = hostDirectory(project.stateRoot, identity);
  const target = createTarget(spec, {
    revisionSpec: spec.revision,
    url: spec.url,
    environment: name,
    service: project.config.service,
    projectDirectory: project.directory,
    repository: project.repository,
    hostDirectory: host,
    launchHost: () => launchHost(host),
  });
  return {
    project,
    name,
    spec,
    target,
    judge: judgeSettings(spec),
    approval: approvalRule(name, spec, project.enrolled),
    lockDirectory: lockDirectory(project.stateRoot, identity),
    hostDirectory: host,
  };
}

function identityOf({ url, target }: EnvironmentSpec): string {
  switch (target.kind) {
    case 'process':
      return processTargetIdentity(url);
    case 'haproxy':
      return haproxyTargetIdentity(target);
    case 'command':
      return commandTargetIdentity(url, target.name);
  }
}

function createTarget({ target: spec }: EnvironmentSpec, around: Omit<ProcessTargetOptions, 'spec'>): Target {
  switch (spec.kind) {
    case 'process':
      return createProcessTarget({ ...around, spec });
    case 'haproxy':
      return createHaproxyTarget({ ...around, spec });
    case 'command': {
      const { url, environment, service, projectDirectory, hostDirectory } = around;
      return createCommandTarget({ url, environment, service, projectDirectory, memoryDirectory: hostDirectory, spec });
    }
  }
}

/** What serves users when nothing is going on, as the target says; null when nothing does. */
export function stableOf(state: TargetState | null): Revision | null {
  return state?.revisions.find((placed) => placed.role === 'stable')?.revision ?? null;
}
