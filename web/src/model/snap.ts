// Snapping: pulls a time to the grid that the musician has chosen.

export type Snap = 'quarter' | 'eighth' | 'sixteenth' | 'triplet' | 'free';

export const SNAPS: readonly Snap[] = ['quarter', 'eighth', 'sixteenth', 'triplet', 'free'];

/** Grid distance in twelfths of a quarter; `free` is one twelfth, the finest that the model writes. */
export function snapLength(snap: Snap): number {
  return { quarter: 12, eighth: 6, sixteenth: 3, triplet: 4, free: 1 }[snap];
}

/** The nearest grid line. Half-way goes to the later one, as `Math.round` does. */
export function snapTime(at: number, snap: Snap): number {
  const grid = snapLength(snap);
  return Math.max(0, Math.round(at / grid) * grid);
}

/** The grid line at or before: where a note drawn inside a cell begins. */
export function snapDown(at: number, snap: Snap): number {
  const grid = snapLength(snap);
  return Math.max(0, Math.floor(at / grid) * grid);
}

/**
 * A shift that keeps notes where they are between grid lines: only the distance is snapped.
 * A note that was played a little late stays a little late.
 */
export function snapShift(shift: number, snap: Snap): number {
  const grid = snapLength(snap);
  const snapped = Math.round(shift / grid) * grid;
  return snapped === 0 ? 0 : snapped;
}
