import { z } from 'zod';
import { approverRoles } from './config/approval.ts';

export const focusNames = ['security', 'performance', 'compliance', 'timeline'] as const;
export type FocusName = (typeof focusNames)[number];

/** People who are asked beside the usual ones, as they are called and as the configuration calls them. */
export const reviewerRoles = {
  'security-architect': 'securityArchitect',
  'privacy-officer': 'privacyOfficer',
  'legal-liaison': 'legalLiaison',
} as const;
export type Reviewer = keyof typeof reviewerRoles;

export type Focus = {
  name: FocusName;
  /** As the plan calls it. */
  title: string;
  /** Lower case; each counts as a word of its own only, and a list of them stands for all spellings that count. */
  words: readonly string[];
  /** Ids of pre-flight checks that must then pass. */
  checks: readonly string[];
  reviewers: readonly Reviewer[];
  /** What happens to steps and limits. */
  pace: 'same' | 'longer' | 'shorter';
  /** Latency must be proven before the weight rises. */
  provesLatency: boolean;
  /** What the deployment report holds more. */
  report: string;
};

/** What guidance can ask for, and all that it changes. A text changes nothing but by these words. */
export const foci: readonly Focus[] = [
  {
    name: 'security',
    title: 'security',
    words: [
      ...['security', 'secure', 'secured', 'securely', 'insecure', 'cybersecurity'],
      ...['audit', 'audits', 'audited', 'auditing', 'auditor', 'auditors'],
    ],
    checks: ['security', 'code-review', 'signatures'],
    reviewers: ['security-architect', 'privacy-officer'],
    pace: 'same',
    provesLatency: false,
    report: 'scan, code review and signatures as they were answered, and who of the reviewers approved',
  },
  {
    name: 'performance',
    title: 'performance',
    words: [...['performance', 'performant', 'latency', 'latencies'], ...['speed', 'speeds', 'speedy', 'throughput']],
    checks: ['performance', 'latency-judged', 'smoke-critical-path'],
    reviewers: [],
    pace: 'longer',
    provesLatency: true,
    report: 'the performance gate, and every verdict about latency and throughput',
  },
  {
    name: 'compliance',
    title: 'compliance',
    words: [
      ...['compliance', 'compliant', 'regulatory', 'regulation', 'regulations', 'regulated', 'regulator', 'regulators'],
      ...['gdpr', 'hipaa', 'sox', 'pci'],
    ],
    checks: ['code-review', 'tests', 'rollback-rehearsed', 'notify'],
    reviewers: ['legal-liaison', 'privacy-officer'],
    pace: 'same',
    provesLatency: false,
    report:
      'code review, tests, rehearsed way back and notification as they were answered, and who of the reviewers approved',
  },
  {
    name: 'timeline',
    title: 'tight timeline',
    words: ['tight', 'tighter', 'urgent', 'urgently', 'urgency', 'deadline', 'deadlines', 'crisis', 'crises'],
    checks: ['smoke-critical-path'],
    reviewers: [],
    pace: 'shorter',
    provesLatency: false,
    report: 'which watches were shortened, and to what',
  },
];

/** Longest guidance that a plan keeps, in characters. */
export const longestGuidance = 500;

/** Said of an answer that changes nothing. */
export const unchanged = 'nothing';

const reason = z.string();
const focusTitle = z.string();

/** What guidance and answers change in one plan: a part of what is approved. */
export const guidedSchema = z.strictObject({
  foci: z.array(z.strictObject({ focus: z.enum(focusNames), words: z.array(z.string()) })),
  checks: z.array(z.strictObject({ id: z.string(), because: z.array(focusTitle) })),
  reviewers: z.array(
    z.strictObject({
      reviewer: z.enum(['security-architect', 'privacy-officer', 'legal-liaison']),
      role: z.enum(approverRoles),
      /** Whom the configuration names for the role; null when nobody. */
      who: z.string().nullable(),
      /** True: a signature of this role is needed. */
      required: z.boolean(),
      /** Why it is needed, or why nobody has to. */
      reason,
      because: z.array(focusTitle),
    }),
  ),
  /** What became of steps, watches and limits, one sentence each. */
  changes: z.array(z.string()),
  /** What the deployment report holds more. */
  reports: z.array(z.string()),
  /** The six questions as they were answered; empty where they were not asked. */
  answers: z.array(z.strictObject({ id: z.string(), question: z.string(), answer: z.string(), changes: z.string() })),
});
export type Guided = z.infer<typeof guidedSchema>;

/** Guidance on one line without characters that cannot be seen, so that it cannot pose as lines of the plan. Pure. */
export function cleanGuidance(text: string): string {
  return text
    .replace(/\p{Cf}/gu, '')
    .replace(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, ' ')
    .trim();
}

/** The foci that a text names, each with the words that did it, in the order of the table. Pure. */
export function findFoci(text: string): Array<{ focus: FocusName; words: string[] }> {
  const said = wordsOf(text);
  return foci.flatMap((focus) => {
    const known = new Set(focus.words);
    const found = said.filter(({ word, denied }) => known.has(word) && !(denied && focus.pace === 'shorter'));
    return found.length === 0 ? [] : [{ focus: focus.name, words: [...new Set(found.map(({ word }) => word))] }];
  });
}

/** The focus of that name. */
export function focusOf(name: FocusName): Focus {
  const found = foci.find((focus) => focus.name === name);
  if (found === undefined) throw new Error(`the table of foci lacks ${name}`);
  return found;
}

/** Words that turn the next one around: "not urgent" asks for no hurry. Only what would shorten a watch is turned around by them. */
const denials: ReadonlySet<string> = new Set(['no', 'not', 'never', 'without', "isn't", "aren't", "don't", 'nothing']);
/** Words between a denial and what it denies. */
const denialReach = 2;

function wordsOf(text: string): Array<{ word: string; denied: boolean }> {
  const words = text
    .normalize('NFKC')
    .toLowerCase()
    .replaceAll('’', "'")
    .match(/[\p{L}\p{N}]+(?:'[\p{L}]+)?/gu);
  return (words ?? []).map((word, index, all) => ({
    word: word.replace(/'s$/, ''),
    denied: all.slice(Math.max(0, index - denialReach), index).some((before) => denials.has(before)),
  }));
}
