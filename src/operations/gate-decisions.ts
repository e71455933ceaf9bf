import { join } from 'node:path';
import { ulid } from 'ulid';
import { type GateDecision, gateDecisionSchema } from '../model/gate-decision.ts';
import { listDirectory, readJsonFile } from '../system/files.ts';
import { writeProjectFile } from '../system/project-file.ts';
import type { Project } from './project.ts';
import type { SetAside } from './project-memory.ts';

/**
 * What people decided about recurring pitfalls. It lies in the project and not in the state folder, because such a file can
 * only add a gate, never take one of seatrial.yaml away: whoever forges one is asked more, and whoever deletes one shows it
 * in the repository as somebody does who edits `gates.require`.
 */
export async function readDecisions({
  directory,
}: Pick<Project, 'directory'>): Promise<{ decisions: GateDecision[]; setAside: SetAside[] }> {
  const folder = join(directory, '.seatrial', 'gates');
  const decisions: GateDecision[] = [];
  const setAside: SetAside[] = [];
  for (const name of await listDirectory(folder)) {
    if (!name.endsWith('.json')) continue;
    try {
      const decision = await readJsonFile(join(folder, name), gateDecisionSchema);
      if (decision !== null) decisions.push(decision);
    } catch {
      setAside.push({ path: `gates/${name}`, reason: 'it is no decision that this seatrial knows', text: '' });
    }
  }
  return { decisions, setAside };
}

/** Keeps a decision as a file of its own, so that branches merge. Returns its path. */
export async function saveDecision(project: Pick<Project, 'directory'>, decision: GateDecision): Promise<string> {
  const path = join(project.directory, '.seatrial', 'gates', `${ulid().toLowerCase()}.json`);
  await writeProjectFile(path, `${JSON.stringify(gateDecisionSchema.parse(decision), null, 2)}\n`);
  return path;
}
