//! What every rendering owes its listener, measured on the finished sound.

use aeolian_score::{Note, Part, Score, TempoChange, Tick};
use aeolian_synth::{Error, RenderSettings, Stereo, render, wav};

const RATE: f64 = 44_100.0;

fn note(onset: u32, pitch: u8, duration: u32, velocity: u8) -> Note {
    Note { onset: Tick(onset), pitch, duration: Tick(duration), velocity }
}

/// At 480 ticks a quarter and 120 quarters a minute, 960 ticks are a second.
fn piece(program: u8, notes: Vec<Note>) -> Score {
    let mut score = Score::new(480);
    score.parts.push(Part { program, notes, ..Part::default() });
    score
}

fn play(score: &Score) -> Stereo {
    render(score, &RenderSettings::default()).expect("a sensible score")
}

/// Without hall and loudness target: levels and decays are those of the instrument.
fn dry() -> RenderSettings {
    RenderSettings { reverb: 0.0, loudness_lufs: None, ..RenderSettings::default() }
}

/// Amplitude at one frequency, through a Hann window: one bin of a Fourier transform of any length.
fn amplitude_at(samples: &[f32], hz: f64) -> f64 {
    let n = samples.len() as f64;
    let (mut re, mut im) = (0.0, 0.0);
    for (i, x) in samples.iter().enumerate() {
        let window = 0.5 - 0.5 * (std::f64::consts::TAU * i as f64 / n).cos();
        let (sin, cos) = (std::f64::consts::TAU * hz * i as f64 / RATE).sin_cos();
        re += f64::from(*x) * window * cos;
        im += f64::from(*x) * window * sin;
    }
    re.hypot(im) / n
}

fn rms(samples: &[f32]) -> f64 {
    (samples.iter().map(|x| f64::from(x * x)).sum::<f64>() / samples.len() as f64).sqrt()
}

/// The frequency of the strongest line within 30 cents of `about_hz`, to a twentieth of a cent.
fn measured_hz(samples: &[f32], about_hz: f64) -> f64 {
    let best = |centre: f64, width: i32, cents: f64| {
        let candidates = (-width..=width).map(|i| centre * (f64::from(i) * cents / 1200.0).exp2());
        candidates.max_by(|a, b| amplitude_at(samples, *a).total_cmp(&amplitude_at(samples, *b))).expect("candidates")
    };
    best(best(about_hz, 15, 2.0), 40, 0.05)
}

#[test]
fn notes_are_in_tune_within_two_cents() {
    // Sections have no single line; their mean pitch is measured in tests/voices.rs.
    for (program, pitch, hz) in [(0, 69, 440.0), (0, 60, 261.625_565), (71, 69, 440.0), (19, 57, 220.0)] {
        let sound = play(&piece(program, vec![note(0, pitch, 1920, 80)]));
        let mono = sound.to_mono();
        let cents = 1200.0 * (measured_hz(&mono[4_410..4_410 + 65_536], hz) / hz).log2();
        assert!(cents.abs() < 2.0, "program {program}, pitch {pitch}: {cents} cents");
    }
}

#[test]
fn the_loudest_chord_stays_below_minus_one_decibel() {
    for program in [0, 19, 61] {
        let notes = (21..=108).map(|pitch| note(0, pitch, 960, 127)).collect();
        let loud = RenderSettings { gain_db: 20.0, loudness_lufs: None, ..RenderSettings::default() };
        let sound = render(&piece(program, notes), &loud);
        let peak = sound.expect("a sensible score").peak();
        assert!(peak > 0.5 && peak <= 0.891_3, "program {program}: peak {peak}");
    }
}

#[test]
fn a_legato_line_has_no_clicks() {
    for program in [0, 19, 48] {
        let line = (0..16).map(|i| note(480 * i, 60 + (i * 5 % 12) as u8, 480, 64)).collect();
        let sound = play(&piece(program, line));
        let mono = sound.to_mono();
        let jump =
            |range: std::ops::Range<usize>| mono[range].windows(2).map(|w| (w[1] - w[0]).abs()).fold(0.0f32, f32::max);
        let furthest = jump(0..mono.len()) / sound.peak();
        // A wave cut off or begun at its crest would jump by about half the peak or more.
        assert!(furthest < 0.3, "program {program}: a jump of {furthest} of the peak");
        // A note's end, with nothing new, must not be rougher than its middle.
        let end = 16 * 11_025 * 2;
        assert!(jump(end - 200..end + 2_000) <= 1.2 * jump(end - 8_000..end - 200), "program {program}");
    }
}

