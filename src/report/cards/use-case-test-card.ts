import { plainLine } from '../format.ts';
import { type CardInput, cardHead } from './card-input.ts';
import { askedOf, expectedOf } from './smoke-checklist.ts';

/** One card for each smoke test, to be gone through by a person who looks with other eyes. Pure. */
export function renderUseCaseTestCard(input: CardInput): string {
  const { spec } = input;
  const order = ['critical-path', 'api', 'database', 'external', 'monitoring'];
  const tests = [...spec.smoke].sort((one, other) => order.indexOf(one.category) - order.indexOf(other.category));
  const cards = tests.map((test, index) =>
    [
      `## UC-${String(index + 1).padStart(2, '0')}: ${plainLine(test.name)}`,
      '',
      `**Category**: ${test.category}`,
      `**Preconditions**: the version serves on ${test.on.map((place) => (place === 'candidate' ? 'the candidate, before it has users' : spec.url)).join(', and on ')}`,
      '',
      '**Steps**:',
      `1. ${plainLine(askedOf(test))}`,
      '2. _what a user does next_',
      '',
      `**Expected**: ${plainLine(expectedOf(test))}`,
      '**Actual**: _to be filled in_',
      '**Result**: [ ] passed [ ] failed',
      '**Tested by**: _name, date_',
    ].join('\n'),
  );
  const none = '## No Use Case\n\nNo smoke test is configured; begin with the three things that users do most.';
  return `${[cardHead('Use Case Test Card', input), ...(cards.length === 0 ? [none] : cards)].join('\n\n')}\n`;
}
