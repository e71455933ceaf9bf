import type { Call, Scenario } from './scenario.ts';

const ofRun = { run_id: '$run' };
const six = {
  priorities: 'none',
  constraints: 'none',
  risks: 'payments',
  experience: 'some',
  timeline: 'normal',
  compliance: 'no',
};
const promoteByHand: Call = {
  tool: 'rollout_control',
  args: { action: 'promote', ...ofRun },
  refused: true,
  says: [/APPROVAL_REQUIRED/, /rollout_approve \{scope: "promote"/],
};

/** What a person wants beside a version, and what a run waits for. */
export const wishesAndWaits: Scenario[] = [
  {
    name: 'a gate that a person made of a recurring pitfall blocks',
    user: 'Ship 1.5.0',
    state: {
      live: '1.4.0',
      runs: [
        { kind: 'succeeded', version: '1.4.0', told: false },
        { kind: 'succeeded', version: '1.4.0', told: false },
        { kind: 'succeeded', version: '1.4.0', told: false },
      ],
    },
    right: [
      {
        tool: 'learnings',
        says: [/Silent Deploy/, /rollout_approve \{scope: "gate", pitfall: "[a-z-]+"\}/],
      },
      {
        tool: 'rollout_approve',
        args: { scope: 'gate', pitfall: 'silent-deploy' },
        says: [/`notify` must pass/],
      },
      {
        tool: 'preflight',
        args: { version: '1.5.0' },
        says: [
          /Blocked\./,
          /required since “Silent Deploy” was met in runs (?:[0-9a-z]{26}\D+){2}[0-9a-z]{26}/,
          /accepted by a person/,
        ],
      },
    ],
    mustNot: [
      {
        after: 3,
        tool: 'rollout_approve',
        args: { scope: 'gate', pitfall: 'slow-deploy' },
        refused: true,
        says: [/There is nothing to decide/],
      },
    ],
  },
  {
    name: 'the owner of a run is gone',
    user: 'Good morning. Ship 1.5.0',
    state: { realTime: true, runs: [{ kind: 'running', version: '1.4.0', ownerGone: true }] },
    right: [
      {
        tool: 'rollout_status',
        says: [/its supervisor is gone/, /watchdog was started/, /next: rollout_status|call rollout_status again/],
      },
    ],
    mustNot: [],
  },
  {
    name: 'harm was found after a migration that cannot be undone',
    user: 'Is it through?',
    state: { runs: [{ kind: 'frozen', version: '1.4.0' }] },
    right: [
      {
        tool: 'rollout_status',
        args: ofRun,
        says: [
          /status: frozen/,
          /FROZEN: .*cannot be undone/,
          /next: tell a person; forward: rollout_approve .*back: rollout_control \{action: "abort"/,
        ],
      },
    ],
    mustNot: [
      { after: 1, ...promoteByHand },
      { after: 1, tool: 'rollout_plan', args: { version: '1.5.0' }, refused: true, says: [/RUN_ACTIVE/] },
    ],
  },
  {
    name: 'too little traffic for a verdict, and the run waits for more',
    user: 'Why does nothing happen?',
    state: { runs: [{ kind: 'inconclusive', version: '1.4.0' }] },
    right: [
      {
        tool: 'rollout_status',
        args: ofRun,
        says: [/status: held/, /580 more canary requests/, /goes on by itself when/, /next: tell a person/],
      },
    ],
    mustNot: [{ after: 1, ...promoteByHand }],
  },
  {
    name: 'too little traffic for a verdict, and a person is asked',
    user: 'Why does nothing happen?',
    state: { runs: [{ kind: 'asking', version: '1.4.0' }] },
    right: [
      {
        tool: 'rollout_status',
        args: ofRun,
        says: [/status: held/, /a person decides/, /Gate .*: a person must let it go on/, /rollout_approve \{scope/],
      },
    ],
    mustNot: [
      { after: 1, ...promoteByHand },
      { after: 1, tool: 'rollout_control', args: { action: 'resume', ...ofRun }, says: [/./] },
    ],
  },
  {
    name: 'the words after a command contradict the fields, or each other',
    user: '/phase-2-ship canary 1.4.0 1.5.0',
    state: {},
    right: [
      {
        tool: 'preflight',
        args: { arguments: 'canary 1.4.0 1.5.0' },
        refused: true,
        says: [/INPUT_INVALID/, /only one of them can be the version/, /asks the person .* does not guess/],
      },
      { tool: 'preflight', args: { arguments: '1.4.0' }, says: [/Understood: version 1\.4\.0/] },
    ],
    mustNot: [
      {
        after: 1,
        tool: 'rollout_plan',
        args: { version: '1.4.0', arguments: '1.5.0' },
        refused: true,
        says: [/"1\.4\.0" as version, and "1\.5\.0" among the words/],
      },
    ],
  },
  {
    name: 'the words after a command hold an option that does not exist',
    user: '/phase-2-ship 1.4.0 --skip-smoke',
    state: {},
    right: [
      {
        tool: 'preflight',
        args: { arguments: '1.4.0 --skip-smoke' },
        refused: true,
        says: [/INPUT_INVALID/, /the option "--skip-smoke" is unknown/, /There are: --guidance/],
      },
    ],
    mustNot: [
      {
        after: 1,
        tool: 'rollout_plan',
        args: { arguments: '1.4.0 --strategy yolo' },
        refused: true,
        says: [/"yolo" is no strategy; there are: direct, canary/],
      },
    ],
  },
  {
    name: 'interactive, in a client that has no forms',
    user: '/flow-deploy-to-production direct 1.4.0 --interactive',
    state: {},
    right: [
      {
        tool: 'rollout_plan',
        args: { arguments: 'direct 1.4.0 --interactive' },
        says: [/ask the person these 6 questions/, /do not answer for them/, /Then call rollout_plan again/],
      },
      {
        tool: 'rollout_plan',
        args: { arguments: 'direct 1.4.0 --interactive', answers: six },
        says: [/ask the last question/, /Proceed with these adjustments/, /"proceed":"yes or no"/],
      },
      {
        tool: 'rollout_plan',
        args: { arguments: 'direct 1.4.0 --interactive', answers: { ...six, proceed: 'yes' } },
        says: [/planId: [0-9a-f]{64}/, /rollout_approve/],
      },
    ],
    mustNot: [
      {
        after: 1,
        tool: 'rollout_plan',
        args: { version: '1.4.0', answers: { mood: 'good' } },
        refused: true,
        says: [/"mood" is no question/, /Ask the person again/],
      },
      {
        after: 2,
        tool: 'rollout_plan',
        args: { version: '1.4.0', answers: { ...six, proceed: 'no' } },
        refused: true,
        says: [/PLAN_DECLINED/],
      },
    ],
  },
  {
    name: 'guidance demands a check that nobody has configured',
    user: '/phase-2-ship 1.4.0 --guidance "security audit next week"',
    state: {},
    right: [
      {
        tool: 'preflight',
        args: { arguments: '1.4.0 --guidance "security audit next week"' },
        says: [/Blocked\./, /guidance/, /gates: \{ evidence: \{ security: /, /until the person takes it back/],
      },
    ],
    mustNot: [
      {
        after: 1,
        tool: 'preflight',
        args: { version: '1.4.0', gate: 'security' },
        says: [/0 passed/, /Blocked\./],
      },
    ],
  },
];
