import { exitCode } from '../model/error-catalogue.ts';

const meanings: Readonly<Record<keyof typeof exitCode, string>> = {
  ok: 'done; a followed run ended as succeeded',
  internal: 'a defect of seatrial, or its own files could not be used',
  usage: 'wrong command, argument or option',
  config: 'seatrial.yaml or the project is not as it must be',
  gate: 'a gate is closed: pre-flight, freeze, review',
  approval: 'a person must approve, or the approval does not hold',
  busy: 'another run is going on at the same place',
  target: 'the target or the metrics source does not answer or refuses',
  notFound: 'no such version, plan or run',
  rolledBack: 'the run ended as rolled_back: users saw it and are back on stable',
  failed: 'the run ended as failed (never had users), or a check failed',
  aborted: 'the run was aborted by a person, or the command was cancelled',
  rollbackFailed: 'the run ended as rollback_failed: act now',
  unverified: 'the run ended as unverified: it serves, but proof is missing',
  detached: 'Ctrl-C left the view; the run goes on',
};

/** The exit codes for `--help` and the reference. Pure. */
export function renderExitCodes(): string {
  const rows = Object.entries(meanings).map(([name, meaning]) => ({ code: codeOf(name), meaning }));
  return [
    'Exit codes:',
    ...rows.map(({ code, meaning }) => `  ${String(code).padStart(3)}  ${meaning}`),
    '  130  interrupted three times; nothing was waited for',
  ].join('\n');
}

function codeOf(name: string): number {
  return Object.entries(exitCode).find(([key]) => key === name)?.[1] ?? exitCode.internal;
}
