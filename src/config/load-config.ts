import { join } from 'node:path';
import { type Config, configSchema } from '../model/config/environment.ts';
import { DeployError } from '../model/deploy-error.ts';
import { canonicalJson, sha256Hex } from '../system/canonical-json.ts';
import { errorCodeOf, fileExists, plainFileSize, readTextFile } from '../system/files.ts';
import type { Mistake } from './describe-issue.ts';
import { findMistakes } from './find-mistakes.ts';
import { longestConfig, type ParsedYaml, parseYaml } from './parse-yaml.ts';
import { visibleText } from './visible-text.ts';

export const configFile = 'seatrial.yaml';

export type LoadedConfig = {
  /** With every default filled in; durations in ms, ratios 0–1, weights 0–100. */
  config: Config;
  /** Absolute. */
  configPath: string;
  /** The file as it is. */
  text: string;
  /** SHA-256 (hex) of the resolved config: the same for two files that mean the same. */
  hash: string;
  /** What the file says, before defaults; `explain` tells from it what is yours and what is default. */
  given: unknown;
};

/**
 * Reads a project's config. Throws CONFIG_MISSING, FILE_REFUSED (no plain file), CONFIG_UNREADABLE (not YAML, with its
 * line) or CONFIG_INVALID (every mistake with line, column, key, and what is allowed).
 */
export async function loadConfig(projectDirectory: string, file: string = configFile): Promise<LoadedConfig> {
  const configPath = join(projectDirectory, file);
  const text = await readConfigText(configPath, { file, directory: projectDirectory });
  return { ...parseConfig(text, file), configPath, text };
}

async function readConfigText(path: string, { file, directory }: { file: string; directory: string }): Promise<string> {
  try {
    const size = await plainFileSize(path);
    if (size === null && (await fileExists(path)))
      throw new DeployError('FILE_REFUSED', { path, reason: 'it is no plain file' });
    if (size !== null && size > longestConfig * 4) {
      throw new DeployError('CONFIG_UNREADABLE', { file, line: 1, reason: `it has ${size} bytes` });
    }
    const text = size === null ? null : await readTextFile(path);
    if (text !== null) return text;
  } catch (thrown) {
    if (thrown instanceof DeployError) throw thrown;
    const code = errorCodeOf(thrown);
    if (code !== 'ENOTDIR') throw new DeployError('FILE_REFUSED', { path, reason: readFailure(code) }, thrown);
  }
  throw new DeployError('CONFIG_MISSING', { file, directory });
}

function readFailure(code: string | null): string {
  const denied = code === 'EACCES' || code === 'EPERM';
  return denied ? 'this user may not read it' : `it cannot be read (${code ?? 'unknown reason'})`;
}

/** The text of a config, checked and with defaults. Throws CONFIG_UNREADABLE, CONFIG_INVALID. Pure. */
export function parseConfig(text: string, file: string = configFile): Pick<LoadedConfig, 'config' | 'hash' | 'given'> {
  const parsed = parseYaml(text.startsWith('\uFEFF') ? text.slice(1) : text, file);
  const result = configSchema.safeParse(parsed.value);
  if (result.success) return { config: result.data, hash: sha256Hex(canonicalJson(result.data)), given: parsed.value };
  const mistakes = findMistakes(configSchema, parsed.value);
  throw new DeployError(
    'CONFIG_INVALID',
    { file, count: mistakes.length, list: renderMistakes(mistakes, parsed) },
    result.error,
  );
}

const mostMistakes = 20;
/** To look for a place takes time, and a hostile file may have a mistake in each line. */
const mostPlaced = 500;

function renderMistakes(mistakes: readonly Mistake[], parsed: ParsedYaml): string {
  const placed = mistakes
    .slice(0, mostPlaced)
    .map(({ path, text }) => ({ ...parsed.positionOf(path), path: renderPath(path), text }));
  placed.sort((one, other) => one.line - other.line || one.column - other.column || one.path.localeCompare(other.path));
  const lines = placed
    .slice(0, mostMistakes)
    .map(({ line, column, path, text }) => `  ${line}:${column}  ${path}: ${text}`);
  if (mistakes.length > mostMistakes) lines.push(`  … and ${mistakes.length - mostMistakes} more`);
  return lines.join('\n');
}

const longestSegment = 60;

function renderPath(path: ReadonlyArray<string | number>): string {
  if (path.length === 0) return 'the file';
  const parts = path.map((segment) =>
    typeof segment === 'number' ? `[${segment}]` : `.${visibleText(segment.slice(0, longestSegment))}`,
  );
  return parts.join('').replace(/^\./, '');
}
