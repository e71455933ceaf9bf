import { z } from 'zod';
import { projectPath } from './target.ts';

const folder = projectPath.refine(
  (path) => !path.split(/[/\\]/).some((part) => part.startsWith('.') && part !== '.'),
  'must not be a hidden folder',
);

/** Folders of the project that get what a run leaves behind, under the names that people look for. */
export const copiesSchema = z.strictObject({
  deployment: folder
    .describe('deployment-plan-, rollback-plan- and deployment-report-{version}.md')
    .prefault('docs/deployment'),
  incidents: folder.describe('incident-{run}.md').prefault('docs/incidents'),
  releases: folder.describe('release-notes-{version}.md').prefault('docs/releases'),
});
export type CopiesSpec = z.output<typeof copiesSchema>;

/** The folders by their keys, in one spelling. Pure. */
export function copyFolders(copies: CopiesSpec | undefined): Array<[key: string, folder: string]> {
  return Object.entries(copies ?? {}).map(([key, folder]) => [key, plainFolder(folder)]);
}

function plainFolder(folder: string): string {
  return folder
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .join('/');
}

export const copyKinds = [
  'deployment-plan',
  'rollback-plan',
  'deployment-report',
  'incident',
  'release-notes',
] as const;
export type CopyKind = (typeof copyKinds)[number];

/** Where the copy of a document goes, relative to the project. Pure. */
export function copyPath(copies: CopiesSpec, kind: CopyKind, of: string): string {
  const folder = plainFolder(copies[folderOf[kind]]);
  return `${folder === '' ? '' : `${folder}/`}${kind}-${of}.md`;
}

const folderOf = {
  'deployment-plan': 'deployment',
  'rollback-plan': 'deployment',
  'deployment-report': 'deployment',
  incident: 'incidents',
  'release-notes': 'releases',
} as const satisfies Record<CopyKind, keyof CopiesSpec>;

/** Whether a path of the repository, whose root the project may lie below, bears the name of a copy. Pure. */
export function isCopyPath(copies: CopiesSpec, path: string): boolean {
  return copyKinds.some((kind) => {
    const start = copyPath(copies, kind, '').slice(0, -'.md'.length);
    const at = `/${path}`.lastIndexOf(`/${start}`);
    return at !== -1 && /^[A-Za-z0-9._+-]+\.md$/.test(path.slice(at + start.length));
  });
}
