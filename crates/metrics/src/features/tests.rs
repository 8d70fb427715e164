//! Laws that every feature keeps, whatever the music.

use super::*;
use crate::excerpt::tests::excerpt;
use crate::excerpt::{Bar, Excerpt, ExcerptNote};
use crate::melody::MelodySource;
use crate::report::{FIGURES, PieceFigures};
use aeolian_score::{MeterChange, Note, Part, Score, TempoChange, Tick};
use proptest::prelude::*;

fn value(values: &[Option<f64>], name: &str) -> Option<f64> {
    values[FEATURES.iter().position(|feature| feature.name == name).unwrap()]
}

#[test]
fn names_are_unique_and_families_stand_together() {
    let mut names: Vec<&str> = FEATURES.iter().map(|feature| feature.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), FEATURES.len());
    let mut families: Vec<Family> = FEATURES.iter().map(|feature| feature.family).collect();
    families.dedup();
    assert_eq!(families, Family::ALL);
}

#[test]
fn figures_of_the_model_card_have_the_value_of_the_feature_of_their_name() {
    let notes = [(0, 4, 60), (0, 16, 48), (4, 2, 64), (7, 1, 66), (16, 4, 60), (22, 8, 67), (70, 4, 61)];
    let excerpt = excerpt(32, &notes);
    let figures = PieceFigures::of(&excerpt);
    let values = measure(&Piece { excerpt, ..Piece::default() });
    let renamed = |name| match name {
        "pitch-class entropy (bits)" => "pitch-class entropy",
        "note length (steps)" => "note length",
        other => other,
    };
    for figure in FIGURES {
        let of_figure = (figure.of)(&figures);
        assert!(of_figure.is_some(), "{}", figure.name);
        assert_eq!(of_figure, value(&values, renamed(figure.name)), "{}", figure.name);
    }
}

#[test]
fn silence_is_measured_and_says_little() {
    for quarters in [0, 32] {
        let values = measure(&Piece { excerpt: excerpt(quarters, &[]), ..Piece::default() });
        let defined: Vec<&str> = FEATURES
            .iter()
            .zip(&values)
            .filter(|(_, value)| value.is_some())
            .map(|(feature, _)| feature.name)
            .collect();
        let of_silence = ["notes a bar", "groove", "groove of all bars", "empty beats", "silent steps", "density"];
        assert_eq!(defined, if quarters == 0 { &[][..] } else { &of_silence });
    }
}

#[test]
fn without_a_score_expression_swing_drums_and_mood_are_undefined() {
    let values = measure(&Piece { excerpt: excerpt(16, &[(0, 4, 60), (8, 4, 64)]), ..Piece::default() });
    for (feature, value) in FEATURES.iter().zip(&values) {
        let needs_score = matches!(feature.family, Family::Expression | Family::Drums) || feature.name == "swing";
        assert!(!needs_score || value.is_none(), "{}", feature.name);
    }
}

fn any_tick() -> impl Strategy<Value = Tick> {
    prop_oneof![8 => 0u32..8000, 1 => any::<u32>()].prop_map(Tick)
}

fn any_note() -> impl Strategy<Value = Note> {
    (any_tick(), any::<u8>(), any_tick(), any::<u8>()).prop_map(|(onset, pitch, duration, velocity)| Note {
        onset,
        pitch,
        duration,
        velocity,
    })
}

/// Scores that a file could hold and scores that nothing could: every field takes any value.
fn any_score() -> impl Strategy<Value = Score> {
    let part = (prop::collection::vec(any_note(), 0..40), any::<bool>()).prop_map(|(notes, is_drum)| Part {
        notes,
        is_drum,
        ..Part::default()
    });
    let tempo =
        (any_tick(), prop_oneof![4 => 20.0..300.0, 1 => any::<f64>()]).prop_map(|(at, qpm)| TempoChange { at, qpm });
    let meter =
        (any_tick(), prop_oneof![4 => 1u8..13, 1 => any::<u8>()], prop_oneof![4 => Just(4u8), 1 => any::<u8>()])
            .prop_map(|(at, numerator, denominator)| MeterChange { at, numerator, denominator });
    let resolution = prop_oneof![4 => Just(480u32), 2 => Just(12u32), 1 => any::<u32>()];
    let parts = prop::collection::vec(part, 0..4);
    (resolution, parts, prop::collection::vec(tempo, 0..4), prop::collection::vec(meter, 0..3)).prop_map(
        |(resolution, parts, tempos, meters)| {
            let mut score = Score::new(resolution);
            (score.parts, score.tempos, score.meters) = (parts, tempos, meters);
            score
        },
    )
}

