import { z } from 'zod';
import { renderAuthority, renderAuthorityDiff } from '../../config/authority-text.ts';
import { visibleText } from '../../config/visible-text.ts';
import { revokeTrust } from '../../journal/trust-store.ts';
import { DeployError } from '../../model/deploy-error.ts';
import type { OperationContext, OperationResult } from '../../model/operation.ts';
import { defineOperation } from '../define-operation.ts';
import { assertPersonAtTerminal } from '../person-at-terminal.ts';
import { locateProject, openProject, type Project } from '../project.ts';
import { shortCodeOf } from '../short-code.ts';
import { type TrustStanding, trustStanding } from './assert-trusted.ts';
import { trustProject } from './trust-project.ts';

const input = z.object({
  show: z.boolean().default(false).describe('Only print what it may do, and what has changed'),
  revoke: z.boolean().default(false).describe('Trust it no longer'),
  code: z.string().max(16).optional().describe('The code that was shown; asked for at a terminal when left out'),
});
type Input = z.output<typeof input>;

export const trust = defineOperation({
  name: 'trust',
  title: 'Let this project run and contact what its configuration says',
  description:
    'Shows every program, address, variable and rule of seatrial.yaml, and what has changed since it was trusted; then a person at a terminal types a code. Before that nothing of it is run, contacted or written.',
  tool: false,
  effects: 'person',
  input,
  cli: {
    command: 'trust',
    positional: [],
    examples: ['seatrial trust', 'seatrial trust --show', 'seatrial trust --revoke'],
  },
  run: async (given, context) => {
    if (given.revoke) return revoke(context);
    const project = await openProject(context.projectDirectory);
    const standing = await trustStanding(project);
    if (given.show || (standing.trusted && given.code === undefined)) return tell(project, standing);
    return giveTrust(project, standing, { given, context });
  },
});

async function revoke({ projectDirectory }: OperationContext): Promise<OperationResult<unknown>> {
  const { directory, stateRoot } = await locateProject(projectDirectory);
  await revokeTrust(stateRoot, directory);
  return {
    data: { directory, trusted: false },
    text: `${directory} is not trusted any more. Runs that have begun may still be stopped and rolled back. Trust it again: seatrial trust`,
  };
}

async function giveTrust(
  project: Project,
  { authority }: TrustStanding,
  { given, context }: { given: Input; context: OperationContext },
): Promise<OperationResult<unknown>> {
  const { caller, clock } = context;
  const code = shortCodeOf(authority.fingerprint);
  const what = 'trust a project';
  assertPersonAtTerminal(caller, { what, code, typed: given.code, command: 'seatrial trust' });
  const { fingerprint } = authority;
  const record = await trustProject(project, { by: caller.name, how: 'terminal', atMs: clock.now(), fingerprint });
  if (record === null)
    throw new DeployError('PERSON_NEEDED', {
      what,
      reason: 'the project has changed since it was shown',
      remedy: 'Nothing was done. Look at it again: seatrial trust',
    });
  return {
    data: { directory: project.directory, trusted: true, fingerprint },
    text: `Trusted: ${project.directory}, as it is now. Any change of what is listed asks again. Take it back: seatrial trust --revoke`,
  };
}

function tell(project: Project, standing: TrustStanding): OperationResult<unknown> {
  const { authority, record, changes, trusted } = standing;
  const { directory } = project;
  return {
    data: {
      directory,
      trusted,
      code: trusted ? null : shortCodeOf(authority.fingerprint),
      fingerprint: authority.fingerprint,
      trustedBy: record === null ? null : { by: record.by, at: new Date(record.atMs).toISOString() },
      changes,
      entries: authority.entries,
    },
    text: [
      `What seatrial.yaml in ${visibleText(directory)} lets seatrial do:`,
      '',
      renderAuthority(authority.entries),
      '',
      ...renderStanding(standing),
    ].join('\n'),
  };
}

function renderStanding({ record, changes, trusted }: TrustStanding): string[] {
  if (record === null) return ['Nobody has trusted this yet.'];
  const by = `${record.by} at ${new Date(record.atMs).toISOString()}`;
  if (trusted) return [`Trusted by ${by}.`];
  return [`Changed since ${by} trusted it (- was, + is):`, renderAuthorityDiff(changes)];
}
