// Chords: the lane above the roll, and the lead-sheet line in which they are typed.

import { barStarts } from './bars';
import type { Chord, Piece } from './piece';

/** Puts a chord on a span; chords under it give way. An empty symbol only clears. */
export function setChord(chords: readonly Chord[], chord: Chord): Chord[] {
  const end = chord.start + chord.length;
  const rest = chords.flatMap((other) => {
    const otherEnd = other.start + other.length;
    const left = { ...other, length: Math.min(otherEnd, chord.start) - other.start };
    const from = Math.max(other.start, end);
    const right = { ...other, start: from, length: otherEnd - from };
    return [left, right].filter((part) => part.length > 0);
  });
  const all = chord.symbol === '' ? rest : [...rest, chord];
  return all.sort((a, b) => a.start - b.start);
}

export function chordAt(chords: readonly Chord[], at: number): Chord | null {
  return chords.find((chord) => at >= chord.start && at < chord.start + chord.length) ?? null;
}

/**
 * "| C G/B | Am7 |" for some bars. Chords of a bar share its time evenly in that notation, so a bar is divided into as many
 * equal shares as its shortest chord asks for, at most one a beat. A bar without a chord of its own repeats (%).
 */
export function chordLine(piece: Piece, fromBar = 0, toBar?: number): string {
  const starts = barStarts(piece);
  const bars: string[] = [];
  for (let bar = fromBar; bar < Math.min(toBar ?? starts.length - 1, starts.length - 1); bar++) {
    const start = starts[bar] as number;
    const end = starts[bar + 1] as number;
    bars.push(barText(piece.chords, start, end));
  }
  while (bars.length > 0 && bars[bars.length - 1] === '') bars.pop();
  if (bars.length === 0) return '';
  const filled = bars.map((text, i) => (text === '' ? (i === 0 ? (bars.find(Boolean) as string) : '%') : text));
  return `| ${filled.join(' | ')} |`;
}

function barText(chords: readonly Chord[], start: number, end: number): string {
  for (const shares of [1, 2, 3, 4]) {
    const share = (end - start) / shares;
    const heard = Array.from({ length: shares }, (_, i) => chordAt(chords, start + i * share)?.symbol ?? '');
    const changes = chords.filter((chord) => chord.start > start && chord.start < end);
    const fits = changes.every((chord) => Math.abs(((chord.start - start) / share) % 1) < 1e-6);
    if (!fits && shares < 4) continue;
    if (heard.every((symbol) => symbol === '')) return '';
    return heard.map((symbol, i) => symbol || heard.slice(0, i).reverse().find(Boolean) || heard.find(Boolean)).join(' ');
  }
  return '';
}
