// Where things lie on the roll: time goes right, lanes lie one under another, and in each lane pitch goes up.

import type { Strip } from '../model/lanes';

export interface Row {
  readonly strip: Strip;
  readonly top: number;
  readonly height: number;
  /** Lowest and highest pitch shown. */
  readonly low: number;
  readonly high: number;
  readonly focused: boolean;
}

export interface View {
  /** Pixels a twelfth of a quarter. */
  readonly scale: number;
  readonly scrollX: number;
  readonly scrollY: number;
  readonly width: number;
  readonly height: number;
}

export const LEAST_SCALE = 0.25;
export const MOST_SCALE = 16;

const EMPTY_HEIGHT = 56;
const QUIET_HEIGHT = 74;
const FOCUS_HEIGHT = 220;
const ROW_GAP = 6;
/** A lane must keep room for its name and its three switches, the lane in hand for its notes. */
const LEAST_QUIET = 58;
const LEAST_FOCUS = 150;

export interface RowWish {
  readonly strip: Strip;
  readonly low: number;
  readonly high: number;
  readonly empty: boolean;
}

/**
 * Rows from top to bottom: the lane in hand is tall, an empty one is a slit. Spare room goes to those that have notes;
 * where room is short all become lower, down to what can still be read, and only then does the roll scroll.
 */
export function layRows(wishes: readonly RowWish[], focusKey: string, zoom: number, room: number): Row[] {
  const wished = wishes.map((wish) => {
    if (wish.strip.key === focusKey) return FOCUS_HEIGHT * zoom;
    return wish.empty ? EMPTY_HEIGHT : QUIET_HEIGHT * zoom;
  });
  const gaps = ROW_GAP * wishes.length;
  const squeeze = zoom > 1 ? 1 : Math.min(1, (room - gaps) / Math.max(1, wished.reduce((sum, height) => sum + height, 0)));
  const heights = wished.map((height, i) => {
    const least = (wishes[i] as RowWish).strip.key === focusKey ? LEAST_FOCUS : (wishes[i] as RowWish).empty ? EMPTY_HEIGHT : LEAST_QUIET;
    return Math.max(Math.min(height, least), height * squeeze);
  });
  const used = heights.reduce((sum, height) => sum + height + ROW_GAP, 0);
  const growing = wishes.map((wish) => wish.strip.key === focusKey || !wish.empty);
  const share = growing.some(Boolean) ? Math.max(0, room - used) / growing.filter(Boolean).length : 0;
  let top = 0;
  return wishes.map((wish, i) => {
    const height = (heights[i] as number) + (growing[i] ? share : 0);
    const row = { strip: wish.strip, top, height, low: wish.low, high: wish.high, focused: wish.strip.key === focusKey };
    top += height + ROW_GAP;
    return row;
  });
}

export function rowsHeight(rows: readonly Row[]): number {
  const last = rows[rows.length - 1];
  return last ? last.top + last.height + ROW_GAP : 0;
}

export function xOf(view: View, at: number): number {
  return at * view.scale - view.scrollX;
}

export function timeOf(view: View, x: number): number {
  return Math.max(0, (x + view.scrollX) / view.scale);
}

/** Height of a semitone in a row. */
export function stepOf(row: Row): number {
  return row.height / (row.high - row.low + 1);
}

/** Upper edge of a pitch, in roll coordinates (before scrolling). */
export function yOfPitch(row: Row, pitch: number): number {
  return row.top + (row.high - pitch) * stepOf(row);
}

export function pitchOfY(row: Row, y: number): number {
  return Math.min(127, Math.max(0, row.high - Math.floor((y - row.top) / stepOf(row))));
}

/** The row at a height; between rows the one above, outside the nearest. */
export function rowAt(rows: readonly Row[], y: number): Row | null {
  let found: Row | null = rows[0] ?? null;
  for (const row of rows) if (row.top <= y) found = row;
  return found;
}

export function rowsBetween(rows: readonly Row[], y1: number, y2: number): Row[] {
  const top = Math.min(y1, y2);
  const bottom = Math.max(y1, y2);
  return rows.filter((row) => row.top < bottom && row.top + row.height > top);
}

/** Zooms so that the time under the pointer stays under it. */
export function zoomAround(view: View, x: number, factor: number): { scale: number; scrollX: number } {
  const at = timeOf(view, x);
  const scale = Math.min(MOST_SCALE, Math.max(LEAST_SCALE, view.scale * factor));
  return { scale, scrollX: Math.max(0, at * scale - x) };
}
