import { resolve } from 'node:path';
import { z } from 'zod';
import { peerRules } from '../analysis/peers/peer-rules.ts';
import { errorChance, percentagePoints } from '../model/config/quantity.ts';
import { DeployError } from '../model/deploy-error.ts';
import type { OperationContext } from '../model/operation.ts';
import { renderAnalysisPage } from '../report/analysis-page.ts';
import { renderAnalysis } from '../report/analysis-text.ts';
import { streamFile } from '../system/file-stream.ts';
import { errorCodeOf } from '../system/files.ts';
import { analysisAnswer } from './analyze/analysis-answer.ts';
import { judgeObservations } from './analyze/judge-observations.ts';
import type { Observations } from './analyze/observations.ts';
import { readObservations } from './analyze/read-observations.ts';
import { defineOperation } from './define-operation.ts';
import { writePage } from './write-page.ts';

export const analyze = defineOperation({
  name: 'analyze',
  title: 'What seatrial would have decided on recorded traffic',
  description: [
    'Replays rows of both arms through the judge of a rollout and tells what it would have decided, when, and on what evidence.',
    'CSV with a header line, or JSON lines; columns: t (ms), arm (baseline | canary), n (requests that arrived), errors;',
    'optional: latencies (list of ms), or buckets (upper edge in ms → count), and units (failures without repetitions of one client; without it, how failures scatter is measured, which takes longer).',
    'The rows are taken as one step of a rollout, at one weight. --json prints {verdict, atMs, reason, evidence, canary, baseline, moreRequestsNeeded} alone.',
    'Exit code 0 whatever the verdict is.',
  ].join(' '),
  tool: false,
  effects: 'reads',
  input: z.object({
    file: z.string().optional().describe('CSV or JSON lines; - or nothing: standard input'),
    margin: percentagePoints.prefault('2pp').describe('The canary may fail this much more often than the baseline'),
    alpha: errorChance.prefault('1%').describe('Chance of rolling back a canary that is within the margin'),
    rules: z
      .enum(['seatrial', 'thresholds', 'flagger', 'argo', 'kayenta'])
      .default('seatrial')
      .describe('Judge the same data by the documented rules of another tool too'),
    html: z.string().optional().describe('Also write the evidence as a page to this file'),
  }),
  cli: {
    command: 'analyze',
    positional: ['file'],
    examples: [
      'seatrial analyze examples/analyze/bad-release.csv',
      'seatrial analyze traffic.csv --rules flagger --html evidence.html',
      'cat traffic.jsonl | seatrial analyze - --margin 1pp --json',
    ],
  },
  run: async (input, context) => {
    const { source, bytes } = openSource(input.file, context);
    const observations = await readSource(bytes, source);
    context.signal.throwIfAborted();
    const rules = input.rules === 'seatrial' ? [] : peerRules[input.rules];
    const data = judgeObservations(observations, {
      source,
      errorMargin: input.margin,
      alphaRollback: input.alpha,
      rules,
    });
    const written =
      input.html === undefined
        ? []
        : ['', `Page: ${await writePage(input.html, renderAnalysisPage(data), context.projectDirectory)}`];
    return { data: analysisAnswer(data), text: [renderAnalysis(data), ...written].join('\n') };
  },
});

/** Where the bytes come from; nothing is read yet. Throws USAGE where a person would wait for input that nobody pipes in. */
function openSource(
  file: string | undefined,
  { standardInput, projectDirectory, signal }: OperationContext,
): { source: string; bytes: AsyncIterable<Uint8Array> } {
  if (file !== undefined && file !== '-')
    return { source: file, bytes: streamFile(resolve(projectDirectory, file), signal) };
  if (standardInput === undefined || (file === undefined && standardInput.isTerminal))
    throw new DeployError('INPUT_INVALID', {
      name: '`seatrial analyze`',
      list: '- no file was named and nothing is piped in.',
      remedy:
        'Name a file (`seatrial analyze traffic.csv`) or pipe one in (`cat traffic.csv | seatrial analyze`); examples/analyze has two.',
    });
  return { source: 'standard input', bytes: standardInput.read() };
}

async function readSource(bytes: AsyncIterable<Uint8Array>, source: string): Promise<Observations> {
  try {
    return await readObservations(bytes, source);
  } catch (thrown) {
    const code = errorCodeOf(thrown);
    const known = code === null ? undefined : unreadable[code];
    if (known === undefined) throw thrown;
    throw new DeployError('DATA_UNREADABLE', { source, ...known }, thrown);
  }
}

const unreadable: Readonly<Record<string, { reason: string; remedy: string }>> = {
  ENOENT: {
    reason: 'there is no such file',
    remedy: 'Check the path; it is relative to this folder, or to that of --project.',
  },
  ENOTDIR: { reason: 'a part of its path is no folder', remedy: 'Check the path.' },
  EISDIR: { reason: 'it is a folder', remedy: 'Name a file in it.' },
  EACCES: { reason: 'this user may not read it', remedy: 'Give this user the right to read it.' },
};
