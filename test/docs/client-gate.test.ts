import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { clientVersion, waysWithoutPerson } from '../client/approval-ways.ts';

const root = resolve(import.meta.dirname, '../..');

/** What was tried against the real client is not tried in the plain test run, but what is said of it is compared with the attempts. */
describe('the gate of the client in docs/threat-model.md', () => {
  const rows = readFileSync(join(root, 'docs/threat-model.md'), 'utf8')
    .split('\n')
    .filter((line) => line.includes('`test/client/'));
  const row = (file: string): string => rows.find((line) => line.endsWith(`| \`test/client/${file}\` |`)) ?? '';

  it('names the version and each way that was tried, and no other', () => {
    const said = row('approval.test.ts');
    expect(said).toContain(`Claude Code ${clientVersion}`);
    const names = [...(said.split(' under ')[1]?.split(':')[0] ?? '').matchAll(/`([^`]+)`/g)].map(([, name]) => name);
    expect(names).toEqual(waysWithoutPerson.map(({ name }) => name));
  });

  it('names tests that are there', () => {
    expect(rows.length).toBeGreaterThan(1);
    for (const [, name = ''] of rows.join('\n').matchAll(/"([^"]+)"/g)) {
      const file = rows.find((line) => line.includes(`"${name}"`))?.match(/`(test\/client\/[\w.-]+)`/)?.[1] ?? '';
      expect(readFileSync(join(root, file), 'utf8')).toContain(name);
    }
  });
});
