import type { RunRecord } from '../model/run-record.ts';
import { citedEvents, suggestEvents, unsupported } from './check-claim.ts';
import { type ReviewBlock, readReviewBlocks } from './review-blocks.ts';
import { acknowledgementHeading, reflectionHeadings, reviewHeadings, reviewPlaceholder } from './review-headings.ts';
import { readReviewPatches } from './review-patches.ts';

export type ReviewReading = {
  ok: boolean;
  rating: number | null;
  /** What is wrong, each with its line and the events that may be meant; empty when ok. */
  complaints: string[];
};

type Complaint = { line: number | null; text: string; candidates: number[] };

/**
 * Whether a review can be taken: the four steps with their headings in order, a rating of 1–10 with its reason, one to three
 * actions, nothing left to complete, patches that can be read; and every claim about the run (all of step 1, the examples of
 * step 2, the rating's reasons) cites events that exist and say what it says, or is marked `(opinion)`. Pure.
 */
export function parseReview(text: string, record: RunRecord): ReviewReading {
  const blocks = readReviewBlocks(text);
  const rating = readRating(blocks);
  const complaints = [
    ...checkHeadings(blocks),
    ...checkRating(blocks, rating),
    ...checkLessons(blocks),
    ...checkActions(blocks),
    ...checkFences(blocks),
    ...readReviewPatches(text).complaints.map((one) => ({ ...one, candidates: [] })),
    ...blocks.flatMap((block, index) => checkBlock(block, blocks[index - 1], record)),
  ];
  return {
    ok: complaints.length === 0,
    rating,
    complaints: complaints.map(renderComplaint),
  };
}

/** Complaints for the one who wrote the review, one a line. Pure. */
export function renderComplaints(complaints: readonly string[]): string {
  return complaints.join('\n');
}

function renderComplaint({ line, text, candidates }: Complaint): string {
  const meant = candidates.length === 0 ? '' : `; may be meant: ${candidates.map((seq) => `#${seq}`).join(', ')}`;
  return `${line === null ? '' : `line ${line}: `}${text}${meant}.`;
}

function general(text: string): Complaint {
  return { line: null, text, candidates: [] };
}

function checkHeadings(blocks: readonly ReviewBlock[]): Complaint[] {
  const headings = blocks.filter((block) => block.kind === 'heading');
  let from = 0;
  const steps = reviewHeadings.flatMap((heading) => {
    const at = headings.findIndex((block, index) => index >= from && block.text === heading);
    if (at === -1) return [general(`the heading "## ${heading}" is missing or out of order`)];
    from = at + 1;
    return [];
  });
  if (steps.length > 0) return steps;
  const forged = headings.find((block) => block.text === acknowledgementHeading);
  return [
    ...reflectionHeadings
      .filter((heading) => !headings.some((block) => block.step === 1 && block.text === heading))
      .map((heading) => general(`the heading "### ${heading}" is missing in step 1`)),
    ...(forged === undefined
      ? []
      : [{ line: forged.line, text: `only an acknowledgement writes "${acknowledgementHeading}"`, candidates: [] }]),
  ];
}

function readRating(blocks: readonly ReviewBlock[]): number | null {
  for (const { kind, text } of blocks) {
    const match = kind === 'bullet' ? /^[-*]\s+\**Rating\**:\**\s*\**(\d{1,2})\**\s*\/\s*10\b/i.exec(text) : null;
    const value = Number(match?.[1] ?? 0);
    if (value >= 1 && value <= 10) return value;
  }
  return null;
}

function checkRating(blocks: readonly ReviewBlock[], rating: number | null): Complaint[] {
  const explained = blocks.some((block) => block.step === 4 && isLabelled(block.text, 'Why'));
  return [
    ...(rating === null ? [general('there is no line "- Rating: n/10" with n from 1 to 10')] : []),
    ...(explained ? [] : [general('the rating is not explained: "- Why: …" in step 4')]),
  ];
}

