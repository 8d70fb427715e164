//! Hats, cymbals, bells: dense modes without harmony, and above them a noise that grows as energy climbs from low modes to high.
//!
//! A cymbal has hundreds of modes; a few dozen, drawn once for every instrument and spread evenly over a logarithmic scale, carry
//! its colour, and filtered noise stands for the rest (Fletcher & Rossing, chapter 20).

use super::{stroke, together};
use crate::elementary::{exp2, log2};
use crate::hiss::{Hiss, HissSpec};
use crate::noise::uniform;
use crate::note_on::NoteOn;
use crate::partials::{Bank, Partial};
use crate::voice::Layer;

/// How a hi-hat is played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hat {
    Closed,
    Pedal,
    Open,
}

/// `count` modes between two frequencies: jittered on a logarithmic scale, amplitude falling by `tilt_db` over the range.
fn modes(
    note: &NoteOn,
    stream: u64,
    count: u32,
    range_hz: (f64, f64),
    level: f64,
    tilt_octaves: f64,
    decay: impl Fn(f64) -> f64,
) -> Vec<Partial> {
    let octaves = log2(range_hz.1 / range_hz.0);
    (0..count)
        .map(|i| {
            let draw = |n: u64| f64::from(uniform(300 + stream, u64::from(i) << 4 | n));
            let x = (f64::from(i) + 0.5 + 0.48 * draw(0)) / f64::from(count);
            let hz = range_hz.0 * exp2(octaves * x);
            // The lowest modes are felt rather than heard.
            let low = 0.25 + 0.75 * (x / 0.3).min(1.0);
            let amplitude = low * level * exp2(tilt_octaves * x) * (0.45 + 0.55 * draw(1).abs());
            let spot = 1.0 + 0.4 * note.luck(u64::from(i) + 50);
            Partial {
                frequency_hz: hz,
                amplitude: amplitude * spot,
                phase_turns: 0.5 * draw(2),
                decay_db_per_second: decay(x) * (1.0 + 0.35 * draw(3)),
            }
        })
        .collect()
}

/// A hi-hat.
pub fn hat(note: &NoteOn, how: Hat) -> Vec<Layer> {
    let (level, force) = (stroke(note), note.force());
    let (ring, hiss, tail) = match how {
        Hat::Closed => (420.0, 0.13, 430.0),
        Hat::Pedal => (520.0, 0.09, 380.0),
        Hat::Open => (60.0, 0.10, 62.0),
    };
    let low_hz = if how == Hat::Pedal { 2_600.0 } else { 3_200.0 };
    let metal = modes(note, 1, 36, (low_hz, 14_500.0), 0.028 * level, -0.4, |x| ring * (0.8 + 0.5 * x));
    let wash = HissSpec {
        low_hz: if how == Hat::Pedal { 4_500.0 } else { 6_200.0 },
        high_hz: note.touch(9_500.0, 15_500.0),
        level: hiss * level,
        attack_seconds: if how == Hat::Pedal { 0.004 } else { 0.0015 },
        decay_db_per_second: tail,
        release_db_per_second: 900.0,
        ..HissSpec::BURST
    };
    let stick = HissSpec {
        low_hz: 2_500.0,
        high_hz: 8_000.0,
        level: if how == Hat::Pedal { 0.0 } else { 0.09 * level * force },
        attack_seconds: 0.0005,
        decay_db_per_second: 2_400.0,
        ..HissSpec::BURST
    };
    together([
        Some(Bank::new(note, metal).attack(0.001).damped(350.0).layer()),
        Hiss::layer(note, 1, wash),
        Hiss::layer(note, 2, stick),
    ])
}

/// What tells one cymbal from another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cymbal {
    /// Which draw of modes.
    stream: u64,
    lowest_hz: f64,
    /// Decay of the lowest modes; the highest die four times as fast.
    decay: f64,
    body: f64,
    /// The noise: level, seconds until it is at its highest, decay.
    wash: (f64, f64, f64),
    /// Stick or edge at the beginning.
    strike: f64,
    /// Level of the highest modes beside the lowest, in octaves of amplitude.
    tilt: f64,
}

