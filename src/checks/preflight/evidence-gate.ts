import type { Check, CheckFinding } from '../../model/check.ts';
import { type EvidenceGate, type EvidenceSpec, evidenceGates } from '../../model/config/gate.ts';
import { DeployError } from '../../model/deploy-error.ts';
import { allowedEnvironment } from '../../system/environment.ts';
import { cleanExcerptEnd } from '../../system/excerpt.ts';
import { type CommandResult, runCommand } from '../../system/exec.ts';
import { httpRequest } from '../../system/http.ts';
import type { PreflightContext } from './context.ts';
import { inspectDocument } from './document.ts';
import { evidenceLines } from './evidence-lines.ts';
import { counted, dayMs, failed, notConfigured, passed, unknown, unknownBy } from './finding.ts';
import { countVulnerabilities } from './vulnerabilities.ts';

/** A scanner's JSON of a large project; anything else is far shorter. */
const outputLimit = 20_000_000;
const graceMs = 5000;

/**
 * A question that only the project can answer, by a command, a URL or a document. Blocks when the answer is no, or when it
 * was configured and cannot be had; skipped without one.
 */
export function createEvidenceCheck(gate: EvidenceGate, spec: EvidenceSpec | undefined): Check<PreflightContext> {
  return {
    id: gate.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`),
    title: evidenceGates[gate],
    category: categories[gate],
    blocking: true,
    ...(spec !== undefined && 'timeout' in spec ? { timeoutMs: spec.timeout + graceMs } : {}),
    run: async (context, signal) => {
      if (spec === undefined) return notConfigured(context, `gates: { evidence: { ${gate}: ${evidenceLines[gate]} } }`);
      if ('command' in spec) return askCommand({ gate, spec, context, signal });
      if ('url' in spec) return askUrl(spec, signal);
      return askDocument(spec, context, signal);
    },
  };
}

const categories: Readonly<Record<EvidenceGate, string>> = {
  tests: 'quality',
  codeReview: 'approvals',
  security: 'quality',
  performance: 'quality',
  integration: 'quality',
  staging: 'quality',
  incidents: 'infrastructure',
  maintenance: 'infrastructure',
  signatures: 'artifact',
  featureFlags: 'config',
  dashboards: 'infrastructure',
  alerts: 'infrastructure',
  onCall: 'communication',
  incidentTeam: 'communication',
};

type CommandQuestion = {
  gate: EvidenceGate;
  spec: Extract<EvidenceSpec, { command: string[] }>;
  context: PreflightContext;
  signal: AbortSignal;
};

async function askCommand({ gate, spec, context, signal }: CommandQuestion): Promise<CheckFinding> {
  const { pass, set } = context.environment.revision.env;
  const told = { SEATRIAL_VERSION: context.version, SEATRIAL_COMMIT: context.revision?.commit ?? '' };
  const result = await runCommand({
    argv: spec.command,
    cwd: context.projectDirectory,
    env: allowedEnvironment({ pass, fileText: null, set: { ...set, ...told } }),
    timeoutMs: spec.timeout,
    signal,
    outputLimit,
  });
  const program = spec.command[0] ?? '';
  if (result.notFound)
    return unknown(`the program "${program}" was not found`, 'Install it, or give its absolute path.');
  if (result.timedOut || result.aborted)
    return unknown(`${program}: ${result.how}`, 'Give it a longer timeout, or make it faster.');
  return gate === 'security' ? judgeScan(program, result) : judgeCommand(program, result);
}

function judgeCommand(
  program: string,
  result: CommandResult,
  extra: Record<string, string | number> = {},
): CheckFinding {
  const evidence = { command: program, exit: result.how, ...extra };
  if (result.ok) return passed(`${program}: ${result.how}`, evidence);
  const said = cleanExcerptEnd(result.stderr.trim() === '' ? result.stdout : result.stderr);
  return failed(
    `${program}: ${result.how}${said === '' ? '' : `: ${said}`}`,
    'Run it by hand in the project folder.',
    evidence,
  );
}

/** Scanners such as trivy end with 0 whatever they found, so counts in their output decide as well as the exit code. */
function judgeScan(program: string, result: CommandResult): CheckFinding {
  const found = countVulnerabilities(result.stdout);
  if (found === null) return judgeCommand(program, result, { output: 'no known scanner format' });
  const counts = { high: found.high, critical: found.critical, format: found.format };
  if (!result.ok || found.high + found.critical === 0) return judgeCommand(program, result, counts);
  const reason = `${program} ended well, but reports ${found.critical} Critical and ${found.high} High`;
  return failed(reason, "Mend them, or enter them in the scanner's own list of accepted findings.", {
    command: program,
    ...counts,
  });
}

async function askUrl(spec: Extract<EvidenceSpec, { url: string }>, signal: AbortSignal): Promise<CheckFinding> {
  try {
    const answer = await httpRequest({ url: spec.url, timeoutMs: spec.timeout, signal, maxBytes: 10_000 });
    const evidence = { status: answer.status, ms: Math.round(answer.durationMs) };
    const { origin, pathname } = new URL(spec.url);
    if (answer.status >= 200 && answer.status < 300)
      return passed(`${origin}${pathname} answers ${answer.status}`, evidence);
    return failed(`${origin}${pathname} answers ${answer.status}`, 'Open the address and see what it says.', evidence);
  } catch (thrown) {
    if (thrown instanceof DeployError) return unknownBy(thrown);
    throw thrown;
  }
}

async function askDocument(
  spec: Extract<EvidenceSpec, { document: string }>,
  context: PreflightContext,
  signal: AbortSignal,
): Promise<CheckFinding> {
  const facts = await inspectDocument(context, spec.document, signal);
  if (facts.state !== 'present') return failed(facts.reason, `Write ${spec.document}.`, { document: spec.document });
  const ageMs = context.nowMs - facts.changedAtMs;
  const age = counted(Math.max(0, Math.floor(ageMs / dayMs)), 'day');
  const evidence = { document: spec.document, changed: new Date(facts.changedAtMs).toISOString(), dated: facts.dated };
  if (spec.within === undefined || ageMs <= spec.within)
    return passed(`${spec.document} was changed ${age} ago`, evidence);
  const limit = counted(Math.round(spec.within / dayMs), 'day');
  return failed(
    `${spec.document} was last changed ${age} ago, the limit is ${limit}`,
    'Go through it, bring it up to date, commit it.',
    evidence,
  );
}
