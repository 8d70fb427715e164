import { describe, expect, it } from 'vitest';
import { fromServer } from '../model/piece';
import { layRows, pitchOfY, rowAt, rowsHeight, timeOf, xOf, yOfPitch, zoomAround, type RowWish, type View } from './geometry';
import { Gesture, hitNote, velocityAt, type Ground } from './gesture';
import { eachVisible, notesOfStrip } from './index';

const view: View = { scale: 2, scrollX: 100, scrollY: 0, width: 800, height: 400 };
const wish = (key: string, empty = false): RowWish => ({ strip: { key, lane: key, part: null, title: key, drums: false }, low: 60, high: 83, empty });

describe('geometry', () => {
  it('time_to_x_and_back_is_identity', () => {
    expect(timeOf(view, xOf(view, 123))).toBe(123);
  });

  it('zoom_keeps_the_time_under_the_pointer', () => {
    const at = timeOf(view, 300);
    const zoomed = { ...view, ...zoomAround(view, 300, 1.7) };
    expect(timeOf(zoomed, 300)).toBeCloseTo(at, 9);
  });

  it('pitch_to_y_and_back_is_identity', () => {
    const [row] = layRows([wish('melody')], 'melody', 1, 400);
    for (const pitch of [60, 71, 83]) expect(pitchOfY(row!, yOfPitch(row!, pitch) + 1)).toBe(pitch);
  });

  it('the_lane_in_hand_is_the_tallest_and_an_empty_one_a_slit', () => {
    const rows = layRows([wish('melody'), wish('bass'), wish('drums', true)], 'melody', 1, 100);
    expect(rows[0]!.height).toBeGreaterThan(rows[1]!.height);
    expect(rows[1]!.height).toBeGreaterThan(rows[2]!.height);
    expect(rowAt(rows, rows[1]!.top + 1)?.strip.key).toBe('bass');
  });

  it('spare_room_is_filled', () => {
    expect(rowsHeight(layRows([wish('melody'), wish('bass')], 'melody', 1, 1000))).toBeCloseTo(1000, 6);
  });
});

const piece = fromServer({ bars: 4, parts: [{ lane: 'melody', name: 'm', program: 0, drums: false }], notes: [
  { lane: 'melody', part: 0, pitch: 70, start: 0, length: 12, velocity: 80 },
  { lane: 'melody', part: 0, pitch: 72, start: 24, length: 12, velocity: 80 },
] });

function ground(change: Partial<Ground> = {}): Ground {
  return {
    piece,
    rows: layRows([wish('melody')], 'melody', 1, 240),
    view: { scale: 4, scrollX: 0, scrollY: 0, width: 800, height: 240 },
    starts: [0, 48, 96, 144, 192],
    snap: 'sixteenth',
    tool: 'select',
    selection: new Set(),
    locks: [],
    editable: true,
    ...change,
  };
}

const none = { shift: false, alt: false, command: false };
const yOf = (g: Ground, pitch: number) => yOfPitch(g.rows[0]!, pitch) + 3;

describe('gestures', () => {
  it('a_drag_moves_the_note_by_whole_grid_steps', () => {
    const g = ground();
    const gesture = new Gesture(g, 8, yOf(g, 70), none);
    gesture.move(8 + 13, yOf(g, 72));
    const { piece: after, done } = gesture.end(8 + 13, yOf(g, 72));
    expect(done).toBe('move');
    expect(after?.notes[0]).toMatchObject({ start: 3, pitch: 72 });
    expect(after?.notes[1]).toEqual(piece.notes[1]);
  });

  it('the_right_edge_resizes', () => {
    const g = ground();
    expect(hitNote(g, 46, yOf(g, 70))?.edge).toBe(true);
    expect(hitNote(g, 10, yOf(g, 70))?.edge).toBe(false);
    const gesture = new Gesture(g, 46, yOf(g, 70), none);
    gesture.move(46 + 24, yOf(g, 70));
    expect(gesture.end(46 + 24, yOf(g, 70)).piece?.notes[0]?.length).toBe(18);
  });

  it('a_click_changes_nothing', () => {
    const g = ground();
    const outcome = new Gesture(g, 8, yOf(g, 70), none).end(9, yOf(g, 70));
    expect(outcome.piece).toBeUndefined();
    expect(outcome.selection).toEqual(new Set([piece.notes[0]!.id]));
  });

  it('alt_leaves_the_original_where_it_was', () => {
    const g = ground();
    const gesture = new Gesture(g, 8, yOf(g, 70), { ...none, alt: true });
    gesture.move(8 + 48 * 4, yOf(g, 70));
    const after = gesture.end(0, 0).piece!;
    expect(after.notes).toHaveLength(3);
    expect(after.notes[0]).toEqual(piece.notes[0]);
  });

  it('a_locked_note_cannot_be_moved_but_its_bars_can_be_marked', () => {
    const g = ground({ locks: [{ lane: 'melody', fromBar: 0, toBar: 1 }] });
    const gesture = new Gesture(g, 8, yOf(g, 70), none);
    gesture.move(300, yOf(g, 70) + 20);
    const outcome = gesture.end(300, yOf(g, 70) + 20);
    expect(outcome.piece).toBeUndefined();
    expect(outcome.region).toEqual({ fromBar: 0, toBar: 2, lanes: ['melody'] });
  });

  it('the_pen_writes_and_stretches', () => {
    const g = ground({ tool: 'draw' });
    const gesture = new Gesture(g, 100 * 4, yOf(g, 65), none);
    gesture.move(112 * 4, yOf(g, 65));
    const after = gesture.end(112 * 4, yOf(g, 65)).piece!;
    expect(after.notes[2]).toMatchObject({ pitch: 65, start: 99, length: 12 });
  });

  it('nothing_is_written_after_the_last_bar', () => {
    const g = ground({ tool: 'draw' });
    expect(new Gesture(g, 195 * 4, yOf(g, 65), none).first.piece).toBeUndefined();
  });

  it('the_top_of_the_shape_lane_is_the_loudest', () => {
    expect(velocityAt(0, 80)).toBe(127);
    expect(velocityAt(80, 80)).toBe(1);
  });
});

describe('the index', () => {
  it('a_long_note_that_began_before_the_edge_is_visible', () => {
    const long = fromServer({ parts: [{ lane: 'melody', name: '', program: 0, drums: false }], notes: [{ lane: 'melody', part: 0, pitch: 60, start: 0, length: 200 }, { lane: 'melody', part: 0, pitch: 60, start: 300, length: 1 }] });
    const seen: number[] = [];
    eachVisible(notesOfStrip(long, 'melody'), 100, 150, (note) => seen.push(note.start));
    expect(seen).toEqual([0]);
  });
});
