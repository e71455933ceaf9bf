import { join, resolve } from 'node:path';
import { z } from 'zod';
import {
  approverName,
  fingerprintOf,
  isTouchKey,
  parseAllowedSigners,
  parsePublicKey,
  renderSigner,
  type Signer,
  userConfigFolder,
} from '../config/allowed-signers.ts';
import { approvalRule } from '../config/approval-rule.ts';
import { loadEnvironment } from '../config/load-environment.ts';
import { approverRoles } from '../model/config/approval.ts';
import { DeployError } from '../model/deploy-error.ts';
import type { OperationContext, OperationResult } from '../model/operation.ts';
import { accountName } from '../system/account-name.ts';
import { sha256Hex } from '../system/canonical-json.ts';
import { ensurePrivateDirectory, fileExists, readTextFile, writeFileAtomic } from '../system/files.ts';
import { isKeyLocked } from '../system/ssh-keygen.ts';
import { type ApproverList, loadApprovers, userSignersFile } from './approver-list.ts';
import { defineOperation } from './define-operation.ts';
import { environmentField } from './inputs.ts';
import { openProject } from './project.ts';
import { shortCodeOf } from './short-code.ts';

const input = z.object({
  action: z.enum(['list', 'add', 'remove']).default('list'),
  name: z.string().max(64).optional().describe('The approver; letters, digits and . _ @ + -'),
  key: z.string().max(4096).optional().describe('For add: file of the public key (.pub)'),
  kind: z
    .enum(['touch', 'passphrase'])
    .optional()
    .describe('For add: what a signature with this key demands of the person; touch keys (sk-…) tell by themselves'),
  roles: z
    .array(z.enum(approverRoles))
    .default([])
    .describe(`For add: roles that this approver may fill: ${approverRoles.join(', ')}`),
  account: z
    .string()
    .max(64)
    .optional()
    .describe('For add: account of the machine that is the same person; default: the name'),
  environment: environmentField,
});
type Input = z.output<typeof input>;

export const approvers = defineOperation({
  name: 'approvers',
  title: 'Who may approve by signature',
  description:
    "The user's own list of approvers and their keys. add and remove are a person's acts at a terminal, by a typed code, and are recorded. list --environment shows whose signatures count there.",
  tool: false,
  effects: 'person',
  input,
  cli: {
    command: 'approvers',
    positional: ['action', 'name'],
    examples: [
      'seatrial approvers list',
      'seatrial approvers list --env production',
      'seatrial approvers add grace --key ~/.ssh/approve_sk.pub --roles releaseManager',
      'seatrial approvers add ada --key ada.pub --kind passphrase --account ada',
      'seatrial approvers remove grace',
    ],
  },
  run: async (given, context) => {
    if (given.action === 'list') return list(given, context);
    return given.action === 'add' ? add(given, context) : remove(given, context);
  },
});

async function list(given: Input, context: OperationContext): Promise<OperationResult<unknown>> {
  const found =
    given.environment === undefined
      ? await loadApprovers({ from: 'user' }, null)
      : await listOf(given.environment, context.projectDirectory);
  const { signers, ignored, where } = found;
  const lines = signers.map(
    ({ name, fingerprint, keyType, kind, roles, account }) =>
      `${name}  ${fingerprint}  ${keyType}, ${kind === 'touch' ? 'asks for a touch' : 'asks for a passphrase (as was said when it was enrolled)'}${roles.length === 0 ? '' : `; ${roles.join(', ')}`}${account === null ? '' : `; account ${account}`}`,
  );
  return {
    data: { where, signers, ignored },
    text: [
      signers.length === 0
        ? `Nobody is enrolled in ${where}. Until somebody is, production is approved by a dialog, which is not forgery-proof.`
        : `Approvers in ${where}:`,
      ...lines,
      ...ignored.map(({ line, reason }) => `line ${line} counts for nothing: ${reason}`),
      ...(where === userSignersFile()
        ? [
            'Whoever can write this file can enrol a key of their own, so an agent with a shell of this account can too. For more than that: approval.signers of a protected branch, or a file that belongs to root.',
          ]
        : []),
      ...(signers.length === 0 ? ['Next: seatrial approvers add <name> --key <file.pub>'] : []),
    ].join('\n'),
  };
}

async function listOf(environment: string, projectDirectory: string): Promise<ApproverList> {
  const project = await openProject(projectDirectory);
  const { name, spec } = loadEnvironment(project.config, environment);
  return loadApprovers(approvalRule(name, spec, project.enrolled).signers, project.repository);
}

async function add(given: Input, context: OperationContext): Promise<OperationResult<unknown>> {
  const signer = await readSigner(given, context.projectDirectory);
  const file = userSignersFile();
  const text = (await readTextFile(file)) ?? '';
  const owner = parseAllowedSigners(text).signers.find(({ key }) => key === signer.key);
  if (owner !== undefined)
    throw refused(
      signer.name,
      `this key is enrolled for ${owner.name} already.`,
      'One key is one approver; see `seatrial approvers list`.',
    );
  await confirm(
    [
      `ENROL AN APPROVER: ${signer.name}`,
      `key:     ${signer.keyType} ${signer.fingerprint}`,
      `demands: ${signer.kind === 'touch' ? 'a touch of the device for each signature' : 'its passphrase for each signature; a key that an agent (ssh-agent) holds open does not demand it, and that cannot be told from a signature'}`,
      `roles:   ${signer.roles.join(', ') || 'none'}`,
      `account: ${signer.account ?? 'none'}`,
      `list:    ${file}`,
      'From now on whoever has this key can approve deployments to production.',
    ],
    sha256Hex(renderSigner(signer)),
    context,
  );
  await change(file, `${text === '' || text.endsWith('\n') ? text : `${text}\n`}${renderSigner(signer)}\n`, {
    action: 'add',
    signers: [signer],
    context,
  });
  return {
    data: { action: 'add', ...signer, file },
    text: `${signer.name} is enrolled (${signer.fingerprint}) in ${file}.\nNext: seatrial approve <plan> --sign --key <private key>`,
  };
}

