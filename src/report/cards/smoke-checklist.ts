import type { CheckResult } from '../../model/check.ts';
import type { SmokeSpec } from '../../model/config/smoke.ts';
import { plainLine } from '../format.ts';
import { type CardInput, cardHead, checkLine } from './card-input.ts';

const categories: ReadonlyArray<readonly [SmokeSpec['category'], string]> = [
  ['critical-path', 'Critical User Journeys'],
  ['api', 'API Endpoints'],
  ['database', 'Database'],
  ['external', 'External Integrations'],
  ['monitoring', 'Monitoring & Logging'],
];

/** Every smoke test by category, ticked where the last round of a run passed it. Pure. */
export function renderSmokeChecklist(input: CardInput): string {
  const { spec, record } = input;
  const answers = record?.smoke.at(-1)?.checks ?? null;
  const sections = categories.map(([category, title]) => {
    const tests = spec.smoke.filter((test) => test.category === category);
    const lines = tests.map((test) => checkLine(describeTest(test), answerOf(answers, test)));
    return `## ${title}\n${lines.length === 0 ? '- [ ] none configured' : lines.join('\n')}`;
  });
  const run = record === null ? 'none: nothing is ticked' : record.runId;
  return `${[cardHead('Smoke Test Checklist', input, [`**Run**: ${run}`]), ...sections].join('\n\n')}\n`;
}

function answerOf(answers: readonly CheckResult[] | null, test: SmokeSpec): CheckResult | null {
  return answers?.find(({ title }) => title === test.name) ?? null;
}

/** One test on one line: what is asked and what must come back. Pure. */
export function describeTest(test: SmokeSpec): string {
  return plainLine(`${test.name}: ${askedOf(test)}, expects ${expectedOf(test)}`);
}

/** What a smoke test does. Pure. */
export function askedOf(test: SmokeSpec): string {
  return 'command' in test ? `runs ${test.command[0] ?? ''}` : `${test.request.method} ${test.request.path}`;
}

/** What a smoke test wants to see. Pure. */
export function expectedOf(test: SmokeSpec): string {
  if ('command' in test) return 'exit code 0';
  const { status, json, text, faster, header } = test.expect;
  return [
    `status ${status}`,
    ...Object.entries(json).map(([path, value]) => `${path} = ${JSON.stringify(value)}`),
    ...(text === undefined ? [] : [`a body with “${text}”`]),
    ...(faster === undefined ? [] : [`within ${faster} ms`]),
    ...Object.entries(header).map(([name, value]) => `${name}: ${value}`),
  ].join(', ');
}