function checkLessons(blocks: readonly ReviewBlock[]): Complaint[] {
  const lessons = blocks.filter(
    (block) => block.step === 2 && block.kind === 'heading' && /^Lesson\b/.test(block.text),
  );
  if (lessons.length === 0) return [general('step 2 has no lesson: "### Lesson 1"')];
  return lessons.flatMap((lesson) => {
    const said = blocks.filter((block) => block.step === 2 && block.under === lesson.text);
    return ['Lesson', 'Why it matters', 'Example']
      .filter((label) => !said.some((block) => isLabelled(block.text, label)))
      .map((label) => ({ line: lesson.line, text: `${lesson.text} has no "- **${label}**: …"`, candidates: [] }));
  });
}

function checkActions(blocks: readonly ReviewBlock[]): Complaint[] {
  const actions = blocks.filter(
    (block) => block.step === 4 && block.kind === 'bullet' && /^Actions\b/.test(block.under),
  );
  const flags = blocks.filter((block) => block.step === 4 && block.kind === 'bullet' && /^Flags\b/.test(block.under));
  return [
    ...(actions.length >= 1 && actions.length <= 3
      ? []
      : [
          general(
            `there are ${actions.length} actions under "### Actions before the next deployment", and 1 to 3 are asked for`,
          ),
        ]),
    ...(flags.length > 0 ? [] : [general('nothing stands under "### Flags"; say so when there is nothing to flag')]),
  ];
}

function checkFences(blocks: readonly ReviewBlock[]): Complaint[] {
  return blocks
    .filter((block) => !block.closed)
    .map(({ line }) => ({ line, text: 'the fenced block is not closed', candidates: [] }));
}

function checkBlock(block: ReviewBlock, before: ReviewBlock | undefined, record: RunRecord): Complaint[] {
  const { kind, step, text, line } = block;
  if (kind === 'heading' || step === 0) return [];
  if (kind === 'code') {
    // An excerpt belongs to a claim with its events, or a claim could hide in it.
    const bare = step !== 3 && (before === undefined || before.kind === 'heading');
    return bare ? [{ line, text: 'a fenced block stands under a bullet that cites its events', candidates: [] }] : [];
  }
  if (text.includes(reviewPlaceholder)) return [{ line, text: `still ${reviewPlaceholder}`, candidates: [] }];
  return checkClaims(block, record);
}

function checkClaims({ text, step, line }: ReviewBlock, record: RunRecord): Complaint[] {
  const cited = citedEvents(text);
  const known = new Set(record.events.map((event) => event.seq));
  const unknown = cited.filter((seq) => !known.has(seq));
  const complain = (problem: string): Complaint[] => [{ line, text: problem, candidates: suggestEvents(text, record) }];
  if (unknown.length > 0) return complain(`${unknown.map((seq) => `#${seq}`).join(', ')} is no event of this run`);
  if (!claimsSomething(text, step) || /\(opinion\)/i.test(text)) return [];
  if (cited.length === 0) return complain('it cites no event; add one such as (#12), or end it with (opinion)');
  // The terms of the suggested rating are arithmetic, not observations.
  const open = isLabelled(text, 'Suggested by') ? [] : unsupported(text, cited, record);
  if (open.length === 0) return [];
  const quoted = [...new Set(open)].map((one) => `"${one}"`).join(', ');
  const events = cited.map((seq) => `#${seq}`).join(', ');
  return complain(`${events} ${cited.length === 1 ? 'does' : 'do'} not say ${quoted}`);
}

function claimsSomething(text: string, step: number): boolean {
  if (step === 1) return true;
  if (step === 2) return isLabelled(text, 'Example') || !/^[-*]\s+\**(Lesson|Why it matters)\**:/i.test(text);
  return step === 4 && (isLabelled(text, 'Why') || isLabelled(text, 'Suggested by'));
}

function isLabelled(text: string, label: string): boolean {
  return new RegExp(`^[-*]\\s+\\**${label}\\**:`, 'i').test(text);
}
