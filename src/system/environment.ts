import { declareVariables } from '../model/redaction/emit.ts';

/** Variables that every program gets, when they are set here. */
const always = ['PATH', 'HOME', 'LANG', 'LC_ALL', 'TZ', 'TMPDIR', 'USER', 'LOGNAME', 'SHELL'] as const;

export type EnvironmentRequest = {
  /** Names handed on from this process. */
  pass: readonly string[];
  /** Content of a KEY=value file, or null. */
  fileText: string | null;
  /** Fixed values. */
  set: Readonly<Record<string, string>>;
};

/** The complete environment for a program: a short fixed list, what is named, and nothing else; later sources win. */
export function allowedEnvironment(
  request: EnvironmentRequest,
  source: NodeJS.ProcessEnv = process.env,
): Record<string, string> {
  const result: Record<string, string> = {};
  for (const name of [...always, ...request.pass]) {
    const value = source[name];
    if (value !== undefined) result[name] = value;
  }
  const fromFile = parseEnvironmentFile(request.fileText ?? '');
  // What is handed on by name or kept in a file of its own is taken to be secret; `set` stands in the committed config.
  declareVariables(result, request.pass);
  declareVariables(fromFile, Object.keys(fromFile));
  return { ...result, ...fromFile, ...request.set };
}

/** Names, with commas between them, that one of our detached processes was given to hand on. */
const handedOn = 'SEATRIAL_PASS';

/**
 * What our own detached processes get: the fixed list, where state lies, and the variables that the configuration names, so
 * that whoever they start in turn can have them too.
 */
export function ownEnvironment(
  named: readonly string[] = [],
  source: NodeJS.ProcessEnv = process.env,
): Record<string, string> {
  const names = [...new Set([...named, ...(source[handedOn] ?? '').split(',').filter((name) => name !== '')])];
  const own = ['XDG_STATE_HOME', 'XDG_RUNTIME_DIR', 'XDG_CONFIG_HOME', 'SEATRIAL_STATE_HOME', 'NODE_OPTIONS'];
  const set: Record<string, string> = names.length === 0 ? {} : { [handedOn]: names.join(',') };
  return allowedEnvironment({ pass: [...own, ...names], fileText: null, set }, source);
}

/** `KEY=value` lines; `#` comments and blank lines are passed over, one pair of matching quotes is taken off, nothing is expanded. */
export function parseEnvironmentFile(text: string): Record<string, string> {
  const result: Record<string, string> = {};
  for (const line of text.split(/\r?\n/)) {
    const match = /^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*?)\s*$/.exec(line);
    if (match?.[1] === undefined || match[2] === undefined) continue;
    const quoted = /^(["'])(.*)\1$/.exec(match[2]);
    result[match[1]] = quoted?.[2] ?? match[2];
  }
  return result;
}
