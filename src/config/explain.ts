import { configSchema } from '../model/config/environment.ts';
import { approvalRule } from './approval-rule.ts';
import type { LoadedConfig } from './load-config.ts';
import { loadEnvironment } from './load-environment.ts';
import { renderKey, renderScalar } from './render-yaml.ts';
import { type Schema, schemaAt, valueAt } from './schema-walk.ts';
import { flattenSettings, type Setting, type SettingNode, settingTree } from './setting-tree.ts';
import { summarize } from './summarize.ts';
import { visibleText } from './visible-text.ts';

/** `enrolled`: an approver's key is enrolled for this user, which the default approval follows. */
type Explained = Pick<LoadedConfig, 'config' | 'given'> & { enrolled: boolean };

export type Explanation = {
  service: string;
  environment: string;
  /** Plain sentences: what happens when something is shipped there. */
  summary: string[];
  /** Every setting with its value as a person writes it, and where it comes from. */
  settings: Setting[];
};

/** What is in force in an environment, as data. Throws ENVIRONMENT_UNKNOWN. Pure. */
export function explainEnvironment(loaded: Explained, environmentName?: string): Explanation {
  const { name, spec } = loadEnvironment(loaded.config, environmentName);
  const settings = flattenSettings(environmentTree(loaded, name), '').map((setting) =>
    withEffectiveApproval(setting, name, loaded.enrolled),
  );
  return {
    service: loaded.config.service,
    environment: name,
    summary: summarize(name, spec, loaded.enrolled),
    settings,
  };
}

/**
 * The same as text: the summary in comments, then YAML that can be loaded again and means the same.
 * Throws ENVIRONMENT_UNKNOWN. Pure.
 */
export function renderExplanation(loaded: Explained, environmentName?: string): string {
  const { name, spec } = loadEnvironment(loaded.config, environmentName);
  const lines = [
    ...summarize(name, spec, loaded.enrolled).map((sentence) => `# ${sentence}`),
    '',
    withComment('version: 1', 'yours'),
    withComment(`service: ${renderScalar(loaded.config.service)}`, 'yours'),
    'environments:',
    `  ${renderKey(name)}:`,
    ...renderNode(environmentTree(loaded, name), 4).map((line) =>
      line.replace(/^ {4}# approval: not set.*$/, approvalLine(name, loaded.enrolled)),
    ),
    'learnings:',
    ...renderNode(treeAt(loaded, ['learnings']), 2),
    'agent:',
    ...renderNode(treeAt(loaded, ['agent']), 2),
  ];
  return `${lines.join('\n')}\n`;
}

function environmentTree(loaded: Explained, name: string): SettingNode {
  return treeAt(loaded, ['environments', name]);
}

function treeAt({ given }: Explained, path: readonly string[]): SettingNode {
  const schema: Schema = schemaAt(configSchema, given, path) ?? configSchema;
  return settingTree({ schema, given: valueAt(given, path), from: 'yours' });
}

/** The default approval follows from the environment's name, which a schema cannot say. */
function withEffectiveApproval(setting: Setting, name: string, enrolled: boolean): Setting {
  if (setting.key !== 'approval' || setting.from !== 'not set') return setting;
  const rule = approvalRule(name, { approval: undefined }, enrolled);
  return { key: 'approval.how', value: rule.how, from: 'default', description: rule.note };
}

function approvalLine(name: string, enrolled: boolean): string {
  const rule = approvalRule(name, { approval: undefined }, enrolled);
  return withComment(`    # approval: { how: ${rule.how} }`, `default for an environment named ${name} · ${rule.note}`);
}

const commentColumn = 52;

function withComment(text: string, comment: string): string {
  return `${text.padEnd(commentColumn)}  # ${visibleText(comment)}`;
}

function commentOf(node: SettingNode): string {
  return node.description === '' ? node.from : `${node.from} · ${node.description}`;
}

function renderNode(node: SettingNode, indent: number): string[] {
  if (node.kind === 'map') return node.entries.flatMap(([key, inner]) => renderEntry(key, inner, indent));
  if (node.kind === 'list') return node.items.flatMap((item) => renderItem(item, indent));
  return [withComment(`${' '.repeat(indent)}${renderScalar(node.value)}`, commentOf(node))];
}

function renderEntry(key: string, node: SettingNode, indent: number): string[] {
  const start = `${' '.repeat(indent)}${renderKey(key)}:`;
  if (node.from === 'not set')
    return [withComment(`${' '.repeat(indent)}# ${key}: not set`, node.description).replace(/ +# $/, '')];
  if (node.kind === 'value') return [withComment(`${start} ${renderScalar(node.value)}`, commentOf(node))];
  const inner = renderNode(node, indent + 2);
  const nothingSet = inner.every((line) => line.trimStart().startsWith('#'));
  const opening = nothingSet ? `${start} ${node.kind === 'map' ? '{}' : '[]'}` : start;
  const comment = node.description === '' && !nothingSet ? null : commentOf(node);
  return [comment === null ? opening : withComment(opening, comment), ...inner];
}

/** The first line that is no comment carries the hyphen of the item. */
function renderItem(item: SettingNode, indent: number): string[] {
  const lines = renderNode(item, indent + 2);
  const first = lines.findIndex((line) => !line.trimStart().startsWith('#'));
  const hyphen = `${' '.repeat(indent)}- `;
  if (first === -1) return [`${hyphen}{}`, ...lines];
  return lines.map((line, index) => (index === first ? hyphen + line.slice(indent + 2) : line));
}
