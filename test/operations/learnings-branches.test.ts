import { readdirSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { History } from '../../src/model/history.ts';
import { addNote, loadCatalogue, loadSources } from '../../src/operations/learnings-files.ts';
import { rebuildLearnings } from '../../src/operations/rebuild-learnings.ts';
import { renderLearnings } from '../../src/report/learnings/render-learnings.ts';
import { createLearningsProject, dayEntry, type LearningsProject } from '../fixtures/learnings-project.ts';

const branches = ['one', 'two', 'three'];
const handWritten = (branch: string): string => `Written by hand on ${branch}.`;

let project: LearningsProject;
beforeEach(async () => {
  project = createLearningsProject();
  project.git('init', '--quiet', '--initial-branch=main');
});
afterEach(() => project.remove());

/** What a deploy on a branch leaves: a run, a note, a line by hand, and the view rendered from what the branch knows. */
async function deployOn(branch: string, index: number, changes: Partial<History> = {}): Promise<void> {
  project.addRun(
    dayEntry(10 + index, {
      outcome: index === 1 ? 'rolled_back' : 'succeeded',
      trigger: index === 1 ? 'error-rate' : null,
      pitfalls: index === 1 ? ['rollback-needed', 'silent-deploy'] : ['silent-deploy'],
      patterns: ['evidence-before-promotion'],
      version: `1.${index}.0`,
      ...changes,
    }),
  );
  const at = '2026-11-20T10:00:00.000Z';
  await addNote(project, {
    kind: 'lesson',
    title: branch,
    pitfall: null,
    runId: null,
    by: branch,
    at,
    text: `Learned on ${branch}: ${'more words '.repeat(index + 1)}`,
  });
  await rebuildLearnings(await project.open());
  project.write('learnings.md', `${handWritten(branch)}\n${project.read('learnings.md')}\n${handWritten(branch)}\n`);
  commit(`deploy on ${branch}`);
}

function commit(message: string): void {
  project.git('add', '--all');
  project.git('commit', '--quiet', '--allow-empty', '--message', message);
}

/** Three branches from one commit, each with a deploy of its own. */
async function threeBranches(base: 'with learnings' | 'without'): Promise<void> {
  if (base === 'with learnings') {
    for (let day = 0; day < 4; day += 1) project.addRun(dayEntry(day, { pitfalls: ['friday-deploy'] }));
    await rebuildLearnings(await project.open());
  }
  commit('base');
  for (const [index, branch] of branches.entries()) {
    project.git('checkout', '--quiet', '-b', branch, 'main');
    await deployOn(branch, index);
  }
  project.git('checkout', '--quiet', 'main');
}

/** What somebody would have who deployed the three one after the other on one branch. */
async function singleBranch(): Promise<string> {
  const { setAside, ...sources } = await loadSources(await project.open());
  expect(setAside).toEqual([]);
  expect(sources.history.filter(({ runId }) => Number(runId.slice(4)) >= 10)).toHaveLength(3);
  expect(sources.notes).toHaveLength(3);
  return renderLearnings({ ...sources, catalogue: await loadCatalogue() });
}

async function expectOneView(): Promise<void> {
  expect(project.git('status', '--porcelain')).toBe('');
  const { remarks, path } = await rebuildLearnings(await project.open());
  expect(path).toBe(project.path('learnings.md'));
  expect(remarks.filter((remark) => !remark.includes('united by git'))).toEqual([]);
  const text = project.read('learnings.md');
  expect(text).toContain(await singleBranch());
  expect(text).toContain('(3/');
  expect(text.match(/<!-- seatrial:generated/g)).toHaveLength(2);
  // Words on both sides of the block, of all three, in whatever order git put them.
  for (const branch of branches) expect(text.split(handWritten(branch))).toHaveLength(3);
  expect(readdirSync(project.path('notes'))).toHaveLength(3);
  expect((await rebuildLearnings(await project.open())).after).toBe(text);
}

describe.each(['with learnings', 'without'] as const)('three branches that each deployed, from a base %s', (base) => {
  it.each([
    ['one after the other', [['one'], ['two'], ['three']]],
    ['the other way round', [['three'], ['two'], ['one']]],
  ])('merge %s', async (_name, merges) => {
    await threeBranches(base);
    for (const names of merges) project.git('merge', '--quiet', '--no-edit', ...names);
    await expectOneView();
  });

  it('merge into each other', async () => {
    await threeBranches(base);
    project.git('checkout', '--quiet', 'two');
    project.git('merge', '--quiet', '--no-edit', 'three');
    project.git('checkout', '--quiet', 'one');
    project.git('merge', '--quiet', '--no-edit', 'two');
    await expectOneView();
  });

  it('are rebased onto each other', async () => {
    await threeBranches(base);
    project.git('rebase', '--quiet', 'one', 'two');
    project.git('rebase', '--quiet', 'two', 'three');
    await expectOneView();
  });

  it('merge while each renders anew in between', async () => {
    await threeBranches(base);
    for (const branch of branches) {
      project.git('merge', '--quiet', '--no-edit', branch);
      await rebuildLearnings(await project.open());
      commit('rendered');
    }
    await expectOneView();
  });
});

it('a branch that wrote into the rendered part is not overwritten by a merge', async () => {
  await threeBranches('with learnings');
  project.git('checkout', '--quiet', 'two');
  project.write(
    'learnings.md',
    project.read('learnings.md').replace('**Prevention**:', '**Prevention**:\nWords of a person.'),
  );
  commit('by hand');
  project.git('checkout', '--quiet', 'main');
  for (const branch of branches) project.git('merge', '--quiet', '--no-edit', branch);
  await rebuildLearnings(await project.open());
  const kept = readdirSync(project.path('notes')).map((name) => project.read(`notes/${name}`));
  expect(`${project.read('learnings.md')}${kept.join('')}`).toContain('Words of a person.');
});
