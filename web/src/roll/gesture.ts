// What a pointer does on the roll, from press to release. It reads the scene and reports what should be shown or done;
// it changes nothing itself, so that a cancelled drag leaves no trace.

import { barAt } from '../model/bars';
import { addNotes, clampVelocity, deleteNotes, ensurePart, leastLength, moveNotes, resizeNotes, setVelocity } from '../model/edit';
import { newNoteId, type Note, type Piece } from '../model/piece';
import { isLocked, notesInBox, regionOfBox, type Lock, type Region } from '../model/region';
import { snapDown, snapLength, snapShift, snapTime, type Snap } from '../model/snap';
import { pitchOfY, rowAt, rowsBetween, stepOf, timeOf, yOfPitch, type Row, type View } from './geometry';
import { eachVisible, notesOfStrip } from './index';

export type EditKind = 'add' | 'move' | 'copy' | 'resize' | 'velocity' | 'erase';

export interface Ground {
  readonly piece: Piece;
  readonly rows: readonly Row[];
  readonly view: View;
  readonly starts: readonly number[];
  readonly snap: Snap;
  readonly tool: 'select' | 'draw' | 'erase';
  readonly selection: ReadonlySet<number>;
  readonly locks: readonly Lock[];
  readonly editable: boolean;
}

export interface Outcome {
  readonly piece?: Piece;
  readonly selection?: ReadonlySet<number>;
  readonly region?: Region | null;
  readonly box?: { x1: number; y1: number; x2: number; y2: number } | null;
  /** A pitch to sound. */
  readonly sound?: { pitch: number; velocity: number; row: Row };
  readonly done?: EditKind;
  readonly count?: number;
  /** A click that moved nothing: the row becomes the one in hand, the time the place to play from. */
  readonly clicked?: { row: Row; at: number };
}

const EDGE_PIXELS = 7;
const DRAG_PIXELS = 4;

export interface Hit {
  readonly note: Note;
  readonly edge: boolean;
}

/** The note under the pointer; the topmost if several, which is the one that begins last. */
export function hitNote(ground: Ground, x: number, y: number): Hit | null {
  const row = rowAt(ground.rows, y);
  if (!row) return null;
  const at = timeOf(ground.view, x);
  const slack = 2 / ground.view.scale;
  const step = Math.max(stepOf(row), 5);
  let found: Hit | null = null;
  eachVisible(notesOfStrip(ground.piece, row.strip.key), at - slack, at + slack, (note) => {
    const top = yOfPitch(row, note.pitch) - Math.max(0, (5 - stepOf(row)) / 2);
    if (y < top || y > top + step) return;
    const right = (note.start + note.length - at) * ground.view.scale;
    const width = note.length * ground.view.scale;
    found = { note, edge: right < Math.min(EDGE_PIXELS, width / 3) };
  });
  return found;
}

type Mode =
  | { kind: 'move'; ids: Set<number>; copy: boolean; pitch: number; sounded: number }
  | { kind: 'resize'; ids: Set<number> }
  | { kind: 'velocity'; ids: Set<number> }
  | { kind: 'draw'; id: number; start: number; base: Piece }
  | { kind: 'erase'; ids: Set<number> }
  | { kind: 'box'; add: ReadonlySet<number> };

export class Gesture {
  readonly #x: number;
  readonly #y: number;
  readonly #row: Row | null;
  #mode: Mode | null = null;
  #moved = false;
  #piece: Piece;
  #selection: ReadonlySet<number>;

  constructor(
    private readonly ground: Ground,
    x: number,
    y: number,
    keys: { shift: boolean; alt: boolean; command: boolean },
  ) {
    this.#x = x;
    this.#y = y;
    this.#piece = ground.piece;
    this.#selection = ground.selection;
    this.#row = rowAt(ground.rows, y);
    this.#begin(keys);
  }

  first: Outcome = {};

