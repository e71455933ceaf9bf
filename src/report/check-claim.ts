import { outcomes, type RecordedEvent, runEventSchema } from '../model/run-event.ts';
import type { RunRecord } from '../model/run-record.ts';
import { type EventFacts, eventFacts } from './event-facts.ts';
import { type Quantity, quantitiesIn } from './quantities.ts';

/** What a claim says that can be held against events: numbers, versions, moments, types of events, outcomes. */
type Said = { quantities: Quantity[]; versions: string[]; moments: string[]; types: string[]; outcomes: string[] };

const eventTypes: ReadonlySet<string> = new Set(runEventSchema.options.map((option) => option.shape.type.value));

/** Events cited in the form `(#12)` or `(#12, #15)`; a `#12` in running text may be an issue of the project. Pure. */
export function citedEvents(text: string): number[] {
  return [...text.matchAll(/\((#\d+(?:,\s*(?:#\d+|…))*)\)/g)].flatMap((group) =>
    [...(group[1] ?? '').matchAll(/#(\d+)/g)].map((match) => Number(match[1])),
  );
}

/** What of a claim the cited events do not say, in its own words; empty when they say it all. Pure. */
export function unsupported(claim: string, cited: readonly number[], record: RunRecord): string[] {
  const events = record.events.filter((event) => cited.includes(event.seq));
  const facts = events.map((event) => eventFacts(record, event));
  // "3 steps … (#7, #9, #12)": how many are named is a number too.
  const all = [...facts, { numbers: [events.length], durations: between(events), words: versionsOf(record) }];
  return missing(readClaim(claim), all, events);
}

/** Up to five events that say what the claim says, best first; how it was decided and how it ended when none does. Pure. */
export function suggestEvents(claim: string, record: RunRecord): number[] {
  const found = likelyEvents(claim, record);
  if (found.length > 0) return found;
  return record.events
    .filter((event) => ['decision', 'run_ended'].includes(event.type))
    .slice(-2)
    .map((event) => event.seq);
}

function likelyEvents(claim: string, record: RunRecord): number[] {
  const said = readClaim(claim);
  const words = wordsOf(claim);
  return record.events
    .filter((event) => event.type !== 'counts')
    .map((event) => {
      const facts = eventFacts(record, event);
      const open = missing(said, [facts], [event]).length;
      const text = event.type === 'run_started' ? event.type : facts.words;
      const shared = [...wordsOf(text)].filter((word) => words.has(word)).length;
      return { seq: event.seq, score: (countOf(said) - open) * 5 + Math.min(shared, 9) };
    })
    .filter((entry) => entry.score > 0)
    .sort((one, other) => other.score - one.score || one.seq - other.seq)
    .slice(0, 5)
    .map((entry) => entry.seq);
}

function readClaim(claim: string): Said {
  const text = claim.replace(/\((#\d+(?:,\s*(?:#\d+|…))*)\)/g, ' ').replace(/^\s*(?:[-*+]|\d{1,3}[.)])\s+/, '');
  const code = [...text.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? '');
  const snake = [...text.matchAll(/\b[a-z]+(?:_[a-z]+)+\b/g)].map((match) => match[0]);
  const names = [...new Set([...code, ...snake])];
  return {
    quantities: quantitiesIn(text),
    versions: [...text.matchAll(/\bv?(\d+\.\d+\.\d+[\w.+-]*\w|\d+\.\d+\.\d+)/g)].map((match) => match[1] ?? ''),
    moments: [...text.matchAll(/\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2})?)?|\b\d{2}:\d{2}:\d{2}\b/g)].map((match) =>
      match[0].toLowerCase(),
    ),
    types: names.filter((name) => eventTypes.has(name)),
    outcomes: names.filter((name) => outcomes.some((outcome) => outcome === name)),
  };
}

function countOf(said: Said): number {
  return Object.values(said).reduce((sum, list) => sum + list.length, 0);
}

function missing(said: Said, facts: readonly EventFacts[], events: readonly RecordedEvent[]): string[] {
  const has = (word: string): boolean => facts.some((one) => one.words.includes(word.toLowerCase()));
  return [
    ...said.quantities
      .filter((quantity) => !facts.some((one) => supports(one, quantity)))
      .map((quantity) => quantity.shown),
    ...said.versions.filter((version) => !has(version)),
    ...said.moments.filter((moment) => !has(moment)),
    ...said.types.filter((type) => !events.some((event) => event.type === type)),
    ...said.outcomes.filter((outcome) => !has(`"${outcome}"`)),
  ];
}

function supports(facts: EventFacts, quantity: Quantity): boolean {
  const near = (known: number, value: number): boolean =>
    quantity.isBound ? known < value : Math.abs(known - value) <= quantity.step * 1.000001;
  const { ms, value } = quantity;
  if (ms !== null) return facts.durations.some((known) => near(known, ms));
  if (facts.numbers.some((known) => near(known, value))) return true;
  return quantity.isPercent && facts.numbers.some((known) => near(known * 100, value));
}

/** Times between the events that a claim cites together. */
function between(events: readonly RecordedEvent[]): number[] {
  return events.flatMap((one) => events.map((other) => other.atMs - one.atMs)).filter((ms) => ms > 0);
}

/** Which versions a run is about needs no event. */
function versionsOf(record: RunRecord): string {
  const { revision, stable } = record.plan.content;
  return `${revision.version} ${stable?.version ?? ''}`.toLowerCase();
}

function wordsOf(text: string): Set<string> {
  return new Set(text.toLowerCase().match(/[a-z]{4,}/g) ?? []);
}
