import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { z } from 'zod';
import type { PreflightContext } from '../../src/checks/preflight/context.ts';
import { preflightChecks } from '../../src/checks/preflight/list.ts';
import { runChecks } from '../../src/checks/run-checks.ts';
import type { CheckResult } from '../../src/model/check.ts';
import { environmentSchema } from '../../src/model/config/environment.ts';
import type { History } from '../../src/model/history.ts';
import type { Revision } from '../../src/model/revision.ts';
import type { TargetState } from '../../src/model/target.ts';

export const nowMs = Date.UTC(2026, 0, 7, 12);
const dayMs = 86_400_000;

export type EnvironmentInput = Partial<z.input<typeof environmentSchema>>;

export const stable: Revision = {
  id: '1.0.0-aaaaaaaaaaaa',
  version: '1.0.0',
  commit: 'a'.repeat(40),
  ref: 'v1.0.0',
  artifact: null,
};
export const candidate: Revision = {
  id: '1.1.0-bbbbbbbbbbbb',
  version: '1.1.0',
  commit: 'b'.repeat(40),
  ref: 'v1.1.0',
  artifact: null,
};

/** A context in which nothing is wrong, as far as it does not touch disk, git or network. */
export function contextOf(
  changes: Partial<PreflightContext> = {},
  environment: EnvironmentInput = {},
): PreflightContext {
  return {
    projectDirectory: tmpdir(),
    environmentName: 'production',
    environment: environmentSchema.parse({
      url: 'http://127.0.0.1:9',
      target: { kind: 'process', command: ['node', 'server.js'] },
      ...environment,
    }),
    service: 'shop',
    version: '1.1.0',
    revision: candidate,
    revisionError: null,
    strategyKind: 'canary',
    targetState: stateOf(),
    targetError: null,
    assessTarget: null,
    stable,
    firstDeploy: false,
    activeRun: null,
    freeze: { frozen: false, reason: null, untilMs: null },
    calendar: { fridayOrBeforeHoliday: false, label: 'an ordinary day' },
    history: [],
    setAside: [],
    copies: [],
    explanations: [],
    pendingReview: null,
    pitfalls: [],
    learnedGates: [],
    metricsProbe: async () => ({ ok: true, reason: '120 requests in the last minute', evidence: { requests: 120 } }),
    readErrorBudget: async () => ({
      asked: false,
      reason: 'the metrics source proxy keeps no history to look back on',
    }),
    repository: null,
    nowMs,
    stateDirectory: tmpdir(),
    ...changes,
  };
}

export function stateOf(changes: { up?: boolean; ready?: number; candidateWeight?: number } = {}): TargetState {
  const instance = (index: number) => ({
    id: `i${index}`,
    state: index < (changes.ready ?? 2) ? ('ready' as const) : ('unhealthy' as const),
    pid: null,
    url: null,
    restarts: 0,
    startedAtMs: null,
    lastExit: null,
  });
  const placed = { wantedInstances: 2, instances: [instance(0), instance(1)], inFlight: 0, retireAtMs: null };
  const weight = changes.candidateWeight ?? 0;
  const other = { ...placed, revision: candidate, role: 'candidate' as const, weightPercent: weight };
  return {
    up: changes.up ?? true,
    token: 't',
    fence: 0,
    cut: 0,
    revisions: [
      { ...placed, revision: stable, role: 'stable', weightPercent: 100 - weight },
      ...(weight > 0 ? [other] : []),
    ],
  };
}

export function historyOf(changes: Partial<History> = {}): History {
  const endedAt = new Date(nowMs - 3 * dayMs).toISOString();
  return {
    v: 1,
    runId: 'run-1',
    service: 'shop',
    environment: 'production',
    kind: 'rollout',
    strategy: 'canary',
    version: '1.1.0',
    commit: candidate.commit,
    fromVersion: '1.0.0',
    fromCommit: null,
    outcome: 'succeeded',
    trigger: null,
    startedAt: endedAt,
    endedAt,
    durationMs: 0,
    detectMs: null,
    restoreMs: null,
    heldMs: 0,
    maxWeightPercent: 100,
    requests: { canary: 0, baseline: 0 },
    failedByRelease: 0,
    approval: 'none',
    commitAt: null,
    verdicts: [],
    checks: { passed: 0, failed: 0, skipped: 0, unknown: 0 },
    pitfalls: [],
    patterns: [],
    rehearsal: false,
    ...changes,
  };
}

/** The answer of one check of the real list. */
export async function ask(id: string, context: PreflightContext): Promise<CheckResult> {
  const check = preflightChecks(context.environment).find((one) => one.id === id);
  if (check === undefined) throw new Error(`there is no check ${id}`);
  const [result] = await runChecks([check], context, { signal: new AbortController().signal });
  if (result === undefined) throw new Error('no result');
  return result;
}

/** A project folder with files, gone after the test. */
export function temporaryProject(
  onTestFinished: (clean: () => void) => void,
  files: Record<string, string> = {},
): string {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), 'seatrial-checks-')));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), text);
  }
  return directory;
}

export function git(directory: string, ...args: string[]): string {
  const env = {
    PATH: process.env['PATH'] ?? '',
    HOME: directory,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_AUTHOR_DATE: '2026-01-01T00:00:00Z',
    GIT_COMMITTER_DATE: '2026-01-01T00:00:00Z',
  };
  const identity = ['-c', 'user.name=Test', '-c', 'user.email=test@example.com'];
  return execFileSync('git', [...identity, ...args], { cwd: directory, env, encoding: 'utf8' }).trim();
}

export async function startServer(
  onTestFinished: (clean: () => Promise<void>) => void,
  handler: http.RequestListener,
): Promise<string> {
  const server = http.createServer(handler);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return `http://127.0.0.1:${portOf(server.address())}`;
}

function portOf(address: AddressInfo | string | null): number {
  if (address === null || typeof address === 'string') throw new Error('not listening');
  return address.port;
}
