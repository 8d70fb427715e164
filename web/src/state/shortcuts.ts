// Keys that work wherever one is, unless one is writing words.

import { player } from '../audio/player.svelte';
import { recorder } from '../audio/recorder.svelte';
import { offered } from '../api/events';
import { t } from '../i18n/i18n.svelte';
import { barAt, barStarts } from '../model/bars';
import { copyNotes, deleteNotes, pasteNotes, quantiseNotes } from '../model/edit';
import { isLocked } from '../model/region';
import { snapDown } from '../model/snap';
import { cursor } from '../roll/cursor.svelte';
import { viewport } from '../roll/viewport.svelte';
import { studio, type Tool } from './studio.svelte';

const TOOLS: Readonly<Record<string, Tool>> = { '1': 'select', '2': 'draw', '3': 'erase' };

/** True if the key meant something. */
export function shortcut(event: KeyboardEvent): boolean {
  if (event.key === '?') {
    studio.help = true;
    return true;
  }
  if (!studio.open) return false;
  return event.ctrlKey || event.metaKey ? commandKey(event) : plainKey(event);
}

function commandKey(event: KeyboardEvent): boolean {
  switch (event.key.toLowerCase()) {
    case 'z':
      if (studio.job) return true;
      if (event.shiftKey) studio.redo();
      else studio.undo();
      return true;
    case 'y':
      if (!studio.job) studio.redo();
      return true;
    case 's':
      void studio.save();
      return true;
    case 'a':
      selectAll();
      return true;
    case 'c':
      return copy();
    case 'x':
      return copy() && remove('history.cut');
    case 'v':
      return paste();
    case 'd':
      return duplicate();
    default:
      return false;
  }
}

function plainKey(event: KeyboardEvent): boolean {
  const onButton = event.target instanceof HTMLButtonElement || event.target instanceof HTMLAnchorElement;
  if (event.altKey) return false;
  const candidate = candidateKey(event.key);
  if (candidate) return true;
  switch (event.key) {
    case ' ':
      // On a button the space bar presses the button.
      if (onButton && !(event.target as HTMLElement).classList.contains('play')) return false;
      void player.toggle();
      return true;
    case 'Home':
      player.seek(0);
      return true;
    case 'Delete':
    case 'Backspace':
      return remove('history.erase');
    case 'Escape':
      return escape();
    case '+':
    case '=':
      viewport.zoom(1.4);
      return true;
    case '-':
      viewport.zoom(1 / 1.4);
      return true;
    case '0':
      viewport.fit(barStarts(studio.shown).at(-1) ?? 0);
      return true;
    default:
      break;
  }
  switch (event.key.toLowerCase()) {
    case 'l': {
      const starts = barStarts(studio.shown);
      const region = studio.region;
      if (player.loop) player.setLoop(null, false);
      else player.setLoop(region ? { from: starts[region.fromBar] ?? 0, to: starts[region.toBar] ?? 0 } : null, true);
      return true;
    }
    case 'm':
      player.metronome = !player.metronome;
      return true;
    case 'k':
      recorder.toggleKeys();
      return true;
    case 'r':
      void recorder.toggle();
      return true;
    case 'q':
      return quantise();
    case 'a': {
      const index = studio.heardCandidate?.index;
      if (index === undefined) return false;
      void studio.accept(index);
      return true;
    }
    case 'i':
      if (!studio.busy) void studio.infill();
      return true;
    case 'v':
      if (!studio.busy) void studio.verb({ verb: 'vary', strength: 0.4 }, { region: studio.region, merge: studio.region !== null || studio.locks.length > 0 });
      return true;
    case 'c':
      if (!studio.busy) void studio.verb({ verb: 'continue', bars: 4 });
      return true;
    default:
      break;
  }
  const tool = TOOLS[event.key];
  if (!tool) return false;
  studio.tool = tool;
  return true;
}

/** With a tray open, 0 is the original and 1 to 8 are the candidates as they lie there. */
function candidateKey(key: string): boolean {
  const { job } = studio;
  if (!job || !/^[0-8]$/.test(key)) return false;
  if (key === '0') {
    studio.hear('desk');
    return true;
  }
  const candidate = offered(job)[Number(key) - 1];
  if (candidate) studio.hear(candidate.index);
  return true;
}

function escape(): boolean {
  if (recorder.keysOn) recorder.keysOn = false;
  else if (studio.busy) void studio.cancel();
  else if (studio.job) studio.closeTray();
  else if (studio.selection.size > 0 || studio.region) {
    studio.selection = new Set();
    studio.region = null;
  } else studio.panel = null;
  return true;
}

function changeable(): Set<number> {
  const starts = barStarts(studio.piece);
  return new Set(
    studio.piece.notes
      .filter((note) => studio.selection.has(note.id) && !isLocked(studio.locks, note.lane, barAt(starts, note.start)))
      .map((note) => note.id),
  );
}

function canEdit(): boolean {
  return studio.editable && studio.job === null;
}

function selectAll(): void {
  studio.selection = new Set(studio.piece.notes.filter((note) => note.lane === studio.focusLane).map((note) => note.id));
  studio.say(t('said.selected', { count: studio.selection.size }));
}

function copy(): boolean {
  // The copied notes remember where they stood against the grid, so that paste lands on the same part of a beat.
  const notes = studio.shown.notes.filter((note) => studio.selection.has(note.id));
  if (notes.length === 0) return false;
  const first = Math.min(...notes.map((note) => note.start));
  studio.clip = copyNotes(studio.shown, studio.selection, snapDown(first, 'quarter'));
  studio.say(t('said.copied', { count: notes.length }));
  return true;
}

function remove(label: 'history.erase' | 'history.cut'): boolean {
  const ids = changeable();
  if (ids.size === 0 || !canEdit()) return false;
  studio.edit(deleteNotes(studio.piece, ids), t(label, { count: ids.size }));
  return true;
}

function paste(): boolean {
  const { clip } = studio;
  if (!clip || !canEdit()) return false;
  const pasted = pasteNotes(studio.piece, clip, snapDown(player.position || cursor.at, 'quarter'));
  studio.edit(pasted.piece, t('history.paste', { count: pasted.ids.size }));
  studio.selection = pasted.ids;
  return true;
}

/** Once more, right after: in whole beats, so that the rhythm goes on. */
function duplicate(): boolean {
  const notes = studio.piece.notes.filter((note) => studio.selection.has(note.id));
  if (notes.length === 0 || !canEdit()) return false;
  const first = Math.min(...notes.map((note) => note.start));
  const end = Math.max(...notes.map((note) => note.start + note.length));
  const origin = snapDown(first, 'quarter');
  const clip = copyNotes(studio.piece, studio.selection, origin);
  if (!clip) return false;
  const pasted = pasteNotes(studio.piece, clip, origin + Math.ceil((end - origin) / 12) * 12);
  studio.edit(pasted.piece, t('history.copy', { count: pasted.ids.size }));
  studio.selection = pasted.ids;
  return true;
}

function quantise(): boolean {
  const ids = changeable();
  if (ids.size === 0 || !canEdit()) return false;
  studio.edit(quantiseNotes(studio.piece, ids, studio.snap), t('history.quantise', { count: ids.size }));
  return true;
}
