export type ForgeLinks = { issue(number: number): string; pull(number: number): string; commit(oid: string): string };

type Shape = { issue: string; pull: string; commit: string };

const shapes: ReadonlyMap<string, Shape> = new Map(
  Object.entries({
    'github.com': { issue: 'issues/', pull: 'pull/', commit: 'commit/' },
    'gitlab.com': { issue: '-/issues/', pull: '-/merge_requests/', commit: '-/commit/' },
    'codeberg.org': { issue: 'issues/', pull: 'pulls/', commit: 'commit/' },
    'bitbucket.org': { issue: 'issues/', pull: 'pull-requests/', commit: 'commits/' },
  }),
);

/** Where issues and pull requests of a remote can be looked at; null for a remote of any other form than those known. Pure. */
export function forgeLinks(originUrl: string | null): ForgeLinks | null {
  const found =
    /^(?:https:\/\/(?:[^@/\s]+@)?|ssh:\/\/git@|git@)([a-z.]+)(?::443|:22)?[:/]([A-Za-z0-9._-]+(?:\/[A-Za-z0-9._-]+){1,5})$/.exec(
      (originUrl ?? '').replace(/\/$/, '').replace(/\.git$/, ''),
    );
  const [host = '', path = ''] = [found?.[1], found?.[2]];
  const shape = shapes.get(host);
  if (shape === undefined || path.split('/').some((part) => part === '..' || part === '.')) return null;
  const base = `https://${host}/${path}`;
  return {
    issue: (number) => `${base}/${shape.issue}${number}`,
    pull: (number) => `${base}/${shape.pull}${number}`,
    commit: (oid) => `${base}/${shape.commit}${oid}`,
  };
}
