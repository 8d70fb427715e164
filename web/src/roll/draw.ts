// Draws the roll: plain functions from a scene to a canvas. Nothing here knows about pointers or state.

import { barAt, beatLength, metreAt } from '../model/bars';
import { chordAt } from '../model/chords';
import { isBlackKey, pitchName } from '../model/lanes';
import { keyOf, type Note, type Piece } from '../model/piece';
import type { Lock, Region } from '../model/region';
import { snapLength, type Snap } from '../model/snap';
import { stepOf, timeOf, xOf, yOfPitch, type Row, type View } from './geometry';
import { eachVisible, notesOfStrip } from './index';
import type { Palette } from './palette';

export interface Denoising {
  readonly from: number;
  readonly to: number;
  readonly lanes: readonly string[];
  /** What was there makes way: it is drawn as a shadow. */
  readonly replaces: boolean;
  /** 0 noise, 1 music. */
  readonly progress: number;
  readonly notes: readonly Note[];
  /** Changes from frame to frame; constant for those who asked for less motion. */
  readonly grain: number;
}

export interface Scene {
  readonly piece: Piece;
  readonly rows: readonly Row[];
  readonly view: View;
  readonly starts: readonly number[];
  readonly snap: Snap;
  readonly palette: Palette;
  readonly selection: ReadonlySet<number>;
  readonly region: Region | null;
  readonly locks: readonly Lock[];
  /** Notes that are new in the candidate shown; the others are drawn paler. Null: all alike. */
  readonly fresh: ReadonlySet<number> | null;
  readonly denoising: Denoising | null;
  readonly box: { x1: number; y1: number; x2: number; y2: number } | null;
  readonly cursor: { at: number; pitch: number; key: string } | null;
  readonly muted: ReadonlySet<string>;
}

export function drawRoll(ctx: CanvasRenderingContext2D, scene: Scene): void {
  const { view, palette, rows } = scene;
  ctx.fillStyle = palette.paper;
  ctx.fillRect(0, 0, view.width, view.height);
  ctx.save();
  ctx.translate(0, -view.scrollY);
  const visible = rows.filter((row) => row.top + row.height >= view.scrollY && row.top <= view.scrollY + view.height);
  for (const row of visible) drawRowGround(ctx, scene, row);
  drawGrid(ctx, scene, visible);
  if (scene.region) drawRegion(ctx, scene, scene.region, visible);
  for (const row of visible) drawLocks(ctx, scene, row);
  for (const row of visible) drawNotes(ctx, scene, row);
  if (scene.denoising) for (const row of visible) drawDenoising(ctx, scene, row, scene.denoising);
  if (scene.cursor) drawCursor(ctx, scene, scene.cursor, visible);
  ctx.restore();
  if (scene.box) drawBox(ctx, scene.box, palette);
}

function drawRowGround(ctx: CanvasRenderingContext2D, scene: Scene, row: Row): void {
  const { palette, view } = scene;
  ctx.fillStyle = row.focused ? palette.rowFocus : palette.row;
  ctx.fillRect(0, row.top, view.width, row.height);
  const step = stepOf(row);
  if (row.strip.drums || step < 3.5) return;
  ctx.fillStyle = palette.black;
  for (let pitch = row.low; pitch <= row.high; pitch++) {
    if (isBlackKey(pitch)) ctx.fillRect(0, yOfPitch(row, pitch), view.width, step);
  }
  ctx.fillStyle = palette.beat;
  for (let pitch = row.low; pitch <= row.high; pitch++) {
    // A line under every C and, where there is room, under every F: the eye finds its octave.
    if (pitch % 12 === 0 || (step > 9 && pitch % 12 === 5)) ctx.fillRect(0, Math.round(yOfPitch(row, pitch - 1)), view.width, 1);
  }
}

function drawGrid(ctx: CanvasRenderingContext2D, scene: Scene, rows: readonly Row[]): void {
  const { view, starts, piece, palette } = scene;
  const last = starts[starts.length - 1] ?? 0;
  const from = timeOf(view, 0);
  const to = Math.min(last, timeOf(view, view.width));
  const grid = snapLength(scene.snap);
  const line = (at: number, colour: string): void => {
    ctx.fillStyle = colour;
    const x = Math.round(xOf(view, at));
    for (const row of rows) ctx.fillRect(x, row.top, 1, row.height);
  };
  const firstBar = barAt(starts, from);
  // At great distances only every second, fourth, eighth … bar gets a line.
  let every = 1;
  while (every * (starts[1] ?? 48) * view.scale < 14) every *= 2;
  for (let bar = firstBar; bar < starts.length - 1 && (starts[bar] as number) <= to; bar++) {
    const start = starts[bar] as number;
    const end = starts[bar + 1] as number;
    if (bar % every === 0) line(start, palette.bar);
    const beat = beatLength(metreAt(piece.metres, start));
    if (beat * view.scale >= 12) for (let at = start + beat; at < end; at += beat) line(at, palette.beat);
    if (grid * view.scale >= 9 && grid > 1) {
      ctx.globalAlpha = 0.5;
      for (let at = start + grid; at < end; at += grid) if ((at - start) % beat !== 0) line(at, palette.beat);
      ctx.globalAlpha = 1;
    }
  }
  line(last, palette.bar);
  // Beyond the last bar there is no paper to write on.
  const x = xOf(view, last) + 1;
  if (x < view.width) {
    ctx.fillStyle = palette.paper;
    ctx.globalAlpha = 0.75;
    ctx.fillRect(x, view.scrollY, view.width - x, view.height);
    ctx.globalAlpha = 1;
  }
}

