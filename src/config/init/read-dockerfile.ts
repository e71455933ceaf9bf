import { z } from 'zod';
import { splitCommandLine } from '../split-command-line.ts';
import { type Finding, type Findings, healthPathIn } from './finding.ts';

type Instruction = { name: string; rest: string };

/** Command, port and health path of the last stage of a Dockerfile. Pure. */
export function readDockerfile(text: string): Findings {
  const stage = lastStage(instructionsOf(text));
  const last = (name: string): string | undefined =>
    stage.filter((instruction) => instruction.name === name).at(-1)?.rest;
  const findings: Finding[] = [];
  const notes: string[] = [];
  findings.push(...commandOf(last('ENTRYPOINT'), last('CMD'), notes));
  const port = /^(\d{1,5})(?:\/tcp)?\b/.exec(last('EXPOSE') ?? '')?.[1];
  if (port !== undefined)
    findings.push({ key: 'port', value: Number(port), because: `EXPOSE ${port} in Dockerfile`, sure: false });
  const path = healthPathIn(last('HEALTHCHECK') ?? '');
  if (path !== null)
    findings.push({ key: 'healthPath', value: path, because: 'HEALTHCHECK in Dockerfile', sure: true });
  return { findings, notes };
}

function instructionsOf(text: string): Instruction[] {
  const joined = text.replace(/^[ \t]*#.*$/gm, '').replace(/\\[ \t]*\r?\n/g, ' ');
  return [...joined.matchAll(/^[ \t]*([A-Za-z]+)[ \t]+(.+)$/gm)].map((match) => ({
    name: (match[1] ?? '').toUpperCase(),
    rest: (match[2] ?? '').trim(),
  }));
}

function lastStage(instructions: readonly Instruction[]): Instruction[] {
  return instructions.slice(instructions.map(({ name }) => name).lastIndexOf('FROM') + 1);
}

function commandOf(entrypoint: string | undefined, command: string | undefined, notes: string[]): Finding[] {
  const parts = [entrypoint, command].filter((part) => part !== undefined).map(readForm);
  if (parts.length === 0) return [];
  const refused = parts.find((part) => !part.ok);
  if (refused !== undefined && !refused.ok) {
    notes.push(`Dockerfile: its command was not used, because ${refused.reason}.`);
    return [];
  }
  const argv = parts.flatMap((part) => (part.ok ? part.argv : []));
  const exec = parts.every((part) => part.ok && part.exec);
  const inImage = argv.some((word) => word.startsWith('/')) || (argv[0] ?? '').endsWith('.sh');
  const names = [entrypoint === undefined ? '' : 'ENTRYPOINT', command === undefined ? '' : 'CMD'].filter(
    (name) => name !== '',
  );
  const because = `${names.join(' and ')} in Dockerfile${inImage ? ', which names files of the image' : ''}`;
  return [{ key: 'command', value: argv, because, sure: exec && !inImage }];
}

type Form = { ok: true; argv: string[]; exec: boolean } | { ok: false; reason: string };

function readForm(text: string): Form {
  if (text.startsWith('[')) {
    try {
      const result = z.array(z.string()).safeParse(JSON.parse(text));
      if (result.success) return { ok: true, argv: result.data, exec: true };
    } catch {
      // Docker, too, takes what is not a JSON array as a shell line.
    }
  }
  const split = splitCommandLine(text);
  return split.ok ? { ok: true, argv: split.argv, exec: false } : split;
}
