import { splitCommandLine } from '../split-command-line.ts';
import { type Finding, type Findings, serviceName } from './finding.ts';

/** What a fly.toml says, by the few lines of it that matter here. Pure. */
export function readFlyToml(text: string): Findings {
  const findings: Finding[] = [];
  const name = serviceName(/^app[ \t]*=[ \t]*["']([^"']+)["']/m.exec(text)?.[1] ?? '');
  if (name !== null) findings.push({ key: 'service', value: name, because: 'app in fly.toml', sure: false });
  const port = /^[ \t]*internal_port[ \t]*=[ \t]*(\d{1,5})\b/m.exec(text)?.[1];
  if (port !== undefined)
    findings.push({ key: 'port', value: Number(port), because: 'internal_port in fly.toml', sure: false });
  const path = /checks\]\]([^[]*)/.exec(text)?.[1];
  const health = /^[ \t]*path[ \t]*=[ \t]*["'](\/[^"']*)["']/m.exec(path ?? '')?.[1];
  if (health !== undefined)
    findings.push({ key: 'healthPath', value: health, because: 'checks in fly.toml', sure: true });
  const processes = /^\[processes\]([^[]*)/m.exec(text)?.[1] ?? '';
  const split = splitCommandLine(/^[ \t]*(?:app|web)[ \t]*=[ \t]*["']([^"'\n]+)["']/m.exec(processes)?.[1] ?? '');
  if (split.ok) findings.push({ key: 'command', value: split.argv, because: 'processes in fly.toml', sure: false });
  return {
    findings,
    notes: [
      'fly.toml: there is no driver for Fly.io yet. This config runs the service as processes on this machine, as a starting point.',
    ],
  };
}

/** A Vercel project has no process of its own to start. Pure. */
export function readVercelJson(): Findings {
  return {
    findings: [],
    notes: [
      'vercel.json: there is no driver for Vercel yet. This config runs a process on this machine, as a starting point; a project of static files and functions has none.',
    ],
  };
}