impl Cymbal {
    pub const CRASH: Self = Self {
        stream: 2,
        lowest_hz: 380.0,
        decay: 15.0,
        body: 0.022,
        wash: (0.115, 0.012, 30.0),
        strike: 0.10,
        tilt: -0.6,
    };
    pub const LOW_CRASH: Self = Self { stream: 3, lowest_hz: 300.0, decay: 13.0, ..Self::CRASH };
    pub const SPLASH: Self =
        Self { stream: 4, lowest_hz: 700.0, decay: 40.0, wash: (0.10, 0.004, 75.0), ..Self::CRASH };
    pub const CHINA: Self = Self {
        stream: 5,
        lowest_hz: 260.0,
        decay: 24.0,
        body: 0.03,
        wash: (0.13, 0.008, 48.0),
        tilt: -0.2,
        ..Self::CRASH
    };
    pub const RIDE: Self = Self {
        stream: 6,
        lowest_hz: 420.0,
        decay: 17.0,
        body: 0.018,
        wash: (0.030, 0.03, 26.0),
        strike: 0.16,
        tilt: 0.1,
    };
    pub const LOW_RIDE: Self = Self { stream: 7, lowest_hz: 360.0, ..Self::RIDE };
}

/// A cymbal struck by a stick.
pub fn cymbal(note: &NoteOn, cymbal: &Cymbal) -> Vec<Layer> {
    let (level, force) = (stroke(note), note.force());
    let tilt = cymbal.tilt - 1.2 * (1.0 - force);
    let body = modes(note, cymbal.stream, 72, (cymbal.lowest_hz, 13_500.0), cymbal.body * level, tilt, |x| {
        cymbal.decay * (1.0 + 3.0 * x * x)
    });
    let (wash_level, rise, decay) = cymbal.wash;
    let wash = |low_hz: f64, share: f64, pan: f32| HissSpec {
        low_hz,
        high_hz: note.touch(9_000.0, 15_000.0),
        level: share * wash_level * level * note.touch(0.5, 1.0),
        attack_seconds: rise,
        decay_db_per_second: decay * low_hz / 4_000.0,
        pan,
        ..HissSpec::BURST
    };
    let stick = HissSpec {
        low_hz: 1_800.0,
        high_hz: note.touch(4_500.0, 9_000.0),
        level: cymbal.strike * level * force,
        attack_seconds: 0.0006,
        decay_db_per_second: 1_500.0,
        ..HissSpec::BURST
    };
    together([
        Some(Bank::new(note, body).attack(0.0015).layer()),
        Hiss::layer(note, 1, wash(3_200.0, 0.8, -0.2)),
        Hiss::layer(note, 2, wash(6_500.0, 0.6, 0.25)),
        Hiss::layer(note, 3, stick),
    ])
}

/// A few clear modes struck together.
fn chime(note: &NoteOn, hz: f64, level: f64, decay: f64, ratios: &[(f64, f64)]) -> Layer {
    let partials = ratios.iter().enumerate().map(|(i, &(ratio, share))| {
        let spot = 1.0 + 0.2 * note.luck(20 + i as u64) * f64::from(u8::from(i > 0));
        Partial::ringing(ratio * hz, level * share * spot, decay * (1.0 + 0.5 * i as f64))
    });
    Bank::new(note, partials).attack(0.001).damped(600.0).layer()
}

fn tick(
    note: &NoteOn,
    stream: u64,
    level: f64,
    low_hz: f64,
    high_hz: f64,
    delay_seconds: f64,
    decay: f64,
) -> Option<Layer> {
    let spec = HissSpec {
        low_hz,
        high_hz,
        level,
        attack_seconds: 0.0008,
        decay_db_per_second: decay,
        delay_seconds,
        ..HissSpec::BURST
    };
    Hiss::layer(note, stream, spec)
}

/// The bell of the ride.
pub fn ride_bell(note: &NoteOn) -> Vec<Layer> {
    let level = stroke(note);
    let mut layers = cymbal(note, &Cymbal { body: 0.006, strike: 0.06, ..Cymbal::RIDE });
    let ratios = [(1.0, 0.6), (1.482, 0.8), (2.27, 1.0), (3.19, 0.8), (4.46, 0.5), (6.1, 0.3)];
    layers.push(chime(note, 760.0, 0.10 * level, 17.0, &ratios));
    layers
}

