// Regions: bars × lanes, the shape in which a musician says "this, please" and the model writes.

import { barAt } from './bars';
import type { Note, Piece } from './piece';

export interface Region {
  /** First bar, counted from 0. */
  readonly fromBar: number;
  /** One past the last bar. */
  readonly toBar: number;
  /** Lanes by name, in the order shown. */
  readonly lanes: readonly string[];
}

/** The bars and lanes that a drawn box touches. A box that ends exactly on a bar line does not touch the next bar. */
export function regionOfBox(starts: readonly number[], from: number, to: number, lanes: readonly string[]): Region {
  const first = Math.min(from, to);
  const last = Math.max(from, to);
  const fromBar = barAt(starts, first);
  const lastBar = barAt(starts, last);
  const touchesLast = last > (starts[lastBar] ?? 0) || lastBar === fromBar;
  return { fromBar, toBar: touchesLast ? lastBar + 1 : lastBar, lanes };
}

export interface Lock {
  readonly lane: string;
  readonly fromBar: number;
  readonly toBar: number;
}

export function isLocked(locks: readonly Lock[], lane: string | null, bar: number): boolean {
  return locks.some((lock) => lock.lane === lane && bar >= lock.fromBar && bar < lock.toBar);
}

/** The region in the words of the server ("5-6:melody,harmony; 8:bass"), without what is locked. Bars count from 1. */
export function regionText(region: Region, locks: readonly Lock[] = []): string {
  const spans = new Map<string, string[]>();
  for (const lane of region.lanes) {
    let from: number | null = null;
    for (let bar = region.fromBar; bar <= region.toBar; bar++) {
      const open = bar < region.toBar && !isLocked(locks, lane, bar);
      if (open && from === null) from = bar;
      if (!open && from !== null) {
        const span = from + 1 === bar ? `${bar}` : `${from + 1}-${bar}`;
        spans.set(span, [...(spans.get(span) ?? []), lane]);
        from = null;
      }
    }
  }
  return [...spans].map(([span, lanes]) => `${span}:${lanes.join(',')}`).join('; ');
}

/** Locks or unlocks the whole region: it is unlocked only if every part of it was locked. */
export function toggleLock(locks: readonly Lock[], region: Region): Lock[] {
  const bars = range(region.fromBar, region.toBar);
  const all = region.lanes.every((lane) => bars.every((bar) => isLocked(locks, lane, bar)));
  const rest = locks.flatMap((lock) =>
    region.lanes.includes(lock.lane)
      ? [
          { ...lock, toBar: Math.min(lock.toBar, region.fromBar) },
          { ...lock, fromBar: Math.max(lock.fromBar, region.toBar) },
        ].filter((part) => part.fromBar < part.toBar)
      : [lock],
  );
  if (all) return rest;
  return [...rest, ...region.lanes.map((lane) => ({ lane, fromBar: region.fromBar, toBar: region.toBar }))];
}

/** Whether a note begins inside the region and outside every lock. */
export function inRegion(note: Note, region: Region, starts: readonly number[], locks: readonly Lock[] = []): boolean {
  if (note.lane === null || !region.lanes.includes(note.lane)) return false;
  const bar = barAt(starts, note.start);
  return bar >= region.fromBar && bar < region.toBar && !isLocked(locks, note.lane, bar);
}

/**
 * The region from `candidate`, everything else from `original`: how a verb that answers for the whole piece acts on a
 * part of it. Parts are matched by lane; a note that rings into the region from outside is kept.
 */
export function mergeRegion(
  original: Piece,
  candidate: Piece,
  region: Region,
  starts: readonly number[],
  locks: readonly Lock[] = [],
): Piece {
  const parts = [...original.parts];
  const partOf = new Map<number, number>();
  candidate.parts.forEach((part, index) => {
    let found = parts.findIndex((other) => other.lane === part.lane && other.lane !== null);
    if (found < 0) found = parts.push(part) - 1;
    partOf.set(index, found);
  });
  const kept = original.notes.filter((note) => !inRegion(note, region, starts, locks));
  const fresh = candidate.notes
    .filter((note) => inRegion(note, region, starts, locks))
    .map((note) => ({ ...note, part: partOf.get(note.part) ?? note.part }));
  return { ...original, parts, notes: [...kept, ...fresh] };
}

/** Notes that begin in a box of times and pitches, in one of the lanes or parts shown there. */
export function notesInBox(
  piece: Piece,
  from: number,
  to: number,
  within: (note: Note) => boolean,
): Set<number> {
  const first = Math.min(from, to);
  const last = Math.max(from, to);
  const ids = new Set<number>();
  for (const note of piece.notes) {
    if (note.start < last && note.start + note.length > first && within(note)) ids.add(note.id);
  }
  return ids;
}

export function describeBars(region: Region): string {
  return region.toBar - region.fromBar === 1 ? `${region.fromBar + 1}` : `${region.fromBar + 1}–${region.toBar}`;
}

function range(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i);
}
