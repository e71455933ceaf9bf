import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { loadCommands } from '../../src/operations/load-commands.ts';

const directory = mkdtempSync(join(tmpdir(), 'seatrial-commands-'));
afterEach(() => rmSync(directory, { recursive: true, force: true }));

describe('loadCommands', () => {
  it('reads commands with their arguments, and nothing else', async () => {
    writeFileSync(
      join(directory, 'ship.md'),
      '---\ndescription: Ship it\narguments: [strategy, version]\nargument-hint: <strategy> <version>\n---\n\nShip $version.\n',
    );
    writeFileSync(join(directory, 'notes.txt'), 'no command');
    expect(await loadCommands(directory)).toEqual([
      {
        name: 'ship',
        description: 'Ship it',
        hint: '<strategy> <version>',
        arguments: [
          { name: 'strategy', description: 'strategy of: <strategy> <version>', required: false },
          { name: 'version', description: 'version of: <strategy> <version>', required: false },
        ],
        text: 'Ship $version.',
      },
    ]);
  });

  it('has none where there is no folder', async () => {
    expect(await loadCommands(join(directory, 'missing'))).toEqual([]);
  });
});
