import { listDirectory, readTextFile, removeFile, resolveInside } from '../../system/files.ts';
import { removeEmptyDirectory, replaceProjectFile } from '../../system/project-file.ts';
import { loadCommands } from '../load-commands.ts';
import { type AgentFile, agentFiles, findSection, isUntouched, markIn } from './agent-files.ts';

export type PutAgentFiles = { written: string[]; same: string[]; kept: string[] };
export type RemovedAgentFiles = { removed: string[]; kept: string[] };

/**
 * Writes the aliases of the commands and the section of AGENTS.md, and renews those that nobody edited. What people wrote
 * or edited is kept. Done again it changes nothing. Throws FILE_REFUSED for a link on the way.
 */
export async function putAgentFiles(directory: string): Promise<PutAgentFiles> {
  const put: PutAgentFiles = { written: [], same: [], kept: [] };
  for (const file of agentFiles(await loadCommands())) {
    const place = await resolveInside(directory, file.path);
    const from = await readTextFile(place);
    const to = wantedText(file, from);
    if (to === from) put.same.push(file.path);
    else if (to === null || !(await replaceProjectFile(place, { from, to }))) put.kept.push(file.path);
    else put.written.push(file.path);
  }
  return put;
}

/** Takes away what `putAgentFiles` wrote, of any version, unless somebody edited it. Throws FILE_REFUSED for a link on the way. */
export async function removeAgentFiles(directory: string): Promise<RemovedAgentFiles> {
  const result: RemovedAgentFiles = { removed: [], kept: [] };
  for (const folder of ['.claude/commands', '.gemini/commands']) {
    for (const name of await listDirectory(await resolveInside(directory, folder))) {
      const path = `${folder}/${name}`;
      if (!/\.(md|toml)$/.test(name)) continue;
      const place = await resolveInside(directory, path);
      const text = await readTextFile(place);
      if (text === null || markIn(text) === null) continue;
      const ours = isUntouched(text);
      if (ours) await removeFile(place);
      result[ours ? 'removed' : 'kept'].push(path);
    }
    if (await removeEmptyDirectory(await resolveInside(directory, folder)))
      await removeEmptyDirectory(await resolveInside(directory, folder.split('/')[0] ?? folder));
  }
  const section = await removeSection(directory);
  if (section !== null) result[section].push('AGENTS.md');
  return result;
}

/** What is to stand in a file; `from` when it is right as it is, null when it is not ours to change. */
function wantedText({ part, text }: AgentFile, from: string | null): string | null {
  if (from === null) return text;
  const asHere = from.includes('\r\n') ? text.replaceAll('\n', '\r\n') : text;
  const ours = part === 'file' ? from : findSection(from);
  if (ours === null) return markIn(from) === null ? `${from}${gapAfter(from)}${asHere}` : null;
  if (!isUntouched(ours)) return null;
  return from.replace(ours, () => asHere);
}

function gapAfter(text: string): string {
  const line = text.includes('\r\n') ? '\r\n' : '\n';
  if (text === '') return '';
  return text.endsWith('\n') ? line : `${line}${line}`;
}

async function removeSection(directory: string): Promise<'removed' | 'kept' | null> {
  const place = await resolveInside(directory, 'AGENTS.md');
  const from = await readTextFile(place);
  if (from === null || markIn(from) === null) return null;
  const ours = findSection(from);
  if (ours === null || !isUntouched(ours)) return 'kept';
  const start = from.indexOf(ours);
  const to = from.slice(0, start).replace(/(?<=\n)\r?\n$/, '') + from.slice(start + ours.length);
  if (to.trim() !== '') return (await replaceProjectFile(place, { from, to })) ? 'removed' : 'kept';
  await removeFile(place);
  return 'removed';
}
