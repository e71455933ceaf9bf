import type { RunRecord } from '../model/run-record.ts';
import { reviewHeadings, reviewPlaceholder } from './review-draft.ts';

export type ReviewReading = {
  ok: boolean;
  rating: number | null;
  /** What is wrong, each with its line and the events that may be meant; empty when ok. */
  complaints: string[];
};

type Complaint = { line: number | null; text: string; candidates: number[] };

/**
 * Whether a review can be taken: the four headings in order, a rating of 1–10, nothing left to complete, and every bullet
 * about the run (all of step 1, the examples of step 2, the rating's reasons) cites an event that exists or is marked
 * `(opinion)`. Pure.
 */
export function parseReview(text: string, record: RunRecord): ReviewReading {
  const lines = text.split(/\r?\n/);
  const rating = readRating(lines);
  const complaints = [...checkHeadings(lines), ...checkRating(rating), ...checkLines(lines, record)].map(
    renderComplaint,
  );
  return { ok: complaints.length === 0, rating, complaints };
}

/** Complaints for the one who wrote the review, one a line. Pure. */
export function renderComplaints(complaints: readonly string[]): string {
  return complaints.join('\n');
}

function renderComplaint({ line, text, candidates }: Complaint): string {
  const meant = candidates.length === 0 ? '' : `; may be meant: ${candidates.map((seq) => `#${seq}`).join(', ')}`;
  return `${line === null ? '' : `line ${line}: `}${text}${meant}.`;
}

function checkRating(rating: number | null): Complaint[] {
  return rating === null
    ? [{ line: null, text: 'there is no line "- Rating: n/10" with n from 1 to 10', candidates: [] }]
    : [];
}

function checkHeadings(lines: readonly string[]): Complaint[] {
  let from = 0;
  return reviewHeadings.flatMap((heading) => {
    const at = lines.findIndex(
      (line, index) => index >= from && /^#{1,3}\s/.test(line) && line.replace(/^#+\s*/, '').trim() === heading,
    );
    if (at === -1)
      return [{ line: null, text: `the heading "## ${heading}" is missing or out of order`, candidates: [] }];
    from = at + 1;
    return [];
  });
}

function readRating(lines: readonly string[]): number | null {
  for (const line of lines) {
    const match = /^\s*[-*]\s+\**Rating\**:\**\s*\**(\d{1,2})\**\s*\/\s*10\b/i.exec(line);
    const value = Number(match?.[1] ?? 0);
    if (value >= 1 && value <= 10) return value;
  }
  return null;
}

function checkLines(lines: readonly string[], record: RunRecord): Complaint[] {
  const known = new Set(record.events.map((event) => event.seq));
  const complaints: Complaint[] = [];
  let step = 0;
  let inCode = false;
  lines.forEach((line, index) => {
    if (/^\s*(```|~~~)/.test(line)) inCode = !inCode;
    if (inCode) return;
    step = stepOf(line) ?? step;
    const isBullet = /^\s*[-*]\s+\S/.test(line) && step > 0;
    if (!isBullet) return;
    const cited = citedIn(line);
    const unknown = cited.filter((seq) => !known.has(seq));
    const at = { line: index + 1, candidates: suggestEvents(line, record) };
    if (unknown.length > 0)
      complaints.push({ ...at, text: `${unknown.map((seq) => `#${seq}`).join(', ')} is no event of this run` });
    else if (line.includes(reviewPlaceholder))
      complaints.push({ ...at, candidates: [], text: `still ${reviewPlaceholder}` });
    else if (claimsSomething(line, step) && cited.length === 0 && !/\(opinion\)/i.test(line))
      complaints.push({ ...at, text: 'it cites no event; add one such as (#12), or end it with (opinion)' });
  });
  return complaints;
}

function stepOf(line: string): number | null {
  const match = /^#{1,3}\s+Step ([1-4]):/.exec(line);
  return match === null ? null : Number(match[1]);
}

/** Events cited in the form `(#12)` or `(#12, #15)`; a `#12` in running text may be an issue of the project. */
function citedIn(line: string): number[] {
  return [...line.matchAll(/\((#\d+(?:,\s*(?:#\d+|…))*)\)/g)].flatMap((group) =>
    [...(group[1] ?? '').matchAll(/#(\d+)/g)].map((match) => Number(match[1])),
  );
}

function claimsSomething(line: string, step: number): boolean {
  if (step === 1) return true;
  if (step === 2) return /^\s*[-*]\s+\**Example\**:/i.test(line);
  return step === 4 && /^\s*[-*]\s+\**(Why|Suggested by)\**:/i.test(line);
}

/** Up to three events that share words with the line. */
function suggestEvents(line: string, record: RunRecord): number[] {
  const words = wordsOf(line);
  return record.events
    .filter((event) => event.type !== 'counts')
    .map((event) => ({
      seq: event.seq,
      shared: [...wordsOf(`${event.type} ${JSON.stringify(event.type === 'run_started' ? '' : event.data)}`)].filter(
        (word) => words.has(word),
      ).length,
    }))
    .filter((entry) => entry.shared > 0)
    .sort((a, b) => b.shared - a.shared || a.seq - b.seq)
    .slice(0, 3)
    .map((entry) => entry.seq);
}

function wordsOf(text: string): Set<string> {
  return new Set(text.toLowerCase().match(/[a-z]{4,}/g) ?? []);
}