#[test]
fn the_length_is_the_end_and_the_tail_exactly() {
    let mut score = piece(0, vec![note(0, 60, 1000, 80)]);
    score.tempos = vec![TempoChange { at: Tick(0), qpm: 93.0 }];
    let settings = RenderSettings { tail_seconds: 1.25, ..RenderSettings::default() };
    let sound = render(&score, &settings).expect("a sensible score");
    // 1000/480 quarters at 93 a minute are 1.344086 s, that is 59274.2 frames; and 55125 of tail.
    assert_eq!(sound.frames(), 59_275 + 55_125);
    assert_eq!(sound.left.len(), sound.right.len());
    assert_eq!(render(&Score::new(480), &settings).expect("an empty score"), Stereo::silence(44_100, 55_125));
}

#[test]
fn before_the_first_onset_there_is_silence_and_at_the_end_too() {
    for (program, is_drum) in [(0, false), (48, false), (0, true)] {
        let mut score = piece(program, vec![note(960, 42, 480, 100)]);
        score.parts[0].is_drum = is_drum;
        let sound = play(&score);
        assert!(sound.left[..44_100].iter().chain(&sound.right[..44_100]).all(|&x| x == 0.0));
        assert!(rms(&sound.left[44_100..46_000]) > 1e-4, "and then it sounds");
        assert!(sound.left[sound.frames() - 1] == 0.0 && sound.right[sound.frames() - 1] == 0.0);
    }
}

#[test]
fn a_harder_blow_is_louder_and_brighter() {
    let struck = |velocity| {
        let sound = render(&piece(0, vec![note(0, 60, 960, velocity)]), &dry()).expect("a sensible score").to_mono();
        let high: f64 = (6..14).map(|n| amplitude_at(&sound[2_000..30_000], 262.0 * f64::from(n))).sum();
        (rms(&sound[..30_000]), high / amplitude_at(&sound[2_000..30_000], 261.63))
    };
    let blows = [20, 50, 80, 120].map(struck);
    for pair in blows.windows(2) {
        assert!(pair[1].0 > 1.3 * pair[0].0, "louder: {pair:?}");
        assert!(pair[1].1 > 1.2 * pair[0].1, "brighter: {pair:?}");
    }
}

#[test]
fn dampers_stop_the_middle_but_not_the_top() {
    let left_over = |pitch| {
        let sound = render(&piece(0, vec![note(0, pitch, 240, 90)]), &dry()).expect("a sensible score").to_mono();
        rms(&sound[24_000..28_000]) / rms(&sound[1_000..5_000])
    };
    assert!(left_over(60) < 0.01);
    assert!(left_over(96) > 0.02);
}

#[test]
fn equal_scores_give_equal_bytes() {
    let score = piece(0, (0..40).map(|i| note(120 * i, 40 + (i * 7 % 40) as u8, 300, 30 + i as u8 * 2)).collect());
    let bytes = || wav::to_bytes(&play(&score)).expect("a small file");
    assert_eq!(bytes(), bytes());
}

#[test]
fn a_part_alone_sounds_as_it_does_beside_a_silent_one() {
    let mut score = piece(0, vec![note(0, 60, 480, 80)]);
    let alone = play(&score);
    score.parts.insert(0, Part::default());
    assert_eq!(play(&score), alone);
}

#[test]
fn senseless_times_and_settings_are_errors() {
    let endless = piece(0, vec![note(0, 60, u32::MAX, 80)]);
    assert!(matches!(render(&endless, &RenderSettings::default()), Err(Error::TooLong { .. })));
    for qpm in [0.0, -10.0, f64::NAN] {
        let mut score = piece(0, vec![note(0, 60, 480, 80)]);
        score.tempos = vec![TempoChange { at: Tick(0), qpm }];
        assert!(matches!(render(&score, &RenderSettings::default()), Err(Error::TooLong { .. })), "{qpm}");
    }
    let deaf = RenderSettings { sample_rate_hz: 0, ..RenderSettings::default() };
    assert!(matches!(render(&endless, &deaf), Err(Error::Setting { name: "sample_rate_hz", .. })));
    let wet = RenderSettings { reverb: f32::NAN, ..RenderSettings::default() };
    assert!(matches!(render(&endless, &wet), Err(Error::Setting { name: "reverb", .. })));
}

#[test]
fn every_pitch_velocity_and_program_renders() {
    let settings = RenderSettings { sample_rate_hz: 8_000, tail_seconds: 0.1, ..RenderSettings::default() };
    for program in [0, 16, 48, 71, 73, 127, 255] {
        let notes = (0..=255u8).map(|i| note(u32::from(i) * 20, i, 20 * u32::from(i % 3), i)).collect();
        let sound = render(&piece(program, notes), &settings).expect("a sensible score");
        assert!(sound.left.iter().chain(&sound.right).all(|x| x.is_finite()));
    }
}
