import { DeployError } from '../../model/deploy-error.ts';
import { cleanExcerpt } from '../../system/excerpt.ts';
import type { RuntimeCommand } from './runtime-command.ts';

/** What HAProxy said no to; `other` is any text that is not known. */
export type RefusalKind =
  | 'not permitted'
  | 'no such server'
  | 'no such backend'
  | 'no such map'
  | 'no such entry'
  | 'server exists'
  | 'server in use'
  | 'not in maintenance'
  | 'static balance'
  | 'version gone'
  | 'unknown command'
  | 'other';

/**
 * Answers to the commands of one line, without their line ends. HAProxy ends each with an empty line; a lone
 * `add server` or `del server` may lack it. Pure. Throws TARGET_REFUSED when their number is not that of the commands, and
 * TARGET_UNREACHABLE for one without its end: a worker that dies closes its connections as politely as one that is done.
 */
export function splitAnswers(commands: readonly RuntimeCommand[], text: string): string[] {
  const [first] = commands;
  if (first !== undefined && commands.length === 1) {
    if (first.framed && !hasEnd(text)) throw cutOff(first);
    return [text.replace(/\n+$/, '')];
  }
  const answers: string[] = [];
  let lines: string[] = [];
  for (const line of text.split('\n').slice(0, -1)) {
    if (line !== '') {
      lines.push(line);
      continue;
    }
    answers.push(lines.join('\n'));
    lines = [];
  }
  if (lines.length > 0 || answers.length !== commands.length) {
    const reason = `HAProxy gave ${answers.length + (lines.length > 0 ? 1 : 0)} answers to ${commands.length} commands`;
    throw new DeployError('TARGET_REFUSED', { reason: `${reason}: ${cleanExcerpt(text)}` });
  }
  return answers;
}

/** What is not written by HAProxy at all is told as what it is, by whoever reads it. */
function hasEnd(text: string): boolean {
  return text === '\n' || text.endsWith('\n\n') || text.includes('\r');
}

function cutOff({ line }: RuntimeCommand): DeployError {
  return new DeployError('TARGET_UNREACHABLE', {
    target: 'HAProxy',
    reason: `its answer to \`${cleanExcerpt(line, 120)}\` was cut off; what was sent may have been done`,
    remedy: 'See whether it was reloaded or stopped.',
  });
}

/** For commands that answer with nothing, or with the text given, when they were obeyed. Everything else is a refusal. */
export function assertDone(command: RuntimeCommand, answer: string, wanted: RegExp = /^$/): void {
  if (!wanted.test(answer)) throw refusal(command, answer);
}

/** The error for an answer that is not what the command gives when it is obeyed. `details.kind` is a RefusalKind. */
export function refusal(command: RuntimeCommand, answer: string): DeployError {
  const kind = kindOf(answer);
  const said = answer === '' ? 'nothing' : `"${cleanExcerpt(answer, 160)}"`;
  return new DeployError('TARGET_REFUSED', {
    reason: `HAProxy answered ${said} to \`${cleanExcerpt(command.line, 120)}\``,
    remedy: remedies[kind] ?? 'See the log of HAProxy and `show servers state`; nothing was taken for done.',
    kind,
  });
}

/** Why HAProxy refused; null for an error of another origin. */
export function refusalKind(thrown: unknown): RefusalKind | null {
  if (!(thrown instanceof DeployError) || thrown.code !== 'TARGET_REFUSED') return null;
  const kind = thrown.details['kind'];
  return kinds.find(([known]) => known === kind)?.[0] ?? (kind === 'other' ? 'other' : null);
}

/** First words of the answers of HAProxy 2.6; 2.8 and 3.x use the same. */
const kinds: ReadonlyArray<readonly [RefusalKind, RegExp]> = [
  ['not permitted', /^Permission denied/],
  ['no such server', /^No such server/],
  ['no such backend', /^(No such backend|No such proxy|Can't find backend)/],
  ['no such map', /^Unknown map identifier/],
  ['no such entry', /^(entry not found|Key not found)/],
  ['server exists', /^Already exists a server/],
  ['server in use', /^Server still has connections/],
  ['not in maintenance', /^Only servers in maintenance mode/],
  ['static balance', /^(Backend must use a dynamic load balancing|Backend is using a static LB algorithm)/],
  ['version gone', /^Version number (out of range|in the future)/],
  ['unknown command', /^Unknown command/],
];

const remedies: Partial<Record<RefusalKind, string>> = {
  'not permitted': 'Give the stats socket `level admin` in the global section of haproxy.cfg and reload HAProxy.',
  'no such server': 'The backend has no server of this name (servers added at runtime are lost by a reload).',
  'no such backend': 'Add the backend to haproxy.cfg (`seatrial init` prints the fragment) and reload HAProxy.',
  'no such map': 'Add the map to haproxy.cfg (`seatrial init` prints the fragment) and reload HAProxy.',
  'static balance': 'Use `balance roundrobin`, `leastconn` or `random` in that backend.',
  'unknown command': 'HAProxy 2.6 or later is needed.',
};

function kindOf(answer: string): RefusalKind {
  return kinds.find(([, pattern]) => pattern.test(answer))?.[0] ?? 'other';
}
