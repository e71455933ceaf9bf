import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { onTestFinished } from 'vitest';
import { type Journal, type JournalOptions, openJournal } from '../../src/journal/journal.ts';
import { planIdOf } from '../../src/journal/plan-store.ts';
import type { Plan, PlanContent } from '../../src/model/plan.ts';
import type { RunEvent } from '../../src/model/run-event.ts';
import { usualJudge } from '../fixtures/judge-settings.ts';
import { createRevision } from '../fixtures/revisions.ts';
import { createVirtualClock } from '../fixtures/virtual-clock.ts';

export const runId = '01k9q0000000000000000000ab';

/** A folder that is gone after the test. */
export async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'seatrial-journal-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

/** One of the programs in `children/` as a script that plain node runs. */
export function buildChild(name: string, directory: string): string {
  const outfile = join(directory, `${name}.mjs`);
  buildSync({
    entryPoints: [join(import.meta.dirname, 'children', `${name}.ts`)],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    logLevel: 'error',
    banner: { js: "import{createRequire as __cr}from'node:module';const require=__cr(import.meta.url);" },
  });
  return outfile;
}

const content: PlanContent = {
  schema: 1,
  projectId: '0123456789abcdef',
  service: 'shop',
  environment: 'production',
  kind: 'rollout',
  strategy: 'canary',
  revision: createRevision('2.0.0'),
  stable: createRevision('1.0.0'),
  targetIdentity: 'process:/run/shop',
  targetToken: 'token-1',
  instances: 2,
  attempt: 0,
  weights: { [createRevision('1.0.0').id]: 100 },
  steps: [
    { kind: 'provision', id: 'provision', revision: createRevision('2.0.0'), instances: 2 },
    { kind: 'smoke', id: 'smoke', on: 'candidate' },
    { kind: 'set_weight', id: 'weight-5', weightPercent: 5 },
    { kind: 'bake', id: 'bake-5', weightPercent: 5, minMs: 1000, maxMs: 10_000 },
    { kind: 'promote', id: 'promote', revision: createRevision('2.0.0'), standbyMs: 0 },
  ],
  wayBack: [{ kind: 'set_weight', id: 'weight-0', weightPercent: 0 }],
  judge: {
    ...usualJudge,
    errorMargin: 0.02,
    alphaRollback: 0.01,
    alphaPromote: 0.05,
    mustPass: ['errorRate'],
    sourceGraceMs: 5000,
    onInconclusive: 'hold',
    requestTimeoutMs: 5000,
    slos: [],
    hardRules: {
      restarts: 1,
      restartsWindowMs: 60_000,
      canaryExits: 2,
      exitsWindowMs: 60_000,
      oom: true,
      unhealthyRatio: 0.5,
      wrongRevision: true,
    },
    stratum: 'user',
  },
  migration: 'none',
  configHash: 'c'.repeat(64),
  policyHash: 'd'.repeat(64),
  guidance: null,
  deadMan: 'if this machine dies, the host keeps the weights',
};

export function createPlan(change: Partial<PlanContent> = {}): Plan {
  const changed = { ...content, ...change };
  return {
    planId: planIdOf(changed),
    content: changed,
    createdAtMs: 1_000,
    expiresAtMs: 3_600_000,
    requester: 'tester',
    approval: 'none',
    notes: [],
  };
}

export function runStarted(): RunEvent {
  return { type: 'run_started', data: { plan: createPlan(), requester: 'tester', dryRun: false } };
}

export function warning(message: string): RunEvent {
  return { type: 'warning', data: { code: 'NOTE', message } };
}

export const rollbackStarted: RunEvent = {
  type: 'rollback_started',
  data: { trigger: 'error-rate', reason: 'harm', steps: [], detectedAtMs: 5 },
};
export const counts = {
  type: 'counts',
  data: {
    fromMs: 0,
    toMs: 1000,
    stratum: 'user',
    weightPercent: 5,
    canary: { requests: 10, failures: 1 },
    baseline: { requests: 100, failures: 0 },
    p99CanaryMs: null,
    p99BaselineMs: 12.5,
    lnHarm: 0.25,
    lnSafe: -1,
  },
} satisfies RunEvent;

/** Opens a journal that is closed after the test. */
export async function openTestJournal(file: string, more: Partial<JournalOptions> = {}): Promise<Journal> {
  const journal = await openJournal({
    file,
    runId,
    generation: 1,
    clock: createVirtualClock(),
    boot: 'boot-1',
    ...more,
  });
  onTestFinished(() => journal.close());
  return journal;
}

/** Code of the error that a promise ends in. */
export async function refusal(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'nothing thrown',
    (thrown) => thrown.code ?? String(thrown),
  );
}
