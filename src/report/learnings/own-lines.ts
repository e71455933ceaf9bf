import type { GateDecision } from '../../model/gate-decision.ts';
import type { History } from '../../model/history.ts';
import type { Note } from './note.ts';
import { describeCause, describeDecision, describeGeneralNote, describeNote, describeRun } from './render-instances.ts';

export type OwnLines = {
  /** The block as it would be rendered now. */
  fresh: string;
  history: readonly History[];
  notes: readonly Note[];
  decisions: readonly GateDecision[];
};

/** Lines whose figures and dates change from one rendering to the next. */
const changing: readonly RegExp[] = [
  /^> (No run yet\.|Counted: [\d,]+ runs? \(the last \d+, at most \d+ days before \d{4}-\d\d-\d\d\)\.)$/,
  /^> Set aside and not counted, because /,
  /^\*\*Frequency\*\*: [★☆]{5} \(\d+\/\d+ - [a-z ]+\)$/,
  /^\*\*(Last seen|First used)\*\*: (Never|\d{4}-\d\d-\d\d \(run [^()]+\))$/,
  /^\*\*Usage\*\*: \d+\/\d+ runs(, \d+ of \d+ succeeded)?$/,
  /^\*\*Proposed gate\*\*: `[\w-]+` \(met in \d+ runs; from \d+ on a person decides: `seatrial learnings accept [\w-]+` or `dismiss`\)$/,
  /^- (none|and \d+ earlier)$/,
  /^ {2}nearly the same as `[^`]+` \(\d+ % alike\)$/,
  /^\| (Production deploy success|Rollback frequency|Deploy duration|Deployment frequency|Lead time for changes|Change failure rate|Time to restore) \| [^|]+ \| [^|]+ \| [^|]+ \|$/,
  /^Counted for environment `[\w-]+`\.$/,
  /^\*\*Updated\*\*: (Not yet tracked|[\dT:.-]+Z)$/,
  /^## Lessons added by the project$/,
];

/**
 * Tells lines that seatrial renders, from this or a neighbouring state of the project, from those that a person wrote among
 * them. A figure or date that somebody typed over counts as ours: it is rendered anew from what was recorded. Pure.
 */
export function createOwnLines(own: OwnLines): (line: string) => boolean {
  let known: ReadonlySet<string> | null = null;
  return (line) => {
    if (line.trim() === '' || changing.some((shape) => shape.test(line))) return true;
    known ??= collectLines(own);
    return known.has(line);
  };
}

function collectLines({ fresh, history, notes, decisions }: OwnLines): ReadonlySet<string> {
  return new Set(
    [
      fresh,
      ...history.map((entry) => `- ${describeRun(entry)}`),
      ...notes.flatMap((note) => [describeCause(note), describeGeneralNote(note), describeNote(note)]),
      ...decisions.flatMap((decision) => [describeDecision(decision, false), describeDecision(decision, true)]),
    ].flatMap((text) => text.split('\n')),
  );
}
