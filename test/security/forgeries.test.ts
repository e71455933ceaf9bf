import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { listApprovals, markNonceUsed, saveApproval } from '../../src/journal/plan-store.ts';
import type { Caller } from '../../src/model/operation.ts';
import type { Approval, Plan } from '../../src/model/plan.ts';
import { assessApprovals } from '../../src/operations/check-approval.ts';
import { superviseStart } from '../../src/operations/supervise.ts';
import { accountName } from '../../src/system/account-name.ts';
import { createSystemClock } from '../../src/system/clock.ts';
import { recordProof } from '../faults/record-proof.ts';
import { type ApprovalPlace, createApprovalPlace, refusalOf } from '../fixtures/approval-place.ts';

vi.setConfig({ testTimeout: 120_000 });

const signed = '{ how: signature }';
let place: ApprovalPlace;
let grace: string;
let ada: string;
let stranger: string;
let tried = 0;
let wrong = 0;

beforeAll(async () => {
  place = await createApprovalPlace();
  [grace, ada, stranger] = [place.makeKey('grace'), place.makeKey('ada'), place.makeKey('stranger')];
  enrolBoth();
  place.writeConfig(signed);
  place.release('1.0.0');
}, 60_000);

afterAll(() => {
  place.close();
  recordProof({
    promise: 'forgeries',
    what: 'approvals forged, replayed, or for something else, where a signature or a protected environment is asked for: none starts a run',
    tried,
    wrong,
    seed: null,
  });
});

function enrolBoth(): void {
  place.enrol(
    { name: 'grace', key: grace, roles: 'releaseManager' },
    { name: 'ada', key: ada, roles: 'securityGatekeeper' },
  );
}

/** A forgery: counted, and refused with a message that says what would be right. */
async function expectRefused(work: Promise<unknown>, says: RegExp): Promise<void> {
  tried += 1;
  const said = await refusalOf(work);
  if (said.startsWith('ACCEPTED')) wrong += 1;
  expect(said).toMatch(says);
}

const right = /APPROVAL_REQUIRED[\s\S]*seatrial approve [0-9a-f]{12} --sign --key/;

/** What lies in the state folder starts nothing. */
async function expectNoStart(plan: Plan, says: RegExp): Promise<void> {
  await expectRefused(place.start(plan), says);
  expect(await refusalOf(place.start(plan))).toMatch(right);
}

async function fresh(): Promise<Plan> {
  place.writeConfig(signed);
  enrolBoth();
  return another();
}

let versions = 0;
async function another(): Promise<Plan> {
  versions += 1;
  const version = `1.0.${versions}`;
  place.release(version);
  return place.plan(version);
}

/** A true approval of grace, that the tests then change. */
async function trueApproval(plan: Plan): Promise<Approval> {
  await place.approveBySignature(plan, 'grace', { key: grace });
  const approval = (await listApprovals((await place.open()).project.state, plan.planId)).at(-1);
  if (approval === undefined) throw new Error('no approval was kept');
  return approval;
}

async function keep(approval: Approval): Promise<void> {
  await saveApproval((await place.open()).project.state, approval);
}

async function counts(plan: Plan): Promise<{ approvals: string[]; missing: string[]; refused: string[] }> {
  const found = await assessApprovals(await place.open(), plan, { scope: 'start', nowMs: Date.now() });
  return { ...found, approvals: found.approvals.map(({ by }) => by) };
}

