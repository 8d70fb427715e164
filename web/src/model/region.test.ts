import { describe, expect, it } from 'vitest';
import { fromServer } from './piece';
import { inRegion, mergeRegion, notesInBox, regionOfBox, regionText, toggleLock } from './region';

const starts = [0, 48, 96, 144, 192];

describe('regions', () => {
  it('a_box_marks_the_bars_it_touches', () => {
    expect(regionOfBox(starts, 60, 100, ['melody'])).toEqual({ fromBar: 1, toBar: 3, lanes: ['melody'] });
    expect(regionOfBox(starts, 100, 60, ['melody'])).toEqual({ fromBar: 1, toBar: 3, lanes: ['melody'] });
  });

  it('a_box_that_ends_on_a_bar_line_does_not_touch_the_next_bar', () => {
    expect(regionOfBox(starts, 48, 96, ['bass'])).toEqual({ fromBar: 1, toBar: 2, lanes: ['bass'] });
    expect(regionOfBox(starts, 48, 48, ['bass'])).toEqual({ fromBar: 1, toBar: 2, lanes: ['bass'] });
  });

  it('the_server_counts_bars_from_one', () => {
    expect(regionText({ fromBar: 4, toBar: 6, lanes: ['melody', 'bass'] })).toBe('5-6:melody,bass');
    expect(regionText({ fromBar: 0, toBar: 1, lanes: ['drums'] })).toBe('1:drums');
  });

  it('locked_bars_are_left_out', () => {
    const locks = [{ lane: 'melody', fromBar: 1, toBar: 2 }];
    expect(regionText({ fromBar: 0, toBar: 4, lanes: ['melody', 'bass'] }, locks)).toBe('1:melody; 3-4:melody; 1-4:bass');
    expect(regionText({ fromBar: 1, toBar: 2, lanes: ['melody'] }, locks)).toBe('');
  });

  it('lock_then_unlock_is_identity', () => {
    const region = { fromBar: 1, toBar: 3, lanes: ['melody', 'bass'] };
    const locked = toggleLock([], region);
    expect(locked).toHaveLength(2);
    expect(toggleLock(locked, region)).toEqual([]);
  });

  it('unlocking_the_middle_keeps_both_sides', () => {
    const locked = toggleLock([], { fromBar: 0, toBar: 4, lanes: ['melody'] });
    expect(toggleLock(locked, { fromBar: 1, toBar: 2, lanes: ['melody'] })).toEqual([
      { lane: 'melody', fromBar: 0, toBar: 1 },
      { lane: 'melody', fromBar: 2, toBar: 4 },
    ]);
  });

  it('a_half_locked_region_becomes_locked_whole', () => {
    const half = toggleLock([], { fromBar: 0, toBar: 1, lanes: ['melody'] });
    const whole = toggleLock(half, { fromBar: 0, toBar: 2, lanes: ['melody'] });
    expect(regionText({ fromBar: 0, toBar: 2, lanes: ['melody'] }, whole)).toBe('');
  });
});

describe('merging', () => {
  const part = (lane: string) => ({ lane, name: lane, program: 0, drums: false });
  const original = fromServer({ bars: 4, parts: [part('bass'), part('melody')], notes: [
    { lane: 'melody', part: 1, pitch: 60, start: 0, length: 12 },
    { lane: 'melody', part: 1, pitch: 61, start: 48, length: 12 },
    { lane: 'bass', part: 0, pitch: 40, start: 48, length: 12 },
  ] });
  const answer = fromServer({ bars: 4, parts: [part('melody'), part('bass')], notes: [
    { lane: 'melody', part: 0, pitch: 70, start: 0, length: 12 },
    { lane: 'melody', part: 0, pitch: 71, start: 48, length: 12 },
    { lane: 'bass', part: 1, pitch: 50, start: 48, length: 12 },
  ] });

  it('only_the_region_changes_and_parts_are_matched_by_lane', () => {
    const merged = mergeRegion(original, answer, { fromBar: 1, toBar: 2, lanes: ['melody'] }, starts);
    expect(merged.notes.map((note) => [note.part, note.pitch, note.start])).toEqual([[1, 60, 0], [0, 40, 48], [1, 71, 48]]);
  });

  it('locks_hold_inside_the_region', () => {
    const locks = [{ lane: 'melody', fromBar: 1, toBar: 2 }];
    const merged = mergeRegion(original, answer, { fromBar: 0, toBar: 4, lanes: ['melody', 'bass'] }, starts, locks);
    expect(merged.notes.map((note) => note.pitch)).toEqual([61, 70, 50]);
  });

  it('a_note_belongs_to_the_bar_it_begins_in', () => {
    const note = original.notes[1]!;
    expect(inRegion(note, { fromBar: 1, toBar: 2, lanes: ['melody'] }, starts)).toBe(true);
    expect(inRegion(note, { fromBar: 0, toBar: 1, lanes: ['melody'] }, starts)).toBe(false);
  });

  it('a_box_takes_what_sounds_in_it', () => {
    const ids = notesInBox(original, 11, 48, () => true);
    expect(ids.size).toBe(1);
    expect(notesInBox(original, 12, 48, () => true).size).toBe(0);
  });
});
