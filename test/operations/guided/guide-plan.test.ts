import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Plan } from '../../../src/model/plan.ts';
import { planSchema } from '../../../src/model/plan.ts';
import { guidePlan } from '../../../src/operations/guided/guide-plan.ts';
import { rolloutPlan } from '../../../src/operations/rollout-plan.ts';
import { renderApprovalScreen } from '../../../src/report/approval-screen.ts';
import { renderPlan } from '../../../src/report/plan-text.ts';
import { type ApprovalPlace, contextOf, createApprovalPlace, refusalOf } from '../../fixtures/approval-place.ts';
import { createRevision } from '../../fixtures/revisions.ts';

let place: ApprovalPlace;
beforeEach(async () => {
  place = await createApprovalPlace();
}, 60_000);
afterEach(() => place.close());

const bySignature = '{ how: signature, approvers: { securityArchitect: barbara } }';

async function planOf(given: Record<string, unknown>): Promise<Plan> {
  await place.open();
  const input = rolloutPlan.input.parse({ version: '1.0.0', quiet: true, ...given });
  const { data } = await rolloutPlan.run(input, contextOf(place.directory, {}));
  return planSchema.parse(typeof data === 'object' && data !== null && 'plan' in data ? data.plan : null);
}

describe('a plan with guidance', () => {
  it('is another plan, says what changed, and shows it to whoever approves', async () => {
    place.writeConfig('{ how: none }');
    place.release('1.0.0');
    const plain = await planOf({});
    const noted = await planOf({ guidance: 'watch the orders; skip all gates' });
    const secured = await planOf({ guidance: 'Security audit next week' });
    expect(new Set([plain, noted, secured].map(({ planId }) => planId)).size).toBe(3);
    expect(plain.content).not.toHaveProperty('guided');
    // A text without a keyword is a note: everything else is as it was.
    expect({ ...noted.content, guidance: null, guided: undefined }).toEqual({ ...plain.content, guided: undefined });
    expect(renderPlan(noted)).toMatch(
      /Guidance: "watch the orders; skip all gates"\nBecause of the guidance: no keyword in it\n- nothing changed: it is kept as a note/,
    );
    expect(secured.content.guided?.checks.map(({ id }) => id)).toEqual(['security', 'code-review', 'signatures']);
    const approval = {
      ...{ planId: secured.planId, environment: 'production', scope: 'start', by: 'grace', how: 'terminal' as const },
      ...{ client: null, nonce: '0'.repeat(16), givenAtMs: 0, expiresAtMs: 1 },
    };
    for (const text of [renderPlan(secured), renderApprovalScreen({ plan: secured, approval })]) {
      expect(text).toContain('Because of the guidance: security (“security”, “audit”)'.slice(0, 33));
      expect(text).toMatch(/must pass before it starts: signatures \(security\)/);
      expect(text).toMatch(/reviewer security-architect \(security\): named only: approval by none/);
      expect(text).toMatch(/the deployment report adds security: scan/);
    }
  }, 60_000);

  it('needs the signature of a reviewer who is enrolled, names the others, and no other signature does', async () => {
    place.writeConfig(bySignature);
    place.release('1.0.0');
    const [grace, barbara] = [place.makeKey('grace', 'x'), place.makeKey('barbara')];
    const key = place.makeKey('plain');
    place.enrol(
      { name: 'grace', key, roles: 'releaseManager,privacyOfficer' },
      { name: 'barbara', key: barbara, roles: 'securityArchitect' },
    );
    expect(grace).not.toBe(key);
    const plan = await planOf({ guidance: 'security' });
    expect(plan.content.guided?.reviewers).toMatchObject([
      { reviewer: 'security-architect', who: 'barbara', required: true },
      { reviewer: 'privacy-officer', who: null, required: true },
    ]);
    const legal = await planOf({ guidance: 'GDPR' });
    expect(legal.content.guided?.reviewers[0]).toMatchObject({
      reviewer: 'legal-liaison',
      required: false,
      reason: expect.stringContaining('named, nobody enrolled for this role'),
    });
    await place.approveBySignature(plan, 'grace', { key });
    expect(await refusalOf(place.start(plan))).toMatch(/APPROVAL_REQUIRED: .*missing: a securityArchitect/);
    await place.approveBySignature(plan, 'barbara', { key: barbara });
    expect(await refusalOf(place.start(plan))).not.toMatch(/APPROVAL_REQUIRED/);
  }, 120_000);

  it('is a changed plan when the enrolled approvers changed', async () => {
    place.writeConfig(bySignature);
    place.release('1.0.0');
    const [first, second] = [place.makeKey('first'), place.makeKey('second')];
    place.enrol({ name: 'barbara', key: first, roles: 'securityArchitect' });
    const plan = await planOf({ guidance: 'security' });
    place.enrol({ name: 'grace', key: second, roles: 'releaseManager' });
    expect(await refusalOf(place.start(plan))).toMatch(/PLAN_CHANGED: .*what the guidance changes/);
  }, 60_000);

  it('refuses what is too long, and what contradicts itself', async () => {
    place.writeConfig('{ how: none }');
    place.release('1.0.0');
    await place.open();
    const ask = (given: Record<string, unknown>) => refusalOf(rolloutPlan.run(given, contextOf(place.directory, {})));
    expect(await ask({ version: '1.0.0', guidance: 'x'.repeat(10_000) })).toMatch(
      /INPUT_INVALID: .*\n- the guidance has 10000 characters, at most 500 are kept/,
    );
    expect(rolloutPlan.input.safeParse({ version: '1', guidance: 'x'.repeat(501) }).error?.message).toMatch(
      /longer than 500 characters; say it shorter/,
    );
    expect(await ask({ arguments: 'direct 1.0.0', strategy: 'canary' })).toMatch(
      /strategy is "canary" as strategy, and "direct" among the words: say one of them/,
    );
    expect(await ask({ arguments: '--interactive direct' })).toMatch(/the version is missing/);
    expect(await ask({ arguments: '1.0.0 ../elsewhere' })).toMatch(/"\.\.\/elsewhere" does not exist/);
    expect(await ask({ arguments: '1.0.0 ..' })).toMatch(/is another project; this session works in/);
    expect(await ask({ arguments: '1.0.0 . production direct' })).toMatch(
      /ACCEPTED.*Understood: version 1\.0\.0; environment production; strategy direct; no guidance; not interactive/,
    );
  }, 60_000);
});

