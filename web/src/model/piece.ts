// The piece as the page holds it: the server's editable JSON (see API.md), with a name for every note.
//
// Pieces are never changed in place. An edit makes a new piece that shares everything it did not touch, which is what
// makes the history tree cheap: a thousand states of a large piece are a thousand short lists of references.

import type { ServerNote, ServerPiece } from '../api/types';

/** Times are twelfths of a quarter, so that sixteenths (3) and triplets (4) are both whole numbers. */
export const QUARTER = 12;

export interface Note {
  /** Unique within the page; the server does not see it. */
  readonly id: number;
  readonly lane: string | null;
  readonly part: number;
  readonly pitch: number;
  readonly start: number;
  readonly length: number;
  readonly velocity: number;
}

export interface Part {
  readonly lane: string | null;
  readonly name: string;
  readonly program: number;
  readonly drums: boolean;
}

export interface Chord {
  readonly start: number;
  readonly length: number;
  readonly symbol: string;
  readonly pitches: readonly number[];
}

export interface Section {
  readonly start: number;
  readonly length: number;
  readonly label: string;
}

export interface TempoMark {
  readonly at: number;
  readonly qpm: number;
}

export interface MetreMark {
  readonly at: number;
  readonly metre: string;
}

export interface KeyMark {
  readonly at: number;
  readonly key: string;
}

export interface Piece {
  readonly title: string;
  readonly resolution?: number;
  /** At least so many bars are shown, even where the last ones are empty. */
  readonly bars: number;
  readonly tempos: readonly TempoMark[];
  readonly metres: readonly MetreMark[];
  readonly keys: readonly KeyMark[];
  readonly parts: readonly Part[];
  readonly notes: readonly Note[];
  readonly chords: readonly Chord[];
  readonly sections: readonly Section[];
}

let nextNoteId = 1;

/** A fresh name for a note. */
export function newNoteId(): number {
  return nextNoteId++;
}

export function emptyPiece(bars: number, metre = '4/4', tempo = 100, key: string | null = null): Piece {
  return {
    title: '',
    bars,
    tempos: [{ at: 0, qpm: tempo }],
    metres: [{ at: 0, metre }],
    keys: key === null ? [] : [{ at: 0, key }],
    parts: [],
    notes: [],
    chords: [],
    sections: [],
  };
}

export function fromServer(piece: ServerPiece): Piece {
  return {
    title: piece.title ?? '',
    ...(piece.resolution == null ? {} : { resolution: piece.resolution }),
    bars: piece.bars ?? 0,
    tempos: nonEmpty(piece.tempos, [{ at: 0, qpm: piece.tempo ?? 100 }]),
    metres: nonEmpty(piece.metres, [{ at: 0, metre: piece.metre ?? '4/4' }]),
    keys: nonEmpty(piece.keys, piece.key ? [{ at: 0, key: piece.key }] : []),
    parts: piece.parts ?? [],
    notes: piece.notes.map(noteFromServer),
    chords: (piece.chords ?? []).map((chord) => ({ ...chord, pitches: chord.pitches ?? [] })),
    sections: piece.sections ?? [],
  };
}

export function noteFromServer(note: ServerNote): Note {
  return {
    id: newNoteId(),
    lane: note.lane ?? null,
    part: note.part ?? 0,
    pitch: note.pitch,
    start: note.start,
    length: note.length,
    velocity: note.velocity ?? 80,
  };
}

/** What the server is sent. Times go back exactly as they came, so that untouched notes stay to the tick. */
export function toServer(piece: Piece): ServerPiece {
  return {
    title: piece.title,
    ...(piece.resolution === undefined ? {} : { resolution: piece.resolution }),
    tempos: [...piece.tempos],
    metres: [...piece.metres],
    keys: [...piece.keys],
    parts: [...piece.parts],
    notes: piece.notes.map(({ lane, part, pitch, start, length, velocity }) => ({
      lane,
      part,
      pitch,
      start,
      length,
      velocity,
    })),
    chords: piece.chords.map(({ start, length, symbol }) => ({ start, length, symbol })),
    sections: [...piece.sections],
  };
}

function nonEmpty<T>(list: readonly T[] | null | undefined, otherwise: readonly T[]): readonly T[] {
  return list && list.length > 0 ? list : otherwise;
}

export function keyOf(piece: Piece): string | null {
  return piece.keys[0]?.key ?? null;
}

export function tempoOf(piece: Piece): number {
  return piece.tempos[0]?.qpm ?? 100;
}

export function metreOf(piece: Piece): string {
  return piece.metres[0]?.metre ?? '4/4';
}

/** Where the last note, chord or section ends. */
export function endOf(piece: Piece): number {
  let end = 0;
  for (const list of [piece.notes, piece.chords, piece.sections]) {
    for (const item of list) end = Math.max(end, item.start + item.length);
  }
  return end;
}

/** All tempos scaled, so that the piece begins at `qpm` and breathes as before. */
export function withTempo(piece: Piece, qpm: number): Piece {
  const factor = qpm / tempoOf(piece);
  return { ...piece, tempos: piece.tempos.map((mark) => ({ at: mark.at, qpm: mark.qpm * factor })) };
}

/** Bars from `first` to `last` at these tempos; what comes after keeps its own. One mark a change, none twice. */
export function withTempoOfBars(piece: Piece, starts: readonly number[], first: number, last: number, qpmOf: (bar: number) => number): Piece {
  const from = starts[first] ?? 0;
  // After the last bar there is nothing whose tempo could stay.
  const to = last + 2 < starts.length ? (starts[last + 1] as number) : Infinity;
  const at = (time: number): number => [...piece.tempos].reverse().find((mark) => mark.at <= time)?.qpm ?? tempoOf(piece);
  const drawn: TempoMark[] = [];
  for (let bar = first; bar <= last; bar++) drawn.push({ at: starts[bar] ?? 0, qpm: qpmOf(bar) });
  const marks = [...piece.tempos.filter((mark) => mark.at < from), ...drawn, ...(to === Infinity ? [] : [{ at: to, qpm: at(to) }]), ...piece.tempos.filter((mark) => mark.at > to)];
  if (marks[0] && marks[0].at > 0) marks.unshift({ at: 0, qpm: at(0) });
  return { ...piece, tempos: marks.filter((mark, i) => i === 0 || mark.qpm !== (marks[i - 1] as TempoMark).qpm) };
}

export function withKey(piece: Piece, key: string): Piece {
  return { ...piece, keys: [{ at: 0, key }, ...piece.keys.filter((mark) => mark.at > 0)] };
}

export function withMetre(piece: Piece, metre: string): Piece {
  return { ...piece, metres: [{ at: 0, metre }, ...piece.metres.filter((mark) => mark.at > 0)] };
}
