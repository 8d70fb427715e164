import { describe, expect, it } from 'vitest';
import { BAR, lastBars, mannersOf } from './jam';
import { emptyPiece, type Note, type Piece } from './piece';

const note = (id: number, start: number, pitch = 60): Note => ({ id, lane: 'melody', part: 0, pitch, start, length: 12, velocity: 80 });
const piece = (bars: number, notes: Note[]): Piece => ({ ...emptyPiece(bars), notes });

describe('what the model is told in a jam', () => {
  it('keeps_a_silent_end_after_which_the_answer_comes', () => {
    const told = lastBars(piece(4, [note(1, 2 * BAR)]), 2);
    expect(told.notes.map((one) => one.start)).toEqual([0]);
    expect(told.sections).toEqual([{ start: 0, length: 2 * BAR, label: 'A' }]);
  });

  it('asks_for_an_answer_as_busy_as_the_question_and_one_note_at_a_time_if_that_was_so', () => {
    const line = mannersOf(piece(2, [0, 1, 2, 3, 4, 5, 6, 7].map((i) => note(i, 12 * i))), 'melody', 2);
    expect(line.soft).toEqual({ density: 'melody:0.36' });
    expect(line.rules).toEqual([{ most_voices: { lane: 'melody', voices: 1 } }]);
    const chord = mannersOf(piece(2, [note(1, 0), note(2, 0, 64)]), 'melody', 2);
    expect(chord.rules).toBeUndefined();
    expect(chord.soft).toEqual({ density: 'melody:0.15' });
  });
});