/// Excerpts whose fields contradict each other.
fn any_excerpt() -> impl Strategy<Value = Excerpt> {
    let note = (0usize..200, any::<u8>(), 0usize..250, 0usize..4).prop_map(|(onset, pitch, end, lane)| ExcerptNote {
        onset,
        pitch,
        end,
        lane,
    });
    let bar = (0usize..200, 0usize..250, 0usize..20, 0usize..40).prop_map(|(start, end, missing, length)| Bar {
        start,
        end,
        missing,
        length,
    });
    (0usize..220, prop::collection::vec(note, 0..40), prop::collection::vec(bar, 0..12))
        .prop_map(|(steps, notes, bars)| Excerpt { steps, notes, bars })
}

/// Notes of (onset, duration, pitch) in eight bars of 4/4, far enough from the ends of the piano to be moved.
fn music() -> impl Strategy<Value = Vec<(usize, usize, u8)>> {
    prop::collection::vec((0usize..120, 1usize..9, 30u8..100), 1..80)
}

fn assert_in_range(values: &[Option<f64>]) {
    for (feature, value) in FEATURES.iter().zip(values) {
        let Some(value) = *value else { continue };
        assert!(value.is_finite(), "{}: {value}", feature.name);
        match feature.unit {
            SHARE => assert!((0.0..=1.0 + 1e-12).contains(&value), "{}: {value}", feature.name),
            "−1 … 1" => assert!(value.abs() <= 1.0 + 1e-12, "{}: {value}", feature.name),
            _ if feature.name == "loudness arch" => assert!(value.abs() <= 255.0),
            _ => assert!(value >= 0.0, "{}: {value}", feature.name),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn any_score_is_measured_within_range(score in any_score()) {
        if let Ok(piece) = Piece::from_score(score.clone()) {
            assert_in_range(&measure(&piece));
        }
        let without_excerpt = Piece { score: Some(score), ..Piece::default() };
        assert_in_range(&measure(&without_excerpt));
    }

    #[test]
    fn contradictory_excerpts_do_not_panic(excerpt in any_excerpt(), skyline in any::<bool>()) {
        let melody = if skyline { MelodySource::Skyline } else { MelodySource::Lane(1) };
        prop_assert_eq!(measure(&Piece { excerpt, score: None, melody }).len(), FEATURES.len());
    }

    #[test]
    fn an_octave_higher_only_the_register_changes(notes in music()) {
        let higher: Vec<_> = notes.iter().map(|&(onset, duration, pitch)| (onset, duration, pitch + 8)).collect();
        let octave = notes.iter().map(|&(onset, duration, pitch)| (onset, duration, pitch - 4)).collect::<Vec<_>>();
        let of = |notes: &[_]| measure(&Piece { excerpt: excerpt(32, notes), ..Piece::default() });
        for (feature, (low, high)) in FEATURES.iter().zip(of(&octave).into_iter().zip(of(&higher))) {
            if feature.name == "melody mean pitch" {
                prop_assert!((high.unwrap() - low.unwrap() - 12.0).abs() < 1e-9);
            } else {
                prop_assert_eq!(low, high, "{}", feature.name);
            }
        }
    }

    #[test]
    fn shares_of_one_whole_add_up(notes in music()) {
        let values = measure(&Piece { excerpt: excerpt(32, &notes), ..Piece::default() });
        let sum = |prefix: &str| -> Option<f64> {
            let chosen = FEATURES.iter().zip(&values).filter(|(feature, _)| feature.name.starts_with(prefix));
            chosen.map(|(_, value)| *value).sum()
        };
        prop_assert!(sum("degree ").is_none_or(|all| (all - 1.0).abs() < 1e-9));
        prop_assert!((sum("onsets on ").unwrap() - 1.0).abs() < 1e-9);
        let moves = ["repeats", "steps", "leaps"].map(|kind| value(&values, &format!("melody {kind}")));
        prop_assert!(moves.into_iter().sum::<Option<f64>>().is_none_or(|all| (all - 1.0).abs() < 1e-9));
        let places = ["on the beat", "off-beat eighths", "off-beat sixteenths"].map(|name| value(&values, name));
        prop_assert!((places.into_iter().sum::<Option<f64>>().unwrap() - 1.0).abs() < 1e-9);
    }
}
