import { DeployError } from '../../model/deploy-error.ts';
import { probeHeader } from '../../model/traffic.ts';
import { slotKeys } from './engine-keys.ts';
import { logFormat } from './request-log.ts';
import { plainName } from './runtime-command.ts';
import { type Slot, splitKey, splitPoints } from './split-value.ts';

export type FragmentSettings = {
  /** Name of the frontend. */
  service: string;
  /** Address and port, as after `bind`: `:80`, `127.0.0.1:8080`. */
  bind: string;
  statsSocket: string;
  stateFile: string;
  /** Holds one key: how units are split between the slots. */
  splitMap: string;
  /** `<backend>/<server>` → revision id. */
  revisionsMap: string;
  cookie: string;
  revisionHeader: string;
  backends: Readonly<{ a: string; b: string }>;
  /** Servers that each slot can hold at most. */
  serversPerSlot: number;
  health: { path: string; intervalMs: number; rise: number; fall: number };
  /** keepAliveMs: for so long after a reload a former idle connection can have one more request by the former split. */
  timeouts: { connectMs: number; requestMs: number; keepAliveMs: number; queueMs: number; tunnelMs: number };
  /** Requests are told one by one: numbered on arrival, logged when they end. */
  requestLog: boolean;
};

export type FragmentLine = {
  text: string;
  why: string;
  /** What else fulfils the purpose; without it only the line itself does. */
  fulfils?: RegExp;
};

export type FragmentSection = { head: string; lines: FragmentLine[] };

/** The part of haproxy.cfg that is needed, with a reason at each line that is not self-evident. Pure. Throws INPUT_INVALID. */
export function renderConfigFragment(settings: FragmentSettings): string {
  return planConfigFragment(settings)
    .map(({ head, lines }) => [head, ...lines.flatMap(renderLine)].join('\n'))
    .join('\n\n')
    .concat('\n');
}

/** The same as data. Pure. Throws INPUT_INVALID. */
export function planConfigFragment(settings: FragmentSettings): FragmentSection[] {
  assertPlain(settings);
  return [
    { head: 'global', lines: globalLines(settings) },
    ...(settings.requestLog ? logSections(settings) : []),
    { head: `frontend ${settings.service}`, lines: frontendLines(settings) },
    { head: `backend ${settings.backends.a}`, lines: backendLines(settings, 'a') },
    { head: `backend ${settings.backends.b}`, lines: backendLines(settings, 'b') },
  ];
}

/** Name of the ring with the log, and of the table that numbers requests. Pure. */
export function requestLogName({ service }: Pick<FragmentSettings, 'service'>): string {
  return `seatrial_${service}`;
}

/** What the files of the two maps must hold before HAProxy starts for the first time. Pure. */
export function planFirstMaps(settings: FragmentSettings): Array<{ path: string; text: string }> {
  return [
    { path: settings.splitMap, text: `${splitKey} 0:none\n` },
    { path: settings.revisionsMap, text: '' },
  ];
}

function renderLine({ text, why }: FragmentLine): string[] {
  return why === '' ? [`    ${text}`] : [`    # ${why}`, `    ${text}`];
}

function globalLines(settings: FragmentSettings): FragmentLine[] {
  return [
    {
      text: `stats socket ${socketWords(settings.statsSocket)} level admin expose-fd listeners`,
      why: 'Level operator may change maps but no server. A reload hands listening sockets over, so no connection is refused.',
      fulfils: new RegExp(
        `^stats socket (ipv4@|ipv6@|unix@)?${escaped(settings.statsSocket)} (?=.*\\blevel admin\\b)(?=.*\\bexpose-fd listeners\\b)`,
      ),
    },
    { text: 'stats timeout 30s', why: '', fulfils: /^stats timeout / },
    {
      text: `server-state-file ${settings.stateFile}`,
      why: 'Addresses, states and weights that were set at runtime live on after a reload; seatrial writes it.',
    },
    {
      text: `hard-stop-after ${settings.timeouts.tunnelMs}ms`,
      why: 'After a reload the former process ends at last, even with open tunnels.',
      fulfils: /^hard-stop-after /,
    },
  ];
}

