import type { CheckFinding } from '../../model/check.ts';
import { cleanExcerptEnd } from '../../system/excerpt.ts';
import { runCommand } from '../../system/exec.ts';
import type { CommandSmokeSpec, SmokeScene } from './smoke-scene.ts';

/** Runs the command once; exit code 0 passes. A program that is not there says nothing about the service. */
export async function runCommandAttempt(spec: CommandSmokeSpec, scene: SmokeScene): Promise<CheckFinding> {
  const program = spec.command[0] ?? '';
  const result = await runCommand({
    argv: spec.command,
    cwd: scene.projectDirectory,
    env: { ...scene.environmentEnv, SEATRIAL_URL: scene.baseUrl, SEATRIAL_VERSION: scene.version },
    timeoutMs: spec.timeout,
    signal: scene.signal,
  });
  const said = (result.stderr.trim() === '' ? result.stdout : result.stderr).trim();
  const evidence = { exit: result.how, ms: Math.round(result.durationMs), excerpt: cleanExcerptEnd(said) };
  const remedy = 'Run it by hand in the project folder, with SEATRIAL_URL and SEATRIAL_VERSION set.';
  if (result.notFound) return { status: 'unknown', reason: `the program "${program}" was not found`, evidence, remedy };
  if (result.aborted) return { status: 'unknown', reason: `${program}: ${result.how}`, evidence, remedy };
  if (result.ok) return { status: 'passed', reason: `${program}: ${result.how}`, evidence };
  return { status: 'failed', reason: `${program}: ${result.how}`, evidence, remedy };
}
