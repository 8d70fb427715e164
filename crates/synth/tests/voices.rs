//! What every voice of the built-in sounds owes its listener, measured on the sound.

use aeolian_synth::Instrument;

const RATE: f64 = 44_100.0;

/// Programs without a pitch of their own: reversed cymbal, fret noise, breath, seashore, bird, telephone, helicopter, applause, gunshot.
const NOISES: std::ops::RangeInclusive<u8> = 119..=127;

/// Pitches from the range in which a program is played.
fn pitches(program: u8) -> [u8; 3] {
    match program {
        9 | 10 | 72 | 78 | 79 | 112 => [67, 79, 91],
        32..=39 | 43 | 58 => [33, 40, 52],
        47 | 116..=118 => [40, 48, 57],
        _ => [48, 60, 79],
    }
}

struct Sound {
    left: Vec<f32>,
    right: Vec<f32>,
}

impl Sound {
    fn mono(&self) -> Vec<f64> {
        self.left.iter().zip(&self.right).map(|(l, r)| 0.5 * (f64::from(*l) + f64::from(*r))).collect()
    }
}

/// A note of an instrument, let go after `held` frames.
fn note(instrument: &mut Instrument, pitch: u8, velocity: u8, held: usize, frames: usize) -> Sound {
    let mut player = instrument.note_on(pitch, velocity);
    let mut sound = Sound { left: vec![0.0; frames], right: vec![0.0; frames] };
    let held = held.min(frames);
    player.render(&mut sound.left[..held], &mut sound.right[..held]);
    player.release();
    player.render(&mut sound.left[held..], &mut sound.right[held..]);
    sound
}

fn played(program: u8, pitch: u8, velocity: u8, seconds: f64) -> Sound {
    let frames = (seconds * RATE) as usize;
    note(&mut Instrument::new(program, false, RATE as u32), pitch, velocity, frames, frames)
}

fn power(samples: &[f64]) -> f64 {
    samples.iter().map(|x| x * x).sum::<f64>() / samples.len() as f64
}

/// One window's Fourier coefficient at `hz`, through a Hann window.
fn coefficient(window: &[f64], hz: f64) -> (f64, f64) {
    let (sin, cos) = (std::f64::consts::TAU * hz / RATE).sin_cos();
    let (sin_w, cos_w) = (std::f64::consts::TAU / window.len() as f64).sin_cos();
    let ((mut re, mut im), (mut c, mut s), (mut wc, mut ws)) = ((0.0, 0.0), (1.0, 0.0), (1.0, 0.0));
    for x in window {
        let weighted = x * (0.5 - 0.5 * wc);
        re += weighted * c;
        im -= weighted * s;
        (c, s) = (c * cos - s * sin, c * sin + s * cos);
        (wc, ws) = (wc * cos_w - ws * sin_w, wc * sin_w + ws * cos_w);
    }
    (re, im)
}

/// How many cents what sounds near `hz` lies above it: the mean frequency of that band, weighted with its power.
///
/// Between windows H apart the phase at `hz` turns by 2πH(f − hz)/rate; the products of neighbouring coefficients add up to the mean turn
/// (the pulse-pair estimator of radar; Miller & Rochwarger 1972). A band of several players has one mean frequency, not several peaks.
fn cents_above(samples: &[f64], hz: f64) -> f64 {
    let window = ((8.0 * RATE / hz) as usize).max(4_096);
    let hop = ((RATE / (hz * 0.14)) as usize).min(window / 4);
    let starts = (0..).map(|k| k * hop).take_while(|start| start + window <= samples.len());
    let turns = std::f64::consts::TAU * hz / RATE;
    let coefficients: Vec<(f64, f64)> = starts
        .map(|start| {
            let (re, im) = coefficient(&samples[start..start + window], hz);
            let (sin, cos) = (turns * start as f64).sin_cos();
            (re * cos + im * sin, im * cos - re * sin)
        })
        .collect();
    let (mut re, mut im) = (0.0, 0.0);
    for pair in coefficients.windows(2) {
        re += pair[1].0 * pair[0].0 + pair[1].1 * pair[0].1;
        im += pair[1].1 * pair[0].0 - pair[1].0 * pair[0].1;
    }
    let deviation = im.atan2(re) / std::f64::consts::TAU * RATE / hop as f64;
    1_200.0 * (1.0 + deviation / hz).log2()
}