function logSections(settings: FragmentSettings): FragmentSection[] {
  return [
    {
      head: `ring ${requestLogName(settings)}`,
      lines: [
        {
          text: 'format raw',
          why: 'Kept in memory only and read over the stats socket; while nobody reads it costs nothing.',
        },
        { text: 'maxlen 1024', why: '', fulfils: /^maxlen (102[4-9]|10[3-9]\d|1[1-9]\d\d|[2-9]\d{3}|\d{5,})$/ },
        {
          text: 'size 4194304',
          why: 'Some 20,000 requests, which is how far a reader may be behind.',
          fulfils: /^size \d{7,}$/,
        },
      ],
    },
    {
      head: `backend ${requestLogName(settings)}`,
      lines: [
        {
          text: 'stick-table type string len 160 size 1k expire 1d store gpc0',
          why: 'Numbers the requests of each revision as they come, so that those which are still open are known too.',
        },
      ],
    },
  ];
}

/** Before the backend is chosen. */
function requestLogLines(settings: FragmentSettings): FragmentLine[] {
  const { revisionsMap } = settings;
  const table = requestLogName(settings);
  return [
    { text: `log ring@${table} format raw local0`, why: 'One line for each request, when it has ended.' },
    {
      text: `log-format "${logFormat(revisionsMap)}"`,
      why: 'Of every log of this frontend: it can have only one format.',
    },
    { text: 'http-request set-var(txn.seatrial_kind) str(user)', why: '' },
    {
      text: 'http-request set-var(txn.seatrial_kind) str(stream) if { req.hdr(upgrade) -m found } or { req.hdr(accept) -m sub text/event-stream }',
      why: 'WebSockets and event streams end when their users go, which says nothing about them: they are not judged.',
    },
    {
      text: `http-request set-var(txn.seatrial_kind) str(probe) if { req.hdr(${probeHeader}) -m found }`,
      why: '',
    },
    {
      text: 'http-request set-var(txn.seatrial_client) var(txn.seatrial_unit),xxh64(0) if !{ var(txn.seatrial_fresh) -m bool }',
      why: 'Several failures of one user count once; the unit itself is not logged.',
    },
    ...(['a', 'b'] as const).map((slot) => ({
      text: `http-request set-var(txn.seatrial_drawn) str(${slotKeys[slot]}),map_str(${revisionsMap},none),concat(/drawn) ${slot === 'b' ? 'if' : 'unless'} seatrial_b`,
      why:
        slot === 'a' ? 'New users of each revision, which shows whether the split is the one that was asked for.' : '',
    })),
    {
      text: `http-request track-sc1 var(txn.seatrial_drawn) table ${table} if { var(txn.seatrial_fresh) -m bool } { var(txn.seatrial_kind) -m str user }`,
      why: '',
    },
    {
      text: 'http-request sc-inc-gpc0(1) if { var(txn.seatrial_fresh) -m bool } { var(txn.seatrial_kind) -m str user }',
      why: '',
    },
  ];
}

function numberingLines(settings: FragmentSettings, slot: Slot): FragmentLine[] {
  const table = requestLogName(settings);
  return [
    {
      text: `http-request set-var(txn.seatrial_counted) str(${slotKeys[slot]}),map_str(${settings.revisionsMap},none),concat(/,txn.seatrial_kind)`,
      why: 'The revision of this slot at that moment.',
    },
    { text: `http-request track-sc2 var(txn.seatrial_counted) table ${table}`, why: '' },
    { text: 'http-request set-var(txn.seatrial_number) sc_inc_gpc0(2)', why: '' },
  ];
}

/** Only a file has permissions. */
function socketWords(address: string): string {
  return address.startsWith('/') ? `${address} mode 660` : address;
}

