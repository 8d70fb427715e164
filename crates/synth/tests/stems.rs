//! What follows the instruments: stems, mix, loudness, peaks, loops.

use aeolian_score::{Note, Part, Score, Tick};
use aeolian_synth::loudness::integrated_lufs;
use aeolian_synth::master::{Ends, true_peak};
use aeolian_synth::{Error, Instruments, RenderSettings, Stem, Stereo, mixdown, render};

/// −1 dBTP.
const CEILING: f32 = 0.891_251;

/// A number below `below`, fixed by its place.
fn draw(seed: u64, place: u64, below: u32) -> u32 {
    let mut z = (seed << 32 | place).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = (z ^ z >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ z >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    ((z ^ z >> 31) % u64::from(below)) as u32
}

/// Several parts of many loud notes over two bars: 4 seconds, up to some thirty notes at once.
fn dense(seed: u64) -> Score {
    let mut score = Score::new(480);
    for part in 0..4 + u64::from(draw(seed, 1, 3)) {
        let is_drum = part == 1;
        let note = |i: u64| {
            let place = 1_000 * (part + 1) + 10 * i;
            let onset = Tick(120 * draw(seed, place, 32));
            let pitch = if is_drum { 35 + draw(seed, place + 1, 20) } else { 36 + draw(seed, place + 1, 50) } as u8;
            let duration = Tick(120 * (1 + draw(seed, place + 2, 8)));
            Note { onset, pitch, duration, velocity: 90 + draw(seed, place + 3, 38) as u8 }
        };
        let mut notes: Vec<Note> = (0..40).map(note).collect();
        notes.sort();
        let program = [0, 0, 33, 48, 61, 19, 73][part as usize % 7];
        score.parts.push(Part { name: format!("Part {part}"), program, is_drum, notes, ..Part::default() });
    }
    score
}

fn stems_of(score: &Score, settings: &RenderSettings) -> (Stereo, Vec<Stem>) {
    let mut stems = Vec::new();
    let mix = mixdown(score, settings, Instruments::House, |stem| {
        stems.push(stem);
        Ok::<(), Error>(())
    });
    (mix.expect("a sensible score"), stems)
}

fn sum(stems: &[Stem]) -> Stereo {
    let mut sum = Stereo::silence(stems[0].sound.sample_rate_hz, stems[0].sound.frames());
    for stem in stems {
        sum.left.iter_mut().zip(&stem.sound.left).for_each(|(s, x)| *s += x);
        sum.right.iter_mut().zip(&stem.sound.right).for_each(|(s, x)| *s += x);
    }
    sum
}

#[test]
fn stems_sum_to_the_mix_to_the_last_bit() {
    let mut score = dense(1);
    score.parts.insert(2, Part { name: "Silent".into(), ..Part::default() });
    for seamless in [false, true] {
        for reverb in [0.0, 0.3] {
            let settings = RenderSettings { seamless, reverb, gain_db: -3.0, ..RenderSettings::default() };
            let (mix, stems) = stems_of(&score, &settings);
            assert_eq!(sum(&stems), mix, "seamless {seamless}, reverb {reverb}");
            let heard = score.parts.iter().filter(|p| !p.notes.is_empty()).count();
            assert_eq!(stems.len(), heard + usize::from(reverb > 0.0));
            assert!(stems.iter().all(|s| s.sound.peak() > 0.0 && s.name != "Silent"));
        }
    }
}

#[test]
fn an_error_of_the_listener_ends_the_work() {
    let mut heard = 0;
    let stopped = mixdown(&dense(2), &RenderSettings::default(), Instruments::House, |_| {
        heard += 1;
        Err(Error::WavTooLarge { frames: 7 })
    });
    assert!(matches!(stopped, Err(Error::WavTooLarge { frames: 7 })) && heard == 1);
}

#[test]
fn dense_pieces_meet_their_loudness_and_stay_below_the_ceiling() {
    // `cargo run --release --example dense` does two hundred.
    for seed in 0..6 {
        for target in [-23.0, -16.0] {
            let settings =
                RenderSettings { loudness_lufs: Some(target), tail_seconds: 1.0, ..RenderSettings::default() };
            let sound = render(&dense(seed), &settings).expect("a sensible score");
            let (peak, lufs) = (true_peak(&sound, Ends::Silent), integrated_lufs(&sound).expect("loud"));
            assert!(peak <= CEILING, "seed {seed}: {peak}");
            assert!((lufs - target).abs() < 0.5, "seed {seed}: {lufs} instead of {target}");
            // A second opinion on the peak.
            let mut meter = ebur128::EbuR128::new(2, 44_100, ebur128::Mode::TRUE_PEAK).expect("a meter");
            meter.add_frames_planar_f32(&[&sound.left, &sound.right]).expect("frames");
            let other = meter.true_peak(0).expect("a peak").max(meter.true_peak(1).expect("a peak"));
            assert!(other <= 0.8975, "seed {seed}: {other}, over −1 dBTP by more than the meters differ");
        }
    }
}

#[test]
fn the_master_stage_only_scales_what_is_soft() {
    // A loudness so low that nothing is limited: every sample is the mix times one gain.
    let settings = RenderSettings { loudness_lufs: Some(-40.0), ..RenderSettings::default() };
    let (mix, _) = stems_of(&dense(3), &settings);
    let sound = render(&dense(3), &settings).expect("a sensible score");
    let gain = sound.peak() / mix.peak();
    assert!(mix.left.iter().zip(&sound.left).all(|(m, s)| (m * gain - s).abs() <= 1e-6 * s.abs().max(1e-3)));
}

#[test]
fn a_loop_is_exactly_its_bars_long_and_its_seam_is_no_jump() {
    for seed in 0..3 {
        let mut score = dense(seed);
        // The last notes ring over the bar line; the loop still ends there.
        score.parts[0].notes.push(Note { onset: Tick(3_720), pitch: 60, duration: Tick(120), velocity: 120 });
        for part in &mut score.parts {
            part.notes.iter_mut().for_each(|n| n.duration.0 = n.duration.0.min(3_840 - n.onset.0));
        }
        let settings = RenderSettings { seamless: true, ..RenderSettings::default() };
        let sound = render(&score, &settings).expect("a sensible score");
        assert_eq!(sound.frames(), 4 * 44_100, "two bars of two seconds");
        for ear in [&sound.left, &sound.right] {
            let seam = (ear[0] - ear[ear.len() - 1]).abs();
            let slope = ear.windows(2).map(|w| (w[1] - w[0]).abs()).fold(0.0f32, f32::max);
            // The bend at the seam, too: the second difference there is no larger than elsewhere.
            let around = [&ear[ear.len() - 2..], &ear[..2]].concat();
            let bend = |w: &[f32]| (w[0] - 2.0 * w[1] + w[2]).abs();
            let sharpest = ear.windows(3).map(bend).fold(0.0f32, f32::max);
            assert!(seam <= slope, "seed {seed}: {seam} over {slope}");
            assert!(around.windows(3).all(|w| bend(w) <= sharpest), "seed {seed}");
        }
        assert!(true_peak(&sound, Ends::Joined) <= CEILING);
    }
}

#[test]
fn a_loop_played_twice_is_the_piece_played_twice() {
    // The second round of two, mastering aside, is what the loop is: the first round's tail lies in it. On pianos, of which two
    // strokes are nearly alike: they differ by two hundredths, and without the tail the rounds differ by far more.
    let mut once = dense(4);
    once.parts.retain(|part| !part.is_drum);
    for part in &mut once.parts {
        part.program = 0;
        part.notes.iter_mut().for_each(|n| n.duration.0 = n.duration.0.min(3_840 - n.onset.0));
    }
    let mut twice = once.clone();
    for part in &mut twice.parts {
        let again: Vec<Note> = part.notes.iter().map(|n| Note { onset: Tick(n.onset.0 + 3_840), ..*n }).collect();
        part.notes.extend(again);
    }
    let tail = RenderSettings { tail_seconds: 4.0, ..RenderSettings::default() };
    let (round, _) = stems_of(&once, &RenderSettings { seamless: true, ..tail.clone() });
    let (rounds, _) = stems_of(&twice, &tail);
    let n = round.frames();
    let loudest = rounds.peak();
    let (cut, _) = stems_of(&once, &tail);
    let furthest =
        |sound: &Stereo| (0..n).map(|i| (sound.left[i] - rounds.left[n + i]).abs()).fold(0.0f32, f32::max) / loudest;
    assert!(furthest(&round) < 0.04, "{}", furthest(&round));
    assert!(furthest(&cut) > 0.08, "{}", furthest(&cut));
}

#[test]
fn silence_stays_silence() {
    let empty = render(&Score::new(480), &RenderSettings::default()).expect("an empty score");
    assert_eq!(empty.peak(), 0.0);
    let looped = render(&Score::new(480), &RenderSettings { seamless: true, ..RenderSettings::default() });
    assert_eq!(looped.expect("an empty score"), Stereo::silence(44_100, 2 * 44_100));
}