function drawRegion(ctx: CanvasRenderingContext2D, scene: Scene, region: Region, rows: readonly Row[]): void {
  const { view, starts, palette } = scene;
  const x = xOf(view, starts[region.fromBar] ?? 0);
  const right = xOf(view, starts[region.toBar] ?? starts[starts.length - 1] ?? 0);
  for (const row of rows) {
    if (row.strip.lane === null || !region.lanes.includes(row.strip.lane)) continue;
    ctx.fillStyle = palette.region;
    ctx.fillRect(x, row.top, right - x, row.height);
    ctx.strokeStyle = palette.accent;
    ctx.lineWidth = 1.5;
    ctx.strokeRect(x + 0.75, row.top + 0.75, right - x - 1.5, row.height - 1.5);
  }
}

function drawLocks(ctx: CanvasRenderingContext2D, scene: Scene, row: Row): void {
  const { view, starts, palette } = scene;
  for (const lock of scene.locks) {
    if (lock.lane !== row.strip.lane) continue;
    const x = xOf(view, starts[lock.fromBar] ?? 0);
    const right = xOf(view, starts[Math.min(lock.toBar, starts.length - 1)] ?? 0);
    if (right < 0 || x > view.width) continue;
    ctx.save();
    ctx.beginPath();
    ctx.rect(x, row.top, right - x, row.height);
    ctx.clip();
    ctx.strokeStyle = palette.faint;
    ctx.globalAlpha = 0.28;
    ctx.lineWidth = 1;
    ctx.beginPath();
    const left = Math.max(x, 0) - (Math.max(x, 0) % 9);
    for (let at = left - row.height; at < Math.min(right, view.width); at += 9) {
      ctx.moveTo(at, row.top + row.height);
      ctx.lineTo(at + row.height, row.top);
    }
    ctx.stroke();
    ctx.restore();
    drawPadlock(ctx, Math.max(x, 0) + 6, row.top + 6, palette.ink);
  }
}

function drawPadlock(ctx: CanvasRenderingContext2D, x: number, y: number, colour: string): void {
  ctx.fillStyle = colour;
  ctx.strokeStyle = colour;
  ctx.lineWidth = 1.6;
  ctx.fillRect(x, y + 5, 10, 7);
  ctx.beginPath();
  ctx.arc(x + 5, y + 5, 3, Math.PI, 0);
  ctx.stroke();
}

function drawNotes(ctx: CanvasRenderingContext2D, scene: Scene, row: Row): void {
  const { view, piece, palette } = scene;
  const strip = notesOfStrip(piece, row.strip.key);
  if (strip.notes.length === 0) return;
  const from = timeOf(view, -4);
  const to = timeOf(view, view.width + 4);
  const step = stepOf(row);
  const height = Math.max(2.2, row.strip.drums ? Math.min(step, 9) : step - (step > 5 ? 1 : 0));
  const round = height >= 6;
  const muted = scene.muted.has(row.strip.key) ? 0.3 : 1;
  const colour = palette.lane(row.strip.lane);
  const named = row.focused && step >= 11;
  const key = keyOf(piece);
  ctx.fillStyle = colour;
  const marked: Note[] = [];
  eachVisible(strip, from, to, (note) => {
    const x = xOf(view, note.start);
    const width = Math.max(2, note.length * view.scale - 1);
    const y = yOfPitch(row, note.pitch);
    if (y + height < row.top || y > row.top + row.height) return;
    if (scene.selection.has(note.id)) marked.push(note);
    const pale = scene.fresh !== null && !scene.fresh.has(note.id);
    const leaving = isLeaving(note, scene.denoising);
    ctx.globalAlpha = muted * (leaving ? 0.14 : pale ? 0.32 : 0.5 + (0.5 * note.velocity) / 127);
    if (round) {
      ctx.beginPath();
      ctx.roundRect(x, y, width, height, Math.min(3.5, height / 2, width / 2));
      ctx.fill();
    } else {
      ctx.fillRect(x, y, width, height);
    }
    if (named && width > 26) {
      ctx.globalAlpha = muted * (pale ? 0.7 : 1);
      ctx.fillStyle = palette.onLane;
      ctx.font = '10px system-ui, sans-serif';
      ctx.textBaseline = 'middle';
      ctx.fillText(pitchName(note.pitch, key), x + 4, y + height / 2 + 0.5);
      ctx.fillStyle = colour;
    }
  });
  ctx.globalAlpha = 1;
  ctx.strokeStyle = palette.ink;
  ctx.lineWidth = 2;
  for (const note of marked) {
    const width = Math.max(2, note.length * view.scale - 1);
    ctx.beginPath();
    ctx.roundRect(xOf(view, note.start) - 0.5, yOfPitch(row, note.pitch) - 0.5, width + 1, height + 1, round ? 3.5 : 0);
    ctx.stroke();
  }
}