function frontendLines(settings: FragmentSettings): FragmentLine[] {
  const { cookie, splitMap, timeouts } = settings;
  return [
    { text: 'mode http', why: '', fulfils: /^mode http$/ },
    { text: `bind ${settings.bind}`, why: '', fulfils: /^bind / },
    { text: `timeout client ${timeouts.requestMs}ms`, why: '', fulfils: /^timeout client / },
    { text: 'timeout http-request 10s', why: '', fulfils: /^timeout http-request / },
    { text: 'timeout client-fin 30s', why: '', fulfils: /^timeout client-fin / },
    {
      text: 'option idle-close-on-response',
      why: 'At a reload idle connections are closed with the next answer, not under a request that is on its way.',
    },
    {
      text: `timeout http-keep-alive ${timeouts.keepAliveMs}ms`,
      why: 'Until then such a connection still has one request served by the former process, with the former split.',
      fulfils: /^timeout http-keep-alive /,
    },
    {
      text: `http-request set-var(txn.seatrial_split) str(${splitKey}),map_str(${splitMap},0:none)`,
      why: 'Read once for each request, so that share and salt belong together.',
    },
    { text: 'http-request set-var(txn.seatrial_points) var(txn.seatrial_split),field(1,:)', why: '' },
    { text: 'http-request set-var(txn.seatrial_salt) var(txn.seatrial_split),field(2,:)', why: '' },
    {
      text: `http-request set-var(txn.seatrial_unit) req.cook(${cookie}) if { req.cook(${cookie}) -m reg ^[A-Za-z0-9_-]{1,64}$ }`,
      why: 'The assignment unit: the cookie, else a fresh draw that the answer gives to the client, in both arms alike.',
    },
    { text: 'http-request set-var(txn.seatrial_fresh) bool(true) if !{ var(txn.seatrial_unit) -m found }', why: '' },
    { text: 'http-request set-var(txn.seatrial_unit) uuid() if { var(txn.seatrial_fresh) -m bool }', why: '' },
    {
      text: `http-request set-var(txn.seatrial_point) var(txn.seatrial_salt),concat(:,txn.seatrial_unit),xxh32(0),mod(${splitPoints})`,
      why: '',
    },
    { text: 'acl seatrial_b var(txn.seatrial_point),sub(txn.seatrial_points) -m int lt 0', why: '' },
    ...(settings.requestLog ? requestLogLines(settings) : []),
    ...routeLines(settings.backends),
    {
      text: `http-after-response add-header Set-Cookie "${cookie}=%[var(txn.seatrial_unit)]; Path=/; Max-Age=31536000; HttpOnly; SameSite=Lax" if { var(txn.seatrial_fresh) -m bool }`,
      why: 'Also on answers of HAProxy itself: a client keeps its unit from the first answer on.',
    },
    { text: 'http-after-response set-var(txn.seatrial_server) srv_name', why: '' },
    { text: 'http-after-response set-var(txn.seatrial_served) be_name,concat(/,txn.seatrial_server)', why: '' },
    {
      text: `http-after-response set-header ${settings.revisionHeader} %[var(txn.seatrial_served),map_str(${settings.revisionsMap},none)]`,
      why: 'The revision of the server that answered, after retries.',
    },
  ];
}

/** A process that was told to stop counts no living server anywhere, so only a living other slot may take a share over. */
function routeLines({ a, b }: FragmentSettings['backends']): FragmentLine[] {
  return [
    { text: `acl seatrial_a_up nbsrv(${a}) gt 0`, why: '' },
    { text: `acl seatrial_b_up nbsrv(${b}) gt 0`, why: '' },
    {
      text: `use_backend ${a} if seatrial_b !seatrial_b_up seatrial_a_up`,
      why: 'A slot without a living server loses its share to the other one instead of answering 503.',
    },
    { text: `use_backend ${b} if !seatrial_b !seatrial_a_up seatrial_b_up`, why: '' },
    { text: `use_backend ${b} if seatrial_b`, why: '' },
    { text: `default_backend ${a}`, why: '' },
  ];
}

