import { z } from 'zod';
import { splitCommandLine } from '../split-command-line.ts';
import { type Finding, type Findings, serviceName } from './finding.ts';

const packageSchema = z.looseObject({
  name: z.string().optional().catch(undefined),
  main: z.string().optional().catch(undefined),
  scripts: z.record(z.string(), z.string()).optional().catch(undefined),
  dependencies: z.record(z.string(), z.unknown()).optional().catch(undefined),
  devDependencies: z.record(z.string(), z.unknown()).optional().catch(undefined),
  engines: z.looseObject({ node: z.string().optional() }).optional().catch(undefined),
});
type Package = z.infer<typeof packageSchema>;

/** Names of lock files that lie beside a package.json. */
export const lockFiles = ['package-lock.json', 'npm-shrinkwrap.json', 'pnpm-lock.yaml', 'yarn.lock'] as const;

/** Name, start command, preparation and tests of a Node project. `present` are the lock files that exist. Pure. */
export function readPackageJson(text: string, present: readonly string[]): Findings {
  const parsed = parseJson(text);
  if (parsed === null) return { findings: [], notes: ['package.json is not valid JSON and was not used.'] };
  const scripts = parsed.scripts ?? {};
  const findings: Finding[] = [];
  const notes: string[] = [];
  const name = serviceName(parsed.name ?? '');
  if (name !== null) findings.push({ key: 'service', value: name, because: 'name in package.json', sure: true });
  findings.push(...startOf(parsed, notes), ...prepareOf(parsed, present));
  const test = scripts['test'];
  if (test !== undefined && !test.includes('no test specified')) {
    findings.push({ key: 'tests', value: ['npm', 'test'], because: 'scripts.test in package.json', sure: false });
  }
  const node = parsed.engines?.node;
  if (node !== undefined)
    notes.push(`package.json asks for Node ${node.slice(0, 40)}: check \`node --version\` where the service runs.`);
  return { findings, notes };
}

function parseJson(text: string): Package | null {
  try {
    const result = packageSchema.safeParse(JSON.parse(text));
    return result.success ? result.data : null;
  } catch {
    return null;
  }
}

const directPrograms: readonly string[] = ['node', 'bun', 'deno', 'python', 'python3'];

function startOf({ scripts = {}, main }: Package, notes: string[]): Finding[] {
  const start = scripts['start'];
  if (start === undefined) {
    return main === undefined
      ? []
      : [
          {
            key: 'command',
            value: ['node', main],
            because: 'main in package.json, which has no scripts.start',
            sure: false,
          },
        ];
  }
  const split = splitCommandLine(start);
  const around = scripts['prestart'] !== undefined || scripts['poststart'] !== undefined;
  if (split.ok && directPrograms.includes(split.argv[0] ?? '') && !around) {
    return [
      {
        key: 'command',
        value: split.argv,
        because: 'scripts.start in package.json, without npm in between, which would not hand signals on',
        sure: true,
      },
    ];
  }
  if (!split.ok)
    notes.push(`scripts.start is started through npm, because ${split.reason}; a plain command stops more reliably.`);
  return [{ key: 'command', value: ['npm', 'run', 'start'], because: 'scripts.start in package.json', sure: false }];
}

function prepareOf(
  { scripts = {}, dependencies = {}, devDependencies = {} }: Package,
  present: readonly string[],
): Finding[] {
  const build: string[][] = scripts['build'] === undefined ? [] : [['npm', 'run', 'build']];
  const install = installCommand(present);
  const needsInstall =
    Object.keys(dependencies).length + (build.length > 0 ? Object.keys(devDependencies).length : 0) > 0;
  const steps = [...(needsInstall ? [install.argv] : []), ...build];
  if (steps.length === 0) return [];
  const why = [needsInstall ? install.because : '', build.length > 0 ? 'scripts.build in package.json' : ''].filter(
    (text) => text !== '',
  );
  return [{ key: 'prepare', value: steps, because: why.join(', '), sure: present.length > 0 }];
}

function installCommand(present: readonly string[]): { argv: string[]; because: string } {
  if (present.includes('package-lock.json') || present.includes('npm-shrinkwrap.json'))
    return { argv: ['npm', 'ci'], because: 'dependencies and a lock file of npm' };
  if (present.includes('pnpm-lock.yaml'))
    return { argv: ['pnpm', 'install', '--frozen-lockfile'], because: 'dependencies and pnpm-lock.yaml' };
  if (present.includes('yarn.lock'))
    return { argv: ['yarn', 'install', '--frozen-lockfile'], because: 'dependencies and yarn.lock' };
  return { argv: ['npm', 'install'], because: 'dependencies, but no lock file: two installs may differ' };
}
