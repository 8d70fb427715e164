import { describe, expect, it } from 'vitest';
import { addNotes, copyNotes, deleteNotes, ensurePart, moveNotes, pasteNotes, quantiseNotes, resizeNotes, setVelocity } from './edit';
import { emptyPiece, fromServer, toServer, withTempo, type Piece } from './piece';
import { notesOfKeys, quantisePlayed, typedPitch } from './record';

function piece(notes: [pitch: number, start: number, length: number][]): Piece {
  return fromServer({
    bars: 4,
    tempo: 100,
    parts: [{ lane: 'melody', name: 'Melody', program: 0, drums: false }],
    notes: notes.map(([pitch, start, length]) => ({ lane: 'melody', part: 0, pitch, start, length, velocity: 80 })),
  });
}

const shape = (one: Piece) => one.notes.map((note) => [note.pitch, note.start, note.length]);
const ids = (one: Piece, ...places: number[]) => new Set(places.map((place) => one.notes[place]?.id ?? -1));

describe('edits', () => {
  it('what_came_from_the_server_goes_back_unchanged', () => {
    const sent = { title: 'x', resolution: 480, tempos: [{ at: 0, qpm: 91.5 }], metres: [{ at: 0, metre: '4/4' }], keys: [], parts: [{ lane: null, name: 'T', program: 3, drums: true }], notes: [{ lane: null, part: 0, pitch: 42, start: 0.025, length: 2.975, velocity: 33 }], chords: [], sections: [] };
    expect(toServer(fromServer(sent))).toEqual(sent);
  });

  it('move_then_back_is_identity', () => {
    const before = piece([[60, 12, 12], [64, 24, 6]]);
    const there = moveNotes(before, ids(before, 0, 1), 12, 3);
    expect(shape(there)).toEqual([[63, 24, 12], [67, 36, 6]]);
    expect(shape(moveNotes(there, ids(there, 0, 1), -12, -3))).toEqual(shape(before));
  });

  it('a_group_stops_together_at_the_edges', () => {
    const before = piece([[60, 6, 6], [126, 24, 6]]);
    expect(shape(moveNotes(before, ids(before, 0, 1), -24, 5))).toEqual([[61, 0, 6], [127, 18, 6]]);
  });

  it('a_move_that_goes_nowhere_is_the_same_piece', () => {
    const before = piece([[60, 0, 6]]);
    expect(moveNotes(before, ids(before, 0), -12, 0)).toBe(before);
    expect(deleteNotes(before, new Set())).toBe(before);
  });

  it('a_note_never_becomes_shorter_than_the_least', () => {
    const before = piece([[60, 0, 12]]);
    expect(shape(resizeNotes(before, ids(before, 0), -50, 3))).toEqual([[60, 0, 3]]);
  });

  it('an_edited_note_ends_the_one_it_falls_upon', () => {
    const before = piece([[60, 0, 24]]);
    const { piece: after } = addNotes(before, [{ lane: 'melody', part: 0, pitch: 60, start: 12, length: 12, velocity: 80 }]);
    expect(shape(after)).toEqual([[60, 0, 12], [60, 12, 12]]);
  });

  it('another_pitch_or_part_is_left_alone', () => {
    const before = piece([[60, 0, 24]]);
    const { piece: after } = addNotes(before, [{ lane: 'melody', part: 0, pitch: 61, start: 12, length: 12, velocity: 80 }]);
    expect(shape(after)[0]).toEqual([60, 0, 24]);
  });

  it('velocity_stays_a_midi_velocity', () => {
    const before = piece([[60, 0, 12]]);
    expect(setVelocity(before, ids(before, 0), () => 500).notes[0]?.velocity).toBe(127);
    expect(setVelocity(before, ids(before, 0), () => -5).notes[0]?.velocity).toBe(1);
  });

  it('quantise_puts_starts_and_ends_on_the_grid', () => {
    const before = piece([[60, 1.4, 4.2]]);
    expect(shape(quantiseNotes(before, ids(before, 0), 'sixteenth'))).toEqual([[60, 0, 6]]);
  });

  it('paste_keeps_distances_and_lanes', () => {
    const before = piece([[60, 12, 6], [62, 20, 4]]);
    const clip = copyNotes(before, ids(before, 0, 1));
    expect(clip?.length).toBe(12);
    const { piece: after, ids: pasted } = pasteNotes(before, clip!, 48);
    expect(shape(after).slice(2)).toEqual([[60, 48, 6], [62, 56, 4]]);
    expect(pasted.size).toBe(2);
    expect(copyNotes(before, new Set())).toBeNull();
  });

  it('a_lane_without_a_part_gets_one_and_keeps_it', () => {
    const first = ensurePart(emptyPiece(4), 'drums', 'Drums');
    expect(first.piece.parts[0]).toEqual({ lane: 'drums', name: 'Drums', program: 0, drums: true });
    expect(ensurePart(first.piece, 'drums', 'Drums').piece).toBe(first.piece);
  });

  it('a_new_tempo_scales_the_whole_map', () => {
    const breathing = { ...emptyPiece(4), tempos: [{ at: 0, qpm: 100 }, { at: 48, qpm: 80 }] };
    expect(withTempo(breathing, 50).tempos).toEqual([{ at: 0, qpm: 50 }, { at: 48, qpm: 40 }]);
  });
});

describe('recording', () => {
  it('downs_are_paired_with_ups', () => {
    const played = notesOfKeys(
      [
        { down: true, pitch: 60, velocity: 90, at: 0 },
        { down: true, pitch: 64, velocity: 80, at: 1 },
        { down: false, pitch: 60, velocity: 0, at: 6 },
      ],
      12,
    );
    expect(played).toEqual([
      { pitch: 60, start: 0, length: 6, velocity: 90 },
      { pitch: 64, start: 1, length: 11, velocity: 80 },
    ]);
  });

  it('a_key_pressed_twice_ends_its_first_note', () => {
    const played = notesOfKeys([{ down: true, pitch: 60, velocity: 90, at: 0 }, { down: true, pitch: 60, velocity: 70, at: 5 }], 9);
    expect(played.map((note) => note.length)).toEqual([5, 4]);
  });

  it('an_up_without_a_down_is_silent', () => {
    expect(notesOfKeys([{ down: false, pitch: 60, velocity: 0, at: 3 }], 9)).toEqual([]);
  });

  it('quantised_notes_keep_at_least_a_step', () => {
    expect(quantisePlayed([{ pitch: 60, start: 2.6, length: 0.4, velocity: 1 }], 'sixteenth')[0]).toMatchObject({ start: 3, length: 3 });
  });

  it('two_rows_are_two_octaves', () => {
    expect(typedPitch('KeyZ')).toBe(0);
    expect(typedPitch('KeyQ')).toBe(12);
    expect(typedPitch('Escape')).toBeNull();
  });
});