function backendLines(settings: FragmentSettings, slot: Slot): FragmentLine[] {
  const { health, timeouts } = settings;
  return [
    { text: 'mode http', why: '', fulfils: /^mode http$/ },
    ...(settings.requestLog ? numberingLines(settings, slot) : []),
    { text: 'balance roundrobin', why: '', fulfils: /^balance (roundrobin|leastconn|random\b.*)$/ },
    { text: `timeout connect ${timeouts.connectMs}ms`, why: '', fulfils: /^timeout connect / },
    { text: `timeout server ${timeouts.requestMs}ms`, why: '', fulfils: /^timeout server / },
    { text: `timeout queue ${timeouts.queueMs}ms`, why: '', fulfils: /^timeout queue / },
    {
      text: `timeout tunnel ${timeouts.tunnelMs}ms`,
      why: 'Open WebSockets are not cut by the shorter time-out of requests.',
      fulfils: /^timeout tunnel /,
    },
    { text: 'http-reuse safe', why: '', fulfils: /^http-reuse (safe|aggressive|always)$/ },
    { text: 'retries 3', why: '', fulfils: /^retries [1-9]\d*$/ },
    {
      text: 'option redispatch 1',
      why: 'Each retry goes to another server of the slot: a dead instance costs no request.',
      fulfils: /^option redispatch( |$)/,
    },
    {
      text: 'retry-on conn-failure empty-response 0rtt-rejected',
      why: 'empty-response: an idle connection that the server closed at the same moment.',
      fulfils: /^retry-on (?=.*\bconn-failure\b)(?=.*\bempty-response\b)/,
    },
    {
      text: 'http-request disable-l7-retry unless METH_GET',
      why: 'What was sent and may have been done is sent again for GET and HEAD only.',
      fulfils: /^http-request disable-l7-retry( (unless METH_GET|if .*METH_POST.*))?$/,
    },
    { text: 'option httpchk', why: '', fulfils: /^option httpchk( |$)/ },
    {
      text: `http-check send meth GET uri ${health.path} ver HTTP/1.1 hdr Host localhost`,
      why: '',
      fulfils: /^http-check send /,
    },
    { text: 'http-check expect status 200-299', why: '', fulfils: /^http-check expect / },
    {
      text: `default-server check inter ${health.intervalMs}ms rise ${health.rise} fall ${health.fall}`,
      why: '',
      fulfils: /^default-server (?=.*\bcheck\b)/,
    },
    { text: 'load-server-state-from-file global', why: '' },
    {
      text: `server-template s 1-${settings.serversPerSlot} 127.0.0.1:1 disabled init-addr last,none`,
      why: 'Places for instances, filled at runtime. Servers added at runtime instead would be lost by a reload.',
      fulfils: /^server-template \S+ \S+ \S+ (?=.*\bdisabled\b)/,
    },
  ];
}

const socket = /^(\/[A-Za-z0-9_.:/-]{1,200}|[A-Za-z0-9_.:[\]-]{1,100}:\d{1,5})$/;
const file = /^\/[A-Za-z0-9_.:/-]{1,200}$/;

/** A value with a blank, a quote or a line end would be another configuration than the one that is shown. */
function assertPlain(settings: FragmentSettings): void {
  const { health, timeouts } = settings;
  const wrong = [
    ...mismatches({ service: settings.service, a: settings.backends.a, b: settings.backends.b }, plainName),
    ...mismatches({ bind: settings.bind }, /^[A-Za-z0-9_.:*[\]@/-]{1,200}$/),
    ...mismatches(
      {
        stateFile: settings.stateFile,
        splitMap: settings.splitMap,
        revisionsMap: settings.revisionsMap,
      },
      file,
    ),
    ...mismatches({ statsSocket: settings.statsSocket }, socket),
    ...mismatches({ cookie: settings.cookie, revisionHeader: settings.revisionHeader }, /^[A-Za-z0-9_-]{1,64}$/),
    ...mismatches({ healthPath: health.path }, /^\/[A-Za-z0-9_.~/?&=%-]{0,200}$/),
    ...mismatches(
      {
        serversPerSlot: String(settings.serversPerSlot),
        intervalMs: String(health.intervalMs),
        rise: String(health.rise),
        fall: String(health.fall),
        ...Object.fromEntries(Object.entries(timeouts).map(([name, value]) => [name, String(value)])),
      },
      /^[1-9]\d{0,8}$/,
    ),
    ...(settings.backends.a === settings.backends.b ? ['- b: the two slots are one backend'] : []),
  ];
  if (wrong.length === 0) return;
  const remedy = 'Use plain names, absolute paths and whole numbers above 0.';
  throw new DeployError('INPUT_INVALID', { name: 'the HAProxy fragment', list: wrong.join('\n'), remedy });
}

function mismatches(values: Readonly<Record<string, string>>, pattern: RegExp): string[] {
  return Object.entries(values)
    .filter(([, value]) => !pattern.test(value))
    .map(([key, value]) => `- ${key}: ${JSON.stringify(value)} cannot stand in haproxy.cfg`);
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
