// The roll without a mouse: a cursor to write with, notes to move, bars × lanes to mark, each step said in words.

import { playKey } from '../audio/keys';
import { player } from '../audio/player.svelte';
import { t } from '../i18n/i18n.svelte';
import { barAndBeat, barAt } from '../model/bars';
import { addNotes, ensurePart, leastLength, moveNotes, resizeNotes, setVelocity } from '../model/edit';
import { pitchName } from '../model/lanes';
import { keyOf, type Note } from '../model/piece';
import { isLocked } from '../model/region';
import { snapDown, snapLength } from '../model/snap';
import { studio } from '../state/studio.svelte';
import { cursor } from './cursor.svelte';
import type { Row } from './geometry';
import { notesOfStrip } from './index';
import { viewport } from './viewport.svelte';

const ARROWS = new Set(['ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown']);

export function rollKey(event: KeyboardEvent, rows: readonly Row[], starts: readonly number[]): void {
  if (rows.length === 0) return;
  const handled = ARROWS.has(event.key) ? arrow(event, rows, starts) : other(event, rows, starts);
  if (handled) {
    event.preventDefault();
    event.stopPropagation();
  }
}

function arrow(event: KeyboardEvent, rows: readonly Row[], starts: readonly number[]): boolean {
  const command = event.ctrlKey || event.metaKey;
  const dx = event.key === 'ArrowLeft' ? -1 : event.key === 'ArrowRight' ? 1 : 0;
  const dy = event.key === 'ArrowUp' ? 1 : event.key === 'ArrowDown' ? -1 : 0;
  if (event.shiftKey && !event.altKey) return growRegion(dx, dy, rows, starts);
  const ids = open(studio.selection, starts);
  if (ids.size > 0 && studio.editable && studio.job === null) {
    if (event.altKey && dx !== 0) {
      studio.edit(resizeNotes(studio.piece, ids, dx * snapLength(studio.snap), leastLength(studio.snap)), t('history.resize', { count: ids.size }));
    } else if (event.altKey) {
      studio.edit(setVelocity(studio.piece, ids, (note) => note.velocity + dy * 8), t('history.velocity', { count: ids.size }));
    } else {
      studio.edit(moveNotes(studio.piece, ids, dx * snapLength(studio.snap), dy * (command ? 12 : 1)), t('history.move', { count: ids.size }));
    }
    sayNote(studio.piece.notes.find((note) => ids.has(note.id)), starts);
    return true;
  }
  moveCursor(command ? dx * 16 : dx, dy * (command ? 12 : 1), starts);
  return true;
}

function moveCursor(steps: number, semitones: number, starts: readonly number[]): void {
  const end = starts[starts.length - 1] ?? 0;
  const grid = snapLength(studio.snap);
  cursor.at = Math.min(Math.max(0, end - grid), snapDown(Math.max(0, cursor.at + steps * grid), studio.snap));
  cursor.pitch = Math.min(127, Math.max(0, cursor.pitch + semitones));
  viewport.reveal(cursor.at, cursor.at + grid);
  const place = barAndBeat(starts, studio.piece.metres, cursor.at);
  studio.say(t('said.cursor', { bar: place.bar, beat: place.beat, pitch: pitchName(cursor.pitch, keyOf(studio.piece)) }));
  if (!player.playing) player.position = cursor.at;
}

function growRegion(dx: number, dy: number, rows: readonly Row[], starts: readonly number[]): boolean {
  const lanes = rows.flatMap((row) => (row.strip.lane === null ? [] : [row.strip.lane]));
  const here = Math.max(0, lanes.indexOf(studio.focusLane));
  const bars = starts.length - 1;
  const bar = barAt(starts, cursor.at);
  const old = studio.region ?? { fromBar: bar, toBar: bar + 1, lanes: [lanes[here] as string] };
  const first = lanes.indexOf(old.lanes[0] as string);
  const count = Math.min(lanes.length - first, Math.max(1, old.lanes.length - (studio.region ? dy : 0)));
  const toBar = Math.min(bars, Math.max(old.fromBar + 1, old.toBar + (studio.region ? dx : 0)));
  studio.region = { fromBar: old.fromBar, toBar, lanes: lanes.slice(first, first + count) };
  viewport.reveal(starts[old.fromBar] ?? 0, starts[toBar] ?? 0);
  studio.say(t('said.region', { from: old.fromBar + 1, to: toBar, lanes: studio.region.lanes.join(', ') }));
  return true;
}