function isLeaving(note: Note, denoising: Denoising | null): boolean {
  if (!denoising?.replaces || note.lane === null) return false;
  return denoising.lanes.includes(note.lane) && note.start >= denoising.from && note.start < denoising.to;
}

/** Noise that thins out while notes appear in it: what the model sees, as far as a picture can tell. */
function drawDenoising(ctx: CanvasRenderingContext2D, scene: Scene, row: Row, denoising: Denoising): void {
  const { view, palette } = scene;
  if (row.strip.lane === null || !denoising.lanes.includes(row.strip.lane)) return;
  const x = Math.max(0, xOf(view, denoising.from));
  const right = Math.min(view.width, xOf(view, denoising.to));
  if (right <= x) return;
  ctx.fillStyle = palette.lane(row.strip.lane);
  const step = stepOf(row);
  const height = Math.max(2.2, step - (step > 5 ? 1 : 0));
  ctx.globalAlpha = 0.25 + 0.65 * denoising.progress;
  for (const note of denoising.notes) {
    if (note.lane !== row.strip.lane) continue;
    const left = xOf(view, note.start);
    if (left > view.width || left + note.length * view.scale < 0) continue;
    ctx.beginPath();
    ctx.roundRect(left, yOfPitch(row, note.pitch), Math.max(2, note.length * view.scale - 1), height, Math.min(3, height / 2));
    ctx.fill();
  }
  const area = (right - x) * row.height;
  const dots = Math.round((area / 160) * (1 - denoising.progress) ** 1.5);
  ctx.globalAlpha = 0.16 + 0.3 * (1 - denoising.progress);
  let seed = (denoising.grain * 2654435761 + row.top * 97) >>> 0;
  for (let i = 0; i < dots; i++) {
    // A small congruential generator (Numerical Recipes): grain needs no better one.
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    const dotX = x + ((seed >>> 8) / 16777216) * (right - x);
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    const dotY = row.top + ((seed >>> 8) / 16777216) * row.height;
    ctx.fillRect(dotX, dotY, 2 + (seed & 3), 1.6);
  }
  ctx.globalAlpha = 1;
}

function drawCursor(ctx: CanvasRenderingContext2D, scene: Scene, cursor: NonNullable<Scene['cursor']>, rows: readonly Row[]): void {
  const row = rows.find((one) => one.strip.key === cursor.key);
  if (!row) return;
  ctx.strokeStyle = scene.palette.accent;
  ctx.lineWidth = 2;
  const width = Math.max(6, snapLength(scene.snap) * scene.view.scale);
  ctx.strokeRect(xOf(scene.view, cursor.at) + 1, yOfPitch(row, cursor.pitch), width - 2, Math.max(4, stepOf(row)));
}

function drawBox(ctx: CanvasRenderingContext2D, box: NonNullable<Scene['box']>, palette: Palette): void {
  const x = Math.min(box.x1, box.x2);
  const y = Math.min(box.y1, box.y2);
  ctx.strokeStyle = palette.accent;
  ctx.setLineDash([4, 3]);
  ctx.lineWidth = 1;
  ctx.strokeRect(x + 0.5, y + 0.5, Math.abs(box.x2 - box.x1), Math.abs(box.y2 - box.y1));
  ctx.setLineDash([]);
}

// ---- the header: form, chords, bar numbers ---------------------------------------------------------------------

const CHORD_FONT = '600 13px system-ui, sans-serif';
const CHORD_FONT_SMALL = '600 10px system-ui, sans-serif';

export const FORM_HEIGHT = 20;
export const CHORD_HEIGHT = 30;
export const RULER_HEIGHT = 22;
export const HEADER_HEIGHT = FORM_HEIGHT + CHORD_HEIGHT + RULER_HEIGHT;

export interface HeaderScene {
  readonly piece: Piece;
  readonly view: View;
  readonly starts: readonly number[];
  readonly palette: Palette;
  readonly region: Region | null;
  readonly loop: { from: number; to: number } | null;
  readonly previewChords: readonly { start: number; length: number; symbol: string }[] | null;
  readonly hint: string;
}