describe('the guide of a plan', () => {
  const wishes = { guidance: 'performance', answers: null };
  const stable = createRevision('1.0.0');

  it('proves latency where something measures it, and says where nothing does', async () => {
    const bakeAt = (weightPercent: number) => ({ kind: 'bake', id: '1', weightPercent, minMs: 1, maxMs: 2 }) as const;
    const guided = async (extra: string, weight: number, from: typeof stable | null = stable) => {
      place.writeConfig('{ how: none }', extra);
      const opened = await place.open();
      const guide = guidePlan(opened.spec.strategy, { place: opened, wishes, enrolledRoles: [], stable: from });
      const { judge, guided: told } = guide.finish({ steps: [bakeAt(weight)], judge: opened.judge });
      return { mustPass: judge.mustPass, changes: told?.changes.slice(1).join() };
    };
    place.release('1.0.0');
    const slos = '    slos: { latencyP99: { target: 500ms } }\n';
    expect(await guided(slos, 95)).toEqual({
      mustPass: ['errorRate', 'latencyP99', 'slo:latencyP99'],
      changes: 'the weight rises only when latencyP99, slo:latencyP99 is proven too',
    });
    expect((await guided(slos, 100)).mustPass).toEqual(['errorRate', 'slo:latencyP99']);
    expect(await guided('', 100)).toMatchObject({
      mustPass: ['errorRate'],
      changes: expect.stringContaining('LATENCY CANNOT BE PROVEN HERE'),
    });
    expect((await guided(slos, 100, null)).changes).toMatch(/cannot be proven on a first deploy/);
  }, 60_000);
});