function other(event: KeyboardEvent, rows: readonly Row[], starts: readonly number[]): boolean {
  if (event.ctrlKey || event.metaKey || event.altKey) return false;
  const index = Math.max(0, rows.findIndex((row) => row.strip.key === studio.focusLane));
  switch (event.key) {
    case 'PageUp':
    case 'PageDown': {
      const row = rows[Math.min(rows.length - 1, Math.max(0, index + (event.key === 'PageUp' ? -1 : 1)))] as Row;
      studio.focusLane = row.strip.key;
      cursor.key = row.strip.key;
      cursor.pitch = Math.round((row.low + row.high) / 2);
      studio.selection = new Set();
      studio.say(t('said.lane', { lane: row.strip.title, notes: notesOfStrip(studio.shown, row.strip.key).notes.length }));
      return true;
    }
    case 'Enter':
      return write(rows[index] as Row, starts);
    case 'n':
    case 'p':
      return walk(event.key === 'n' ? 1 : -1, starts);
    case 'b': {
      const bar = barAt(starts, cursor.at);
      studio.region = { fromBar: bar, toBar: bar + 1, lanes: studio.laneNames };
      studio.say(t('said.region', { from: bar + 1, to: bar + 1, lanes: studio.laneNames.join(', ') }));
      return true;
    }
    case 'Home':
      cursor.at = 0;
      moveCursor(0, 0, starts);
      return true;
    case 'End':
      cursor.at = starts[starts.length - 1] ?? 0;
      moveCursor(0, 0, starts);
      return true;
    default:
      return false;
  }
}

function write(row: Row, starts: readonly number[]): boolean {
  const lane = row.strip.lane;
  if (lane === null || !studio.editable || studio.job !== null) return false;
  if (isLocked(studio.locks, lane, barAt(starts, cursor.at))) return false;
  const ensured = ensurePart(studio.piece, lane, row.strip.title);
  const length = Math.max(3, snapLength(studio.snap));
  const added = addNotes(ensured.piece, [{ lane, part: ensured.part, pitch: cursor.pitch, start: cursor.at, length, velocity: 84 }]);
  studio.edit(added.piece, t('history.add', { count: 1 }));
  playKey(cursor.pitch, 84, ensured.piece.parts[ensured.part]?.program ?? 0, row.strip.drums, 0.4);
  moveCursor(length / snapLength(studio.snap), 0, starts);
  return true;
}

/** To the next or previous note of the lane in hand. */
function walk(by: number, starts: readonly number[]): boolean {
  const { notes } = notesOfStrip(studio.shown, studio.focusLane);
  if (notes.length === 0) return true;
  const now = notes.findIndex((note) => studio.selection.has(note.id));
  const next = now < 0 ? notes.findIndex((note) => note.start >= cursor.at) : now + by;
  const note = notes[(Math.max(0, next) + notes.length) % notes.length] as Note;
  studio.selection = new Set([note.id]);
  cursor.at = note.start;
  cursor.pitch = note.pitch;
  viewport.reveal(note.start, note.start + note.length);
  sayNote(note, starts);
  return true;
}

function sayNote(note: Note | undefined, starts: readonly number[]): void {
  if (!note) return;
  const place = barAndBeat(starts, studio.piece.metres, note.start);
  studio.say(t('said.note', { pitch: pitchName(note.pitch, keyOf(studio.piece)), bar: place.bar, beat: place.beat, velocity: note.velocity }));
}

/** The selected notes that are not locked. */
function open(ids: ReadonlySet<number>, starts: readonly number[]): Set<number> {
  return new Set(
    studio.piece.notes
      .filter((note) => ids.has(note.id) && !isLocked(studio.locks, note.lane, barAt(starts, note.start)))
      .map((note) => note.id),
  );
}
