import { DeployError } from '../../model/deploy-error.ts';
import type { OperationContext } from '../../model/operation.ts';
import { type PutAgentFiles, putAgentFiles, removeAgentFiles } from './put-agent-files.ts';

/** What was done about the texts for agents: data, and lines for people. */
export type OfferedAgentFiles = { data: Partial<PutAgentFiles> | null; lines: string[] };

/**
 * Writes the aliases when that was asked for; else asks a person who has just made a first configuration, and where nobody
 * sits only says how. They lie in folders of other tools and change what an agent does here, so nobody gets them unasked.
 */
export async function offerAgentFiles(
  wanted: boolean | undefined,
  at: { directory: string; isFirst: boolean; context: OperationContext },
): Promise<OfferedAgentFiles> {
  const yes = wanted ?? (at.isFirst ? await ask(at.context) : null);
  if (yes === null) return { data: null, lines: at.isFirst ? [hint] : [] };
  if (!yes) return { data: null, lines: [] };
  const put = await putAgentFiles(at.directory);
  return { data: put, lines: renderPut(put) };
}

/** Removes them; what somebody edited stays and is named. */
export async function withdrawAgentFiles(directory: string): Promise<OfferedAgentFiles> {
  const { removed, kept } = await removeAgentFiles(directory);
  const lines = [
    removed.length === 0 ? 'There was nothing of seatrial’s for agents to remove.' : 'Removed:',
    ...removed.map((path) => `  · ${path}`),
    ...(kept.length === 0 ? [] : ['Edited by somebody, left as they are; remove them by hand:']),
    ...kept.map((path) => `  · ${path}`),
  ];
  return { data: { kept }, lines };
}

/** Throws INPUT_INVALID for what cannot be meant together. */
export function assertOneWish(wishes: { agents: boolean | undefined; templates: boolean; remove: boolean }): void {
  if (!wishes.remove || (wishes.agents !== true && !wishes.templates)) return;
  throw new DeployError('INPUT_INVALID', {
    name: '`seatrial init`',
    list: `- --remove-agents only takes away, so it goes without ${wishes.templates ? '--templates' : '--agents'}.`,
    remedy: 'Such as `seatrial init --remove-agents`.',
  });
}

const places = '.claude/commands, .gemini/commands and a section of AGENTS.md';
const hint = `For agents: seatrial init --agents makes the bare /phase-2-ship work in this project (${places})`;

/** Null where nobody sits. */
async function ask({ person }: OperationContext): Promise<boolean | null> {
  if (person === undefined) return null;
  const answer = await person.ask(
    `Write the commands for agents too, so that /phase-2-ship works here (${places}; seatrial init --remove-agents takes them away)? [Y/n] `,
  );
  return answer !== null && !/^n/i.test(answer.trim());
}

function renderPut({ written, same, kept }: PutAgentFiles): string[] {
  return [
    written.length === 0 ? 'Nothing for agents was missing.' : 'Wrote for agents:',
    ...written.map((path) => `  · ${path}`),
    ...(same.length === 0
      ? []
      : [`There already, as they should be: ${same.length} of ${same.length + written.length + kept.length}`]),
    ...(kept.length === 0 ? [] : ['Not seatrial’s or edited by somebody, left as they are:']),
    ...kept.map((path) => `  · ${path}`),
    ...(written.length === 0 ? [] : ['Commit them for your team; seatrial init --remove-agents takes them away.']),
  ];
}
