import { parse } from 'csv-parse/sync';
import { z } from 'zod';
import { unreadable } from './unreadable-answer.ts';

const count = z.string().regex(/^\d*$/).transform(Number);
/** Empty where the row has no such figure: not zero. */
const countOrNone = z
  .string()
  .regex(/^-?\d*$/)
  .transform((text) => (text === '' ? null : Number(text)));

const rowSchema = z.object({
  pxname: z.string().min(1),
  svname: z.string().min(1),
  type: z.enum(['0', '1', '2', '3']),
  status: z.string(),
  weight: count,
  qcur: count,
  qmax: count,
  scur: count,
  stot: count,
  econ: count,
  eresp: count,
  wretr: count,
  wredis: count,
  cli_abrt: count,
  srv_abrt: count,
  lastchg: countOrNone,
  check_status: z.string(),
  last_chk: z.string(),
  hrsp_1xx: countOrNone,
  hrsp_2xx: countOrNone,
  hrsp_3xx: countOrNone,
  hrsp_4xx: countOrNone,
  hrsp_5xx: countOrNone,
  hrsp_other: countOrNone,
  /** Shown from level operator up. */
  addr: z.string().default(''),
  algo: z.string().default(''),
  connect: countOrNone.default(null),
  reuse: countOrNone.default(null),
});

/** Counters since the worker started: they begin at 0 again after every reload of HAProxy. */
export type ProxyStat = {
  backend: string;
  /** The name of the server; null for the row of the backend as a whole. */
  server: string | null;
  /** `UP`, `DOWN`, `MAINT`, `DRAIN`, `NOLB`, `no check`, also `UP 1/3` in between. An empty backend is UP too. */
  status: string;
  weight: number;
  /** Requests waiting, now and at most. */
  queue: { now: number; max: number };
  /** Requests and upgraded connections in work now, and all since the start. */
  sessions: { now: number; total: number };
  /** Answers by class; null where it is not known (mode tcp). */
  answers: {
    informational: number;
    ok: number;
    redirect: number;
    clientError: number;
    serverError: number;
    other: number;
  } | null;
  connectErrors: number;
  responseErrors: number;
  retries: number;
  redispatches: number;
  clientAborts: number;
  serverAborts: number;
  /** Seconds since it last went up or down. */
  lastChangeSeconds: number | null;
  /** Last health check: `L7OK`, `L4CON` …, empty when there was none. */
  checkStatus: string;
  /** HAProxy is at it now and shows the former result until it ends. */
  checkRunning: boolean;
  checkText: string;
  address: string;
  /** Balance algorithm, of the row of the backend only; empty for a socket of level user. */
  balance: string;
  /** Connections opened to the server, and requests that took an idle one. */
  connections: { opened: number; reused: number } | null;
};

/** Rows of `show stat`, whatever columns this version of HAProxy has. Pure. Throws TARGET_REFUSED. */
export function parseServerStat(answer: string): ProxyStat[] {
  if (!answer.startsWith('# pxname,')) throw unreadable('show stat', answer, 'it has no header');
  const rows = readCsv(answer);
  return rows.map((row) => {
    const parsed = rowSchema.safeParse(row);
    if (!parsed.success) {
      const issue = parsed.error.issues[0];
      throw unreadable('show stat', answer, `${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`);
    }
    return statOf(parsed.data);
  });
}

function readCsv(answer: string): unknown[] {
  try {
    // The header ends with a comma, and so do most rows: the number of cells differs by one.
    const rows: unknown[] = parse(answer.slice(2), { columns: true, skip_empty_lines: true, relax_column_count: true });
    return rows;
  } catch (thrown) {
    throw unreadable('show stat', answer, thrown instanceof Error ? thrown.message : String(thrown));
  }
}

function statOf(row: z.output<typeof rowSchema>): ProxyStat {
  return {
    backend: row.pxname,
    server: row.type === '2' ? row.svname : null,
    status: row.status,
    weight: row.weight,
    queue: { now: row.qcur, max: row.qmax },
    sessions: { now: row.scur, total: row.stot },
    answers: answersOf(row),
    connectErrors: row.econ,
    responseErrors: row.eresp,
    retries: row.wretr,
    redispatches: row.wredis,
    clientAborts: row.cli_abrt,
    serverAborts: row.srv_abrt,
    lastChangeSeconds: row.lastchg,
    checkStatus: row.check_status.replace(/^\* /, ''),
    checkRunning: row.check_status.startsWith('* '),
    checkText: row.last_chk,
    address: row.addr,
    balance: row.algo,
    connections: row.connect === null || row.reuse === null ? null : { opened: row.connect, reused: row.reuse },
  };
}

function answersOf(row: z.output<typeof rowSchema>): ProxyStat['answers'] {
  const { hrsp_1xx, hrsp_2xx, hrsp_3xx, hrsp_4xx, hrsp_5xx, hrsp_other } = row;
  if (hrsp_2xx === null) return null;
  return {
    informational: hrsp_1xx ?? 0,
    ok: hrsp_2xx,
    redirect: hrsp_3xx ?? 0,
    clientError: hrsp_4xx ?? 0,
    serverError: hrsp_5xx ?? 0,
    other: hrsp_other ?? 0,
  };
}
