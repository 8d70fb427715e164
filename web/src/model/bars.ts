// Bars, beats and seconds: everything that turns one measure of time into another.

import { QUARTER, endOf, type MetreMark, type Piece, type TempoMark } from './piece';

/** Length of a bar in twelfths of a quarter: 4/4 → 48, 6/8 → 36. */
export function barLength(metre: string): number {
  const { beats, unit } = parseMetre(metre);
  return (beats * 4 * QUARTER) / unit;
}

/** Length of a beat; compound metres (6/8, 9/8, 12/8) are felt in dotted beats. */
export function beatLength(metre: string): number {
  const { beats, unit } = parseMetre(metre);
  const compound = unit >= 8 && beats > 3 && beats % 3 === 0;
  return ((compound ? 3 : 1) * 4 * QUARTER) / unit;
}

export function parseMetre(metre: string): { beats: number; unit: number } {
  const match = /^(\d{1,2})\/(\d{1,2})$/.exec(metre);
  const beats = Number(match?.[1]);
  const unit = Number(match?.[2]);
  return beats > 0 && unit > 0 ? { beats, unit } : { beats: 4, unit: 4 };
}

/** Start of every bar and the end of the last one, for at least `bars` bars and all that sounds. */
export function barStarts(piece: Pick<Piece, 'metres' | 'bars' | 'notes' | 'chords' | 'sections'>): number[] {
  return barStartsTo(piece.metres, piece.bars, endOf(piece as Piece));
}

export function barStartsTo(metres: readonly MetreMark[], bars: number, end: number): number[] {
  const starts = [0];
  let at = 0;
  let mark = 0;
  // A metre change inside a bar waits for the next bar line, as a player would do.
  while (starts.length - 1 < bars || at < end) {
    while (mark + 1 < metres.length && (metres[mark + 1] as MetreMark).at <= at) mark++;
    at += barLength(metres[mark]?.metre ?? '4/4');
    starts.push(at);
    if (starts.length > 2000) break;
  }
  return starts;
}

/** Index of the bar that holds time `at`; before the piece 0, after it the last bar. */
export function barAt(starts: readonly number[], at: number): number {
  let low = 0;
  let high = Math.max(0, starts.length - 2);
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((starts[middle] as number) <= at) low = middle;
    else high = middle - 1;
  }
  return low;
}

export function metreAt(metres: readonly MetreMark[], at: number): string {
  let metre = metres[0]?.metre ?? '4/4';
  for (const mark of metres) if (mark.at <= at) metre = mark.metre;
  return metre;
}

/** "3.2": bar and beat as musicians count them, from 1. */
export function barAndBeat(starts: readonly number[], metres: readonly MetreMark[], at: number): { bar: number; beat: number } {
  const bar = barAt(starts, at);
  const start = starts[bar] ?? 0;
  return { bar: bar + 1, beat: Math.floor(Math.max(0, at - start) / beatLength(metreAt(metres, start))) + 1 };
}

/** Seconds from the beginning to time `at`. */
export function secondsAt(tempos: readonly TempoMark[], at: number): number {
  let seconds = 0;
  for (let i = 0; i < tempos.length; i++) {
    const mark = tempos[i] as TempoMark;
    const until = Math.min(at, tempos[i + 1]?.at ?? Infinity);
    if (until <= mark.at) break;
    seconds += ((until - mark.at) * 60) / (mark.qpm * QUARTER);
  }
  return seconds;
}

/** Time at which so many seconds have passed: the inverse of `secondsAt`. */
export function timeAt(tempos: readonly TempoMark[], seconds: number): number {
  let passed = 0;
  for (let i = 0; i < tempos.length; i++) {
    const mark = tempos[i] as TempoMark;
    const next = tempos[i + 1];
    const perSecond = (mark.qpm * QUARTER) / 60;
    const lasts = next ? (next.at - mark.at) / perSecond : Infinity;
    if (seconds < passed + lasts) return mark.at + (seconds - passed) * perSecond;
    passed += lasts;
  }
  return 0;
}

/** Every beat between two times, the first of each bar marked: for the metronome and the grid. */
export function beatsBetween(
  starts: readonly number[],
  metres: readonly MetreMark[],
  from: number,
  to: number,
): { at: number; first: boolean }[] {
  const beats: { at: number; first: boolean }[] = [];
  for (let bar = barAt(starts, from); bar < starts.length - 1; bar++) {
    const start = starts[bar] as number;
    if (start >= to) break;
    const end = starts[bar + 1] as number;
    const beat = beatLength(metreAt(metres, start));
    for (let at = start; at < end && at < to; at += beat) if (at >= from) beats.push({ at, first: at === start });
  }
  return beats;
}
