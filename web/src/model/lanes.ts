// What the page knows about lanes beyond their names: a default compass, and which words of General MIDI fit them.

import type { Note, Piece } from './piece';

/** Compass shown for an empty lane, as MIDI pitches. */
const COMPASS: Readonly<Record<string, readonly [number, number]>> = {
  melody: [60, 84],
  counter: [55, 79],
  harmony: [45, 72],
  bass: [28, 52],
  drums: [35, 52],
  sustained: [48, 76],
};

const LEAST_SPAN = 14;
const MARGIN = 2;

/** One strip of the roll: a lane, or a part of an imported file that lies in no lane. */
export interface Strip {
  readonly key: string;
  readonly lane: string | null;
  /** Only for parts without a lane. */
  readonly part: number | null;
  readonly title: string;
  readonly drums: boolean;
}

/** All lanes of the model, then the parts that it does not hear. */
export function stripsOf(piece: Piece, lanes: readonly { name: string; title: string }[]): Strip[] {
  const named = new Set(lanes.map((lane) => lane.name));
  const strips: Strip[] = lanes.map((lane) => ({
    key: lane.name,
    lane: lane.name,
    part: null,
    title: lane.title,
    drums: lane.name === 'drums',
  }));
  piece.parts.forEach((part, index) => {
    if (part.lane !== null && named.has(part.lane)) return;
    strips.push({ key: `part:${index}`, lane: null, part: index, title: part.name || `${index + 1}`, drums: part.drums });
  });
  return strips;
}

export function stripKeyOfNote(piece: Piece, note: Note): string {
  const lane = note.lane ?? piece.parts[note.part]?.lane ?? null;
  return lane ?? `part:${note.part}`;
}

/** So many notes and a lane is no longer being begun by hand. */
const BEGUN = 24;

/**
 * Lowest and highest pitch to show: the notes with a margin, and never so few that they look like a ladder. While the
 * first notes are written the lane keeps its usual compass, or each of them would shift the paper under the pen.
 */
export function compassOf(strip: Strip, notes: readonly Note[], span = LEAST_SPAN): { low: number; high: number } {
  const [usualLow, usualHigh] = COMPASS[strip.lane ?? ''] ?? [48, 72];
  let low = notes.length < BEGUN ? usualLow : 127;
  let high = notes.length < BEGUN ? usualHigh : 0;
  for (const note of notes) {
    low = Math.min(low, note.pitch - MARGIN);
    high = Math.max(high, note.pitch + MARGIN);
  }
  const missing = span - (high - low + 1);
  if (missing > 0) {
    low -= Math.floor(missing / 2);
    high += Math.ceil(missing / 2);
  }
  return { low: Math.max(0, low), high: Math.min(127, high) };
}

const SHARP_NAMES = ['C', 'C♯', 'D', 'D♯', 'E', 'F', 'F♯', 'G', 'G♯', 'A', 'A♯', 'B'];
const FLAT_NAMES = ['C', 'D♭', 'D', 'E♭', 'E', 'F', 'G♭', 'G', 'A♭', 'A', 'B♭', 'B'];
const FLAT_KEYS = /^(F|Bb|Eb|Ab|Db|Gb|Cb)( major|$)|^(D|G|C|F|Bb|Eb|Ab)( minor|m)/;

/** "F♯4"; middle C is C4. Flats in keys that are written with flats. */
export function pitchName(pitch: number, key: string | null = null): string {
  const names = key !== null && FLAT_KEYS.test(key) ? FLAT_NAMES : SHARP_NAMES;
  return `${names[((pitch % 12) + 12) % 12]}${Math.floor(pitch / 12) - 1}`;
}

export function isBlackKey(pitch: number): boolean {
  return [1, 3, 6, 8, 10].includes(((pitch % 12) + 12) % 12);
}