/// A cowbell: two tones a fifth and a bit apart.
pub fn cowbell(note: &NoteOn) -> Vec<Layer> {
    let level = stroke(note);
    let ratios = [(1.0, 1.0), (1.512, 0.85), (2.46, 0.3), (3.61, 0.28), (4.9, 0.18), (6.4, 0.1)];
    together([
        Some(chime(note, 562.0, 0.22 * level, 78.0, &ratios)),
        tick(note, 1, 0.10 * level * note.force(), 1_500.0, 7_000.0, 0.0, 1_800.0),
    ])
}

/// Agogo bells.
pub fn agogo(note: &NoteOn, hz: f64) -> Vec<Layer> {
    let level = stroke(note);
    let ratios = [(1.0, 1.0), (2.31, 0.5), (3.89, 0.4), (5.12, 0.3), (6.7, 0.15)];
    together([
        Some(chime(note, hz, 0.22 * level, 48.0, &ratios)),
        tick(note, 1, 0.06 * level * note.force(), 2_500.0, 9_000.0, 0.0, 1_800.0),
    ])
}

/// A small bell.
pub fn bell(note: &NoteOn, hz: f64) -> Vec<Layer> {
    vec![chime(note, hz, 0.22 * stroke(note), 60.0, &[(1.0, 1.0), (2.76, 0.4), (5.4, 0.2)])]
}

/// Jingles of a tambourine: they clash, part and clash again.
pub fn tambourine(note: &NoteOn) -> Vec<Layer> {
    let level = stroke(note);
    let ring = modes(note, 8, 22, (3_800.0, 13_500.0), 0.017 * level, -0.2, |x| 130.0 * (1.0 + 0.6 * x));
    together([
        Some(Bank::new(note, ring).attack(0.003).layer()),
        tick(note, 1, 0.09 * level, 5_000.0, note.touch(9_000.0, 14_000.0), 0.0, 420.0),
        tick(note, 2, 0.055 * level, 5_500.0, 13_000.0, 0.028 + 0.006 * note.luck(3), 300.0),
        tick(note, 3, 0.05 * level * note.force(), 300.0, 1_600.0, 0.0, 900.0),
    ])
}

/// A triangle, open or in the hand.
pub fn triangle(note: &NoteOn, decay: f64) -> Vec<Layer> {
    let level = stroke(note);
    let ratios = [(1.0, 0.35), (2.42, 0.5), (3.87, 1.0), (5.31, 0.8), (6.94, 0.6), (8.83, 0.35), (10.4, 0.2)];
    let partials = ratios
        .map(|(ratio, share)| Partial::ringing(1_180.0 * ratio, 0.10 * level * share, decay * (1.0 + 0.06 * ratio)));
    together([
        Some(Bank::new(note, partials).attack(0.0008).damped(700.0).layer()),
        tick(note, 1, 0.05 * level * note.force(), 5_000.0, 12_000.0, 0.0, 2_000.0),
    ])
}

/// Sleigh bells.
pub fn jingle(note: &NoteOn) -> Vec<Layer> {
    let level = stroke(note);
    let ring = modes(note, 9, 26, (2_900.0, 9_500.0), 0.026 * level, -0.3, |x| 75.0 * (1.0 + 0.5 * x));
    together([
        Some(Bank::new(note, ring).attack(0.004).layer()),
        tick(note, 1, 0.04 * level, 5_000.0, 12_000.0, 0.0, 260.0),
        tick(note, 2, 0.03 * level, 5_000.0, 12_000.0, 0.05, 220.0),
    ])
}

/// A stroke down a row of small bells: rising modes, each a little later, drawn as one cloud.
pub fn bell_tree(note: &NoteOn) -> Vec<Layer> {
    let level = stroke(note);
    let cloud = modes(note, 10, 34, (1_900.0, 9_000.0), 0.022 * level, -0.3, |x| 17.0 * (1.0 + x));
    vec![Bank::new(note, cloud).attack(0.25).layer()]
}
