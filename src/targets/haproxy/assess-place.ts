import type { PlaceFinding } from '../../model/target.ts';
import { readTextFile } from '../../system/files.ts';
import { assessFile, assessRunning, type ConfigFinding } from './assess-config.ts';
import type { FragmentSettings } from './config-fragment.ts';
import { loadRunningConfig } from './load-running-config.ts';
import type { RuntimeApi } from './runtime-api.ts';

export type AssessRequest = { api: RuntimeApi; settings: FragmentSettings; configFile: string | undefined };

/** What the running HAProxy and its file have of the fragment. Throws what the runtime API throws. */
export async function assessPlace(
  { api, settings, configFile }: AssessRequest,
  signal: AbortSignal,
): Promise<PlaceFinding[]> {
  const configText = configFile === undefined ? null : await readTextFile(configFile).catch(() => null);
  const running = await loadRunningConfig(api, settings, { configText, signal });
  return [
    ...assessRunning(settings, running).map((finding) => ({ ...told(finding), source: 'running' as const })),
    ...assessFile(settings, configText).map((finding) => ({ ...told(finding), source: 'file' as const })),
  ];
}

function told({ part, state, detail, add }: ConfigFinding): Omit<PlaceFinding, 'source'> {
  return { part, state, detail, add: add === null ? null : `${add.section}: ${add.line}` };
}
