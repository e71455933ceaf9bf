import { deployPrograms } from './deploy-rules.ts';
import { type Call, type Fields, textOf } from './shell-words.ts';

/** A text that a shell runs; null when it is only known then. `isRemote`: on another machine. */
export type Code = { source: string | null; isRemote?: boolean };

const shells: ReadonlySet<string> = new Set(['sh', 'bash', 'zsh', 'dash', 'ksh', 'ash', 'fish']);

/** Programs that start the program that stands among their arguments, whatever options come before it. */
const starters: ReadonlySet<string> = new Set([
  ...[
    'sudo',
    'doas',
    'su',
    'env',
    'nohup',
    'nice',
    'ionice',
    'time',
    'timeout',
    'gtimeout',
    'stdbuf',
    'setsid',
    'unshare',
  ],
  ...[
    'command',
    'builtin',
    'exec',
    'xargs',
    'parallel',
    'watch',
    'chroot',
    'flock',
    'script',
    'strace',
    'unbuffer',
    'find',
  ],
  ...[
    'ssh',
    'npx',
    'bunx',
    'pnpx',
    'npm',
    'pnpm',
    'yarn',
    'bun',
    'corepack',
    'uv',
    'uvx',
    'pipx',
    'poetry',
    'bundle',
    'mise',
  ],
  ...[
    'direnv',
    'dotenv',
    'doppler',
    'op',
    'aws-vault',
    'nix-shell',
    'nix',
    'devbox',
    'caffeinate',
    'retry',
    'runuser',
    'busybox',
  ],
]);
/** Of these an argument of several words is code. */
const codeTakers: ReadonlySet<string> = new Set([
  ...[
    'ssh',
    'su',
    'runuser',
    'env',
    'watch',
    'parallel',
    'script',
    'flock',
    'nix-shell',
    'nix',
    'devbox',
    'sudo',
    'retry',
  ],
]);
/** Of these only some sub-commands start what stands behind them. */
const containers: ReadonlySet<string> = new Set([
  'docker',
  'podman',
  'nerdctl',
  'kubectl',
  'oc',
  'k',
  'docker-compose',
]);
/** Their sub-commands that start nothing: `npm install vercel` is no deploy. */
const packageVerbs =
  /^(?:i|install|add|remove|rm|uninstall|why|ls|list|view|info|update|up|outdated|link|pack|publish)$/;
const packageManagers: ReadonlySet<string> = new Set([
  'npm',
  'pnpm',
  'yarn',
  'bun',
  'uv',
  'pipx',
  'poetry',
  'bundle',
  'mise',
]);

/** The code that a shell runs for these arguments and this standard input; null when it is no shell, or runs a file. Pure. */
export function codeOfShell(argv: Fields, input: string | null): Code | null {
  const name = nameOf(argv[0]);
  if (name === 'eval') return { source: textOf(argv.slice(1)) };
  if (!shells.has(name)) return null;
  const rest = argv.slice(1);
  const at = rest.findIndex((field) => field !== null && /^-[a-z]*c[a-z]*$/i.test(field));
  if (at !== -1) {
    const code = rest.slice(at + 1).find((field) => field === null || !/^[-+]/.test(field));
    return code === undefined ? null : { source: code };
  }
  const file = rest.find((field) => field === null || !/^[-+]/.test(field));
  return file === undefined && input !== null ? { source: input } : null;
}

/** What a program starts that it is given as arguments. Pure. */
export function innerCalls(call: Call): Array<Call | Code> {
  const { argv } = call;
  const name = nameOf(argv[0]);
  if (containers.has(name)) return argv.some(isExecution) ? startedAmong(call, 2) : [];
  if (!starters.has(name)) return deployPrograms.has(name) ? [] : behindDashes(call);
  const verb = argv[1] ?? '';
  if (packageManagers.has(name) && packageVerbs.test(verb)) return [];
  return startedAmong(call, 1);
}

function isExecution(field: string | null): boolean {
  return field === 'exec' || field === 'run' || field === 'debug';
}

/** The first argument that is a program which matters here begins the inner call; texts of several words are code. */
function startedAmong(call: Call, from: number): Array<Call | Code> {
  const { argv } = call;
  const name = nameOf(argv[0]);
  const isRemote = name === 'ssh';
  const at = argv.findIndex((field, index) => index >= from && isProgram(field));
  const before = at === -1 ? argv.slice(from) : argv.slice(from, at);
  const codes = before.flatMap((field): Code[] =>
    codeTakers.has(name) && field !== null && /\S\s+\S/.test(field) ? [{ source: field, isRemote }] : [],
  );
  if (at === -1) return codes;
  const inner = argv.slice(at);
  const variables = new Map(call.variables);
  if (isRemote) variables.set('DOCKER_HOST', 'another machine');
  for (const field of before) {
    const [, key, value] = /^([A-Za-z_]\w*)=(.*)$/s.exec(field ?? '') ?? [];
    if (key !== undefined && value !== undefined) variables.set(key, value);
  }
  // What comes from standard input follows at the end.
  return [...codes, { argv: name === 'xargs' || name === 'parallel' ? [...inner, null] : inner, variables }];
}

/** Whatever the program is: `tool run -- helm upgrade`. */
function behindDashes(call: Call): Call[] {
  const at = call.argv.indexOf('--');
  const argv = at === -1 ? [] : call.argv.slice(at + 1);
  return isProgram(argv[0] ?? null) ? [{ ...call, argv }] : [];
}

function isProgram(field: string | null): boolean {
  const name = nameOf(field);
  return deployPrograms.has(name) || shells.has(name) || starters.has(name) || name === 'eval';
}

/** Name of a program without its folder and, from npm, its version. Pure. */
export function nameOf(field: string | null | undefined): string {
  const name = (field ?? '').replace(/^@railway\/cli/, 'railway').replace(/^.*\//s, '');
  return name.replace(/(?<=.)@[\w.^~-]+$/, '').replace(/\.exe$/i, '');
}
