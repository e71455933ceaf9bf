import { z } from 'zod';
import { guessConfig } from '../config/init/guess-config.ts';
import { writeConfig } from '../config/init/write-config.ts';
import { exitCode } from '../model/error-catalogue.ts';
import { realDirectory } from '../system/files.ts';
import { defineOperation } from './define-operation.ts';

export const init = defineOperation({
  name: 'init',
  title: 'Write a first seatrial.yaml',
  description:
    'Looks at the project (package.json, Dockerfile, Procfile, manifests), writes a first configuration with the reason for each guess, and overwrites nothing.',
  tool: false,
  effects: 'changes',
  input: z.object({}),
  cli: { command: 'init', positional: [], examples: ['seatrial init', 'seatrial init --project ../shop'] },
  run: async (_input, { projectDirectory }) => {
    const directory = await realDirectory(projectDirectory);
    const guessed = await guessConfig(directory);
    const { written, path } = await writeConfig(directory, guessed.text);
    if (!written) {
      return {
        data: { written, path },
        text: `${path} is there already and stays as it is. What it means: seatrial explain`,
        exitCode: exitCode.usage,
      };
    }
    const lines = [
      `Wrote ${path}`,
      ...guessed.guesses.map(
        (guess) =>
          `  ${guess.sure ? '·' : '?'} ${guess.key}: ${Array.isArray(guess.value) ? guess.value.flat().join(' ') : String(guess.value)} (${guess.because})`,
      ),
      ...guessed.notes.map((note) => `  ! ${note}`),
      '  ! the steps take about an hour, as production wants it; to try it out, write shorter bakes: strategy: { kind: canary, steps: [{ weight: 25%, bake: 10s }, { weight: 100%, bake: 10s }] }',
      '  ! a verdict needs requests; for a service without users: metrics: { source: prober, path: /health }',
      'Next: read it, tag a version (git tag v1.0.0), then: seatrial ship 1.0.0',
    ];
    return { data: { written, path, guesses: guessed.guesses, notes: guessed.notes }, text: lines.join('\n') };
  },
});