  #begin(keys: { shift: boolean; alt: boolean; command: boolean }): void {
    const { ground } = this;
    const hit = hitNote(ground, this.#x, this.#y);
    const row = this.#row;
    if (!row) return;
    if (hit && ground.editable && !this.#locked(hit.note)) {
      if (ground.tool === 'erase') {
        this.#mode = { kind: 'erase', ids: new Set([hit.note.id]) };
        this.#piece = deleteNotes(ground.piece, new Set([hit.note.id]));
        this.first = { piece: this.#piece };
        return;
      }
      const inHand = ground.selection.has(hit.note.id);
      const chosen = keys.shift
        ? new Set([...ground.selection, hit.note.id])
        : inHand
          ? ground.selection
          : new Set([hit.note.id]);
      this.#selection = chosen;
      const ids = new Set(ground.piece.notes.filter((note) => chosen.has(note.id) && !this.#locked(note)).map((note) => note.id));
      if (hit.edge) this.#mode = { kind: 'resize', ids };
      else if (keys.command) this.#mode = { kind: 'velocity', ids };
      else this.#mode = { kind: 'move', ids, copy: keys.alt, pitch: hit.note.pitch, sounded: hit.note.pitch };
      this.first = { selection: chosen, sound: { pitch: hit.note.pitch, velocity: hit.note.velocity, row } };
      return;
    }
    if (ground.tool === 'draw' && ground.editable && row.strip.lane !== null) {
      this.#draw(row);
      return;
    }
    if (ground.tool === 'erase' && ground.editable) {
      this.#mode = { kind: 'erase', ids: new Set() };
      return;
    }
    this.#mode = { kind: 'box', add: keys.shift ? ground.selection : new Set() };
  }

  #draw(row: Row): void {
    const { ground } = this;
    const lane = row.strip.lane as string;
    const start = snapDown(timeOf(ground.view, this.#x), ground.snap);
    if (start >= (ground.starts[ground.starts.length - 1] ?? 0) || isLocked(ground.locks, lane, barAt(ground.starts, start))) return;
    const pitch = pitchOfY(row, this.#y);
    const ensured = ensurePart(ground.piece, lane, row.strip.title);
    const length = Math.max(3, snapLength(ground.snap));
    const added = addNotes(ensured.piece, [{ lane, part: ensured.part, pitch, start, length, velocity: 84 }]);
    this.#piece = added.piece;
    this.#selection = added.ids;
    this.#mode = { kind: 'draw', id: [...added.ids][0] as number, start, base: added.piece };
    this.first = { piece: added.piece, selection: added.ids, sound: { pitch, velocity: 84, row } };
  }

  move(x: number, y: number): Outcome {
    if (!this.#moved && Math.hypot(x - this.#x, y - this.#y) < DRAG_PIXELS) return {};
    this.#moved = true;
    const { ground } = this;
    const mode = this.#mode;
    const row = this.#row;
    if (!mode || !row) return {};
    const shift = (x - this.#x) / ground.view.scale;
    switch (mode.kind) {
      case 'move':
        return this.#moveNotes(mode, row, shift, Math.round((this.#y - y) / stepOf(row)));
      case 'resize':
        this.#piece = resizeNotes(ground.piece, mode.ids, snapShift(shift, ground.snap), leastLength(ground.snap));
        return { piece: this.#piece };
      case 'velocity': {
        const by = (this.#y - y) / 1.5;
        this.#piece = setVelocity(ground.piece, mode.ids, (note) => note.velocity + by);
        return { piece: this.#piece };
      }
      case 'draw': {
        const end = Math.max(mode.start + snapLength(ground.snap), snapTime(timeOf(ground.view, x), ground.snap));
        const note = mode.base.notes.find((one) => one.id === mode.id) as Note;
        this.#piece = resizeNotes(mode.base, new Set([mode.id]), end - note.start - note.length, leastLength(ground.snap));
        return { piece: this.#piece };
      }
      case 'erase': {
        const hit = hitNote({ ...ground, piece: this.#piece }, x, y);
        if (!hit || this.#locked(hit.note)) return {};
        mode.ids.add(hit.note.id);
        this.#piece = deleteNotes(ground.piece, mode.ids);
        return { piece: this.#piece };
      }
      case 'box':
        return { ...this.#boxed(x, y, mode.add), box: this.#box(x, y) };
    }
  }

  #moveNotes(mode: Extract<Mode, { kind: 'move' }>, row: Row, shift: number, semitones: number): Outcome {
    const { ground } = this;
    const by = snapShift(shift, ground.snap);
    if (mode.copy) {
      // Copies are put down only where they end up: dropped onto their originals they would cover them.
      const copies = ground.piece.notes.filter((note) => mode.ids.has(note.id)).map((note) => ({ ...note, id: newNoteId() }));
      const ids = new Set(copies.map((note) => note.id));
      const still = by === 0 && semitones === 0;
      this.#piece = still ? ground.piece : moveNotes({ ...ground.piece, notes: [...ground.piece.notes, ...copies] }, ids, by, semitones);
      this.#selection = still ? ground.selection : ids;
    } else {
      this.#piece = moveNotes(ground.piece, mode.ids, by, semitones);
    }
    const pitch = mode.pitch + semitones;
    const sound = pitch !== mode.sounded ? { sound: { pitch, velocity: 80, row } } : {};
    mode.sounded = pitch;
    return { piece: this.#piece, selection: this.#selection, ...sound };
  }

  #box(x: number, y: number): { x1: number; y1: number; x2: number; y2: number } {
    const top = this.ground.view.scrollY;
    return { x1: this.#x, y1: this.#y - top, x2: x, y2: y - top };
  }

  #boxed(x: number, y: number, add: ReadonlySet<number>): Outcome {
    const { ground } = this;
    const from = timeOf(ground.view, this.#x);
    const to = timeOf(ground.view, x);
    const rows = rowsBetween(ground.rows, this.#y, y);
    const lanes = rows.flatMap((row) => (row.strip.lane === null ? [] : [row.strip.lane]));
    const keys = new Map(rows.map((row) => [row.strip.key, row]));
    // Within one lane the box also chooses pitches; across lanes it takes all that sounds.
    const only = rows.length === 1 ? rows[0] : null;
    const high = only ? pitchOfY(only, Math.min(y, this.#y)) : 127;
    const low = only ? pitchOfY(only, Math.max(y, this.#y)) : 0;
    const ids = notesInBox(ground.piece, from, to, (note) => keys.has(note.lane ?? `part:${note.part}`) && note.pitch >= low && note.pitch <= high);
    this.#selection = new Set([...add, ...ids]);
    const region = lanes.length > 0 ? regionOfBox(ground.starts, from, to, lanes) : null;
    return { selection: this.#selection, region };
  }

  end(x: number, y: number): Outcome {
    const mode = this.#mode;
    const row = this.#row;
    if (!mode || !row) return { box: null };
    const clicked = { row, at: timeOf(this.ground.view, x) };
    if (mode.kind === 'box') {
      if (this.#moved) return { ...this.#boxed(x, y, mode.add), box: null };
      return { selection: new Set(), region: null, box: null, clicked };
    }
    if (mode.kind === 'draw') return { piece: this.#piece, selection: this.#selection, done: 'add', count: 1 };
    if (mode.kind === 'erase') return mode.ids.size > 0 ? { piece: this.#piece, selection: new Set(), done: 'erase', count: mode.ids.size } : {};
    if (!this.#moved) return { selection: this.#selection, clicked };
    const kind: EditKind = mode.kind === 'move' && mode.copy ? 'copy' : mode.kind;
    return { piece: this.#piece, selection: this.#selection, done: kind, count: mode.ids.size };
  }

  #locked(note: Note): boolean {
    return isLocked(this.ground.locks, note.lane, barAt(this.ground.starts, note.start));
  }
}

/** Velocity from a height in the shape lane: 0 at the bottom, 127 at the top. */
export function velocityAt(y: number, height: number): number {
  return clampVelocity(127 * (1 - y / height));
}
