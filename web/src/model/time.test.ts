import { describe, expect, it } from 'vitest';
import { barAndBeat, barAt, barLength, barStartsTo, beatLength, beatsBetween, secondsAt, timeAt } from './bars';
import { emptyPiece, withTempoOfBars } from './piece';
import { snapDown, snapShift, snapTime } from './snap';

describe('snapping', () => {
  it('half_way_goes_to_the_later_line', () => {
    expect(snapTime(6, 'quarter')).toBe(12);
    expect(snapTime(5.9, 'quarter')).toBe(0);
    expect(snapTime(2, 'triplet')).toBe(4);
    expect(snapTime(1, 'sixteenth')).toBe(0);
  });

  it('drawing_begins_in_the_cell_under_the_pen', () => {
    expect(snapDown(5.9, 'sixteenth')).toBe(3);
    expect(snapDown(6, 'sixteenth')).toBe(6);
    expect(snapDown(-4, 'eighth')).toBe(0);
  });

  it('a_shift_keeps_a_late_note_late', () => {
    expect(4 + snapShift(11, 'quarter')).toBe(16);
    expect(snapShift(-0.4, 'sixteenth')).toBe(0);
  });
});

describe('bars', () => {
  it('a_bar_is_as_long_as_its_metre_says', () => {
    expect(barLength('4/4')).toBe(48);
    expect(barLength('3/4')).toBe(36);
    expect(barLength('6/8')).toBe(36);
    expect(barLength('7/8')).toBe(42);
    expect(barLength('nonsense')).toBe(48);
  });

  it('compound_metres_are_felt_in_dotted_beats', () => {
    expect(beatLength('6/8')).toBe(18);
    expect(beatLength('3/8')).toBe(6);
    expect(beatLength('4/4')).toBe(12);
  });

  it('a_bar_line_belongs_to_the_bar_it_begins', () => {
    const starts = barStartsTo([{ at: 0, metre: '4/4' }], 3, 0);
    expect(starts).toEqual([0, 48, 96, 144]);
    expect(barAt(starts, 47.9)).toBe(0);
    expect(barAt(starts, 48)).toBe(1);
    expect(barAt(starts, -5)).toBe(0);
    expect(barAt(starts, 9999)).toBe(2);
  });

  it('a_change_of_metre_changes_the_bars_after_it', () => {
    expect(barStartsTo([{ at: 0, metre: '4/4' }, { at: 48, metre: '3/4' }], 3, 0)).toEqual([0, 48, 84, 120]);
  });

  it('bars_reach_the_end_of_what_sounds', () => {
    expect(barStartsTo([{ at: 0, metre: '4/4' }], 1, 49).length).toBe(3);
    expect(barStartsTo([{ at: 0, metre: '4/4' }], 1, 48).length).toBe(2);
  });

  it('musicians_count_from_one', () => {
    const metres = [{ at: 0, metre: '4/4' }];
    expect(barAndBeat([0, 48, 96], metres, 60)).toEqual({ bar: 2, beat: 2 });
  });

  it('every_beat_of_a_span_once_the_first_of_a_bar_marked', () => {
    const beats = beatsBetween([0, 48, 96], [{ at: 0, metre: '4/4' }], 36, 61);
    expect(beats).toEqual([{ at: 36, first: false }, { at: 48, first: true }, { at: 60, first: false }]);
  });
});

describe('seconds', () => {
  const tempos = [{ at: 0, qpm: 60 }, { at: 24, qpm: 120 }];

  it('a_quarter_at_sixty_is_a_second', () => {
    expect(secondsAt([{ at: 0, qpm: 60 }], 12)).toBe(1);
    expect(secondsAt(tempos, 48)).toBe(3);
  });

  it('there_and_back_is_identity', () => {
    for (const at of [0, 5, 23.9, 24, 30, 500]) expect(timeAt(tempos, secondsAt(tempos, at))).toBeCloseTo(at, 9);
  });
});

describe('a tempo curve', () => {
  const piece = { ...emptyPiece(4), tempos: [{ at: 0, qpm: 100 }] };
  const starts = [0, 48, 96, 144, 192];

  it('changes_the_bars_drawn_over_and_no_others', () => {
    expect(withTempoOfBars(piece, starts, 1, 2, (bar) => 80 + bar).tempos).toEqual([{ at: 0, qpm: 100 }, { at: 48, qpm: 81 }, { at: 96, qpm: 82 }, { at: 144, qpm: 100 }]);
  });

  it('has_no_two_marks_that_say_the_same', () => {
    expect(withTempoOfBars(piece, starts, 0, 3, () => 90).tempos).toEqual([{ at: 0, qpm: 90 }]);
    const drawn = withTempoOfBars(piece, starts, 1, 1, () => 120);
    expect(withTempoOfBars(drawn, starts, 1, 1, () => 100).tempos).toEqual([{ at: 0, qpm: 100 }]);
  });
});
