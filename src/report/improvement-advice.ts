/** The documents of the review, in its order of priority. */
export const documents = {
  guidelines: 'docs/technical/deployment-guidelines.md',
  checklist: 'docs/deployment/pre-deployment-checklist.md',
  standards: 'docs/technical/operations-standards.md',
  implementation: 'docs/technical/use-case-implementation-guidelines.md',
} as const;

export type Advice = {
  /** The lesson in one sentence, and why it matters for safe, repeatable deployments. */
  lesson: string;
  why: string;
  document: (typeof documents)[keyof typeof documents];
  section: string;
  /** Ready to paste. */
  wording: string;
  action: string;
  /** Where it should be flagged. */
  flag: 'common deployment pitfalls' | 'pre-deployment checklist';
};

/** What to learn from each pitfall of the catalogue. */
export const adviceByPitfall: Readonly<Record<string, Advice>> = {
  'rollback-needed': {
    lesson: 'A defect reached users that no check before them had caught.',
    why: 'Every rollback costs failed requests; a check that knows the defect costs none.',
    document: documents.guidelines,
    section: 'Before users: smoke tests',
    wording:
      '- After every rollback a smoke test is added that fails on the revision that was rolled back, before that change is shipped again.',
    action: 'Write the smoke test that would have failed on this revision, and see it fail.',
    flag: 'common deployment pitfalls',
  },
  'deploy-failure': {
    lesson: 'The revision could not be brought up in production.',
    why: 'A start that fails only in production shows a difference between the environments.',
    document: documents.guidelines,
    section: 'Before users: start and health',
    wording:
      '- The revision is started once with production-like configuration, and answers its health path, before it is tagged.',
    action: 'Start the revision with the production configuration outside production, and fix what stops it.',
    flag: 'common deployment pitfalls',
  },
  'missing-rollback-plan': {
    lesson: 'No written way back is known.',
    why: 'When the automatic way back cannot be used, people lose the time that they spend finding out how.',
    document: documents.checklist,
    section: 'Before: rollback',
    wording:
      '- [ ] The rollback plan is written, names who decides, and `rollback.document` in seatrial.yaml points at it.',
    action: 'Write the rollback plan and point `rollback.document` at it.',
    flag: 'pre-deployment checklist',
  },
  'unrehearsed-rollback': {
    lesson: 'Nothing shows that the rollback was rehearsed lately.',
    why: 'A way back that was never walked is a hope.',
    document: documents.checklist,
    section: 'Before: rollback',
    wording: '- [ ] The rollback was rehearsed on staging within the last 90 days, and the rehearsal is on record.',
    action: 'Rehearse the rollback on staging.',
    flag: 'pre-deployment checklist',
  },
  'insufficient-monitoring': {
    lesson: 'Users were given to the revision on less evidence than was asked for.',
    why: 'What was not watched was not verified, and its faults are found by users.',
    document: documents.guidelines,
    section: 'After: watching',
    wording:
      '- No step is passed before its bake is over and its verdict is a pass; where traffic is too small for a verdict, the prober is configured.',
    action: 'Lengthen the bake or configure the prober so that a verdict is possible.',
    flag: 'common deployment pitfalls',
  },
  'friday-deploy': {
    lesson: 'It was shipped right before days off.',
    why: 'Slow faults show when nobody is there to see them.',
    document: documents.checklist,
    section: 'Before: time',
    wording: '- [ ] The deploy starts on a working day that is followed by a working day.',
    action: 'Ship on the next working day, or name who stays on call over the days off.',
    flag: 'pre-deployment checklist',
  },
  'silent-deploy': {
    lesson: 'No notification got through.',
    why: 'People who do not know of a deploy look for the fault elsewhere.',
    document: documents.checklist,
    section: 'Communication',
    wording: '- [ ] `notify` in seatrial.yaml reaches the channel of the people who are on call.',
    action: 'Configure `notify` for this environment.',
    flag: 'pre-deployment checklist',
  },
  'no-staging-verification': {
    lesson: 'Nothing shows that the revision was verified on staging.',
    why: 'Without it production may be the first place where a revision runs.',
    document: documents.checklist,
    section: 'Before: staging',
    wording: '- [ ] The same commit ran on staging, its smoke tests were green and its SLOs were met.',
    action: 'Configure `gates.evidence.staging`.',
    flag: 'pre-deployment checklist',
  },
  'migration-without-way-back': {
    lesson: 'The change of stored data could not be taken back.',
    why: 'The former revision cannot run on the new data, so the rollback is no rescue.',
    document: documents.implementation,
    section: 'Stored data',
    wording:
      '- Changes of stored data are expanded first and contracted in a later release, when no running revision needs the old form.',
    action: 'Split the migration into expand and contract.',
    flag: 'common deployment pitfalls',
  },
  'overridden-gate': {
    lesson: 'A gate was passed by decision, not by evidence.',
    why: 'A gate that is passed often is no gate.',
    document: documents.standards,
    section: 'Gates',
    wording:
      '- Whoever passes a gate without its evidence writes down why, and what will make the evidence available next time.',
    action: 'Make the evidence of the gate that was passed available, or remove the gate by decision.',
    flag: 'common deployment pitfalls',
  },
  'flaky-smoke-test': {
    lesson: 'A smoke test passed only when it was repeated.',
    why: 'A test that is wrong now and then teaches people to ignore it.',
    document: documents.standards,
    section: 'Smoke tests',
    wording:
      '- A smoke test that needed a second attempt is repaired before the next deploy; attempts are not raised instead.',
    action: 'Find out why the smoke test needed a second attempt.',
    flag: 'common deployment pitfalls',
  },
  'slow-deploy': {
    lesson: 'The deploy took long beyond its planned observation.',
    why: 'Slow deploys become rare and large.',
    document: documents.standards,
    section: 'Duration',
    wording: '- What a deploy takes beyond its planned observation stays under 15 minutes.',
    action: 'Look in the timeline for the step that took longest, and shorten it.',
    flag: 'common deployment pitfalls',
  },
  'monitoring-alert-missed': {
    lesson: 'A person found the harm before any automatic rule did.',
    why: 'The next time nobody may be looking.',
    document: documents.guidelines,
    section: 'After: watching',
    wording: '- Harm that a person found becomes an SLO, a trigger or a smoke test before the next deploy.',
    action: 'Add the SLO or trigger that would have fired.',
    flag: 'common deployment pitfalls',
  },
  'out-of-band-deploy': {
    lesson: 'Users were on something that no run had put there.',
    why: 'What goes around the run is neither judged nor undone by it.',
    document: documents.guidelines,
    section: 'Every change goes through a run',
    wording:
      '- Urgent changes go through a run too, with a direct strategy and short bakes; nothing is changed on the place by hand.',
    action: 'Find out who changed the place, and why a run was no way for it.',
    flag: 'common deployment pitfalls',
  },
  'repeated-attempt': {
    lesson: 'The same revision was tried again without a known cause.',
    why: 'Without a cause the second try is a gamble with users.',
    document: documents.guidelines,
    section: 'After a failure',
    wording:
      '- Before a revision is tried again, cause and fix are recorded with `seatrial learnings add --run <id> --cause "…" --fix "…"`.',
    action: 'Record why the earlier run failed.',
    flag: 'common deployment pitfalls',
  },
  'held-too-long': {
    lesson: 'Users stayed on a candidate about which nobody decided.',
    why: 'Two versions side by side drift apart, and the way back gets longer.',
    document: documents.standards,
    section: 'Holds',
    wording: '- A run that holds reaches a person within ten minutes, and is decided within an hour.',
    action: 'Configure `notify` and name who answers a hold.',
    flag: 'common deployment pitfalls',
  },
  'missing-baseline': {
    lesson: 'The canary was compared with nothing.',
    why: 'Without a baseline a bad day looks like a bad release, and the other way round.',
    document: documents.standards,
    section: 'Metrics',
    wording:
      '- The metrics source tells both revisions apart, and that is checked whenever labels or selectors change.',
    action: 'Correct what tells the revisions apart in the metrics source.',
    flag: 'common deployment pitfalls',
  },
  'canary-too-small': {
    lesson: 'Too little was measured for a verdict.',
    why: 'Without a verdict it is time that promotes, and time proves nothing.',
    document: documents.guidelines,
    section: 'Steps and bakes',
    wording:
      '- Weight and bake of each step are chosen so that the expected requests suffice for a verdict; where they cannot, the prober is configured.',
    action: 'Raise the weight or the bake of the step that came to no verdict.',
    flag: 'common deployment pitfalls',
  },
  'metrics-source-silent': {
    lesson: 'The metrics source was silent during the run.',
    why: 'Users were exposed while nobody could see them.',
    document: documents.standards,
    section: 'Metrics',
    wording: '- The metrics source has an alert of its own, and is not maintained while a run goes on.',
    action: 'Find out why the metrics source did not answer.',
    flag: 'common deployment pitfalls',
  },
  'error-budget-overdrawn': {
    lesson: 'It was shipped with the error budget used up.',
    why: 'The budget is the agreement on how much users have to bear.',
    document: documents.checklist,
    section: 'Before: objectives',
    wording:
      '- [ ] Every objective has error budget left, or somebody who may decide it has said why this ships all the same.',
    action: 'Agree on what may ship when the error budget is gone.',
    flag: 'pre-deployment checklist',
  },
  'unverified-rollback': {
    lesson: 'It was not shown that the way back worked.',
    why: 'A rollback that did not work is an outage that nobody watches.',
    document: documents.standards,
    section: 'Rollback',
    wording:
      '- After every rollback the smoke tests run on the stable revision, and the traffic path is read until it is free of the candidate.',
    action: 'Configure the smoke tests that show that the stable revision is well.',
    flag: 'common deployment pitfalls',
  },
};

/** Advice for the pitfalls of a run, in the order of priority of their documents. Pure. */
export function adviceFor(pitfalls: readonly string[]): Array<Advice & { pitfall: string }> {
  const order: readonly string[] = Object.values(documents);
  return pitfalls
    .flatMap((pitfall) => {
      const advice = adviceByPitfall[pitfall];
      return advice === undefined ? [] : [{ ...advice, pitfall }];
    })
    .sort((a, b) => order.indexOf(a.document) - order.indexOf(b.document));
}
