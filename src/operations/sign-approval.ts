import { join, resolve } from 'node:path';
import { isTouchKey, parsePublicKey, type Signer } from '../config/allowed-signers.ts';
import { listPending, savePending } from '../journal/plan-store.ts';
import { approvalDocument, approvalNamespace } from '../model/approval-document.ts';
import { DeployError } from '../model/deploy-error.ts';
import type { OperationContext } from '../model/operation.ts';
import type { Approval } from '../model/plan.ts';
import { parseSshSignature } from '../model/ssh-signature.ts';
import { renderApprovalScreen } from '../report/approval-screen.ts';
import { accountName } from '../system/account-name.ts';
import { canonicalJson } from '../system/canonical-json.ts';
import { linkOnce, plainFileSize, readTextFile } from '../system/files.ts';
import { isKeyLocked, signAtTerminal } from '../system/ssh-keygen.ts';
import { loadApprovers } from './approver-list.ts';
import { type ApprovalRequest, draftApproval } from './draft-approval.ts';
import { commandFor, notAccepted } from './give-approval.ts';
import { verifyApproval } from './verify-approval.ts';

/** A signature or a public key of more bytes than this is none. */
const longestFile = 10_000;

/** Shows the screen and lets ssh-keygen ask the person for passphrase or touch. Throws KEY_REFUSED, APPROVAL_NOT_ACCEPTED. */
export async function signHere(
  request: ApprovalRequest,
  given: { key: string | undefined },
  context: OperationContext,
): Promise<Approval> {
  const { person, clock, projectDirectory } = context;
  if (given.key === undefined)
    throw notAccepted(
      'no key was named.',
      'Add --key with the file of your private key, such as --key ~/.ssh/approve.',
    );
  if (person === undefined || !context.caller.interactive)
    throw notAccepted(
      'no person is at this terminal, and ssh-keygen could ask nobody for passphrase or touch.',
      `A person runs it in a terminal of their own: ${commandFor(request)}`,
    );
  const keyFile = resolve(projectDirectory, given.key).replace(/\.pub$/, '');
  const signer = await signerOfKey(request, keyFile);
  if (signer.kind === 'passphrase' && !(await isKeyLocked(keyFile, projectDirectory)))
    throw new DeployError('KEY_REFUSED', {
      key: keyFile,
      reason: 'it has no passphrase, so that any program of yours can sign with it.',
      remedy: `Give it one (\`ssh-keygen -p -f ${keyFile}\`), or enrol a touch key (\`ssh-keygen -t ed25519-sk\`).`,
    });
  const draft = draftApproval(request, { by: signer.name, how: 'signature', client: null, nowMs: clock.now() });
  person.show(renderApprovalScreen({ plan: request.plan, approval: draft }));
  person.show(
    `Signing exactly this with ${signer.fingerprint}. ${signer.kind === 'touch' ? 'Touch the key' : 'Type its passphrase'} to approve; Ctrl-C stops.`,
  );
  const armored = await signAtTerminal({
    keyFile,
    namespace: approvalNamespace,
    document: documentOf(request, draft),
    directory: join(request.place.project.state.approvals, 'checks'),
  });
  if (armored === null)
    throw notAccepted('ssh-keygen made no signature.', `Nothing was approved. To try again: ${commandFor(request)}`);
  return accept(request, { ...draft, signature: { armored, fingerprint: signer.fingerprint } }, clock.now());
}

/** Writes the exact bytes that somebody is to sign elsewhere, and remembers that they were given out. Throws FILE_REFUSED. */
export async function writeDocument(
  request: ApprovalRequest,
  given: { document: string; as?: string | undefined },
  { clock, projectDirectory }: OperationContext,
): Promise<{ path: string; approval: Approval; screen: string }> {
  const signer = await signerNamed(request, given.as);
  const approval = draftApproval(request, { by: signer, how: 'signature', client: null, nowMs: clock.now() });
  const path = resolve(projectDirectory, given.document);
  const written = await linkOnce(documentOf(request, approval), path).catch((thrown: unknown) => {
    throw new DeployError(
      'FILE_REFUSED',
      { path, reason: thrown instanceof Error ? thrown.message : String(thrown) },
      thrown,
    );
  });
  if (!written) throw new DeployError('FILE_REFUSED', { path, reason: 'there is a file already' });
  await savePending(request.place.project.state, approval);
  return { path, approval, screen: renderApprovalScreen({ plan: request.plan, approval }) };
}

