/** A piece of a review: a heading, a bullet or paragraph (one line, however many it was written on), or a fenced block. */
export type ReviewBlock = {
  /** Line on which it begins, from 1. */
  line: number;
  /** 1–4; 0 before the first step. */
  step: number;
  /** Heading within the step under which it stands; empty when none. */
  under: string;
  kind: 'heading' | 'bullet' | 'text' | 'code';
  text: string;
  /** Of a fenced block: what it says to be, such as `diff`; empty for everything else. */
  language: string;
  /** False for a fenced block that nothing closes. */
  closed: boolean;
};

type Open = { block: ReviewBlock; mark: string; indent: number; lines: string[] };
type State = { blocks: ReviewBlock[]; step: number; under: string; fence: Open | null; joins: boolean };

/** A review taken apart. A block goes on over lines that belong to it, so that a sentence and its events need no one line. Pure. */
export function readReviewBlocks(text: string): ReviewBlock[] {
  const state: State = { blocks: [], step: 0, under: '', fence: null, joins: false };
  for (const [index, line] of text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .entries()) {
    if (state.fence !== null) readInFence(state, state.fence, line);
    else readLine(state, line, index + 1);
  }
  if (state.fence !== null) closeFence(state, state.fence, false);
  return state.blocks;
}

function readInFence(state: State, fence: Open, line: string): void {
  const end = /^\s*(`{3,}|~{3,})\s*$/.exec(line)?.[1];
  const indent = /^ */.exec(line)?.[0].length ?? 0;
  if (end?.startsWith(fence.mark) === true) closeFence(state, fence, true);
  else fence.lines.push(line.slice(Math.min(indent, fence.indent)));
}

function closeFence(state: State, fence: Open, closed: boolean): void {
  state.blocks.push({ ...fence.block, text: fence.lines.join('\n'), closed });
  state.fence = null;
  state.joins = false;
}

function readLine(state: State, line: string, number: number): void {
  const fence = /^( *)(?:[-*+]\s+)?(`{3,}|~{3,})\s*([^`\s]*)[^`]*$/.exec(line);
  const heading = /^#{1,6}\s+(.*?)\s*$/.exec(line);
  if (fence !== null) {
    const block = blockOf(state, { line: number, kind: 'code', text: '', language: (fence[3] ?? '').toLowerCase() });
    state.fence = { block, mark: fence[2] ?? '```', indent: (fence[1] ?? '').length, lines: [] };
  } else if (heading !== null) {
    const text = heading[1] ?? '';
    const step = /^Step ([1-4]):/.exec(text)?.[1];
    if (step !== undefined) [state.step, state.under] = [Number(step), ''];
    else if (state.step > 0) state.under = text;
    state.blocks.push(blockOf(state, { line: number, kind: 'heading', text }));
    state.joins = false;
  } else if (line.trim() === '' || /^\s*(?:[-*_]\s*){3,}$/.test(line)) {
    state.joins = false;
  } else {
    addText(state, line, number);
  }
}

function addText(state: State, line: string, number: number): void {
  const isBullet = /^\s*(?:[-*+]|\d{1,3}[.)])\s+\S/.test(line);
  const last = state.blocks.at(-1);
  // An indented paragraph after a blank line still belongs to the bullet above it.
  const belongs = state.joins || (/^\s{2,}\S/.test(line) && last?.kind === 'bullet');
  if (!isBullet && belongs && last !== undefined) last.text += ` ${line.trim()}`;
  else state.blocks.push(blockOf(state, { line: number, kind: isBullet ? 'bullet' : 'text', text: line.trim() }));
  state.joins = true;
}

function blockOf(
  { step, under }: State,
  block: Pick<ReviewBlock, 'line' | 'kind' | 'text'> & { language?: string },
): ReviewBlock {
  return { step, under, language: '', closed: true, ...block };
}
