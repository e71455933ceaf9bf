import { createHash } from 'node:crypto';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { approvalNamespace } from '../model/approval-document.ts';
import { type ApproverRole, approverRoles } from '../model/config/approval.ts';

/** One enrolled approver: a line of an allowed-signers file as seatrial writes and reads it. */
export type Signer = {
  name: string;
  keyType: string;
  /** Base64 of the public key, as OpenSSH has it. */
  key: string;
  /** `SHA256:…`, as ssh-keygen prints it. */
  fingerprint: string;
  /** touch: the type of the key demands it. passphrase: whoever enrolled it said so. */
  kind: 'touch' | 'passphrase';
  roles: ApproverRole[];
  /** Account of the machine that is the same person; separation of duties compares with it. */
  account: string | null;
  /** `valid-after` and `valid-before`, as written. */
  validity: string[];
};

export type AllowedSigners = {
  signers: Signer[];
  /** Lines that count for nothing, and why. */
  ignored: Array<{ line: number; reason: string }>;
};

export const approverName = /^[A-Za-z0-9][A-Za-z0-9._@+-]{0,63}$/;
const touchTypes: readonly string[] = ['sk-ssh-ed25519@openssh.com', 'sk-ecdsa-sha2-nistp256@openssh.com'];
const otherTypes: readonly string[] = [
  'ssh-ed25519',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'ssh-rsa',
];

/** Folder of what this user, and no project, says: `seatrial` in `XDG_CONFIG_HOME`, else in `~/.config`. */
export function userConfigFolder(env: Readonly<Record<string, string | undefined>>): string {
  const xdg = env['XDG_CONFIG_HOME'];
  // The XDG specification has relative paths ignored.
  if (xdg && isAbsolute(xdg)) return join(xdg, 'seatrial');
  return join(env['HOME'] || homedir(), '.config', 'seatrial');
}

/**
 * The approvers of an allowed-signers file (ssh-keygen(1), ALLOWED SIGNERS), read more strictly than ssh-keygen reads it:
 * one plain name, our own namespace, a touch key or one that was enrolled as protected by a passphrase. Pure.
 */
export function parseAllowedSigners(text: string): AllowedSigners {
  const result: AllowedSigners = { signers: [], ignored: [] };
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    const parsed = parseLine(line);
    if (typeof parsed === 'string') result.ignored.push({ line: index + 1, reason: parsed });
    else result.signers.push(parsed);
  }
  return result;
}

/** A signer as one line. Pure. */
export function renderSigner(signer: Signer): string {
  const marks = [
    `kind=${signer.kind}`,
    ...(signer.roles.length === 0 ? [] : [`roles=${signer.roles.join(',')}`]),
    ...(signer.account === null ? [] : [`account=${signer.account}`]),
  ];
  return `${renderForVerification(signer)} ${marks.join(' ')}`;
}

/** The part that ssh-keygen reads, for exactly one approver and key. Pure. */
export function renderForVerification({ name, keyType, key, validity }: Signer): string {
  return `${name} ${[`namespaces="${approvalNamespace}"`, ...validity].join(',')} ${keyType} ${key}`;
}

/** A public key file (`ssh-ed25519 AAAA… comment`) as type and key, or why it is none that may approve. Pure. */
export function parsePublicKey(text: string): { keyType: string; key: string } | { reason: string } {
  const [keyType = '', key = ''] = text.trim().split(/\s+/);
  if (/PRIVATE KEY/.test(text)) return { reason: 'it is a private key; give the file that ends in .pub' };
  const reason = keyMistake(keyType, key);
  return reason === null ? { keyType, key } : { reason };
}

/** True for keys that cannot sign without somebody touching the device. Pure. */
export function isTouchKey(keyType: string): boolean {
  return touchTypes.includes(keyType);
}

/** As `ssh-keygen -l` prints it. Pure. */
export function fingerprintOf(key: string): string {
  return `SHA256:${createHash('sha256').update(Buffer.from(key, 'base64')).digest('base64').replace(/=+$/, '')}`;
}

function parseLine(line: string): Signer | string {
  const [name = '', ...rest] = splitOutsideQuotes(line, ' ').filter((word) => word !== '');
  if (!approverName.test(name)) return 'its name is a pattern or a list; one plain name is needed';
  const hasOptions = rest[0] !== undefined && !isKeyType(rest[0]);
  const options = hasOptions ? splitOutsideQuotes(rest[0] ?? '', ',') : [];
  const [keyType = '', key = '', ...comment] = hasOptions ? rest.slice(1) : rest;
  const mistake = optionMistake(options) ?? keyMistake(keyType, key);
  if (mistake !== null) return mistake;
  const marks = new Map(comment.flatMap((word) => pairOf(word)));
  const kind = isTouchKey(keyType) ? 'touch' : marks.get('kind');
  if (kind !== 'touch' && kind !== 'passphrase')
    return 'nobody said that its key asks for a passphrase; enrol it with `seatrial approvers add`';
  if (kind === 'touch' && !isTouchKey(keyType)) return `a key of type ${keyType} is no touch key`;
  const named = (marks.get('roles') ?? '').split(',');
  return {
    name,
    keyType,
    key,
    fingerprint: fingerprintOf(key),
    kind,
    roles: approverRoles.filter((role) => named.includes(role)),
    account: marks.get('account') ?? null,
    validity: options.filter((option) => /^valid-(after|before)=/.test(option)),
  };
}

function optionMistake(options: readonly string[]): string | null {
  const names = options.map((option) => option.split('=')[0]?.toLowerCase() ?? '');
  const unknown = names.find((name) => !['namespaces', 'valid-after', 'valid-before'].includes(name));
  if (unknown !== undefined) return `the option ${unknown} is not taken`;
  const listed = options.find((option) => option.toLowerCase().startsWith('namespaces=')) ?? '';
  const spaces = /^namespaces="([^"]*)"$/i.exec(listed)?.[1]?.split(',') ?? [];
  return spaces.includes(approvalNamespace)
    ? null
    : `it is not enrolled for approvals: namespaces="${approvalNamespace}" is missing`;
}

function keyMistake(keyType: string, key: string): string | null {
  if (!isKeyType(keyType))
    return `keys of type "${keyType.slice(0, 40)}" are not taken; ed25519 and touch keys are best`;
  const blob = Buffer.from(key, 'base64');
  const length = blob.length > 4 ? blob.readUInt32BE(0) : 0;
  return blob.toString('base64') === key && blob.subarray(4, 4 + length).toString('latin1') === keyType
    ? null
    : 'its key is damaged';
}

function isKeyType(word: string): boolean {
  return touchTypes.includes(word) || otherTypes.includes(word);
}

function pairOf(word: string): Array<[string, string]> {
  const match = /^(kind|roles|account)=(.+)$/.exec(word);
  return match?.[1] === undefined || match[2] === undefined ? [] : [[match[1], match[2]]];
}

function splitOutsideQuotes(text: string, separator: ' ' | ','): string[] {
  const parts = [''];
  let quoted = false;
  for (const character of text) {
    if (character === '"') quoted = !quoted;
    if (character === separator && !quoted) parts.push('');
    else parts[parts.length - 1] = `${parts.at(-1) ?? ''}${character}`;
  }
  return parts;
}
