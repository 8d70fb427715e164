// Recording: keys that went down and up become notes.

import type { Note } from './piece';
import { snapLength, snapTime, type Snap } from './snap';

export interface KeyEvent {
  readonly down: boolean;
  readonly pitch: number;
  readonly velocity: number;
  /** Time in the piece, in twelfths of a quarter, as played. */
  readonly at: number;
}

export type PlayedNote = Pick<Note, 'pitch' | 'start' | 'length' | 'velocity'>;

/** Pairs downs with ups. A key still down at the end is let go there; a key pressed twice ends its first note. */
export function notesOfKeys(events: readonly KeyEvent[], end: number): PlayedNote[] {
  const open = new Map<number, KeyEvent>();
  const notes: PlayedNote[] = [];
  const close = (from: KeyEvent, at: number): void => {
    const start = Math.max(0, from.at);
    notes.push({ pitch: from.pitch, start, length: Math.max(1, at - start), velocity: from.velocity });
  };
  for (const event of events) {
    const sounding = open.get(event.pitch);
    if (sounding) {
      close(sounding, event.at);
      open.delete(event.pitch);
    }
    if (event.down) open.set(event.pitch, event);
  }
  for (const event of open.values()) close(event, Math.max(end, event.at));
  return notes.sort((a, b) => a.start - b.start || a.pitch - b.pitch);
}

/** Onsets to the grid; lengths to the grid too, at least one step. `free` rounds to twelfths only. */
export function quantisePlayed(notes: readonly PlayedNote[], snap: Snap): PlayedNote[] {
  const grid = snapLength(snap);
  return notes.map((note) => {
    const start = snapTime(note.start, snap);
    return { ...note, start, length: Math.max(grid, snapTime(note.start + note.length, snap) - start) };
  });
}

/** Two rows of a typist's keyboard as two octaves of a piano, by position on the keyboard (`KeyboardEvent.code`). */
const TYPED_KEYS: Readonly<Record<string, number>> = {
  KeyZ: 0, KeyS: 1, KeyX: 2, KeyD: 3, KeyC: 4, KeyV: 5, KeyG: 6, KeyB: 7, KeyH: 8, KeyN: 9, KeyJ: 10, KeyM: 11, Comma: 12,
  KeyQ: 12, Digit2: 13, KeyW: 14, Digit3: 15, KeyE: 16, KeyR: 17, Digit5: 18, KeyT: 19, Digit6: 20, KeyY: 21, Digit7: 22,
  KeyU: 23, KeyI: 24, Digit9: 25, KeyO: 26, Digit0: 27, KeyP: 28,
};

/** Semitones above the lowest key, or null if this key plays nothing. */
export function typedPitch(code: string): number | null {
  return TYPED_KEYS[code] ?? null;
}