describe('where a signature is asked for', () => {
  it('a true one counts, once', async () => {
    const plan = await fresh();
    expect((await counts(plan)).missing).toEqual(['1 of 1 approval']);
    await trueApproval(plan);
    expect(await counts(plan)).toEqual({ approvals: ['grace'], missing: [], refused: [] });
  });

  it('a code that is typed at a terminal, real or imitated, does not', async () => {
    const plan = await fresh();
    const person = { show: () => {}, ask: async () => plan.planId.slice(0, 6) };
    const caller: Caller = { door: 'cli', name: 'ada', client: null, interactive: true };
    const asked = place.approve({ plan_id: plan.planId, code: plan.planId.slice(0, 6) }, { caller, person });
    await expectRefused(asked, /can be forged and does not count[\s\S]*--sign --key/);
    await expectNoStart(plan, right);
  });

  it.each(['claude-code', 'anything'])('a dialog of %s, and whatever answers it, does not', async (client) => {
    const plan = await fresh();
    const caller: Caller = { door: 'mcp', name: client, client, interactive: true };
    await expectRefused(
      place.approve({ plan_id: plan.planId }, { caller }),
      /signature of an enrolled approver[\s\S]*Ask the person to run in a terminal: seatrial approve [0-9a-f]{12} --sign/,
    );
    await expectNoStart(plan, right);
  });

  it.each<[string, (approval: Approval, plan: Plan) => Partial<Approval>, RegExp]>([
    ['of a terminal', () => ({ how: 'terminal', signature: undefined }), /given by terminal \(level 2\); signature/],
    ['of a dialog', () => ({ how: 'client-dialog', signature: undefined }), /given by client-dialog \(level 1\)/],
    ['of nobody', () => ({ how: 'none', signature: undefined }), /given by none \(level 0\)/],
    ['of a protected environment', () => ({ how: 'protected' }), /no approval.protected is configured/],
    ['without its signature', () => ({ signature: undefined }), /carries no SSH signature/],
    ['with noise', () => ({ signature: { armored: 'c2ln', fingerprint: 'x' } }), /carries no SSH signature/],
    ['in the name of another', () => ({ by: 'ada' }), /the key is that of grace, not of ada/],
    ['with a nonce of its own', () => ({ nonce: 'another-nonce-of-16' }), /does not take the signature/],
    ['that lives longer', (one) => ({ expiresAtMs: one.expiresAtMs + 1 }), /hold longer than the 60 minutes/],
    [
      'moved to a later time',
      (one) => ({ givenAtMs: one.givenAtMs + 5, expiresAtMs: one.expiresAtMs + 5 }),
      /does not take the signature/,
    ],
    ['that has expired', () => ({ givenAtMs: 1, expiresAtMs: 2 }), /it expired at 1970/],
    [
      'from the future',
      (one) => ({ givenAtMs: one.givenAtMs + 9e6, expiresAtMs: one.givenAtMs + 9e6 }),
      /in the future/,
    ],
    ['with another reason', () => ({ reason: 'because' }), /does not take the signature/],
    ['of another requester', () => ({ requester: 'ada, account ada' }), /told another requester/],
    ['of another environment', () => ({ environment: 'staging' }), /environment staging, not production/],
  ])('an approval in the state folder %s does not', async (_, change, says) => {
    const plan = await fresh();
    const approval = await trueApproval(plan);
    const { project } = await place.open();
    // The true one is used up by somebody else, so that only the forged one is left.
    await markNonceUsed(project.state, approval.nonce, { runId: 'other', atMs: 1 });
    const nonce = 'nonce-of-the-forger-0';
    const forged = { ...approval, nonce, ...change(approval, plan) };
    await keep(JSON.parse(JSON.stringify(forged)));
    await expectNoStart(plan, says);
  });

  it('an approval that was used before does not', async () => {
    const plan = await fresh();
    const approval = await trueApproval(plan);
    await markNonceUsed((await place.open()).project.state, approval.nonce, { runId: 'other', atMs: 1 });
    await expectNoStart(plan, /it was used before; an approval is good for one use/);
  });

  it('an approval does not outlive its hour', async () => {
    const plan = await fresh();
    await trueApproval(plan);
    const clock = { ...createSystemClock(), now: () => Date.now() + 3_601_000 };
    await expectRefused(place.start(plan, clock), /PLAN_EXPIRED|it expired at/);
  });

  it('the approval of another plan does not', async () => {
    const plan = await fresh();
    const approval = await trueApproval(plan);
    const other = await another();
    await keep({ ...approval, planId: other.planId });
    await expectNoStart(other, /does not take the signature for this plan/);
  });

  it('an approval with another scope does not', async () => {
    const plan = await fresh();
    await place.approveBySignature(plan, 'grace', { key: grace }, { scope: 'break-glass:friday', reason: 'outage' });
    await expectNoStart(plan, right);
    const state = (await place.open()).project.state;
    const [approval] = await listApprovals(state, plan.planId);
    if (approval === undefined) throw new Error('no approval was kept');
    await keep({ ...approval, scope: 'start' });
    await expectNoStart(plan, /does not take the signature/);
  });

  it.each(['git', 'file', 'seatrial'])('a signature of the namespace %s does not', async (namespace) => {
    const plan = await fresh();
    await expectRefused(
      place.approveBySignature(plan, 'grace', { key: grace, namespace }),
      new RegExp(`made for "${namespace}"; it must be made by ssh-keygen -Y sign -n seatrial-approval-v1`),
    );
    await expectNoStart(plan, right);
  });

  it('the signature of a stranger, or of one approver for another, does not', async () => {
    const plan = await fresh();
    await expectRefused(
      place.approveBySignature(plan, 'grace', { key: stranger }),
      /not the enrolled one of grace in .*allowed_signers, the only list that counts/,
    );
    await expectRefused(place.approveBySignature(plan, 'grace', { key: ada }), /that of ada, not of grace/);
    await expectNoStart(plan, right);
  });

  it('a file that is no signature does not', async () => {
    const plan = await fresh();
    const document = join(place.base, 'unsigned.json');
    await place.approve({ plan_id: plan.planId, as: 'grace', document });
    expect(JSON.parse(readFileSync(document, 'utf8'))).toMatchObject({
      kind: 'seatrial-approval-v1',
      planId: plan.planId,
      plan: { configHash: plan.content.configHash },
    });
    await expectRefused(place.approve({ plan_id: plan.planId, signature: document }), /holds no SSH signature/);
    await expectRefused(place.approve({ plan_id: plan.planId, as: 'grace', document }), /there is a file already/);
    await expectRefused(place.approve({ plan_id: plan.planId, signature: '/nowhere.sig' }), /no such plain file/);
    await expectNoStart(plan, right);
  });
});