export function drawHeader(ctx: CanvasRenderingContext2D, scene: HeaderScene): void {
  const { view, palette, starts, piece } = scene;
  ctx.fillStyle = palette.paper;
  ctx.fillRect(0, 0, view.width, HEADER_HEIGHT);
  ctx.textBaseline = 'middle';
  drawSections(ctx, scene);
  const chordTop = FORM_HEIGHT;
  ctx.fillStyle = palette.row;
  ctx.fillRect(0, chordTop + 1, view.width, CHORD_HEIGHT - 2);
  const chords = scene.previewChords && scene.previewChords.length > 0 ? scene.previewChords : piece.chords;
  for (const chord of chords) {
    const x = xOf(view, chord.start);
    const width = chord.length * view.scale;
    if (x > view.width || x + width < 0) continue;
    ctx.fillStyle = palette.chord;
    ctx.fillRect(x + 1, chordTop + 3, Math.max(1, width - 2), CHORD_HEIGHT - 6);
    // Neighbours with the same name are one chord held: the name is written once.
    if (chordAt(chords as never, chord.start - 1)?.symbol === chord.symbol && x >= 0) continue;
    ctx.save();
    ctx.beginPath();
    ctx.rect(x, chordTop, Math.max(width, 4), CHORD_HEIGHT);
    ctx.clip();
    ctx.fillStyle = palette.ink;
    const name = prettyChord(chord.symbol);
    ctx.font = CHORD_FONT;
    // A long name in a short chord is written smaller before it is cut.
    if (ctx.measureText(name).width > width - 8) ctx.font = CHORD_FONT_SMALL;
    ctx.fillText(name, Math.max(x, 0) + (ctx.font === CHORD_FONT ? 6 : 4), chordTop + CHORD_HEIGHT / 2 + 1);
    ctx.restore();
  }
  if (chords.length === 0) {
    ctx.fillStyle = palette.faint;
    ctx.font = '12px system-ui, sans-serif';
    ctx.fillText(scene.hint, 8, chordTop + CHORD_HEIGHT / 2 + 1);
  }
  drawRuler(ctx, scene, starts);
}

function drawSections(ctx: CanvasRenderingContext2D, scene: HeaderScene): void {
  const { view, palette, piece } = scene;
  ctx.font = '600 11px system-ui, sans-serif';
  for (const section of piece.sections) {
    const x = xOf(view, section.start);
    const width = section.length * view.scale;
    if (x > view.width || x + width < 0) continue;
    ctx.fillStyle = palette.section;
    ctx.beginPath();
    ctx.roundRect(x + 1, 2, Math.max(2, width - 2), FORM_HEIGHT - 4, 4);
    ctx.fill();
    ctx.fillStyle = palette.ink;
    if (width > 10) ctx.fillText(section.label.replaceAll("'", '′'), Math.max(x, 0) + 7, FORM_HEIGHT / 2 + 0.5);
  }
}

function drawRuler(ctx: CanvasRenderingContext2D, scene: HeaderScene, starts: readonly number[]): void {
  const { view, palette, region, loop } = scene;
  const top = FORM_HEIGHT + CHORD_HEIGHT;
  if (loop) {
    ctx.fillStyle = palette.accent;
    const x = xOf(view, loop.from);
    ctx.fillRect(x, top + RULER_HEIGHT - 4, xOf(view, loop.to) - x, 4);
  }
  if (region) {
    ctx.fillStyle = palette.region;
    const x = xOf(view, starts[region.fromBar] ?? 0);
    ctx.fillRect(x, top, xOf(view, starts[region.toBar] ?? 0) - x, RULER_HEIGHT);
  }
  ctx.font = '11px system-ui, sans-serif';
  let every = 1;
  while (every * (starts[1] ?? 48) * view.scale < 26) every *= 2;
  const first = barAt(starts, timeOf(view, 0));
  for (let bar = first; bar < starts.length - 1; bar++) {
    const x = xOf(view, starts[bar] as number);
    if (x > view.width) break;
    if (bar % every !== 0) continue;
    ctx.fillStyle = palette.bar;
    ctx.fillRect(Math.round(x), top + 4, 1, RULER_HEIGHT - 4);
    ctx.fillStyle = palette.faint;
    ctx.fillText(`${bar + 1}`, x + 5, top + RULER_HEIGHT / 2 + 1);
  }
}

/** "F#m7b5" as a musician writes it. Twice, because the flats of "Bbb" share a letter. */
export function prettyChord(symbol: string): string {
  return symbol.replace(/#/g, '♯').replace(/([A-G]|\d|\()b/g, '$1♭').replace(/([A-G]|\d|\()b/g, '$1♭');
}
