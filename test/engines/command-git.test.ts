import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { httpRequest } from '../../src/system/http.ts';
import { createGitPlace, type GitPlace } from '../fixtures/git-place.ts';

async function versionAt({ url }: GitPlace): Promise<string | null> {
  const answer = await httpRequest({ url, timeoutMs: 2000 }).catch(() => null);
  return answer?.headers['x-app-version'] ?? null;
}

describe('git push', () => {
  let place: GitPlace;
  const signal = new AbortController().signal;
  beforeAll(async () => {
    place = await createGitPlace();
  });
  afterAll(() => place.close());

  it('follows what the hook wrote down for exactly this commit', async () => {
    const [one, bad] = [place.revision('1.0.0'), place.revision('2.0.0', { crashOnStart: true })];
    await place.target.promote({ revision: one, standbyMs: 0 }, place.act());
    // git itself is content with this push; the hook is not.
    await expect(place.target.promote({ revision: bad, standbyMs: 0 }, place.act())).rejects.toThrow(
      /the hook could not deploy .*no database/,
    );
    // A second push of the same commit runs no hook, and still is no success.
    await expect(place.target.promote({ revision: bad, standbyMs: 0 }, place.act())).rejects.toMatchObject({
      code: 'TARGET_REFUSED',
    });
    const state = await place.target.inspect(signal);
    expect(state.revisions.map(({ revision, role }) => [revision.id, role])).toEqual([[one.id, 'stable']]);
    expect(await versionAt(place)).toBe('1.0.0');
  });

  it('tells a commit that somebody else has pushed by its commit', async () => {
    const three = place.revision('3.0.0');
    place.git('push', '--quiet', '--force', 'live', `${three.commit}:refs/heads/live`);
    const [live] = (await place.target.inspect(signal)).revisions;
    expect(live?.revision).toMatchObject({ commit: three.commit, version: three.commit?.slice(0, 12), ref: null });
  });

  it('goes back to an older commit only by the command for that', async () => {
    const one = place.revision('1.0.0');
    await expect(place.target.promote({ revision: one, standbyMs: 0 }, place.act())).rejects.toThrow(
      /non-fast-forward/,
    );
    await place.target.promote({ revision: one, standbyMs: 0 }, place.act({ way: 'back' }));
    expect(await versionAt(place)).toBe('1.0.0');
  });
});
