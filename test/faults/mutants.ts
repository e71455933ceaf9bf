/** A change of the sources that is wrong on purpose. */
export type SourceMutant = {
  name: string;
  /** What is wrong then. */
  what: string;
  /** Each `find` stands in its file exactly once. */
  edits: ReadonlyArray<{ file: string; find: string; replace: string }>;
  /** Beginning of the path of the suite that must fail. */
  suite: string;
  /** Those of its tests that must notice, by a part of their names: the others need not be run. */
  tests: string;
  /** The suite goes through the bundle, which is built anew. Left out of the quick run. */
  bundle?: true;
};

/** The negative controls of docs/reliability.md: a suite that does not notice these proves nothing. */
export const mutants: readonly SourceMutant[] = [
  {
    name: 'act before intent',
    what: 'a step is done first and written down afterwards',
    edits: [
      {
        file: 'src/rollout/run-plan.ts',
        find: "  await context.append({ type: 'step_started', data: { step, attempt: 1, phase: 'forward' } }, place);\n",
        replace: '',
      },
      {
        file: 'src/rollout/run-plan.ts',
        find: '    const evidence = await doStep(context, step);\n',
        replace:
          "    const evidence = await doStep(context, step);\n    await context.append({ type: 'step_started', data: { step, attempt: 1, phase: 'forward' } }, place);\n",
      },
    ],
    suite: 'test/faults/crash-matrix',
    tests: 'direct, (good|bad)',
  },
  {
    name: 'no idempotency key',
    what: 'an act that is repeated cannot be told from a new one',
    edits: [
      {
        file: 'src/rollout/execute-step.ts',
        find: 'idempotencyKey: `',
        replace: "idempotencyKey: '' && `",
      },
    ],
    suite: 'test/faults/crash-matrix',
    tests: 'direct, (good|bad)',
  },
  {
    name: 'a half-done rollout goes on',
    what: 'whoever finds a run without an owner carries it on, though nobody has watched',
    edits: [
      {
        file: 'src/rollout/reconcile.ts',
        find: "return { act: 'roll_back', reason: 'the supervisor of this run went away in the middle' }",
        replace: "return { act: 'finish', reason: 'the supervisor of this run went away in the middle' }",
      },
    ],
    suite: 'test/faults/crash-matrix',
    tests: 'direct, (good|bad)',
  },
  {
    name: 'no handling of a torn tail',
    what: 'new lines are written behind one that was cut off',
    edits: [{ file: 'src/journal/journal.ts', find: '  await opened.truncate(scan.wholeBytes);\n', replace: '' }],
    suite: 'test/journal/journal.test.ts',
    tests: 'is put aside and cut at every one',
  },
  {
    name: 'checksum not looked at',
    what: 'a changed line of the journal is believed',
    edits: [
      {
        file: 'src/journal/journal-line.ts',
        find: "  if (sha256Hex(canonicalJson(unsigned)) !== sum) return { ok: false, reason: 'its checksum is wrong' };\n",
        replace: '  void unsigned;\n',
      },
    ],
    suite: 'test/journal/journal.test.ts',
    tests: 'is told for every flipped bit',
  },
  {
    name: 'lock without generation',
    what: 'an owner that was followed believes that it still owns the place',
    edits: [
      {
        file: 'src/journal/lock.ts',
        find: 'return now.generation === generation && !now.released;',
        replace: 'return now.generation > 0 && !now.released;',
      },
    ],
    suite: 'test/journal/lock.test.ts',
    tests: 'of a dead owner is orphaned',
  },
  {
    name: 'redaction off by one chunk',
    what: 'only the newest piece of a text is kept back',
    edits: [
      {
        file: 'src/model/redaction/redactor.ts',
        find: 'const cut = safeCut(held, longestForm, text);',
        replace: 'const cut = held.length - chunk.length;',
      },
    ],
    suite: 'test/model/redaction/redactor.test.ts',
    tests: 'whatever the place at which the stream is cut',
  },
  {
    name: 'leading dash allowed',
    what: 'a version becomes an option of a program',
    edits: [
      {
        file: 'src/system/fill-argv.ts',
        find: "  if (value.startsWith('-')) return 'begins with a hyphen and would be taken for an option';\n",
        replace: '',
      },
      { file: 'src/model/vetted.ts', find: '/^(?!-)[\\u0020-\\u007e]*$/', replace: '/^[\\u0020-\\u007e]*$/' },
    ],
    suite: 'test/security/hostile-inputs.test.ts',
    tests: 'in every schema',
  },
  {
    name: 'no data taken as a pass',
    what: 'a candidate of which nothing was measured has passed',
    edits: [
      {
        file: 'src/analysis/error-rate-verdict.ts',
        find: "const noData = { outcome: 'inconclusive', cause: 'no_data' } as const;",
        replace: "const noData = { outcome: 'pass', cause: 'no_data' } as const;",
      },
    ],
    suite: 'test/faults/metric-streams',
    tests: 'streams of windows',
  },
  {
    name: 'old data taken for new',
    what: 'what was measured long ago still proves something',
    edits: [
      {
        file: 'src/analysis/error-rate-verdict.ts',
        find: 'return Math.abs(nowMs - (state.seenUntilMs ?? 0)) > settings.sourceGraceMs;',
        replace: 'return Math.abs(nowMs - (state.seenUntilMs ?? 0)) > 1e15 + settings.sourceGraceMs;',
      },
    ],
    suite: 'test/faults/metric-streams',
    tests: 'streams of windows',
  },
  {
    name: 'a silent source is not waited for',
    what: 'the run goes by what is known although the metrics source is dead',
    edits: [
      {
        file: 'src/rollout/decide.ts',
        find: '  if (source.silentMs > settings.sourceGraceMs) return holdForSource(settings, source);\n',
        replace: '  if (source.silentMs < 0) return holdForSource(settings, source);\n',
      },
    ],
    suite: 'test/faults/metric-streams',
    tests: 'streams of windows',
  },
];
