/** One line of the doctor: how something is, and what to do about it. */
export type Finding = {
  area:
    | 'project'
    | 'trust'
    | 'stops'
    | 'runs'
    | 'locks'
    | 'hosts'
    | 'approvers'
    | 'disk'
    | 'clock'
    | 'folder'
    | 'programs';
  /** attention: look at it when you can. broken: something does not hold what it promises. */
  state: 'ok' | 'attention' | 'broken';
  text: string;
  /** The exact command or act; null where nothing is to be done. */
  remedy: string | null;
  /** What `--repair` may do about it, because it is safe; answers with what was done. */
  repair?: () => Promise<string>;
};

const marks: Readonly<Record<Finding['state'], string>> = { ok: 'ok', attention: 'attention', broken: 'BROKEN' };

/** Findings as lines, each with what to do below it. Pure. */
export function renderFindings(findings: readonly Finding[]): string {
  return findings
    .flatMap(({ area, state, text, remedy }) => [
      `${marks[state].padEnd(10)} ${area.padEnd(10)} ${text}`,
      ...(remedy === null ? [] : [`${' '.repeat(22)}do: ${remedy}`]),
    ])
    .join('\n');
}

export function ok(area: Finding['area'], text: string): Finding {
  return { area, state: 'ok', text, remedy: null };
}

/** A look that could not be had is told, never left out. */
export async function lookSafely(area: Finding['area'], look: () => Promise<Finding[]>): Promise<Finding[]> {
  try {
    return await look();
  } catch (thrown) {
    const text = `could not be looked at: ${thrown instanceof Error ? thrown.message : String(thrown)}`;
    return [{ area, state: 'broken', text, remedy: 'Mend what is named, then look again: seatrial doctor' }];
  }
}
