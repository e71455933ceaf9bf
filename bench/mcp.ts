import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { z } from 'zod';

export type BenchTable = { title: string; columns: string[]; rows: string[][]; notes: string[]; failed?: boolean };

const bundle = 'dist/seatrial.mjs';
const answerSchema = z.looseObject({ id: z.number(), result: z.looseObject({ instructions: z.string().optional() }) });

/** Cold start of the whole process to the answer to `initialize`, size of what a model is given, memory. Needs a built bundle. */
export async function benchMcp({ quick }: { quick: boolean }): Promise<BenchTable> {
  const starts = quick ? 5 : 20;
  const samples: Sample[] = [];
  // The first start warms the file cache and is not counted.
  await startOnce();
  for (let index = 0; index < starts; index += 1) samples.push(await startOnce());
  const times = samples.map((sample) => sample.initializeMs).sort((left, right) => left - right);
  const last = samples.at(-1);
  if (last === undefined) throw new Error('no sample was taken');
  return {
    title: 'MCP server',
    columns: ['what', 'measured', 'budget'],
    rows: [
      ['initialize, cold, median', `${quantile(times, 0.5).toFixed(0)} ms`, '200 ms'],
      ['initialize, cold, p95', `${quantile(times, 0.95).toFixed(0)} ms`, '–'],
      ['tools/list', `${Math.ceil(last.toolsBytes / 4)} tokens (${last.tools} tools)`, '2500 tokens'],
      ['instructions', `${last.instructionsLength} characters`, '4096 characters'],
      [
        'resident memory after tools/list',
        last.residentMiB === null ? 'unknown' : `${last.residentMiB.toFixed(0)} MiB`,
        '–',
      ],
    ],
    notes: [
      `Cold = spawn of \`node ${bundle} mcp\` to the first answer; ${starts} starts one after another, node ${process.version}.`,
      'Tokens are bytes of the JSON result divided by 4, the usual estimate.',
    ],
  };
}

type Sample = {
  initializeMs: number;
  toolsBytes: number;
  tools: number;
  instructionsLength: number;
  residentMiB: number | null;
};

async function startOnce(): Promise<Sample> {
  const startedAt = performance.now();
  const child = spawn(process.execPath, [bundle, 'mcp'], { stdio: ['pipe', 'pipe', 'ignore'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ask = async (message: object): Promise<{ line: string; atMs: number }> => {
    child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
    const { value, done } = await lines.next();
    if (done === true) throw new Error('the server ended without an answer');
    return { line: value, atMs: performance.now() - startedAt };
  };
  try {
    const clientInfo = { name: 'bench', version: '1' };
    const hello = await ask({
      id: 1,
      method: 'initialize',
      params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo },
    });
    child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', method: 'notifications/initialized' })}\n`);
    const tools = await ask({ id: 2, method: 'tools/list', params: {} });
    const listed = z
      .looseObject({ result: z.looseObject({ tools: z.array(z.unknown()) }) })
      .parse(JSON.parse(tools.line)).result;
    const { instructions = '' } = answerSchema.parse(JSON.parse(hello.line)).result;
    return {
      initializeMs: hello.atMs,
      toolsBytes: Buffer.byteLength(JSON.stringify(listed)),
      tools: listed.tools.length,
      instructionsLength: instructions.length,
      residentMiB: await residentMiB(child.pid),
    };
  } finally {
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.stdin.end();
    await ended;
  }
}

/** Null where there is no /proc. */
async function residentMiB(pid: number | undefined): Promise<number | null> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const kib = /VmRSS:\s+(\d+) kB/.exec(status)?.[1];
  return kib === undefined ? null : Number(kib) / 1024;
}

function quantile(sorted: readonly number[], q: number): number {
  return sorted[Math.min(sorted.length - 1, Math.ceil(q * sorted.length) - 1)] ?? Number.NaN;
}
