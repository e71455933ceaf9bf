import { posix } from 'node:path';
import type { CompletionSpec } from '../model/config/after-run.ts';
import { readState } from '../report/completion/complete-state.ts';
import type { Story } from '../report/completion/render-completion.ts';
import { listDirectory, readTextFile, resolveInside } from '../system/files.ts';

/** A story with its state file. `statePath` is null when it is not known which file that is; `reason` then says why. */
export type FoundStory = { story: Story; statePath: string | null; stateText: string | null; reason: string };

const stateFile = 'workflow-state.json';

/**
 * The story that was shipped: the one that is named, else the only one whose state file says that its phase is deploy.
 * Throws FILE_REFUSED for a path that leads out of the project or over a link.
 */
export async function findStory(
  directory: string,
  spec: CompletionSpec,
  named: string | undefined,
): Promise<FoundStory> {
  const slug = named ?? spec.story ?? null;
  if (slug !== null) {
    const statePath = spec.stateFile ?? posix.join(spec.stories, slug, stateFile);
    return describeStory(directory, { slug, statePath, stories: spec.stories });
  }
  if (spec.stateFile !== undefined)
    return describeStory(directory, { slug: null, statePath: spec.stateFile, stories: spec.stories });
  const deploying = await storiesInDeploy(directory, spec.stories);
  const [only, ...more] = deploying;
  if (only !== undefined && more.length === 0)
    return describeStory(directory, {
      slug: only,
      statePath: posix.join(spec.stories, only, stateFile),
      stories: spec.stories,
    });
  const reason =
    only === undefined
      ? `no ${stateFile} under ${spec.stories} says that its phase is deploy; name the story: --story, or completion.story`
      : `several stories are in the phase deploy (${deploying.join(', ')}); name the one: --story, or completion.story`;
  return {
    story: { slug: null, title: null, summary: null, artifacts: [] },
    statePath: null,
    stateText: null,
    reason,
  };
}

async function storiesInDeploy(directory: string, stories: string): Promise<string[]> {
  const root = await resolveInside(directory, stories);
  const found: string[] = [];
  for (const slug of await listDirectory(root).catch(() => [])) {
    const text = await readInside(directory, posix.join(stories, slug, stateFile)).catch(() => null);
    const state = text === null ? null : readState(text.replace(/^\uFEFF/, ''));
    if (state !== null && typeof state !== 'string' && state['currentPhase'] === 'deploy') found.push(slug);
  }
  return found;
}

type Named = { slug: string | null; statePath: string; stories: string };

async function describeStory(directory: string, { slug, statePath, stories }: Named): Promise<FoundStory> {
  const stateText = await readInside(directory, statePath);
  const state = stateText === null ? {} : readState(stateText.replace(/^\uFEFF/, ''));
  const field = (name: string): string | null => {
    const value = typeof state === 'string' ? null : state[name];
    return typeof value === 'string' && value.trim() !== '' ? value : null;
  };
  const folderName = slug ?? field('slug');
  const folder = folderName === null || /[/\\]|^\.+$/.test(folderName) ? null : posix.join(stories, folderName);
  const design = folder === null ? null : await readInside(directory, `${folder}/design.md`);
  const artifacts = folder === null ? [] : await listArtifacts(directory, folder);
  const title = field('story') ?? /^#\s+(.+)$/m.exec(design ?? '')?.[1] ?? null;
  return {
    story: { slug: folderName, title, summary: firstParagraph(design), artifacts },
    statePath,
    stateText,
    reason: '',
  };
}

/** Design and tasks, there or not, and whatever else was written for the story. */
async function listArtifacts(directory: string, folder: string): Promise<Story['artifacts']> {
  const names: string[] = await listDirectory(await resolveInside(directory, folder)).catch(() => []);
  const usual = ['design.md', 'tasks.md'];
  const others = names.filter((name) => name.endsWith('.md') && !usual.includes(name)).slice(0, 10);
  return [...usual, ...others].map((name) => ({
    name: name.slice(0, 1).toUpperCase() + name.slice(1, -'.md'.length).replace(/[-_]+/g, ' '),
    path: `${folder}/${name}`,
    exists: names.includes(name),
  }));
}

function firstParagraph(text: string | null): string | null {
  const paragraphs = (text ?? '').split(/\r?\n\s*\r?\n/).map((part) => part.trim());
  return paragraphs.find((part) => part !== '' && !/^(#|```|---|\||[-*]\s)/.test(part)) ?? null;
}

async function readInside(directory: string, path: string): Promise<string | null> {
  return readTextFile(await resolveInside(directory, path));
}
