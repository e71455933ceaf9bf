import { z } from 'zod';
import { readColumns } from './read-columns.ts';
import { unreadable } from './unreadable-answer.ts';

export type ServerState = {
  backend: string;
  server: string;
  /** Empty while a host name has not been resolved. */
  address: string;
  port: number;
  operational: 'stopped' | 'starting' | 'running' | 'stopping';
  /** `maint` also when it is inherited or comes of a name that was not resolved. */
  admin: 'ready' | 'drain' | 'maint';
  weight: number;
  /** As configured; a weight that was changed at runtime survives a reload only while this stays the same. */
  initialWeight: number;
  /**
   * `none` until the first check has ended. A server that leaves maintenance counts as running at once, before any check,
   * and keeps the result of its former life.
   */
  check: 'none' | 'neutral' | 'failed' | 'passed' | 'conditional';
  checkEnabled: boolean;
  lastChangeSeconds: number;
};

const whole = z.string().regex(/^\d+$/).transform(Number);
const rowSchema = z.object({
  be_name: z.string(),
  srv_name: z.string(),
  srv_addr: z.string(),
  srv_port: whole,
  srv_op_state: whole,
  srv_admin_state: whole,
  srv_uweight: whole,
  srv_iweight: whole,
  // A second after a reload it can be −1: it is counted by two clocks.
  srv_time_since_last_change: z
    .string()
    .regex(/^-?\d+$/)
    .transform((text) => Math.max(0, Number(text))),
  srv_check_result: whole,
  srv_check_state: whole,
});

/** Rows of `show servers state`, format 1. Pure. Throws TARGET_REFUSED. */
export function parseServersState(answer: string): ServerState[] {
  const command = 'show servers state';
  const [version, ...rest] = answer.split('\n');
  if (version !== '1') throw unreadable(command, answer, 'its format is not 1');
  return readColumns(command, rest, rowSchema).map((row) => {
    const operational = operationals[row.srv_op_state];
    const check = checks[row.srv_check_result];
    if (operational === undefined || check === undefined) throw unreadable(command, answer, 'a state is not known');
    return {
      backend: row.be_name,
      server: row.srv_name,
      address: row.srv_addr === '-' ? '' : row.srv_addr,
      port: row.srv_port,
      operational,
      admin: adminOf(row.srv_admin_state),
      weight: row.srv_uweight,
      initialWeight: row.srv_iweight,
      check,
      checkEnabled: (row.srv_check_state & checkEnabledBit) !== 0,
      lastChangeSeconds: row.srv_time_since_last_change,
    };
  });
}

const operationals = ['stopped', 'starting', 'running', 'stopping'] as const;
const checks = ['none', 'neutral', 'failed', 'passed', 'conditional'] as const;
const checkEnabledBit = 0x04;
/** Forced, inherited, or by a name that was not resolved. 0x04 only remembers `disabled` in the config and stays for ever. */
const maintenanceBits = 0x01 | 0x02 | 0x20;
const drainBits = 0x08 | 0x10;

function adminOf(mask: number): ServerState['admin'] {
  if ((mask & maintenanceBits) !== 0) return 'maint';
  return (mask & drainBits) === 0 ? 'ready' : 'drain';
}
