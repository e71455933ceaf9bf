import type { EnvironmentSpec } from '../model/config/environment.ts';
import type { Authority } from '../model/plan.ts';

/** Keys under which a list of texts is a program with its arguments. */
const programKeys: readonly string[] = ['command', 'argv', 'verify', 'start', 'stop', 'status'];
/** Keys under which an address, or a socket, stands as text. */
const addressKeys: readonly string[] = ['url', 'webhook', 'socket', 'server'];

/**
 * What a plan lets seatrial run, ask and hand on in an environment, out of its resolved configuration: every program with
 * every argument, every address, the names of all variables, and the checks. Pure.
 */
export function planAuthority(spec: EnvironmentSpec): Authority {
  const found: Authority = { programs: [], addresses: [], variables: [], checks: [] };
  collect(spec, '', found);
  for (const [index, { name }] of spec.smoke.entries()) found.checks.push({ at: `smoke[${index}]`, name });
  for (const gate of Object.keys(spec.gates.evidence)) found.checks.push({ at: 'gates.evidence', name: gate });
  for (const id of spec.gates.require) found.checks.push({ at: 'gates.require', name: id });
  return found;
}

function collect(value: unknown, at: string, found: Authority): void {
  if (typeof value !== 'object' || value === null) return;
  if (Array.isArray(value)) {
    for (const [index, inner] of value.entries()) collect(inner, `${at}[${index}]`, found);
    return;
  }
  for (const [key, inner] of Object.entries(value))
    collectKey(key, inner, { at: at === '' ? key : `${at}.${key}`, found });
}

function collectKey(key: string, inner: unknown, { at, found }: { at: string; found: Authority }): void {
  const texts = textsOf(inner);
  if (key === 'prepare' && Array.isArray(inner)) {
    for (const [index, argv] of inner.entries())
      found.programs.push({ at: `${at}[${index}]`, argv: textsOf(argv) ?? [] });
  } else if (programKeys.includes(key) && texts !== null && texts.length > 0) found.programs.push({ at, argv: texts });
  else if (addressKeys.includes(key)) collectAddress(key, inner, { at, found });
  else if (key === 'pass' && texts !== null) for (const name of texts) found.variables.push({ at, name });
  else if (key === 'headersFromEnv')
    for (const [header, name] of pairsOf(inner)) found.variables.push({ at: `${at}.${header}`, name });
  else if (key === 'env') collectEnv(inner, { at, found });
  else collect(inner, at, found);
}

/** An address, or one for each revision. */
function collectAddress(key: string, inner: unknown, { at, found }: { at: string; found: Authority }): void {
  const named: Array<[string, string]> = typeof inner === 'string' ? [[at, inner]] : pairsOf(inner, `${at}.`);
  for (const [place, address] of named)
    found.addresses.push({ at: place, address: key === 'webhook' ? originOf(address) : withoutQuery(address) });
  if (named.length === 0) collect(inner, at, found);
}

function collectEnv(inner: unknown, { at, found }: { at: string; found: Authority }): void {
  if (typeof inner !== 'object' || inner === null) return;
  for (const [key, value] of Object.entries(inner)) {
    if (key === 'file' && typeof value === 'string') found.variables.push({ at: `${at}.file`, name: value });
    else if (key === 'set') for (const [name] of pairsOf(value)) found.variables.push({ at: `${at}.set`, name });
    else collectKey(key, value, { at: `${at}.${key}`, found });
  }
}

function textsOf(value: unknown): string[] | null {
  if (!Array.isArray(value)) return null;
  const texts = value.filter((item) => typeof item === 'string');
  return texts.length === value.length ? texts : null;
}

function pairsOf(value: unknown, prefix = ''): Array<[string, string]> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [];
  return Object.entries(value).flatMap(
    ([key, text]): Array<[string, string]> => (typeof text === 'string' ? [[`${prefix}${key}`, text]] : []),
  );
}

/** The path of a webhook is often its password. */
function originOf(address: string): string {
  return URL.canParse(address) ? new URL(address).origin : address;
}

/** Parameters may be secret; the hash of the configuration covers them. */
function withoutQuery(address: string): string {
  return address.replace(/[?#].*$/s, '');
}
