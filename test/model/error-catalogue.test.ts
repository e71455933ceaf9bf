import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DeployError, exitCodeOfOutcome, toDeployError } from '../../src/model/deploy-error.ts';
import { errorCatalogue, exitCode } from '../../src/model/error-catalogue.ts';
import { outcomes } from '../../src/model/run-event.ts';

const source = join(import.meta.dirname, '..', '..', 'src');
const code = readdirSync(source, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts') && !path.endsWith('error-catalogue.ts'))
  .map((path) => ({ path, text: readFileSync(join(source, path), 'utf8') }));
const entries = Object.entries(errorCatalogue);

function placeholders(text: string): string[] {
  return [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? '');
}

describe('the error catalogue', () => {
  it.each(entries)('%s says what is wrong and what to do, and is used', (name, entry) => {
    expect(entry.message.length).toBeGreaterThan(5);
    expect(entry.remedy.length).toBeGreaterThan(5);
    expect(Object.values(exitCode)).toContain(entry.exit);
    expect(code.filter(({ text }) => text.includes(`'${name}'`)).map(({ path }) => path)).not.toEqual([]);
  });

  it('is given every detail that its texts name, wherever an error is made', () => {
    const missing: string[] = [];
    let seen = 0;
    for (const { path, text } of code) {
      for (const match of text.matchAll(
        /new DeployError\(\s*'([A-Z_]+)'(?:,\s*\{([\s\S]*?)\n?\s*\})?\s*(?:,[^)]*)?\)/g,
      )) {
        const [, name = '', details = ''] = match;
        const entry = entries.find(([known]) => known === name)?.[1];
        if (entry === undefined || details.includes('...')) continue;
        seen += 1;
        const wanted = new Set([...placeholders(entry.message), ...placeholders(entry.remedy)]);
        for (const key of wanted) {
          if (key === 'remedy') continue; // Has a usual form.
          if (!new RegExp(`(^|[\\s,{])${key}\\s*(:|,|$|\\n|\\})`).test(details))
            missing.push(`${path}: ${name} without ${key}`);
        }
      }
    }
    expect(seen).toBeGreaterThan(60);
    expect(missing).toEqual([]);
  });

  it('fills its texts, keeps the cause, and takes in whatever was thrown', () => {
    const cause = new Error('deep');
    const error = new DeployError('PLAN_UNKNOWN', { planId: 'abc' }, cause);
    expect(error).toMatchObject({
      message: 'There is no plan abc.',
      code: 'PLAN_UNKNOWN',
      exitCode: exitCode.notFound,
      cause,
    });
    expect(toDeployError(error)).toBe(error);
    expect(toDeployError('odd')).toMatchObject({ code: 'INTERNAL', message: 'Unexpected: odd' });
  });

  it('has an exit code of its own for every outcome', () => {
    const codes = outcomes.map(exitCodeOfOutcome);
    expect(new Set(codes).size).toBe(outcomes.length);
    expect(exitCodeOfOutcome('succeeded')).toBe(0);
    expect(exitCodeOfOutcome('nonsense')).toBe(exitCode.internal);
  });
});
