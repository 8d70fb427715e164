//! The laws of `encode` and `decode`, over random scores.

use aeolian_canvas::{DecodeContext, EncodeReport, NOTE_LANES, NoteLane, decode, encode, lanes_by_name};
use aeolian_score::quantise::quantise;
use aeolian_score::{
    Chord, ChordEvent, ChordQuality, GRID, Key, KeyChange, MeterChange, Mode, Note, Part, Score, Section, Tick,
};
use proptest::collection::vec;
use proptest::prelude::*;

fn note() -> impl Strategy<Value = Note> {
    (0u32..200, 18u8..112, 0u32..30, 1u8..128).prop_map(|(onset, pitch, duration, velocity)| Note {
        onset: Tick(onset),
        pitch,
        duration: Tick(duration),
        velocity,
    })
}

/// Few pitches and places, so that notes meet.
fn crowded_note() -> impl Strategy<Value = Note> {
    (0u32..40, 60u8..63, 1u32..9, 1u8..128).prop_map(|(onset, pitch, duration, velocity)| Note {
        onset: Tick(onset),
        pitch,
        duration: Tick(duration),
        velocity,
    })
}

fn lane() -> impl Strategy<Value = Option<NoteLane>> {
    prop_oneof![Just(None), (0usize..6).prop_map(|lane| Some(NoteLane::ALL[lane]))]
}

fn part() -> impl Strategy<Value = Part> {
    prop_oneof![vec(note(), 0..30), vec(crowded_note(), 0..30)].prop_map(|mut notes| {
        notes.sort();
        Part { notes, ..Part::default() }
    })
}

/// Drums in the lane of drums, pitches elsewhere.
fn placed_part() -> impl Strategy<Value = (Part, Option<NoteLane>)> {
    (part(), lane()).prop_map(|(part, lane)| (Part { is_drum: lane == Some(NoteLane::Drums), ..part }, lane))
}

fn meters() -> impl Strategy<Value = Vec<MeterChange>> {
    let meter = (0u32..200, 1u8..13, 0u32..6).prop_map(|(at, numerator, power)| MeterChange {
        at: Tick(at),
        numerator,
        denominator: 1 << power,
    });
    vec(meter, 0..4).prop_map(|mut meters| {
        meters.sort_by_key(|m| m.at);
        meters
    })
}

fn keys() -> impl Strategy<Value = Vec<KeyChange>> {
    let change = (0u32..200, 0u8..12, any::<bool>()).prop_map(|(at, tonic, minor)| KeyChange {
        at: Tick(at),
        key: Key { tonic, mode: if minor { Mode::Minor } else { Mode::Major } },
    });
    vec(change, 0..4).prop_map(|mut keys| {
        keys.sort_by_key(|k| k.at);
        keys
    })
}

fn chords() -> impl Strategy<Value = Vec<ChordEvent>> {
    let chord = (0u8..12, 0usize..20, 0u8..12).prop_map(|(root, quality, bass)| Chord {
        root,
        quality: ChordQuality::ALL[quality],
        bass,
    });
    vec((0u32..30, 1u32..40, proptest::option::of(chord)), 0..8).prop_map(|steps| {
        let mut at = 0;
        let follow = |(gap, length, chord)| {
            let event = ChordEvent { at: Tick(at + gap), end: Tick(at + gap + length), chord };
            at += gap + length;
            event
        };
        steps.into_iter().map(follow).collect()
    })
}

fn sections() -> impl Strategy<Value = Vec<Section>> {
    vec((0u32..60, 1u32..100, prop_oneof![Just("A"), Just("b"), Just("")]), 0..5).prop_map(|steps| {
        let mut at = 0;
        let follow = |(gap, length, label): (u32, u32, &str)| {
            let section = Section { at: Tick(at + gap), end: Tick(at + gap + length), label: label.into() };
            at += gap + length;
            section
        };
        steps.into_iter().map(follow).collect()
    })
}

prop_compose! {
    fn score_and_lanes()(
        parts in vec(placed_part(), 0..5),
        meters in meters(), keys in keys(), chords in chords(), sections in sections(),
    ) -> (Score, Vec<Option<NoteLane>>) {
        let (parts, lanes) = parts.into_iter().unzip();
        (Score { parts, meters, keys, chords, sections, ..Score::new(GRID) }, lanes)
    }
}

/// The notes of each lane by pitch, then onset: an order that encoding keeps.
fn lane_notes(score: &Score, lanes: &[Option<NoteLane>]) -> [Vec<Note>; NOTE_LANES] {
    NoteLane::ALL.map(|lane| {
        let here = score.parts.iter().zip(lanes).filter(|(_, to)| **to == Some(lane));
        let mut notes: Vec<Note> = here.flat_map(|(part, _)| part.notes.iter().copied()).collect();
        notes.sort_by_key(|n| (n.pitch, n.onset));
        notes
    })
}

