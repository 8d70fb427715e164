//! Whole melodies, from sound to score.

use aeolian_listen::{Recording, Settings, Transcription, transcribe};
use std::f64::consts::TAU;

const RATE: u32 = 22_050;

/// Notes of (start in quarters, length in quarters, pitch), with three harmonics, at 100 quarters a minute from half a second on.
fn played(notes: &[(f64, f64, u8)], cents: f64) -> Vec<f32> {
    let seconds = |quarters: f64| 0.5 + quarters * 0.6;
    let end = notes.iter().map(|n| seconds(n.0 + n.1)).fold(0.0, f64::max) + 0.5;
    let mut sound = vec![0.0f32; (end * f64::from(RATE)) as usize];
    for &(start, length, pitch) in notes {
        let hz = 440.0 * ((f64::from(pitch) - 69.0 + cents / 100.0) / 12.0).exp2();
        let (from, to) = (seconds(start), seconds(start + length) - 0.02);
        for i in (from * f64::from(RATE)) as usize..(to * f64::from(RATE)) as usize {
            let t = i as f64 / f64::from(RATE) - from;
            let shape = (t / 0.01).min((to - from - t) / 0.02).clamp(0.0, 1.0);
            let tone = (1..=3).map(|k| (TAU * hz * f64::from(k) * t).sin() / f64::from(k * k)).sum::<f64>();
            sound[i] += (0.3 * shape * tone) as f32;
        }
    }
    sound
}

fn noise(count: usize, level: f32) -> Vec<f32> {
    let mut state = 7u64;
    (0..count)
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            level * ((state >> 40) as f32 / (1u64 << 23) as f32 - 1.0)
        })
        .collect()
}

fn heard(samples: &[f32]) -> Transcription {
    transcribe(&Recording::from_mono(samples, RATE).expect("a recording"), &Settings::default()).expect("settings")
}

/// Two bars of a tune with repeated notes, eighths and a leap of an octave.
const TUNE: [(f64, f64, u8); 12] = [
    (0.0, 1.0, 60),
    (1.0, 1.0, 60),
    (2.0, 0.5, 67),
    (2.5, 0.5, 67),
    (3.0, 1.0, 72),
    (4.0, 2.0, 60),
    (6.0, 0.5, 62),
    (6.5, 0.5, 64),
    (7.0, 1.0, 65),
    (8.0, 1.0, 64),
    (9.0, 1.0, 62),
    (10.0, 2.0, 60),
];

#[test]
fn a_tune_comes_back_as_it_was_written() {
    let found = heard(&played(&TUNE, 0.0));
    let part = &found.score.parts[0];
    assert!((found.score.tempos[0].qpm - 100.0).abs() < 1.0, "{:?}", found.score.tempos);
    let shift = part.notes[0].onset.0;
    let written: Vec<_> = part
        .notes
        .iter()
        .map(|n| (f64::from(n.onset.0 - shift) / 480.0, f64::from(n.duration.0) / 480.0, n.pitch))
        .collect();
    assert_eq!(written, TUNE);
}

#[test]
fn being_out_of_tune_as_a_whole_does_not_matter() {
    for cents in [-45.0, -30.0, 30.0, 45.0] {
        let found = heard(&played(&TUNE, cents));
        let pitches: Vec<u8> = found.heard.notes.iter().map(|n| n.pitch).collect();
        assert_eq!(pitches, TUNE.map(|n| n.2), "{cents}");
        assert!((found.heard.tuning_cents - cents).abs() < 5.0, "{} for {cents}", found.heard.tuning_cents);
    }
}

#[test]
fn noise_below_the_tune_does_not_matter() {
    let mut sound = played(&TUNE, 0.0);
    let hiss = noise(sound.len(), 0.03);
    sound.iter_mut().zip(&hiss).for_each(|(s, n)| *s += n);
    let pitches: Vec<u8> = heard(&sound).heard.notes.iter().map(|n| n.pitch).collect();
    assert_eq!(pitches, TUNE.map(|n| n.2));
}

#[test]
fn silence_has_no_notes_and_noise_hardly_any() {
    for silence in [vec![0.0; 5 * RATE as usize], vec![0.4; RATE as usize], vec![0.0; 1], vec![1e-6; 4_000]] {
        let found = heard(&silence);
        assert_eq!((found.heard.notes.len(), found.score.parts.len(), found.beats), (0, 0, None));
    }
    let found = heard(&noise(10 * RATE as usize, 0.3)).heard.notes.len();
    assert!(found <= 3, "{found} notes in ten seconds of noise");
}

#[test]
fn no_sound_panics() {
    let extremes: Vec<Vec<f32>> = vec![
        vec![],
        vec![f32::MAX; 3_000],
        vec![f32::NAN; 3_000],
        (0..9_000).map(|i| if i % 2 == 0 { 1e30 } else { -1e30 }).collect(),
        (0..9_000).map(|i| if i % 500 == 0 { 1.0 } else { 0.0 }).collect(),
        noise(200, 1e-30),
        noise(20_000, 60.0),
    ];
    for samples in extremes {
        let found = heard(&samples);
        assert!(found.heard.notes.iter().all(|n| n.onset.is_finite() && n.level_db.is_finite()));
    }
}

#[test]
fn settings_outside_their_range_are_refused() {
    let recording = Recording::from_mono(&[0.0; 100], RATE).unwrap();
    let with = |qpm, bar_quarters| transcribe(&recording, &Settings { qpm, bar_quarters });
    assert!(with(Some(40.0), 1).is_ok() && with(Some(220.0), 16).is_ok());
    for (qpm, bar) in [(Some(39.9), 4), (Some(220.1), 4), (Some(f64::NAN), 4), (None, 0), (None, 17)] {
        assert!(with(qpm, bar).is_err(), "{qpm:?} {bar}");
    }
}
