import { afterEach, beforeEach, expect, it } from 'vitest';
import { openRepository } from '../../src/system/git.ts';
import { createLearningsProject, type LearningsProject } from '../fixtures/learnings-project.ts';

let project: LearningsProject;
beforeEach(() => {
  project = createLearningsProject();
  project.git('init', '--quiet', '--initial-branch=main');
});
afterEach(() => project.remove());

function commit(message: string): string {
  project.git('commit', '--quiet', '--allow-empty', '--message', message);
  return project.git('rev-parse', 'HEAD').trim();
}

it('tells the times of the commits that one revision has and another has not, merged branches included', async () => {
  const first = commit('first');
  project.git('checkout', '--quiet', '-b', 'side');
  commit('on a branch');
  project.git('checkout', '--quiet', 'main');
  commit('second');
  project.git('merge', '--quiet', '--no-edit', 'side');
  const last = project.git('rev-parse', 'HEAD').trim();
  const repository = await openRepository(project.directory);
  const times = await repository.commitTimes(first, last);
  const told = project.git('log', '--format=%cI', `${first}..${last}`).trim().split('\n');
  expect(told).toHaveLength(3);
  expect(times).toEqual(told.map((time) => new Date(time).toISOString()));
  expect(await repository.commitTimes(last, first)).toEqual([]);
});
