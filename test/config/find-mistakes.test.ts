import { describe, expect, test } from 'vitest';
import { configText, errorOf } from './config-text.ts';

/** Environment lines (from line 7 on) and the whole list of mistakes. */
const mistakes: Array<[string, string, string[]]> = [
  ['misspelt key', '    stratgy: {}', ['7:5  environments.production.stratgy: unknown key; did you mean "strategy"?']],
  [
    'key in the wrong place',
    '    steps: []',
    [
      '7:5  environments.production.steps: unknown key; allowed here: url, target, revision, strategy, smoke, metrics, business, slos, triggers, judge, gates, approval, notify, freeze, lock, rollback, migration, review, completion; "steps" belongs to strategy (kind: canary)',
    ],
  ],
  [
    'key of another strategy',
    '    strategy: { kind: direct, steps: [] }',
    [
      '7:31  environments.production.strategy.steps: unknown key; allowed here: kind, bake, maxBake; "steps" belongs to strategy (kind: canary)',
    ],
  ],
  [
    'misspelt value',
    '    migration: expnd',
    [
      '7:5  environments.production.migration: "expnd" is not allowed; did you mean "expand"? allowed: none, expand, contract, irreversible',
    ],
  ],
  [
    'value that is nowhere near',
    '    review: perhaps',
    ['7:5  environments.production.review: "perhaps" is not allowed; allowed: block, warn'],
  ],
  [
    'review documents outside of the project',
    '    review: { documents: { guidelines: ../guide.md, checklst: a.md, standards: .git/hooks/x } }',
    [
      '7:28  environments.production.review.documents.guidelines: must be a document inside the project, such as docs/guide.md: .md, .mdx, .txt, .rst or .adoc, in no hidden folder, got "../guide.md"',
      '7:53  environments.production.review.documents.checklst: unknown key; did you mean "checklist"?',
      '7:69  environments.production.review.documents.standards: must be a document inside the project, such as docs/guide.md: .md, .mdx, .txt, .rst or .adoc, in no hidden folder, got ".git/hooks/x"',
    ],
  ],
  [
    'completion of a story that is no folder',
    '    completion: { story: ../x, ticket: { mail: ada } }',
    [
      '7:19  environments.production.completion.story: must be the name of a folder: letters, digits, dot, underscore, hyphen, got "../x"',
      '7:32  environments.production.completion.ticket: needs one of the keys webhook, command',
    ],
  ],
  [
    'strategy that is not there',
    '    strategy: { kind: canry }',
    [
      '7:17  environments.production.strategy.kind: "canry" is not there; did you mean "canary"? there is: direct, canary, blue-green, rolling',
    ],
  ],
  [
    'strategy without kind',
    '    strategy: { bake: 1m }',
    ['7:5  environments.production.strategy.kind: missing; there is: direct, canary, blue-green, rolling'],
  ],
  [
    'metrics source that is not there',
    '    metrics: { source: graphite }',
    [
      '7:16  environments.production.metrics.source: "graphite" is not there; there is: proxy, prober, prometheus, json-endpoint, command',
    ],
  ],
  [
    'numbers without unit',
    '    triggers: { unhealthy: 50, errorRate: { above: 2% } }',
    [
      '7:17  environments.production.triggers.unhealthy: expected a percentage with its unit, such as "20%", got 50',
      '7:45  environments.production.triggers.errorRate.above: expected percentage points with its unit, such as "2pp", got "2%"',
    ],
  ],
  [
    'words and quotes instead of values',
    '    triggers: { oom: yes, restarts: { moreThan: "3" } }',
    [
      '7:17  environments.production.triggers.oom: expected true or false, got "yes"',
      '7:39  environments.production.triggers.restarts.moreThan: expected a number, got "3"; take the quotes off',
    ],
  ],
  [
    'half an instance',
    '    triggers: { restarts: { moreThan: 1.5 } }',
    ['7:29  environments.production.triggers.restarts.moreThan: expected a whole number, got 1.5'],
  ],
  [
    'too few',
    '    triggers: { restarts: { moreThan: -1 } }',
    ['7:29  environments.production.triggers.restarts.moreThan: must be at least 0, got -1'],
  ],
  [
    'percentage too large',
    '    triggers: { unhealthy: 120% }',
    ['7:17  environments.production.triggers.unhealthy: must be from 0% to 100%, got "120%"'],
  ],
  [
    'objectives that cannot be met',
    '    slos: { errorRate: { target: 0% }, availability: { target: 100% } }',
    [
      '7:26  environments.production.slos.errorRate.target: must be above 0% (nothing is free of errors for ever) and at most 100%, got "0%"',
      '7:56  environments.production.slos.availability.target: must be below 100% (an objective of 100% leaves no room for a single failed request), got "100%"',
    ],
  ],
  [
    'value instead of a map',
    '    slos: { latencyP99: 500ms }',
    ['7:13  environments.production.slos.latencyP99: expected a map with target, period, got "500ms"'],
  ],
  [
    'smoke: request',
    '    smoke: [{ name: a, request: { path: x }, expct: {} }]',
    [
      '7:35  environments.production.smoke[0].request.path: must begin with "/", got "x"',
      '7:46  environments.production.smoke[0].expct: unknown key; did you mean "expect"?',
    ],
  ],
  [
    'smoke: command as a line',
    '    smoke:\n      - name: a\n        command: curl -f "http://x/a b"',
    [
      '9:9  environments.production.smoke[0].command: expected a list, got "curl -f "http://x/a b""; write ["curl", "-f", "http://x/a b"]',
    ],
  ],
  [
    'smoke: a command that needs a shell',
    '    smoke: [{ name: a, command: "a | b" }]',
    [
      '7:24  environments.production.smoke[0].command: expected a list, got "a | b"; write it as a list, one word in each element',
    ],
  ],
  [
    'smoke: neither',
    '    smoke: [{ name: a }]',
    ['7:13  environments.production.smoke[0]: needs one of the keys request, command'],
  ],
  [
    'smoke: both',
    '    smoke: [{ name: a, request: { path: / }, command: [x] }]',
    ['7:13  environments.production.smoke[0]: has request and command; only one of them is allowed'],
  ],
  [
    'smoke: misspelt',
    '    smoke: [{ name: a, reqest: { path: / } }]',
    ['7:24  environments.production.smoke[0].reqest: unknown key; did you mean "request"?'],
  ],
  [
    'smoke: no map',
    '    smoke: [5]',
    ['7:13  environments.production.smoke[0]: expected a map with one of the keys request, command, got 5'],
  ],
  [
    'smoke: expected value that is a list',
    '    smoke: [{ name: a, request: { path: / }, expect: { json: { a: [1] } } }]',
    [
      '7:64  environments.production.smoke[0].expect.json.a: expected text or a number or true or false or null, got a list',
    ],
  ],
  [
    'evidence',
    '    gates: { evidence: { tests: { comand: [x] }, testz: { url: "http://x" }, staging: {}, onCall: { url: nope } } }',
    [
      '7:35  environments.production.gates.evidence.tests.comand: unknown key; did you mean "command"?',
      '7:50  environments.production.gates.evidence.testz: unknown key; did you mean "tests"?',
      '7:78  environments.production.gates.evidence.staging: needs one of the keys command, url, document',
      '7:101  environments.production.gates.evidence.onCall.url: must be a URL that begins with http:// or https://, got "nope"',
    ],
  ],
  [
    'freeze',
    '    freeze: { timezone: Mars, windows: [{ days: [mn], from: "9", to: "24:00", reason: x }, { from: 2026-01-02T00:00, to: 2026-01-01T00:00, reason: x }] }',
    [
      '7:15  environments.production.freeze.timezone: is not an IANA time zone, such as "Europe/Vienna", got "Mars"',
      '7:50  environments.production.freeze.windows[0].days[0]: "mn" is not allowed; did you mean "mon"? allowed: mon, tue, wed, thu, fri, sat, sun',
      '7:55  environments.production.freeze.windows[0].from: must be a time of day from 00:00 to 23:59, such as "17:30", got "9"',
      '7:66  environments.production.freeze.windows[0].to: must be a time of day from 00:00 to 23:59, such as "17:30", got "24:00"',
      '7:92  environments.production.freeze.windows[1]: must end after it begins',
    ],
  ],
  [
    'notify',
    '    notify: [{ webhook: 1 }, { file: ../x }, {}]',
    [
      '7:16  environments.production.notify[0].webhook: expected text, got 1; put it in quotes',
      '7:32  environments.production.notify[1].file: must be relative to the project and stay inside it, got "../x"',
      '7:46  environments.production.notify[2]: needs one of the keys webhook, command, file',
    ],
  ],
  [
    'canaryExits',
    '    triggers: { canaryExits: true }',
    ['7:17  environments.production.triggers.canaryExits: expected false or a map with atLeast, within, got true'],
  ],
  [
    'canary weights',
    '    strategy: { kind: canary, steps: [{ weight: 50%, bake: 1m }, { weight: 20%, bake: 1m }] }',
    [
      '7:31  environments.production.strategy.steps: weights must rise from step to step',
      '7:31  environments.production.strategy.steps: the last weight must be 100%',
    ],
  ],
  [
    'bake longer than maxBake',
    '    strategy: { kind: direct, bake: 3h }',
    [
      '7:31  environments.production.strategy.bake: is longer than maxBake of this strategy; raise maxBake or shorten the bake, got "3h"',
    ],
  ],
  [
    'no steps',
    '    strategy: { kind: canary, steps: [] }',
    [
      '7:31  environments.production.strategy.steps: needs at least 1 entry',
      '7:31  environments.production.strategy.steps: the last weight must be 100%',
    ],
  ],
  [
    'approval',
    '    approval: { how: terminl, expires: 2h }',
    [
      '7:17  environments.production.approval.how: "terminl" is not allowed; did you mean "terminal"? allowed: none, client-dialog, terminal, signature, protected',
      '7:31  environments.production.approval.expires: must be from 1s to 60m, got "2h"',
    ],
  ],
  [
    'approval that cannot tell persons apart',
    '    approval: { how: terminal, required: 2, roles: [releaseManager], separation: true }',
    [
      '7:32  environments.production.approval.required: needs how: signature; the other ways cannot tell one person from another, got 2',
      '7:45  environments.production.approval.roles: needs how: signature; the other ways cannot tell one person from another',
      '7:70  environments.production.approval.separation: needs how: signature; the other ways cannot tell one person from another, got true',
    ],
  ],
  [
    'approval of a protected environment that nobody is asked about',
    '    approval: { how: protected }',
    [
      '7:5  environments.production.approval.protected: must name the command that asks the protected environment: { verify: [program, …] }',
    ],
  ],
  [
    'revision',
    '    revision: { ref: main, env: { pass: [A-B], set: { A: 1 } }, prepare: npm ci }',
    [
      '7:17  environments.production.revision.ref: must contain "{version}", got "main"',
      '7:42  environments.production.revision.env.pass[0]: must be the name of a variable: letters, digits and underscores, got "A-B"',
      '7:55  environments.production.revision.env.set.A: expected text, got 1; put it in quotes',
      '7:65  environments.production.revision.prepare: expected a list, got "npm ci"; write [["npm", "ci"]]',
    ],
  ],
  [
    'ref that is an option',
    '    revision: { ref: "--output={version}" }',
    [
      '7:17  environments.production.revision.ref: must be a git ref with {version} in it: letters, digits and . _ + / @ -, not starting with a hyphen, got "--output={version}"',
    ],
  ],
  [
    'unit of another quantity',
    '    triggers: { errorRate: { above: 2% }, latency: { above: 20pp }, throughput: { below: 30 } }',
    [
      '7:30  environments.production.triggers.errorRate.above: expected percentage points with its unit, such as "2pp", got "2%"',
      '7:54  environments.production.triggers.latency.above: expected a percentage with its unit, such as "20%", got "20pp"',
      '7:83  environments.production.triggers.throughput.below: expected a percentage with its unit, such as "30%", got 30',
    ],
  ],
  [
    'limits of the triggers',
    '    triggers: { latency: { quantile: 99, above: 0% }, throughput: { below: 100% } }',
    [
      '7:28  environments.production.triggers.latency.quantile: expected a quantile, such as "p99" or a list, got 99',
      '7:42  environments.production.triggers.latency.above: must be above 0% and at most 9900%, got "0%"',
      '7:69  environments.production.triggers.throughput.below: must be above 0% and below 100%, got "100%"',
    ],
  ],
  [
    'hold-back',
    '    strategy: { kind: canary, holdBack: 10% }',
    ['7:31  environments.production.strategy.holdBack: must be from 0% (off) to 5%, got "10%"'],
  ],
  [
    'hold-back that leaves the last step nothing',
    '    strategy: { kind: canary, holdBack: 5%, steps: [{ weight: 97%, bake: 1m }, { weight: 100%, bake: 1m }] }',
    [
      '7:31  environments.production.strategy.holdBack: leaves the last step no more than the 97% of the step before; hold less back, got "5%"',
    ],
  ],
  [
    'low traffic',
    '    judge: { overdispersion: 0.5, onInconclusive: proceed, lowTraffic: { raiseWeight: { upTo: 25, blastBudget: 0 } } }',
    [
      '7:14  environments.production.judge.overdispersion: expected a factor of at least 1, such as 4, got 0.5',
      '7:35  environments.production.judge.onInconclusive: "proceed" is not allowed; allowed: hold, ask, abort, promote',
      '7:89  environments.production.judge.lowTraffic.raiseWeight.upTo: expected a percentage with its unit, such as "20%", got 25',
      '7:99  environments.production.judge.lowTraffic.raiseWeight.blastBudget: expected a number of requests, such as 20, got 0',
    ],
  ],
  [
    'business metric with the name of another',
    '    business: [{ name: throughput, from: { source: command, command: [x] } }]',
    ['7:18  environments.production.business[0].name: is the name of a metric that is there already, got "throughput"'],
  ],
  [
    'synthetic requests beside synthetic requests',
    '    metrics: { source: prober }\n    judge: { lowTraffic: { synthetic: { path: /ping } } }',
    [
      '8:14  environments.production.judge.lowTraffic: synthetic is not needed: metrics.source prober sends synthetic requests already',
    ],
  ],
  [
    'judge',
    '    judge: { mustPass: [3], alphaRollback: 60% }',
    [
      '7:25  environments.production.judge.mustPass[0]: expected text, got 3; put it in quotes',
      '7:29  environments.production.judge.alphaRollback: must be above 0% and at most 50%, got "60%"',
    ],
  ],
  [
    'absolute path',
    '    rollback: { document: /etc/passwd, rehearsed: soon }',
    [
      '7:17  environments.production.rollback.document: must be relative to the project and stay inside it, got "/etc/passwd"',
      '7:40  environments.production.rollback.rehearsed: must be a date, such as "2026-11-20", got "soon"',
    ],
  ],
  [
    'duration without end',
    '    judge: { sourceGrace: 99999999999d }',
    ['7:14  environments.production.judge.sourceGrace: must be from 1ms to 366d, got "99999999999d"'],
  ],
  [
    'hidden characters',
    '    "a\\u0007\\u202eb": 1\n    x: 1',
    [
      '7:5  environments.production.a\\u0007\\u202eb: unknown key; allowed here: url, target, revision, strategy, smoke, metrics, business, slos, triggers, judge, gates, approval, notify, freeze, lock, rollback, migration, review, completion',
      '8:5  environments.production.x: unknown key; allowed here: url, target, revision, strategy, smoke, metrics, business, slos, triggers, judge, gates, approval, notify, freeze, lock, rollback, migration, review, completion',
    ],
  ],
];

