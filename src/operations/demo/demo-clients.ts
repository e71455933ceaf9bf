import { join } from 'node:path';
import { z } from 'zod';
import type { Clock } from '../../model/clock.ts';
import { spawnDetached } from '../../system/detached-process.ts';
import { ownEnvironment } from '../../system/environment.ts';
import { signalGroup } from '../../system/exec.ts';
import { listDirectory, readJsonFile, readTextFile } from '../../system/files.ts';
import { packageRoot } from '../../system/package-root.ts';
import type { DemoProject } from './demo-project.ts';

const totalsSchema = z.object({
  sent: z.number(),
  answered: z.number(),
  created: z.number(),
  failedByShop: z.number(),
  lost: z.number(),
  lostReasons: z.record(z.string(), z.number()),
  byVersion: z.record(z.string(), z.object({ created: z.number(), failed: z.number() })),
  final: z.boolean(),
});
export type ClientTotals = z.infer<typeof totalsSchema>;

/** Checkouts per second. */
export const demoRate = 600;

export type DemoClients = {
  /** As last written, at most half a second ago. */
  totals(): Promise<ClientTotals>;
  /** Lets open requests end and returns the final totals. */
  stop(): Promise<ClientTotals>;
  kill(): void;
};

/** Customers in a process of their own, which counts what they met: the outside view of every run. */
export async function startDemoClients(project: DemoProject, root: string, clock: Clock): Promise<DemoClients> {
  const resultFile = join(root, 'clients.json');
  const script = join(packageRoot(), 'examples', 'shop', 'clients.mjs');
  const { pid } = await spawnDetached({
    argv: [process.execPath, script, project.url, String(demoRate), resultFile],
    cwd: root,
    env: ownEnvironment(),
    logFile: join(root, 'clients.log'),
  });
  const read = async (): Promise<ClientTotals | null> => readJsonFile(resultFile, totalsSchema);
  const waitFor = async (done: (totals: ClientTotals) => boolean, withinMs: number): Promise<ClientTotals> => {
    const end = clock.monotonic() + withinMs;
    for (;;) {
      const totals = await read();
      if (totals !== null && (done(totals) || clock.monotonic() > end)) return totals;
      if (clock.monotonic() > end)
        throw new Error(`the customers did not report: ${(await readTextFile(join(root, 'clients.log'))) ?? ''}`);
      await clock.sleep(50);
    }
  };
  await waitFor((totals) => totals.answered > 0, 10_000);
  return {
    totals: () => waitFor(() => true, 5000),
    stop: () => {
      signalGroup(pid, 'SIGTERM');
      return waitFor((totals) => totals.final, 20_000);
    },
    kill: () => signalGroup(pid, 'SIGKILL'),
  };
}

/** What the instances themselves have written down; `duplicates` are the numbers of checkouts that were served more than once. */
export async function readBooks(ledger: string): Promise<{ served: number; duplicates: number[] }> {
  const seen = new Set<string>();
  const duplicates: number[] = [];
  let served = 0;
  for (const file of await listDirectory(ledger)) {
    for (const id of ((await readTextFile(join(ledger, file))) ?? '').split('\n')) {
      if (id === '') continue;
      served += 1;
      if (seen.has(id)) duplicates.push(Number(id.split('-').at(-1)));
      seen.add(id);
    }
  }
  return { served, duplicates };
}