async function remove(given: Input, context: OperationContext): Promise<OperationResult<unknown>> {
  const name = assertName(given.name);
  const file = userSignersFile();
  const text = (await readTextFile(file)) ?? '';
  const gone = parseAllowedSigners(text).signers.filter((signer) => signer.name === name);
  if (gone.length === 0)
    throw refused(name, `nobody of that name is enrolled in ${file}.`, 'See `seatrial approvers list`.');
  await confirm(
    [
      `REMOVE AN APPROVER: ${name}`,
      ...gone.map(({ keyType, fingerprint }) => `key:  ${keyType} ${fingerprint}`),
      `list: ${file}`,
      'Their signatures count for nothing from now on, those that were given too.',
    ],
    sha256Hex(gone.map(renderSigner).join('\n')),
    context,
  );
  const left = text.split('\n').filter((line) => line.trim().split(/\s+/)[0] !== name);
  await change(file, left.join('\n'), { action: 'remove', signers: gone, context });
  return { data: { action: 'remove', name, file }, text: `${name} is no approver any more (${file}).` };
}

async function readSigner(given: Input, projectDirectory: string): Promise<Signer> {
  const name = assertName(given.name);
  if (given.key === undefined)
    throw refused(
      name,
      'no key was given.',
      'Add --key with the file of the public key, such as --key ~/.ssh/approve.pub.',
    );
  const path = resolve(projectDirectory, given.key);
  const text = await readTextFile(path).catch(() => null);
  if (text === null) throw refused(name, `${path} cannot be read.`, 'Give the file of the public key (.pub).');
  const read = parsePublicKey(text);
  if ('reason' in read)
    throw new DeployError('KEY_REFUSED', {
      key: path,
      reason: `${read.reason}.`,
      remedy: 'Make one with `ssh-keygen -t ed25519-sk` (touch) or `ssh-keygen -t ed25519` (with a passphrase).',
    });
  const touch = isTouchKey(read.keyType);
  if (given.kind === 'touch' && !touch)
    throw refused(
      name,
      `a key of type ${read.keyType} demands no touch.`,
      'Use a key of type …-sk, or say --kind passphrase.',
    );
  if (!touch && given.kind === undefined)
    throw refused(
      name,
      `nobody says what a signature with this ${read.keyType} key demands of a person.`,
      'Add --kind passphrase when it has a passphrase and is not held open by ssh-agent, or use a touch key (`ssh-keygen -t ed25519-sk`).',
    );
  const privateKey = path.replace(/\.pub$/, '');
  if (!touch && (await fileExists(privateKey)) && !(await isKeyLocked(privateKey, projectDirectory)))
    throw new DeployError('KEY_REFUSED', {
      key: privateKey,
      reason: 'it has no passphrase, so that any program of this account can sign with it.',
      remedy: `Give it one: \`ssh-keygen -p -f ${privateKey}\`.`,
    });
  return {
    name,
    ...read,
    fingerprint: fingerprintOf(read.key),
    kind: touch ? 'touch' : 'passphrase',
    roles: given.roles,
    account: given.account ?? name,
    validity: [],
  };
}

function assertName(name: string | undefined): string {
  if (name !== undefined && approverName.test(name)) return name;
  throw refused(
    name ?? 'The list',
    name === undefined ? 'no approver was named.' : 'that is no name for an approver.',
    'Give a name of letters, digits and . _ @ + -, such as grace.',
  );
}

/** A person reads what will be changed and types its code. Throws APPROVAL_NOT_ACCEPTED, CANCELLED. */
async function confirm(lines: readonly string[], id: string, { person, caller }: OperationContext): Promise<void> {
  if (person === undefined || !caller.interactive)
    throw new DeployError('APPROVAL_NOT_ACCEPTED', {
      reason: 'no person is at this terminal.',
      remedy: 'A person runs it in a terminal of their own.',
    });
  person.show(lines.join('\n'));
  const code = shortCodeOf(id);
  const typed = await person.ask(`To do exactly this, type ${code}; anything else stops: `);
  if (typed === null) throw new DeployError('CANCELLED', { what: 'The change' });
  if (typed.trim().toUpperCase() === code) return;
  throw new DeployError('APPROVAL_NOT_ACCEPTED', {
    reason: 'the code that was typed is another one.',
    remedy: 'Nothing was changed. Read it again before you confirm it.',
  });
}

/** Replaces the list, and keeps a record of who changed what beside it. */
async function change(
  file: string,
  text: string,
  { action, signers, context }: { action: 'add' | 'remove'; signers: readonly Signer[]; context: OperationContext },
): Promise<void> {
  const folder = userConfigFolder(process.env);
  await ensurePrivateDirectory(folder);
  const log = join(folder, 'approvers.log');
  const entry = {
    at: new Date(context.clock.now()).toISOString(),
    account: accountName(),
    action,
    approvers: signers.map(({ name, fingerprint, kind, roles }) => ({ name, fingerprint, kind, roles })),
  };
  await writeFileAtomic(log, `${(await readTextFile(log)) ?? ''}${JSON.stringify(entry)}\n`);
  await writeFileAtomic(file, text);
}

function refused(name: string, reason: string, remedy: string): DeployError {
  return new DeployError('APPROVER_REFUSED', { name, reason, remedy });
}