describe('a config with mistakes says of each where it is and what is allowed', () => {
  test.each(mistakes)('%s', (_, lines, expected) => {
    const error = errorOf(configText(lines));
    expect(error.code).toBe('CONFIG_INVALID');
    expect(error.message).toBe(
      `seatrial.yaml is not valid, ${expected.length} to correct:\n${expected.map((line) => `  ${line}`).join('\n')}`,
    );
    expect(error.details['count']).toBe(expected.length);
  });

  test.each([
    ['', ['1:1  the file: is empty']],
    ['# nothing', ['1:1  the file: is empty']],
    [
      '- a',
      ['1:1  the file: expected a map with version, service, environments, retention, learnings, agent, got a list'],
    ],
    [
      '{ version: 1, service: a, environments: {} }',
      ['1:27  environments: needs at least one environment, such as production'],
    ],
    [
      'version: 1\nservice: a\nenvironments:\n  production:\n',
      [
        '4:3  environments.production: expected a map with url, target, revision, strategy, smoke, metrics, …, got nothing',
      ],
    ],
    [
      'servce: shop',
      [
        '1:1  environments: missing; expected a map',
        '1:1  servce: unknown key; did you mean "service"?',
        '1:1  version: missing; expected 1 (Version of this format)',
      ],
    ],
    [
      configText('', 'Prod_1').replace('version: 1', 'version: 2').replace('service: shop', 'service: My Shop'),
      [
        '1:1  version: 2 is not allowed; allowed: 1',
        '2:1  service: must be lower-case letters, digits and hyphens, at most 63, beginning with a letter or digit, got "My Shop"',
        '4:3  environments.Prod_1: the name "Prod_1" must be lower-case letters, digits and hyphens, at most 63, beginning with a letter or digit',
      ],
    ],
    [
      configText().replace('kind: process', 'kind: kubernetes'),
      ['6:15  environments.production.target.kind: "kubernetes" is not there; there is: process, haproxy, command'],
    ],
    [
      configText().replace('kind: process, ', ''),
      ['6:5  environments.production.target.kind: missing; there is: process, haproxy, command'],
    ],
    [
      configText().replace(', command: [node, server.js]', ''),
      [
        '6:5  environments.production.target.command: missing; expected a list that starts one instance, which must listen on 127.0.0.1 and the port in $PORT, or instanceCommands with start and stop in its place',
      ],
    ],
    [
      configText().replace('command: [node, server.js]', 'command: [a], instanceCommands: { start: [a], stop: [b] }'),
      [
        '6:44  environments.production.target.instanceCommands: there is command too; an instance is started by one of the two, so take one away',
      ],
    ],
    [
      configText().replace(
        'command: [node, server.js]',
        'instanceCommands: { start: [d, "shop:{version}", "{prt}", "-p=127.0.0.1:{port}:80"], stop: ["{instance}"] }',
      ),
      [
        '6:61  environments.production.target.instanceCommands.start[1]: {version} must be a whole argument, or follow --flag=; a value is never made a part of other text, got "shop:{version}"',
        '6:79  environments.production.target.instanceCommands.start[2]: {prt} is not there; there is: {version}, {revisionId}, {commit}, {directory}, {port}, {instance}, {service}, {environment}, got "{prt}"',
        '6:122  environments.production.target.instanceCommands.stop[0]: the program itself cannot be a value, got "{instance}"',
      ],
    ],
    [
      configText().replace('[node, server.js]', '[]'),
      ['6:30  environments.production.target.command: needs at least 1 entry'],
    ],
    [
      configText().replace('http://127', 'ftp://127'),
      [
        '5:5  environments.production.url: must be a URL that begins with http:// or https://, got "ftp://127.0.0.1:8080"',
      ],
    ],
    [
      configText().replace('http://127', 'http://me:pw@127'),
      ['5:5  environments.production.url: must not carry a user name or password, got "http://me:pw@127.0.0.1:8080"'],
    ],
  ])('%#: whole files', (text, expected) => {
    expect(errorOf(text).message.split('\n').slice(1)).toEqual(expected.map((line) => `  ${line}`));
  });

  test('a long list is cut, and says so', () => {
    const lines = Array.from({ length: 30 }, (_, index) => `    zzzzzzzzzzzz${index}: 1`).join('\n');
    const { message } = errorOf(configText(lines));
    expect(message).toContain('30 to correct');
    expect(message.split('\n')).toHaveLength(22);
    expect(message).toContain('  … and 10 more');
  });

  test('long values and keys are cut', () => {
    const { message } = errorOf(
      configText(
        `    migration: ${'x'.repeat(5000)}\n    ${'k'.repeat(900)}: 1\n    judge: { sourceGrace: "${'1'.repeat(100_000)}" }`,
      ),
    );
    expect(message.length).toBeLessThan(1000);
  });
});
