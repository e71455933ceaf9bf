import type { Check } from '../../model/check.ts';
import { toDeployError } from '../../model/deploy-error.ts';
import type { PlaceFinding } from '../../model/target.ts';
import type { PreflightContext } from './context.ts';
import { failed, failedBy, passed, skipped, unknown } from './finding.ts';

const shownLines = 12;

/** Blocks: what the program that routes users says of itself is not what the driver needs. */
export const targetPreparedCheck: Check<PreflightContext> = {
  id: 'target-prepared',
  title: 'The proxy of the target is set up as it is needed',
  category: 'target',
  blocking: true,
  run: ({ assessTarget }) => assess(assessTarget, 'running'),
};

/** Lines whose effect no answer of the running program shows: without them requests can be lost, and nobody would see why. */
export const targetConfigFileCheck: Check<PreflightContext> = {
  id: 'target-config-file',
  title: 'The configuration of the proxy has every line that is needed',
  category: 'target',
  blocking: false,
  run: ({ assessTarget }) => assess(assessTarget, 'file'),
};

async function assess(assessTarget: PreflightContext['assessTarget'], source: PlaceFinding['source']) {
  if (assessTarget === null) return skipped('the target needs nothing prepared');
  let findings: readonly PlaceFinding[];
  try {
    findings = (await assessTarget()).filter((finding) => finding.source === source);
  } catch (thrown) {
    return failedBy(toDeployError(thrown));
  }
  const missing = findings.filter(({ state }) => state === 'missing');
  const open = findings.filter(({ state }) => state === 'unknown');
  const evidence = { looked: findings.length, missing: missing.length, unknown: open.length };
  if (missing.length > 0) {
    const parts = missing.map(({ part, detail }) => `${part} (${detail})`);
    return failed(`${missing.length} missing: ${shown(parts, '; ')}`, remedyOf(missing), evidence);
  }
  if (open.length > 0) {
    const remedy = 'Set target.configFile to a file that this user can read; `seatrial init` prints what it must have.';
    return unknown(`${open.length} of ${findings.length} cannot be told from here`, remedy, evidence);
  }
  return passed(`all ${findings.length} are there`, evidence);
}

function remedyOf(missing: readonly PlaceFinding[]): string {
  const lines = missing.flatMap(({ add }) => (add === null ? [] : [add]));
  if (lines.length === 0) return 'See `seatrial init`, which prints what is needed.';
  return `Add, then reload (\`seatrial init\` prints all of it):\n${shown(lines, '\n')}`;
}

function shown(texts: readonly string[], between: string): string {
  const more = texts.length - shownLines;
  return [...texts.slice(0, shownLines), ...(more > 0 ? [`and ${more} more`] : [])].join(between);
}
