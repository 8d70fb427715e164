// Notes by strip and time, so that a frame touches only what is visible.

import { stripKeyOfNote } from '../model/lanes';
import type { Note, Piece } from '../model/piece';

export interface StripNotes {
  /** By start. */
  readonly notes: readonly Note[];
  /** The longest one: how far before the left edge a visible note can begin. */
  readonly longest: number;
}

const EMPTY: StripNotes = { notes: [], longest: 0 };
const known = new WeakMap<Piece, Map<string, StripNotes>>();

export function notesOfStrip(piece: Piece, key: string): StripNotes {
  let strips = known.get(piece);
  if (!strips) {
    strips = indexPiece(piece);
    known.set(piece, strips);
  }
  return strips.get(key) ?? EMPTY;
}

function indexPiece(piece: Piece): Map<string, StripNotes> {
  const lists = new Map<string, Note[]>();
  for (const note of piece.notes) {
    const key = stripKeyOfNote(piece, note);
    const list = lists.get(key);
    if (list) list.push(note);
    else lists.set(key, [note]);
  }
  const strips = new Map<string, StripNotes>();
  for (const [key, notes] of lists) {
    notes.sort((a, b) => a.start - b.start || a.pitch - b.pitch);
    strips.set(key, { notes, longest: notes.reduce((most, note) => Math.max(most, note.length), 0) });
  }
  return strips;
}

/** Index of the first note that begins at or after `at`. */
export function firstFrom(notes: readonly Note[], at: number): number {
  let low = 0;
  let high = notes.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((notes[middle] as Note).start < at) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Calls back for every note that touches the span. */
export function eachVisible(strip: StripNotes, from: number, to: number, visit: (note: Note) => void): void {
  for (let i = firstFrom(strip.notes, from - strip.longest); i < strip.notes.length; i++) {
    const note = strip.notes[i] as Note;
    if (note.start > to) break;
    if (note.start + note.length >= from) visit(note);
  }
}
