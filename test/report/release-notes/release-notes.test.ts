import { describe, expect, it } from 'vitest';
import { forgeLinks } from '../../../src/report/release-notes/forge-links.ts';
import { parseCommits } from '../../../src/report/release-notes/parse-commit.ts';
import {
  type ReleaseNotes,
  renderChangelogSection,
  renderReleaseNotes,
} from '../../../src/report/release-notes/release-notes.ts';

const oid = 'c0ffee0'.padEnd(40, '0');
const notesOf = (messages: string[], more: Partial<ReleaseNotes> = {}): ReleaseNotes => ({
  service: 'shop',
  version: '1.4.0',
  commit: oid,
  date: '2026-11-30',
  since: 'v1.3.0',
  status: { status: 'deployed', environment: 'production', runId: '01j9', at: '2026-11-30T10:00:00Z' },
  changes: parseCommits(messages.map((message) => ({ oid, at: '', author: 'Ada', message }))),
  truncated: false,
  ...more,
});

describe('release notes', () => {
  it('group the changes, what breaks first, and link what the forge has', () => {
    const notes = notesOf(['fix: a leak (#4)', 'feat(cart)!: a basket\n\nCloses #3', 'docs: words']);
    expect(renderReleaseNotes(notes, forgeLinks('git@github.com:ada/shop.git'))).toBe(`# Release Notes: shop 1.4.0

**Version**: 1.4.0
**Commit**: c0ffee000000
**Date**: 2026-11-30
**Since**: v1.3.0
**Status**: deployed to production at 2026-11-30T10:00:00Z (run 01j9)

## Breaking Changes

- **cart**: a basket

## Features

- **cart**: a basket ([#3](https://github.com/ada/shop/issues/3), [c0ffee0](https://github.com/ada/shop/commit/${oid}))

## Fixes

- a leak ([#4](https://github.com/ada/shop/pull/4), [c0ffee0](https://github.com/ada/shop/commit/${oid}))

## Documentation

- words ([c0ffee0](https://github.com/ada/shop/commit/${oid}))

## Issues and Pull Requests

- Pull requests: [#4](https://github.com/ada/shop/pull/4)
- Issues: [#3](https://github.com/ada/shop/issues/3)

## Contributors

- Ada (3 commits)
`);
  });

  it('have no links without a forge that is known, and say when nothing is new, or too much', () => {
    expect(renderReleaseNotes(notesOf(['fix: a (#4)']), null)).toContain('- a (#4, c0ffee0)');
    const empty = renderReleaseNotes(notesOf([], { since: null, truncated: true }), null);
    expect(empty).toContain('- none since then');
    expect(empty).toContain('**Since**: the first commit');
    expect(empty).toContain('_Older commits are left out._');
    expect(empty).toContain('- nobody');
  });

  it('list commits that follow no convention too', () => {
    expect(renderReleaseNotes(notesOf(['made it better', 'oops']), null)).toContain(
      '## Other Changes\n\n- made it better',
    );
  });

  it.each([
    ['fix: [click](https://evil.example) ![i](x)', '- \\[click\\](https\\://evil.example) \\!\\[i\\](x)'],
    ['fix: www.evil.example', '- www\\.evil.example'],
    ['# a heading', '- \\# a heading'],
    ['- a list', '- \\- a list'],
    ['1. a list', '- 1\\. a list'],
    ['fix: **bold** _it_ | cell &lt;b&gt; $x$', '- \\*\\*bold\\*\\* \\_it\\_ \\| cell \\&lt;b\\&gt; \\$x\\$'],
    ['fix: <!-- /seatrial:1.4.0 -->', '- ‹\\!-- /seatrial:1.4.0 --›'],
  ])('make %j harmless in Markdown', (message, wanted) => {
    expect(renderReleaseNotes(notesOf([message]), null)).toContain(`${wanted} (c0ffee0)`);
  });

  it('make the name of a tag harmless', () => {
    expect(renderReleaseNotes(notesOf([], { since: 'v1<b>_x' }), null)).toContain('**Since**: v1‹b›\\_x');
  });

  it.each([
    [{ status: 'not-deployed', runId: null, at: null }, 'not deployed to production: no run is on record'],
    [{ status: 'rolled-back', runId: null, at: null }, 'rolled back in production, as was stated; no run is on record'],
    [{ status: 'unclear', runId: 'r', at: null }, 'unclear in production'],
  ] as const)('say the status %j', (status, words) => {
    const notes = notesOf([], { status: { environment: 'production', ...status } });
    expect(renderReleaseNotes(notes, null)).toContain(`**Status**: ${words}`);
    expect(renderChangelogSection(notes, null)).toMatch(/^## \[1\.4\.0\] - 2026-11-30\n\n_/);
  });
});

describe('links', () => {
  it.each([
    ['https://github.com/ada/shop', 'https://github.com/ada/shop/pull/1'],
    ['https://user:secret@github.com/ada/shop.git', 'https://github.com/ada/shop/pull/1'],
    ['ssh://git@codeberg.org/ada/shop.git', 'https://codeberg.org/ada/shop/pulls/1'],
    ['git@gitlab.com:group/sub/shop.git', 'https://gitlab.com/group/sub/shop/-/merge_requests/1'],
    ['https://bitbucket.org/ada/shop/', 'https://bitbucket.org/ada/shop/pull-requests/1'],
  ])('of %s', (url, wanted) => {
    expect(forgeLinks(url)?.pull(1)).toBe(wanted);
  });

  it.each([
    null,
    '',
    '/srv/git/shop.git',
    'https://constructor/ada/shop',
    'https://git.example.org/ada/shop',
    'https://github.com.evil.example/ada/shop',
    'https://github.com/../shop',
    'https://github.com/ada/shop) [x](javascript:alert(1)',
    'javascript:alert(1)',
    'ext::sh -c x',
  ])('are not made up for %j', (url) => {
    expect(forgeLinks(url)).toBeNull();
  });
});
