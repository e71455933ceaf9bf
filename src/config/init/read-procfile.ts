import { splitCommandLine } from '../split-command-line.ts';
import type { Findings } from './finding.ts';

/** The `web` process of a Procfile. Pure. */
export function readProcfile(text: string): Findings {
  const processes = [...text.matchAll(/^([A-Za-z0-9_-]+):(.+)$/gm)].map((match) => ({
    name: match[1] ?? '',
    line: (match[2] ?? '').trim(),
  }));
  const notes: string[] = [];
  const others = processes.filter(({ name }) => name !== 'web' && name !== 'release').map(({ name }) => name);
  if (others.length > 0)
    notes.push(`Procfile: only web is shipped; ${others.slice(0, 5).join(', ')} must be started otherwise.`);
  if (processes.some(({ name }) => name === 'release')) {
    notes.push(
      'Procfile: the release process is not run; if it migrates stored data, set `migration` and run it before shipping.',
    );
  }
  const web = processes.find(({ name }) => name === 'web');
  if (web === undefined) return { findings: [], notes };
  const split = splitCommandLine(web.line);
  if (split.ok)
    return { findings: [{ key: 'command', value: split.argv, because: 'web in Procfile', sure: true }], notes };
  notes.push(
    `Procfile: the command of web was not used, because ${split.reason}. Every instance gets its port in $PORT; a small start script can read it.`,
  );
  return { findings: [], notes };
}
