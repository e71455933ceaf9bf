import { resolve } from 'node:path';
import { loadConfig } from '../../config/load-config.ts';
import { loadEnvironment } from '../../config/load-environment.ts';
import { type StrategySpec, strategySchema } from '../../model/config/strategy.ts';
import { DeployError } from '../../model/deploy-error.ts';
import { cleanGuidance, longestGuidance } from '../../model/guidance.ts';
import type { OperationContext } from '../../model/operation.ts';
import { realDirectory } from '../../system/files.ts';
import { parseRequestLine, type RequestLine } from './parse-request-line.ts';
import { splitWords, type Word } from './split-words.ts';

export type StrategyKind = StrategySpec['kind'];

/** What a caller gave: fields, a line of text, or both. */
export type Given = {
  version?: string | undefined;
  environment?: string | undefined;
  strategy?: StrategyKind | undefined;
  guidance?: string | undefined;
  interactive?: boolean | undefined;
  /** The text behind a command, as it was typed. */
  arguments?: string | undefined;
};

export type Requested = {
  version: string;
  environment: string | undefined;
  strategy: StrategyKind | undefined;
  /** Cleaned; null when nothing was said. */
  guidance: string | null;
  interactive: boolean;
  /** How a line of text was understood; null when everything came in fields. */
  understood: string | null;
};

export const lineExample = 'canary 1.4.0 production --guidance "watch the orders" --interactive';

/** Fields and line as one request. Throws INPUT_INVALID with every mistake and an example. */
export async function readRequest(given: Given, context: OperationContext): Promise<Requested> {
  const line = given.arguments === undefined ? null : await readLine(given.arguments, context);
  const fields = { version: given.version, environment: given.environment, strategy: given.strategy };
  const mistakes = [
    ...contradictions({ ...fields, guidance: given.guidance }, line),
    ...(given.interactive === false && line?.interactive === true
      ? ['interactive is false, and the arguments say --interactive: say one of them']
      : []),
  ];
  const version = fields.version ?? line?.version;
  if (version === undefined || version === '') mistakes.push('the version is missing, such as 1.4.0');
  if (mistakes.length > 0 || version === undefined) throw wrongArguments(mistakes);
  const guidance = cleanGuidance(given.guidance ?? line?.guidance ?? '');
  if (guidance.length > longestGuidance)
    throw wrongArguments([`the guidance has ${guidance.length} characters, at most ${longestGuidance} are kept`]);
  const request = {
    version,
    environment: fields.environment ?? line?.environment,
    strategy: fields.strategy ?? strategyOf(line?.strategy),
    guidance: guidance === '' ? null : guidance,
    interactive: given.interactive === true || line?.interactive === true,
  };
  return { ...request, understood: line === null ? null : await describeRequest(request, context.projectDirectory) };
}

/** The words of a line that a shell has split already. Throws INPUT_INVALID, CONFIG_* errors. */
export async function readWords(words: readonly Word[], projectDirectory: string): Promise<RequestLine> {
  const parsed = parseRequestLine(words, await environmentsOf(words, projectDirectory));
  if (!parsed.ok) throw wrongArguments(parsed.mistakes);
  return parsed.value;
}

/** One line: what was understood, and what stands for what was not said. */
export async function describeRequest(
  { version, environment, strategy, guidance, interactive }: Omit<Requested, 'understood'>,
  projectDirectory: string,
): Promise<string> {
  const { config } = await loadConfig(projectDirectory);
  const { name, spec } = loadEnvironment(config, environment);
  return [
    `Understood: version ${version}`,
    `environment ${name}${environment === undefined ? ' (not said: the default)' : ''}`,
    `strategy ${strategy ?? `${spec.strategy.kind} (not said: the configured one)`}`,
    guidance === null ? 'no guidance' : `guidance ${JSON.stringify(guidance)}`,
    interactive ? 'interactive: six questions first' : 'not interactive',
    `project ${projectDirectory}`,
  ].join('; ');
}

/** What a field or flag says otherwise than the line. Pure. */
export function contradictions(
  fields: Readonly<Record<string, string | undefined>>,
  line: RequestLine | null,
): string[] {
  const said = new Map<string, unknown>(Object.entries(line ?? {}));
  return Object.entries(fields).flatMap(([key, value]) => {
    const other = said.get(key);
    return value === undefined || other === undefined || other === value
      ? []
      : [`${key} is ${JSON.stringify(value)} as ${key}, and ${JSON.stringify(other)} among the words: say one of them`];
  });
}

export function wrongArguments(mistakes: readonly string[]): DeployError {
  return new DeployError('INPUT_INVALID', {
    name: 'what was asked for',
    list: mistakes.map((mistake) => `- ${mistake}`).join('\n'),
    remedy: `Such as: ${lineExample}. The words may stand in any order; guidance goes in quotes. An agent asks the person what was meant and does not guess.`,
  });
}

async function readLine(text: string, context: OperationContext): Promise<RequestLine> {
  const split = splitWords(text);
  if (!split.ok) throw wrongArguments([`${split.reason}; put guidance in double quotes: --guidance "…"`]);
  const line = await readWords(split.words, context.projectDirectory);
  if (line.project !== undefined) await assertSameProject(line.project, context.projectDirectory);
  return line;
}

/** Text from a model names no other project than the one that is served: whoever wants another one opens it. */
async function assertSameProject(folder: string, projectDirectory: string): Promise<void> {
  const [asked, served] = await Promise.all(
    [resolve(projectDirectory, folder), projectDirectory].map((path) => realDirectory(path).catch(() => null)),
  );
  if (asked !== null && asked === served) return;
  throw wrongArguments([
    `the project folder ${JSON.stringify(folder)} ${asked === null ? 'does not exist' : 'is another project'}; this session works in ${projectDirectory}. Leave the folder out, open the session there, or a person runs \`seatrial ship … --project <folder>\` in a terminal`,
  ]);
}

/** A single word needs no configuration to be the version. */
async function environmentsOf(words: readonly Word[], projectDirectory: string): Promise<string[]> {
  if (words.length === 0) return [];
  try {
    return Object.keys((await loadConfig(projectDirectory)).config.environments);
  } catch (thrown) {
    if (words.length === 1) return [];
    throw thrown;
  }
}

function strategyOf(kind: string | undefined): StrategyKind | undefined {
  return kind === undefined ? undefined : strategySchema.parse({ kind }).kind;
}
