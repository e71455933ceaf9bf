import { z } from 'zod';
import { approvalHows } from '../model/approval-level.ts';
import { readTextFile } from '../system/files.ts';
import { jsonOrNull } from '../system/json-or-null.ts';
import type { RunFolder } from './state-folder.ts';

/** Where a run stands, in a few words. Good for a hint, never for a decision about the target: nothing of the journal is verified. */
export type RunOutline = {
  status: 'running' | 'held' | 'frozen' | 'rolling_back' | 'ended';
  /** At which it is held; null elsewhere. */
  gate: string | null;
  /** Of the candidate, as far as a step has told it. */
  weightPercent: number;
  version: string;
  approvals: Array<z.infer<typeof approvalSchema>>;
  /** What the approved plan lets seatrial run. */
  programs: z.infer<typeof programsSchema>;
};

const programsSchema = z.array(z.looseObject({ at: z.string(), argv: z.array(z.string()) }));
const approvalSchema = z.looseObject({ scope: z.string(), how: z.enum(approvalHows) });
const heldSchema = z.looseObject({ gate: z.string().nullable() });
const completedSchema = z.looseObject({ evidence: z.looseObject({ weightPercent: z.number().optional() }) });
const startedSchema = z.looseObject({
  plan: z.looseObject({
    content: z.looseObject({
      revision: z.looseObject({ version: z.string() }),
      authority: z.looseObject({ programs: programsSchema }).optional(),
    }),
  }),
});
const lineSchema = z.looseObject({ type: z.string(), data: z.unknown() });

/** Most of a journal is what was counted and judged each second, which is not looked at. Null when there is no journal. */
export async function outlineRun({ journal }: RunFolder): Promise<RunOutline | null> {
  const text = await readTextFile(journal);
  return text === null ? null : outlineJournal(text);
}

/** Never throws. Pure. */
export function outlineJournal(text: string): RunOutline {
  const outline: RunOutline = {
    status: 'running',
    gate: null,
    weightPercent: 0,
    version: '',
    approvals: [],
    programs: [],
  };
  for (const line of text.split('\n')) {
    if (line === '' || /"type":"(?:counts|verdict|decision|latency|instance)"/.test(line)) continue;
    const parsed = lineSchema.safeParse(jsonOrNull(line));
    if (parsed.success) takeEvent(outline, parsed.data);
  }
  return outline;
}

function takeEvent(outline: RunOutline, { type, data }: z.infer<typeof lineSchema>): void {
  switch (type) {
    case 'run_started':
      takeStart(outline, data);
      return;
    case 'approval_consumed': {
      const approval = approvalSchema.safeParse(data);
      if (approval.success) outline.approvals.push(approval.data);
      return;
    }
    case 'step_completed': {
      const completed = completedSchema.safeParse(data);
      outline.weightPercent = completed.data?.evidence.weightPercent ?? outline.weightPercent;
      return;
    }
    case 'held':
      outline.gate = heldSchema.safeParse(data).data?.gate ?? null;
      outline.status = 'held';
      return;
    case 'resumed':
      if (outline.status === 'held') outline.status = 'running';
      return;
    case 'frozen':
      outline.status = 'frozen';
      return;
    case 'rollback_started':
      outline.status = 'rolling_back';
      return;
    case 'run_ended':
      outline.status = 'ended';
      return;
  }
}

function takeStart(outline: RunOutline, data: unknown): void {
  const content = startedSchema.safeParse(data).data?.plan.content;
  outline.version = content?.revision.version ?? '';
  outline.programs = content?.authority?.programs ?? [];
}