fn decoded(score: &Score, lanes: &[Option<NoteLane>]) -> (Score, Vec<Option<NoteLane>>, EncodeReport) {
    let (canvas, report) = encode(score, lanes);
    let (back, understood) = decode(&canvas, &DecodeContext::default());
    assert_eq!(understood, Default::default(), "encode writes nothing that needs interpretation");
    let lanes = lanes_by_name(&back);
    (back, lanes, report)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn encode_decode_encode_is_encode((score, lanes) in score_and_lanes()) {
        let (back, back_lanes, _) = decoded(&score, &lanes);
        let (again, report) = encode(&back, &back_lanes);
        prop_assert!(again == encode(&score, &lanes).0, "the second canvas differs");
        prop_assert!(report.notes_are_exact(), "{report:?}");
    }

    #[test]
    fn every_change_of_a_note_is_counted((score, lanes) in score_and_lanes()) {
        let (score, _) = quantise(&score);
        let (back, back_lanes, report) = decoded(&score, &lanes);
        let (before, after) = (lane_notes(&score, &lanes), lane_notes(&back, &back_lanes));
        let lost = report.notes_merged + report.notes_out_of_range + report.notes_too_late;
        let count = |notes: &[Vec<Note>; NOTE_LANES]| notes.iter().map(Vec::len).sum::<usize>();
        prop_assert_eq!(count(&after) + lost, count(&before));
        if lost == 0 && report.overlaps_cut == 0 {
            let pairs = |lanes: &[NoteLane]| -> Vec<(Note, Note)> {
                let of = |notes: &[Vec<Note>; NOTE_LANES]| -> Vec<Note> {
                    lanes.iter().flat_map(|lane| notes[*lane as usize].clone()).collect()
                };
                of(&before).into_iter().zip(of(&after)).collect()
            };
            let (pairs, pitched) = (pairs(&NoteLane::ALL), pairs(&NoteLane::PITCHED));
            let count = |pairs: &[(Note, Note)], differs: fn(&Note, &Note) -> bool| {
                pairs.iter().filter(|(a, b)| differs(a, b)).count()
            };
            let differing = |differs| count(&pairs, differs);
            // Strokes have no length, so only the ends of pitched notes are promised.
            let ends = count(&pitched, |a, b| a.offset() != b.offset());
            prop_assert_eq!(differing(|a, b| a.pitch != b.pitch), 0);
            prop_assert_eq!(differing(|a, b| a.onset != b.onset), report.onsets_moved);
            prop_assert_eq!(ends, report.offsets_moved + report.notes_lengthened);
            prop_assert_eq!(differing(|a, b| a.velocity != b.velocity), report.loudness_merged);
        }
    }

    /// One line of sixteenths is what a lane always holds exactly.
    #[test]
    fn decode_of_encode_is_the_quantised_score(
        line in vec((0u32..6, 1u32..6, 21u8..109, 1u8..128), 0..40),
        lane in 0usize..5,
    ) {
        let mut at = 0;
        let mut score = Score::new(4);
        let notes = line.into_iter().map(|(gap, duration, pitch, velocity)| {
            let note = Note { onset: Tick(at + gap), pitch, duration: Tick(duration), velocity };
            at += gap + duration;
            note
        });
        score.parts.push(Part { notes: notes.collect(), ..Part::default() });
        let (quantised, _) = quantise(&score);
        let lanes = [Some(NoteLane::PITCHED[lane])];
        let (back, back_lanes, report) = decoded(&quantised, &lanes);
        prop_assert!(report.notes_are_exact(), "{report:?}");
        prop_assert_eq!(lane_notes(&back, &back_lanes), lane_notes(&quantised, &lanes));
    }

    /// Strokes keep their place, key and loudness, never their length, and never move with the key.
    #[test]
    fn drums_are_strokes(line in vec((1u32..6, 27u8..88, 1u8..128), 0..40), semitones in -20i32..20) {
        let mut at = 0;
        let mut score = Score::new(GRID);
        let notes = line.into_iter().map(|(gap, pitch, velocity)| {
            at += 3 * gap;
            Note { onset: Tick(at), pitch, duration: Tick(gap), velocity }
        });
        score.parts.push(Part { notes: notes.collect(), is_drum: true, ..Part::default() });
        let (canvas, report) = encode(&score, &[Some(NoteLane::Drums)]);
        prop_assert!(report.notes_are_exact(), "{report:?}");
        prop_assert_eq!(&canvas.transposed(semitones).notes, &canvas.notes);
        let (back, _) = decode(&canvas, &DecodeContext::default());
        let strokes = |score: &Score| -> Vec<(u32, u8, u8)> {
            score.parts.iter().flat_map(|p| &p.notes).map(|n| (n.onset.0, n.pitch, n.velocity)).collect()
        };
        prop_assert_eq!(strokes(&back), strokes(&score));
        prop_assert!(back.parts.iter().all(|part| part.is_drum));
    }

    #[test]
    fn windows_and_transpositions_decode_without_orphans(
        (score, lanes) in score_and_lanes(), start in 0usize..30, quarters in 0usize..30, semitones in -100i32..100,
    ) {
        let window = encode(&score, &lanes).0.window(start, quarters).transposed(semitones);
        prop_assert_eq!(window.quarters, quarters);
        let (_, report) = decode(&window, &DecodeContext::default());
        prop_assert_eq!((report.orphan_holds_started, report.orphan_holds_dropped), (0, 0));
    }
}
