import type { EndedBy } from '../../local-host/host/traffic-counter.ts';

/** What is counted apart: users and probes are judged; `stream` is not, for its line comes when it is closed, hours later. */
export const requestKinds = ['user', 'probe', 'stream'] as const;
export type RequestKind = (typeof requestKinds)[number];

/** Which counter a request has a number of: `<revision>/<kind>`. */
export type CounterName = { revisionId: string; kind: RequestKind | 'drawn' };

/** One request that has ended, as the log tells it. */
export type LoggedRequest = {
  /** Process that served it. Numbers are unique within one. */
  pid: number;
  /** How many lines its frontend had logged before; two lines of a moment may bear the same. */
  logged: number;
  /** Null for a request that was not given to a revision, such as a malformed one. */
  counted: {
    name: CounterName;
    /** From 1, in the order of arrival. */
    number: number;
    status: number;
    ended: EndedBy;
    /** The answer of a server came whole. */
    completed: boolean;
    /** From the first byte of the request to the last of the answer. */
    durationMs: number;
    /** `<backend>/<server>`; null when it was never given to one. */
    server: string | null;
    /** Revision of the server that answered; null without an answer. */
    servedBy: string | null;
    /** Hash of the assignment unit that the request carried; null for one that carried none. */
    client: string | null;
  } | null;
};

const mark = 'seatrial1';

/** The value of `log-format`: one line for each request, fields without blanks. Pure. */
export function logFormat(revisionsMap: string): string {
  const fields = [
    mark,
    '%pid',
    '%lc',
    '%[var(txn.seatrial_counted)]',
    '%[var(txn.seatrial_number)]',
    '%ST',
    '%ts',
    '%Ta',
    '%b/%s',
    `%[var(txn.seatrial_served),map_str(${revisionsMap},none)]`,
    '%[var(txn.seatrial_client)]',
  ];
  return fields.join(' ');
}

const line = new RegExp(
  `^${mark} (\\d{1,10}) (\\d{1,15}) (\\S{1,220}) (\\d{1,10}|-) (-?\\d{1,3}) ([A-Za-z-]{2}) (-?\\d{1,12}) (\\S{1,220}) (\\S{1,220}) (-?\\d{1,20}|-)$`,
);

/** A line of the log; null for what is none of ours, or not whole. Pure. */
export function parseLogLine(text: string): LoggedRequest | null {
  const found = line.exec(text);
  if (found === null) return null;
  const [pid, logged, name = '', number = '', status, how = '', duration, server = '', served = '', client = ''] =
    found.slice(1);
  const place = { pid: Number(pid), logged: Number(logged) };
  const counter = parseCounterName(name);
  if (counter === null || number === '-') return { ...place, counted: null };
  const there = server.endsWith('/<NOSRV>') ? null : server;
  return {
    ...place,
    counted: {
      name: counter,
      number: Number(number),
      status: Number(status),
      ended: endOf(how, Number(status)),
      completed: how.startsWith('-') && there !== null,
      durationMs: Math.max(0, Number(duration)),
      server: there,
      servedBy: served === '-' || served === 'none' ? null : served,
      client: client === '-' ? null : client,
    },
  };
}

/** `1.4.0-0123456789ab/user`. Pure. */
export function parseCounterName(text: string): CounterName | null {
  const slash = text.lastIndexOf('/');
  const kind = [...requestKinds, 'drawn' as const].find((one) => one === text.slice(slash + 1));
  const revisionId = text.slice(0, Math.max(0, slash));
  return kind === undefined || revisionId === '' || revisionId === 'none' ? null : { revisionId, kind };
}

/** The first letter says who ended it, the second in which state it was (configuration manual, 8.5). */
function endOf(how: string, status: number): EndedBy {
  const [who, state] = how;
  const serverAnswered = state === 'D' || state === 'L';
  switch (who) {
    // The client went away. What HAProxy would have answered is nobody's failure, what the server has answered may be.
    case 'C':
    case 'c':
      return serverAnswered && status >= 500 ? 'server_error' : 'left';
    // An operator, or a drain whose time was over, cut it off.
    case 'K':
      return 'left';
    case 's':
      return 'timeout';
    case 'S':
    case 'D':
    case 'U':
      return 'connection';
    case 'P':
    case 'R':
    case 'I':
      return status >= 500 ? 'connection' : 'answer';
    default:
      return status >= 500 || status <= 0 ? 'server_error' : 'answer';
  }
}
