import { placeBlock, readLearningsFile, renderBlock } from './generated-block.ts';

export type FileUpdate =
  /** `kept`: lines that somebody wrote into the rendered part; they are in it no longer. */
  | { state: 'written'; text: string; kept: string[]; changedByHand: boolean; united: boolean }
  /** The file is left alone; `text` is the view to be written beside it. */
  | { state: 'left'; text: string; reason: string };

const invitation = '\n\nWhat you write here, above or below the two marks, is yours and is kept as it is.\n';

/** `.seatrial/learnings.md` with a new rendering in its place; `previous` null makes a first one. Pure. */
export function updateLearningsFile(
  previous: string | null,
  block: string,
  isOwn: (line: string) => boolean,
): FileUpdate {
  if (previous === null)
    return {
      state: 'written',
      text: `${renderBlock(block)}${invitation}`,
      kept: [],
      changedByHand: false,
      united: false,
    };
  const file = readLearningsFile(previous, isOwn);
  switch (file.state) {
    case 'unclear':
      return { state: 'left', text: `${renderBlock(block)}\n`, reason: file.reason };
    case 'united':
      return { state: 'written', text: placeBlock(file, block), kept: file.kept, changedByHand: false, united: true };
    case 'readable': {
      const kept = file.intact ? [] : file.block.split('\n').filter((line) => !isOwn(line));
      // The same block is not written anew: a mark without a hash is, though, to be filled.
      const text = file.intact && file.block === block ? previous : placeBlock(file, block);
      return { state: 'written', text, kept, changedByHand: !file.intact, united: false };
    }
  }
}