describe('who may sign', () => {
  it.each<[string, (line: string) => string, RegExp]>([
    ['a pattern for everybody', (line) => line.replace(/^\S+/, '*'), /one plain name is needed/],
    ['a list of names', (line) => line.replace(/^\S+/, 'grace,mallory'), /one plain name is needed/],
    [
      'a certificate authority',
      (line) => line.replace('namespaces', 'cert-authority,namespaces'),
      /cert-authority is not taken/,
    ],
    [
      'another namespace',
      (line) => line.replace('seatrial-approval-v1', 'git'),
      /namespaces="seatrial-approval-v1" is missing/,
    ],
    ['no namespace', (line) => line.replace(/namespaces="[^"]*" /, ''), /namespaces="seatrial-approval-v1" is missing/],
    [
      'a key that nobody called protected',
      (line) => line.replace(' kind=passphrase', ''),
      /enrol it with `seatrial approvers add`/,
    ],
    ['a key that is called a touch key', (line) => line.replace('passphrase', 'touch'), /is no touch key/],
    ['a damaged key', (line) => line.replace('AAAAC3', 'AAAAD3'), /its key is damaged/],
  ])('a line with %s enrols nobody', async (_, change, says) => {
    const plan = await fresh();
    const approval = await trueApproval(plan);
    const file = join(place.configFolder, 'allowed_signers');
    writeFileSync(file, `${change(place.signerLine({ name: 'grace', key: grace }))}\n`);
    tried += 1;
    const found = await counts(plan);
    if (found.approvals.length > 0) wrong += 1;
    expect(found.refused.join()).toMatch(says);
    expect(approval.by).toBe('grace');
    await expectNoStart(plan, says);
  });

  it('a list in the working tree counts for nothing, nor what git is configured to believe', async () => {
    const plan = await fresh();
    const list = join(place.directory, 'allowed_signers');
    writeFileSync(list, `${place.signerLine({ name: 'mallory', key: stranger })}\n`);
    for (const name of ['.seatrial', '.git']) mkdirSync(join(place.directory, name), { recursive: true });
    writeFileSync(join(place.directory, '.seatrial', 'allowed_signers'), readFileSync(list));
    place.git('config', 'gpg.ssh.allowedSignersFile', list);
    place.git('config', 'gpg.format', 'ssh');
    writeFileSync(join(place.base, '.gitconfig'), `[gpg "ssh"]\n\tallowedSignersFile = ${list}\n`);
    await expectRefused(
      place.approve({ plan_id: plan.planId, as: 'mallory', document: join(place.base, 'm.json') }),
      /mallory is no enrolled approver[\s\S]*Enrolled: grace, ada/,
    );
    const approval = await trueApproval(plan);
    await markNonceUsed((await place.open()).project.state, approval.nonce, { runId: 'x', atMs: 1 });
    await keep({ ...approval, by: 'mallory', nonce: 'nonce-of-the-forger-1' });
    await expectNoStart(plan, /the key is that of grace, not of mallory/);
  });

  it('a list of a branch is read from its commits alone', async () => {
    place.writeConfig('{ how: signature, signers: { from: branch, branch: main, path: ops/signers } }');
    mkdirSync(join(place.directory, 'ops'), { recursive: true });
    const list = join(place.directory, 'ops', 'signers');
    writeFileSync(list, `${place.signerLine({ name: 'grace', key: grace })}\n`);
    const plan = await another();
    await place.approveBySignature(plan, 'grace', { key: grace });
    expect((await counts(plan)).approvals).toEqual(['grace']);
    // Not committed, and committed to another branch.
    writeFileSync(list, `${place.signerLine({ name: 'mallory', key: stranger })}\n`);
    await expectRefused(
      place.approve({ plan_id: plan.planId, as: 'mallory', document: join(place.base, 'mb.json') }),
      /mallory is no enrolled approver/,
    );
    place.git('checkout', '--quiet', '-b', 'elsewhere');
    place.git('commit', '--quiet', '--all', '--message', 'mine');
    await expectRefused(
      place.approve({ plan_id: plan.planId, as: 'mallory', document: join(place.base, 'mb.json') }),
      /mallory is no enrolled approver[\s\S]*Enrolled: grace/,
    );
    // What the remote is known to have comes before a local branch that anybody can commit to.
    place.git('update-ref', 'refs/remotes/origin/main', 'main');
    place.git('checkout', '--quiet', 'main');
    place.git('merge', '--quiet', 'elsewhere');
    await expectRefused(
      place.approve({ plan_id: plan.planId, as: 'mallory', document: join(place.base, 'mb.json') }),
      /mallory is no enrolled approver/,
    );
    place.git('update-ref', '-d', 'refs/remotes/origin/main');
  });
});

describe('n of m, roles, separation', () => {
  const two = '{ how: signature, required: 2, roles: [releaseManager, securityGatekeeper] }';

  it('wants different people with different keys, in the roles that are asked for', async () => {
    place.writeConfig(two);
    const second = place.makeKey('grace-2');
    place.enrol(
      { name: 'grace', key: grace, roles: 'releaseManager' },
      { name: 'grace', key: second, roles: 'securityGatekeeper' },
      { name: 'eve', key: grace, roles: 'securityGatekeeper' },
      { name: 'ada', key: ada, roles: 'securityGatekeeper' },
    );
    const plan = await another();
    await place.approveBySignature(plan, 'grace', { key: grace });
    await expectNoStart(plan, /missing: 1 of 2 approvals, a securityGatekeeper/);
    await place.approveBySignature(plan, 'grace', { key: grace });
    await expectNoStart(plan, /one person, or one key, counts once/);
    await place.approveBySignature(plan, 'grace', { key: second });
    await expectNoStart(plan, /one person, or one key, counts once/);
    await place.approveBySignature(plan, 'eve', { key: grace });
    await expectNoStart(plan, /one person, or one key, counts once/);
    await place.approveBySignature(plan, 'ada', { key: ada });
    const found = await counts(plan);
    expect([found.missing, found.approvals.length]).toEqual([[], 2]);
  });

  it('takes for a role only whom the configuration names', async () => {
    place.writeConfig('{ how: signature, roles: [releaseManager], approvers: { releaseManager: frances } }');
    enrolBoth();
    const plan = await another();
    await place.approveBySignature(plan, 'grace', { key: grace });
    await expectNoStart(plan, /missing: a releaseManager/);
  });

  it('refuses whoever asked for the plan', async () => {
    place.writeConfig('{ how: signature, separation: true }');
    place.enrol(
      { name: 'grace', key: grace, account: accountName() },
      { name: 'ada', key: ada, account: 'nobody-here' },
    );
    const plan = await another();
    expect(plan.account).toBe(accountName());
    await expectRefused(
      place.approveBySignature(plan, 'grace', { key: grace }),
      /grace asked for this plan[\s\S]*separation wants another person/,
    );
    // The plan was asked for under the name ada.
    await expectRefused(place.approveBySignature(plan, 'ada', { key: ada }), /ada asked for this plan/);
    await expectNoStart(plan, right);
  });
});

describe('what changes after the approval', () => {
  it.each<[string, (version: string) => void, RegExp]>([
    [
      'the commit of the version',
      (version) => place.git('tag', '--force', `v${version}`, 'HEAD~1'),
      /commit or artifact/,
    ],
    ['the configuration', () => place.writeConfig(signed, '    judge: { sourceGrace: 1m }\n'), /the configuration/],
    ['the rules', () => place.writeConfig('{ how: signature, expires: 30m }'), /gates, approval or freeze rules/],
    ['the rules, to nobody', () => place.writeConfig('{ how: none }'), /gates, approval or freeze rules/],
    ['the live state', () => place.showLive('0.8.0'), /the state of the target/],
  ])('%s: the approval is worth nothing', async (_, change, says) => {
    place.showLive('0.9.0');
    const plan = await fresh();
    await trueApproval(plan);
    change(plan.content.revision.version);
    await expectRefused(place.start(plan), says);
    await expectRefused(startUnderLock(plan), says);
    place.showLive('0.9.0');
  });

  it('an approval that is gone, or used, when the owner has the lock starts nothing', async () => {
    const plan = await fresh();
    await expectRefused(startUnderLock(plan), /APPROVAL_REQUIRED/);
    const approval = await trueApproval(plan);
    await markNonceUsed((await place.open()).project.state, approval.nonce, { runId: 'other', atMs: 1 });
    await expectRefused(startUnderLock(plan), /it was used before/);
  });
});

let runs = 0;

/** The owner of a run, begun as if the check before it had passed. */
async function startUnderLock(plan: Plan): Promise<void> {
  const { project } = await place.open();
  runs += 1;
  const runId = `01m8qb0p6572tms7ycmyck2${String(runs).padStart(3, '0')}`;
  const folder = join(project.state.runs, runId);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const request = {
    runId,
    planId: plan.planId,
    environment: plan.content.environment,
    revisionId: plan.content.revision.id,
    projectDirectory: place.directory,
    requester: 'ada',
    atMs: Date.now(),
  };
  writeFileSync(join(folder, 'request.json'), JSON.stringify(request));
  await superviseStart(place.directory, runId, createSystemClock());
}

describe('a protected environment', () => {
  const program = (): string => join(place.base, 'ask-approval');
  const answer = (body: string): void => {
    writeFileSync(program(), `#!/bin/sh\n${body}\n`);
    chmodSync(program(), 0o755);
  };
  const guarded = (verify = `[${program()}]`): string => `{ how: protected, protected: { verify: ${verify} } }`;
  const yes = (change: Record<string, string> = {}): string => {
    const said = { approved: true, by: 'octocat', environment: 'production', ...change };
    const json = JSON.stringify({ commit: '%COMMIT%', ...said });
    return `echo '${json}' | sed "s/%COMMIT%/$SEATRIAL_COMMIT/"`;
  };

  it('that approves exactly this is taken', async () => {
    place.writeConfig(guarded());
    answer(yes());
    const plan = await another();
    expect(await place.approve({ plan_id: plan.planId, protected: true })).toMatch(/Approved by octocat \(protected\)/);
    expect((await counts(plan)).approvals).toEqual(['octocat']);
    // Asked again at the start: what was filed is a claim.
    answer('echo no >&2; exit 3');
    await expectRefused(place.start(plan), /gave no approval \(exit code 3\) no/);
    answer(yes({ by: 'hubot' }));
    await expectRefused(place.start(plan), /now names hubot, not octocat/);
  });

  it.each<[string, () => string, RegExp]>([
    ['says nothing', () => 'exit 0', /printed no JSON/],
    ['says no', () => `echo '{"approved": false}'`, /did not approve/],
    ['says too much', () => yes({ also: 'this' }), /did not approve/],
    ['means another commit', () => yes({ commit: 'a'.repeat(40) }), /approved commit aaaaaaaaaaaa, and the plan ships/],
    [
      'means another environment',
      () => yes({ environment: 'staging' }),
      /environment staging, and the plan is for production/,
    ],
  ])('that %s is not', async (_, body, says) => {
    place.writeConfig(guarded());
    answer(body());
    const plan = await another();
    await expectRefused(place.approve({ plan_id: plan.planId, protected: true }), says);
    await expectRefused(place.start(plan), /APPROVAL_REQUIRED[\s\S]*--protected/);
  });

  it('is asked by the command of the protected branch, which is no file of the working tree', async () => {
    answer(yes());
    const own = join(place.directory, 'yes.sh');
    execFileSync('cp', [program(), own]);
    place.writeConfig(guarded('[./yes.sh]'));
    const inside = await another();
    await expectRefused(
      place.approve({ plan_id: inside.planId, protected: true }),
      /uses \.\/yes\.sh of the working tree, which an agent can edit/,
    );
    place.writeConfig(guarded(`[${program()}, --other]`));
    const plan = await place.plan(`1.0.${versions}`);
    await expectRefused(
      place.approve({ plan_id: plan.planId, protected: true }),
      /of the working tree is not that of seatrial.yaml of branch main/,
    );
  });

  it('is not replaced by a signature or a code', async () => {
    place.writeConfig(guarded());
    answer('exit 1');
    enrolBoth();
    const plan = await another();
    await place.approveBySignature(plan, 'grace', { key: grace });
    await expectRefused(place.start(plan), /given by signature \(level 3\); protected \(level 4\) is needed/);
  });
});
