// What the model is told in a jam, and what of its answer is new.

import type { JobRequest } from '../api/types';
import { barStarts } from './bars';
import { QUARTER, type Piece } from './piece';

/** A jam is in four quarters. */
export const BAR = 4 * QUARTER;
/** Notes a quarter that count as busy; as in crates/compose/src/soft.rs, where 1 is the densest twentieth of human bars. */
const BUSY: Readonly<Record<string, number>> = { harmony: 5.5, drums: 7 };
const BUSY_LINE = 2.75;

/** An answer in the manner of what was played: about as busy, and one note at a time if that was so. */
export function mannersOf(played: Piece, lane: string, bars: number): Partial<JobRequest> {
  const notes = played.notes.filter((note) => note.lane === lane);
  const busy = notes.length / (bars * (BAR / QUARTER)) / (BUSY[lane] ?? BUSY_LINE);
  const overlaps = notes.some((note) => notes.some((other) => other !== note && other.start >= note.start && other.start < note.start + note.length));
  const density = Math.min(0.9, Math.max(0.15, busy));
  return {
    soft: { density: `${lane}:${density.toFixed(2)}` },
    ...(overlaps || lane === 'drums' ? {} : { rules: [{ most_voices: { lane, voices: 1 } }] }),
  };
}

/** The last bars of a piece, moved to the beginning, with a section that keeps a silent end from being cut off. */
export function lastBars(piece: Piece, bars: number): Piece {
  const kept = Math.min(bars, piece.bars);
  const from = (piece.bars - kept) * BAR;
  return {
    ...piece,
    bars: kept,
    notes: piece.notes.filter((note) => note.start >= from).map((note) => ({ ...note, start: note.start - from })),
    chords: [],
    sections: [{ start: 0, length: kept * BAR, label: 'A' }],
  };
}

/** The conversation with the bars that `answer` has after its first `told` ones. */
export function newBars(piece: Piece, answer: Piece, told: number, bars: number): Piece {
  const parts = [...piece.parts];
  const from = told * BAR;
  const to = piece.bars * BAR;
  const notes = answer.notes
    .filter((note) => note.start >= from && note.start < from + bars * BAR)
    .map((note) => {
      const lane = note.lane ?? answer.parts[note.part]?.lane ?? null;
      let part = parts.findIndex((one) => one.lane === lane);
      if (part < 0) part = parts.push(answer.parts[note.part] ?? { lane, name: lane ?? '', program: 0, drums: false }) - 1;
      return { ...note, lane, part, start: note.start - from + to };
    });
  const grown = { ...piece, parts, notes: [...piece.notes, ...notes], bars: piece.bars + bars };
  return { ...grown, bars: Math.max(grown.bars, barStarts(grown).length - 1) };
}