#[test]
fn the_measure_of_pitch_finds_a_known_mistuning() {
    for (hz, cents) in [(65.4, 3.0), (440.0, -7.0), (2_000.0, 0.5)] {
        let at = hz * f64::exp2(cents / 1_200.0);
        let sine: Vec<f64> = (0..60_000).map(|i| (std::f64::consts::TAU * at * f64::from(i) / RATE).sin()).collect();
        assert!((cents_above(&sine, hz) - cents).abs() < 0.02, "{hz} Hz: {}", cents_above(&sine, hz));
    }
}

#[test]
fn every_program_is_in_tune_within_two_cents() {
    let mut worst = (0.0f64, 0, 0);
    // Drums (115–118) only fall towards their pitch.
    for program in 0..=114u8 {
        // A honky-tonk piano is out of tune by profession.
        if program == 3 {
            continue;
        }
        for pitch in pitches(program) {
            let sound = played(program, pitch, 90, 2.0).mono();
            let hz = 440.0 * f64::exp2((f64::from(pitch) - 69.0) / 12.0);
            // Short tones are measured while they sound.
            let span =
                if power(&sound[40_000..]) < 1e-3 * power(&sound[..20_000]) { 2_000..26_000 } else { 6_000..88_000 };
            let cents = cents_above(&sound[span], hz);
            if cents.abs() > worst.0.abs() {
                worst = (cents, program, pitch);
            }
            assert!(cents.abs() < 2.0, "program {program}, pitch {pitch}: {cents:.2} cents");
        }
    }
    println!("worst: {:.2} cents, program {}, pitch {}", worst.0, worst.1, worst.2);
}

#[test]
fn the_size_of_a_block_does_not_change_a_bit() {
    for (program, is_drum) in (0..128u8).step_by(5).map(|p| (p, false)).chain([(0, true)]) {
        for pitch in if is_drum { 35..60 } else { 60..61 } {
            let whole = note(&mut Instrument::new(program, is_drum, 44_100), pitch, 100, 4_000, 9_000);
            for block in [1, 7, 64, 1_000] {
                let mut player = Instrument::new(program, is_drum, 44_100).note_on(pitch, 100);
                let mut pieces = Sound { left: vec![0.0; 9_000], right: vec![0.0; 9_000] };
                let mut at = 0;
                while at < 9_000 {
                    if at == 4_000 {
                        player.release();
                    }
                    let end = (at + block).min(if at < 4_000 { 4_000 } else { 9_000 });
                    player.render(&mut pieces.left[at..end], &mut pieces.right[at..end]);
                    at = end;
                }
                let same = |a: &[f32], b: &[f32]| a.iter().zip(b).all(|(x, y)| x.to_bits() == y.to_bits());
                assert!(
                    same(&whole.left, &pieces.left) && same(&whole.right, &pieces.right),
                    "program {program}, pitch {pitch}, blocks of {block}"
                );
            }
        }
    }
}

#[test]
fn every_note_ends_by_itself_within_the_tail_it_promises() {
    for program in 0..128u8 {
        let mut player = Instrument::new(program, false, 22_050).note_on(60, 100);
        let (mut left, mut right) = (vec![0.0; 11_025], vec![0.0; 11_025]);
        player.render(&mut left, &mut right);
        player.release();
        let bound = player.tail_frames();
        assert!(bound < 22_050 * 25, "program {program}: {bound} frames");
        let (mut frames, mut last) = (0u64, 0.0f32);
        while !player.is_over() {
            let (mut l, mut r) = ([0.0; 64], [0.0; 64]);
            player.render(&mut l, &mut r);
            frames += 64;
            last = l.iter().chain(&r).fold(0.0, |peak, x| peak.max(x.abs()));
            assert!(frames <= bound, "program {program} outlasts its {bound} frames");
        }
        assert!(last < 2e-3, "program {program} is cut off at {last}");
    }
}

#[test]
fn notes_begin_without_a_step_and_have_no_constant_part() {
    for program in 0..128u8 {
        for pitch in pitches(program) {
            let sound = played(program, pitch, 110, 1.5);
            let peak = sound.left.iter().chain(&sound.right).fold(0.0f32, |p, x| p.max(x.abs()));
            assert!(peak > 0.02 && peak < 1.6, "program {program}, pitch {pitch}: peak {peak}");
            let first = sound.left[0].abs().max(sound.right[0].abs());
            assert!(first < 0.02 * peak, "program {program}, pitch {pitch} begins at {first}");
            let mono = sound.mono();
            let constant = coefficient(&mono, 0.0).0 / mono.len() as f64 * 2.0;
            assert!(
                constant.abs() < 2e-3 * power(&mono).sqrt().max(0.01),
                "program {program}, pitch {pitch}: {constant}"
            );
        }
    }
}

