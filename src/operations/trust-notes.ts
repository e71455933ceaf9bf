import type { TrustBasis } from './project.ts';

const mostNamed = 8;

/** Where the configuration came from, when it was not the working tree, and what of the working tree is ignored. Pure. */
export function trustNotes(trust: TrustBasis): string[] {
  if (trust.how !== 'ci') return [];
  const { base, commit, ignored } = trust;
  const more = ignored.length > mostNamed ? ` and ${ignored.length - mostNamed} more` : '';
  const said =
    ignored.length === 0 ? '' : `; ignored of the working tree: ${ignored.slice(0, mostNamed).join(', ')}${more}`;
  return [`ci mode: configuration of ${base} at ${commit.slice(0, 12)}${said}`];
}
