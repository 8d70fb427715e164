import { describe, expect, it } from 'vitest';
import { chordAt, chordLine, setChord } from './chords';
import { curveText, drawCurve, moodText, NO_CURVES } from './curves';
import { chordsOfKey } from './diatonic';
import { appendCopy, formText, parseForm, setSection } from './form';
import { compassOf, pitchName, stripsOf } from './lanes';
import { emptyPiece } from './piece';
import { NO_LANE_RULES, NO_RULES, rulesFor, scaleSet } from './rules';
import { composeRequest, NO_WISHES } from '../state/wishes';
import { en } from '../i18n/en';
import { zh } from '../i18n/zh';

const chord = (start: number, length: number, symbol: string) => ({ start, length, symbol, pitches: [] });

describe('chords', () => {
  it('a_new_chord_cuts_what_lies_under_it', () => {
    const chords = setChord([chord(0, 48, 'C')], chord(12, 12, 'F'));
    expect(chords.map((one) => [one.start, one.length, one.symbol])).toEqual([[0, 12, 'C'], [12, 12, 'F'], [24, 24, 'C']]);
    expect(setChord(chords, chord(0, 48, ''))).toEqual([]);
  });

  it('a_chord_holds_until_just_before_its_end', () => {
    expect(chordAt([chord(0, 12, 'C')], 11.9)?.symbol).toBe('C');
    expect(chordAt([chord(0, 12, 'C')], 12)).toBeNull();
  });

  it('bars_are_written_as_a_lead_sheet', () => {
    const piece = { ...emptyPiece(3), chords: [chord(0, 24, 'C'), chord(24, 24, 'G/B'), chord(48, 96, 'Am7')] };
    expect(chordLine(piece)).toBe('| C G/B | Am7 | Am7 |');
    expect(chordLine(emptyPiece(3))).toBe('');
  });

  it('three_beats_and_one_are_four_shares', () => {
    const piece = { ...emptyPiece(1), chords: [chord(0, 36, 'C'), chord(36, 12, 'G')] };
    expect(chordLine(piece)).toBe('| C C C G |');
  });

  it('the_chords_of_a_key_are_spelt_in_it', () => {
    expect(chordsOfKey('F major')).toContain('Bb');
    expect(chordsOfKey('E minor')).toContain('D');
    expect(chordsOfKey(null)[0]).toBe('C');
  });
});

describe('form', () => {
  it('form_there_and_back_is_identity', () => {
    expect(formText(parseForm("i4 A8 A'8 o2")!)).toBe("i4 A8 A'8 o2");
  });

  it('what_cannot_be_read_is_refused', () => {
    expect(parseForm('A')).toBeNull();
    expect(parseForm('A0')).toBeNull();
    expect(parseForm('')).toBeNull();
  });

  it('a_section_comes_again_after_the_last_bar', () => {
    const piece = { ...emptyPiece(2), chords: [chord(0, 48, 'C'), chord(48, 48, 'G')], sections: [{ start: 0, length: 48, label: 'A' }] };
    const copy = appendCopy(piece, 0, 48, 'A');
    expect([copy.fromBar, copy.toBar]).toEqual([2, 3]);
    expect(copy.piece.chords[2]).toMatchObject({ start: 96, symbol: 'C' });
    expect(copy.piece.sections[1]).toEqual({ start: 96, length: 48, label: "A'" });
  });

  it('a_section_splits_the_one_it_lies_in', () => {
    const sections = setSection([{ start: 0, length: 96, label: 'A' }], 24, 48, 'B');
    expect(sections.map((section) => [section.start, section.length, section.label])).toEqual([[0, 24, 'A'], [24, 24, 'B'], [48, 48, 'A']]);
  });
});

describe('curves and rules in the words of the server', () => {
  it('a_step_is_written_where_the_height_changes', () => {
    expect(curveText('density', [0.2, 0.2, 0.8])).toBe('0=0.20, 2=0.80');
    expect(curveText('loudness', [0, 1])).toBe('0=20, 1=120');
    expect(curveText('density', [])).toBeNull();
  });

  it('the_first_height_holds_from_the_beginning', () => {
    expect(curveText('density', [null, null, 0.5])).toBe('0=0.50');
  });

  it('drawing_is_clamped_and_reaches_as_far_as_the_hand', () => {
    expect(drawCurve([], 1, 2, () => 7)).toEqual([null, 1, 1]);
  });

  it('valence_and_arousal_are_one_mood', () => {
    expect(moodText({ ...NO_CURVES, valence: [1], arousal: [0.5] })).toBe('valence:0=1.00; arousal:0=0.00');
    expect(moodText(NO_CURVES)).toBeNull();
  });

  it('d_dorian_is_the_white_keys', () => {
    expect(scaleSet('D dorian')).toBe(scaleSet('C major'));
    expect(scaleSet('C major')).toBe(0b101010110101);
    expect(scaleSet('H major')).toBeNull();
  });

  it('only_what_was_said_becomes_a_rule', () => {
    expect(rulesFor(NO_RULES)).toEqual([]);
    const sheet = { ...NO_RULES, lanes: { melody: { ...NO_LANE_RULES, lowest: 60 } } };
    expect(rulesFor(sheet)).toEqual([{ range: { lane: 'melody', lowest: 60, highest: 127 } }]);
  });

  it('wishes_left_alone_say_only_the_bars', () => {
    expect(composeRequest(NO_WISHES, NO_CURVES, NO_RULES)).toEqual({ verb: { verb: 'compose' }, bars: 8 });
  });

  it('a_form_speaks_for_the_bars_and_a_drawn_mood_for_the_word', () => {
    const request = composeRequest({ ...NO_WISHES, form: 'A4 B4', mood: 'sad' }, { ...NO_CURVES, valence: [0] }, NO_RULES);
    expect(request.bars).toBeUndefined();
    expect(request.form).toBe('A4 B4');
    expect(request.mood).toBe('valence:0=-1.00');
  });
});

describe('lanes', () => {
  it('middle_c_is_c4', () => {
    expect(pitchName(60)).toBe('C4');
    expect(pitchName(70, 'F major')).toBe('B♭4');
    expect(pitchName(70, 'E minor')).toBe('A♯4');
  });

  it('parts_without_a_lane_get_a_strip_of_their_own', () => {
    const piece = { ...emptyPiece(1), parts: [{ lane: null, name: 'Tambourine', program: 0, drums: true }] };
    expect(stripsOf(piece, [{ name: 'melody', title: 'Melody' }]).map((strip) => strip.key)).toEqual(['melody', 'part:0']);
  });

  it('a_compass_is_never_a_ladder', () => {
    const { low, high } = compassOf({ key: 'melody', lane: 'melody', part: null, title: '', drums: false }, [{ id: 1, lane: 'melody', part: 0, pitch: 60, start: 0, length: 1, velocity: 1 }]);
    expect(high - low + 1).toBeGreaterThanOrEqual(14);
    expect(low).toBeLessThan(60);
  });
});

describe('dictionaries', () => {
  it('every_language_fills_the_same_blanks', () => {
    const blanks = (text: string) => (text.match(/\{\w+\}/g) ?? []).sort();
    for (const key of Object.keys(en) as (keyof typeof en)[]) expect(blanks(zh[key]), key).toEqual(blanks(en[key]));
  });
});
