// Edits: pure functions from a piece to a piece.

import { QUARTER, newNoteId, type Note, type Part, type Piece } from './piece';
import { snapLength, snapTime, type Snap } from './snap';

export type NoteIds = ReadonlySet<number>;

const HIGHEST_PITCH = 127;

/** What a lane sounds like until the musician chooses otherwise (General MIDI, from 0). */
const FIRST_PROGRAM: Readonly<Record<string, number>> = { bass: 32, sustained: 48 };

/** Index of the part that new notes of a lane go to, and the piece that surely has it. */
export function ensurePart(piece: Piece, lane: string, name: string): { piece: Piece; part: number } {
  const found = piece.parts.findIndex((part) => part.lane === lane);
  if (found >= 0) return { piece, part: found };
  const part: Part = { lane, name, program: FIRST_PROGRAM[lane] ?? 0, drums: lane === 'drums' };
  return { piece: { ...piece, parts: [...piece.parts, part] }, part: piece.parts.length };
}

export function setProgram(piece: Piece, lane: string, program: number): Piece {
  return { ...piece, parts: piece.parts.map((part) => (part.lane === lane ? { ...part, program } : part)) };
}

export function addNotes(piece: Piece, notes: readonly Omit<Note, 'id'>[]): { piece: Piece; ids: Set<number> } {
  const added = notes.map((note) => ({ ...note, id: newNoteId() }));
  const ids = new Set(added.map((note) => note.id));
  return { piece: settle({ ...piece, notes: [...piece.notes, ...added] }, ids), ids };
}

export function deleteNotes(piece: Piece, ids: NoteIds): Piece {
  if (ids.size === 0) return piece;
  return { ...piece, notes: piece.notes.filter((note) => !ids.has(note.id)) };
}

/** Moves notes together: no note may leave the beginning or the pitches, so the whole group stops there. */
export function moveNotes(piece: Piece, ids: NoteIds, shift: number, semitones: number): Piece {
  const moving = piece.notes.filter((note) => ids.has(note.id));
  if (moving.length === 0) return piece;
  const dt = Math.max(shift, -Math.min(...moving.map((note) => note.start)));
  const up = HIGHEST_PITCH - Math.max(...moving.map((note) => note.pitch));
  const down = -Math.min(...moving.map((note) => note.pitch));
  const dp = Math.min(up, Math.max(down, semitones));
  if (dt === 0 && dp === 0) return piece;
  return settle(change(piece, ids, (note) => ({ ...note, start: note.start + dt, pitch: note.pitch + dp })), ids);
}

/** Lengthens or shortens notes by the same amount; no note becomes shorter than `least`. */
export function resizeNotes(piece: Piece, ids: NoteIds, by: number, least = 1): Piece {
  return settle(
    change(piece, ids, (note) => ({ ...note, length: Math.max(Math.min(least, note.length), note.length + by) })),
    ids,
  );
}

export function setVelocity(piece: Piece, ids: NoteIds, velocity: (note: Note) => number): Piece {
  return change(piece, ids, (note) => ({ ...note, velocity: clampVelocity(velocity(note)) }));
}

export function clampVelocity(velocity: number): number {
  return Math.min(127, Math.max(1, Math.round(velocity)));
}

/** Starts and ends pulled to the grid; a note keeps at least one grid step. */
export function quantiseNotes(piece: Piece, ids: NoteIds, snap: Snap): Piece {
  const grid = snapLength(snap);
  return settle(
    change(piece, ids, (note) => {
      const start = snapTime(note.start, snap);
      const end = snapTime(note.start + note.length, snap);
      return { ...note, start, length: Math.max(grid, end - start) };
    }),
    ids,
  );
}

/** Notes on a clipboard: times are counted from the first one, or from the beat it stood in. */
export interface Clip {
  readonly notes: readonly (Omit<Note, 'id' | 'part'> & { readonly partName: string })[];
  /** From the place they are counted from to the end of the last one. */
  readonly length: number;
}

export function copyNotes(piece: Piece, ids: NoteIds, origin?: number): Clip | null {
  const notes = piece.notes.filter((note) => ids.has(note.id));
  if (notes.length === 0) return null;
  const from = origin ?? Math.min(...notes.map((note) => note.start));
  return {
    notes: notes.map((note) => ({
      lane: note.lane,
      pitch: note.pitch,
      start: note.start - from,
      length: note.length,
      velocity: note.velocity,
      partName: piece.parts[note.part]?.name ?? '',
    })),
    length: Math.max(...notes.map((note) => note.start + note.length)) - from,
  };
}

/** Pastes at a time; into one lane if one is named, else every note into the lane it came from. */
export function pasteNotes(piece: Piece, clip: Clip, at: number, lane?: string): { piece: Piece; ids: Set<number> } {
  let into = piece;
  const notes: Omit<Note, 'id'>[] = [];
  for (const { partName, ...note } of clip.notes) {
    const target = lane ?? note.lane;
    if (target === null) continue; // parts without a lane are not ours to write
    const ensured = ensurePart(into, target, partName || target);
    into = ensured.piece;
    notes.push({ ...note, lane: target, part: ensured.part, start: note.start + at });
  }
  return addNotes(into, notes);
}

/** One key or string cannot sound twice at once: an edited note ends the one it falls upon. */
export function settle(piece: Piece, edited: NoteIds): Piece {
  const mine = piece.notes.filter((note) => edited.has(note.id));
  if (mine.length === 0) return piece;
  const byPlace = new Map<string, Note[]>();
  for (const note of mine) {
    const place = `${note.part}:${note.pitch}`;
    byPlace.set(place, [...(byPlace.get(place) ?? []), note]);
  }
  const notes: Note[] = [];
  for (const note of piece.notes) {
    if (edited.has(note.id)) {
      notes.push(note);
      continue;
    }
    const over = byPlace.get(`${note.part}:${note.pitch}`) ?? [];
    // Begins under an edited note: it is covered. Runs into one: it ends there.
    if (over.some((other) => note.start >= other.start && note.start < other.start + other.length)) continue;
    const cut = Math.min(...over.filter((other) => other.start > note.start).map((other) => other.start));
    notes.push(note.start + note.length > cut ? { ...note, length: cut - note.start } : note);
  }
  return { ...piece, notes };
}

function change(piece: Piece, ids: NoteIds, edit: (note: Note) => Note): Piece {
  return { ...piece, notes: piece.notes.map((note) => (ids.has(note.id) ? edit(note) : note)) };
}

/** A note as short as the grid allows, but never shorter than a thirty-second. */
export function leastLength(snap: Snap): number {
  return Math.max(1, Math.min(QUARTER / 4, snapLength(snap)));
}