#[test]
fn a_release_makes_no_step() {
    for program in (0..128u8).filter(|p| !NOISES.contains(p)) {
        let mut instrument = Instrument::new(program, false, 44_100);
        let sound = note(&mut instrument, 55, 90, 22_050, 44_100).mono();
        let step =
            |range: std::ops::Range<usize>| sound[range].windows(2).map(|w| (w[1] - w[0]).abs()).fold(0.0f64, f64::max);
        // The felt of the dampers may be heard, a click not.
        let allowed = 1.3 * step(17_000..22_050) + 6e-3;
        assert!(step(22_050..26_000) <= allowed, "program {program}: {} > {allowed}", step(22_050..26_000));
    }
}

#[test]
fn a_hard_touch_is_louder_and_brighter() {
    // Energy of the differences beside energy: the mean square frequency.
    let brightness = |samples: &[f64]| {
        let differences: Vec<f64> = samples.windows(2).map(|w| w[1] - w[0]).collect();
        power(&differences) / power(samples)
    };
    let mut not_brighter = Vec::new();
    for program in (0..128u8).filter(|p| !NOISES.contains(p)) {
        let [soft, hard] = [40, 115].map(|velocity| played(program, 60, velocity, 0.8).mono());
        // Switched keys (organs) and jacks (harpsichord) hardly follow the touch.
        let least = match program {
            6 | 16..=23 | 29 | 30 => 1.3,
            _ => 4.0,
        };
        assert!(power(&hard) > least * power(&soft), "program {program}: {} {}", power(&hard), power(&soft));
        // The soft notes of airy pipes are mostly breath, which is brighter than any tone.
        if !(75..=79).contains(&program) && brightness(&hard) <= 1.01 * brightness(&soft) {
            not_brighter.push((program, brightness(&hard) / brightness(&soft)));
        }
    }
    assert!(not_brighter.is_empty(), "program and ratio: {not_brighter:?}");
}

#[test]
fn every_sample_rate_sounds_alike() {
    for program in (0..128u8).step_by(3).filter(|p| !NOISES.contains(p)) {
        let loudness = |rate: u32| {
            let frames = rate as usize / 2;
            power(&note(&mut Instrument::new(program, false, rate), 60, 90, frames, frames).mono()).sqrt()
        };
        let usual = loudness(44_100);
        for rate in [8_000, 22_050, 96_000, 192_000] {
            let ratio = loudness(rate) / usual;
            assert!((0.6..1.5).contains(&ratio), "program {program} at {rate} Hz: {ratio}");
        }
    }
}

#[test]
fn nothing_is_heard_between_the_harmonics_of_a_bright_high_tone() {
    // Folded harmonics would lie between the true ones, and some below the first.
    for (program, pitch) in [(81, 96), (80, 101), (56, 94), (68, 91), (30, 88), (6, 94)] {
        let sound = played(program, pitch, 120, 1.5).mono();
        let tail = &sound[20_000..60_000];
        let hz = 440.0 * f64::exp2((f64::from(pitch) - 69.0) / 12.0);
        let level = |at: f64| {
            let (re, im) = coefficient(tail, at);
            re.hypot(im)
        };
        let tone = level(hz);
        for multiple in [0.31, 0.57, 0.77, 1.37, 1.61, 2.43, 3.57, 4.41] {
            let db = 20.0 * (level(multiple * hz) / tone).log10();
            assert!(db < -55.0, "program {program}: {db:.1} dB at {multiple} times the pitch");
        }
    }
}

#[test]
fn senseless_calls_are_harmless() {
    let mut instrument = Instrument::new(255, false, 0).at(f32::NAN);
    let mut player = instrument.note_on(255, 0);
    player.release();
    player.release();
    player.render(&mut [], &mut [0.0; 5]);
    let (mut left, mut right) = ([0.0; 500], [0.0; 500]);
    player.render(&mut left, &mut right);
    assert!(left.iter().chain(&right).all(|x| x.is_finite()));
}