/** Takes a signature that was made elsewhere over a document of `writeDocument`. Throws APPROVAL_NOT_ACCEPTED. */
export async function handInSignature(
  request: ApprovalRequest,
  given: { signature: string },
  { clock, projectDirectory }: OperationContext,
): Promise<Approval> {
  const path = resolve(projectDirectory, given.signature);
  const armored = await readShort(path);
  const read = parseSshSignature(armored);
  if (read === null)
    throw notAccepted(
      `${path} holds no SSH signature.`,
      `It is the file that \`ssh-keygen -Y sign -n ${approvalNamespace} -f <key> <document>\` writes beside the document (.sig).`,
    );
  const { state } = request.place.project;
  const reasons: string[] = [];
  for (const pending of await listPending(state, request.plan.planId)) {
    if (pending.scope !== request.scope) continue;
    const fingerprint = (await enrolled(request)).find(({ key }) => key === read.key)?.fingerprint ?? 'not enrolled';
    const approval = { ...pending, signature: { armored, fingerprint } };
    const verdict = await verify(request, approval, clock.now());
    if (verdict.ok) return approval;
    reasons.push(`document for ${pending.by}: ${verdict.reason}`);
  }
  throw notAccepted(
    reasons.length === 0
      ? 'no document for this plan and scope was written that it could be the signature of.'
      : `it fits none of the documents that were written for this plan. ${reasons.join('; ')}.`,
    `Write one for the person who signs: ${commandFor(request).replace(/ --sign.*$/, '')} --as <approver> --document <file>`,
  );
}

function documentOf({ plan }: ApprovalRequest, approval: Approval): string {
  return canonicalJson(approvalDocument(approval, plan.content));
}

async function accept(request: ApprovalRequest, approval: Approval, nowMs: number): Promise<Approval> {
  const verdict = await verify(request, approval, nowMs);
  if (verdict.ok) return approval;
  throw notAccepted(`${verdict.reason}.`, `Nothing was approved. To try again: ${commandFor(request)}`);
}

function verify({ place, plan, scope }: ApprovalRequest, approval: Approval, nowMs: number) {
  return verifyApproval(place, approval, { plan, scope, least: 'signature', nowMs });
}

async function enrolled({ place }: ApprovalRequest): Promise<Signer[]> {
  return (await loadApprovers(place.approval.signers, place.project.repository)).signers;
}

/** Who signs with a key, by its public half. Throws KEY_REFUSED. */
async function signerOfKey(request: ApprovalRequest, keyFile: string): Promise<Signer> {
  const refuse = (reason: string, remedy: string): DeployError =>
    new DeployError('KEY_REFUSED', { key: keyFile, reason, remedy });
  const read = parsePublicKey(await readShort(`${keyFile}.pub`));
  if ('reason' in read)
    throw refuse(
      `${keyFile}.pub cannot be used: ${read.reason}.`,
      `\`ssh-keygen -y -f ${keyFile}\` prints the public half; keep it beside the key.`,
    );
  const list = await loadApprovers(request.place.approval.signers, request.place.project.repository);
  const signer = list.signers.find(({ key }) => key === read.key);
  if (signer !== undefined) return signer;
  throw refuse(
    `it is enrolled for nobody in ${list.where}.`,
    `Enrol it first: seatrial approvers add <name> --key ${keyFile}.pub${isTouchKey(read.keyType) ? '' : ' --kind passphrase'}`,
  );
}

/** The approver whose document is written: named, or the only one who has this account. */
async function signerNamed(request: ApprovalRequest, as: string | undefined): Promise<string> {
  const signers = await enrolled(request);
  const names = [...new Set(signers.map(({ name }) => name))];
  const known = names.length === 0 ? 'Nobody is enrolled: seatrial approvers add' : `Enrolled: ${names.join(', ')}`;
  if (as !== undefined) {
    if (names.includes(as)) return as;
    throw notAccepted(`${as} is no enrolled approver.`, `${known}.`);
  }
  const own = [...new Set(signers.filter(({ account }) => account === accountName()).map(({ name }) => name))];
  const [only] = own.length > 0 ? own : names;
  if (only !== undefined && (own.length === 1 || names.length === 1)) return only;
  throw notAccepted('it is not said who will sign.', `Add --as <approver>. ${known}.`);
}

async function readShort(path: string): Promise<string> {
  const size = await plainFileSize(path).catch(() => null);
  if (size === null || size > longestFile)
    throw new DeployError('FILE_REFUSED', {
      path,
      reason: size === null ? 'there is no such plain file' : `it has ${size} bytes`,
    });
  return (await readTextFile(path)) ?? '';
}
