/** Numbers in typed arrays: eight bytes each, where an array of objects would need a hundred. */
export type NumberColumn = { readonly length: number; push(value: number): void; at(index: number): number };

/** Grows piece by piece: to copy a large array into a larger one would need both at once. */
const pieceBits = 16;
const pieceLength = 2 ** pieceBits;

export function createNumberColumn(): NumberColumn {
  const pieces: Float64Array[] = [];
  let last = new Float64Array(0);
  let length = 0;
  return {
    get length() {
      return length;
    },
    push: (value) => {
      const place = length % pieceLength;
      if (place === 0) {
        last = new Float64Array(pieceLength);
        pieces.push(last);
      }
      last[place] = value;
      length += 1;
    },
    at: (index) => (index < length ? (pieces[index >>> pieceBits]?.[index % pieceLength] ?? Number.NaN) : Number.NaN),
  };
}
