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
  {
    name: 'acknowledge before fsync',
    what: 'a line is called written that a loss of power takes away',
    edits: [
      {
        file: 'src/journal/journal-file.ts',
        find: '    if (how.durable) await this.attempt(() => writing.sync());\n',
        replace: '    if (how.durable) void writing.sync().catch(() => undefined);\n',
      },
    ],
    suite: 'test/faults/simulated-disk.test.ts',
    tests: 'acknowledged',
  },
  {
    name: 'rollback without a look at the traffic',
    what: 'users are said to be back although nobody has seen them there',
    edits: [
      {
        file: 'src/rollout/verify-revision.ts',
        find: 'const ok = reads === wantedReads && matching === reads;',
        replace: 'const ok = reads <= wantedReads;',
      },
      {
        file: 'src/rollout/verify-revision.ts',
        find: 'if (told.every((revision) => revision !== null && revision !== avoided)) return { reads };',
        replace: 'if (told.length === wanted) return { reads };',
      },
    ],
    suite: 'test/rollout/run-plan.test.ts',
    tests: 'whose traffic does not follow',
  },
  {
    name: 'steps are not read back',
    what: 'a place that says yes is believed',
    edits: [
      {
        file: 'src/rollout/execute-step.ts',
        find: 'if (Math.abs(seen - wanted) > 0.51)',
        replace: 'if (Math.abs(seen - wanted) > 100)',
      },
    ],
    suite: 'test/faults/deaf-target',
    tests: 'is not believed: set_weight',
  },
  {
    name: 'a cut answer taken for a whole one',
    what: 'half a list of what routes users is believed',
    edits: [
      {
        file: 'src/targets/haproxy/runtime-answer.ts',
        find: 'if (first.framed && !hasEnd(text)) throw cutOff(first);',
        replace: 'if (first.framed && !hasEnd(String.fromCharCode(10))) throw cutOff(first);',
      },
    ],
    suite: 'test/targets/haproxy/parse-answers.test.ts',
    tests: 'an answer that was cut off',
  },
  {
    name: 'approval not re-checked under the lock',
    what: 'what was approved is looked at only before others could act',
    edits: [
      {
        file: 'src/operations/supervise.ts',
        find: "const approvals = await findApprovals(place, plan, { scope: 'start', nowMs: clock.now() });",
        replace: 'const approvals: Awaited<ReturnType<typeof findApprovals>> = [];',
      },
    ],
    suite: 'test/security/hand-made-request.test.ts',
    tests: 'where nobody approved',
    bundle: true,
  },
  {
    name: 'plan not re-checked under the lock',
    what: 'a plan starts although the world is another one by now',
    edits: [
      {
        file: 'src/operations/supervise.ts',
        find: '  await assertPlanStillHolds(place, plan, clock);\n',
        replace: '  void assertPlanStillHolds;\n',
      },
    ],
    suite: 'test/security/hand-made-request.test.ts',
    tests: 'when the world has changed',
    bundle: true,
  },
];
