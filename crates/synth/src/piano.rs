//! A struck-string piano as a table of partials.
//!
//! - Stiff strings: f_n = n f₀ √(1 + B n²) (H. Fletcher 1964, "Normal vibration frequencies of a stiff piano string",
//!   J. Acoust. Soc. Am. 36; N. Fletcher & Rossing, "The Physics of Musical Instruments", §12.2–12.4).
//! - Two-stage decay: the strings of a unison leave their common motion for one the bridge hardly feels, so a loud, quick
//!   "prompt sound" gives way to a slow, slightly mistuned "aftersound", and the two beat (Weinreich 1977, "Coupled piano
//!   strings"). They radiate differently, so each group of partials has its own place in the panorama.
//! - The hammer strikes at an eighth of the string (partials 8, 16 … are weak) and, felt being stiffer when pressed hard,
//!   a fast hammer keeps more high partials.
//!
//! Numbers that no source fixes were chosen by ear within the ranges of Fletcher & Rossing, chapter 12.

use crate::elementary::{exp2, gain_from_db, sin_cos_turns};
use crate::noise::uniform;
use crate::partials::Partial;
use crate::voice::{Place, Voice};
use std::ops::RangeInclusive;

/// The prompt sound has partials up to this frequency: from [`FEWEST_PARTIALS`] in the treble to [`MOST_PARTIALS`] in the bass.
const RICH_UP_TO_HZ: f64 = 9_000.0;
const FEWEST_PARTIALS: u32 = 10;
const MOST_PARTIALS: u32 = 48;
/// Partials of the aftersound, whose upper ones nobody hears.
const AFTER_PARTIALS: u32 = 12;

/// From here up (F#6) a grand piano has no dampers.
const FIRST_UNDAMPED: u8 = 90;

/// Where the hammer meets the string, as a part of its length.
const STRIKING_POINT: f64 = 0.125;

/// Aftersound amplitude beside the prompt sound's 1, and its decay rate beside the prompt sound's.
const AFTER_AMPLITUDE: f64 = 0.28;
const AFTER_DECAY: f64 = 0.28;

/// Level of a note of velocity 127 before the gain of [`RenderSettings`](crate::RenderSettings).
const FULL_LEVEL: f64 = 0.30;

/// The inharmonicity B of the string of a MIDI pitch.
///
/// B falls through the wound bass strings and doubles every 7½ semitones in the treble: about 5·10⁻⁴ at A0, 10⁻⁴ in
/// the tenor, 3·10⁻⁴ at middle C, 3·10⁻² at C8. (The sum of two exponentials is the form of Rigaud, David & Daudet
/// 2013, "A parametric model … for the inharmonicity and tuning of the piano".)
pub fn inharmonicity(pitch: u8) -> f64 {
    let pitch = f64::from(pitch);
    4.5e-4 * exp2((21.0 - pitch) / 8.2) + 3.1e-4 * exp2((pitch - 60.0) / 7.5)
}

/// The first partial of a MIDI pitch in hertz: equal temperament at A4 = 440 Hz, and if `stretched`, flatter below and
/// sharper above as tuners have it (Railsback 1938; 30 cents at A0, 16 at C8, hardly any in the middle).
pub fn first_partial_hz(pitch: u8, stretched: bool) -> f64 {
    let semitones = f64::from(pitch) - 69.0;
    let part = semitones / 48.0;
    let cents = if stretched { 30.0 * part * part * part } else { 0.0 };
    440.0 * exp2((semitones + cents / 100.0) / 12.0)
}

/// The partial `n ≥ 1` of a stiff string whose first partial is `first_hz`.
pub fn partial_hz(n: u32, first_hz: f64, inharmonicity: f64) -> f64 {
    let n = f64::from(n);
    first_hz * n * ((1.0 + inharmonicity * n * n) / (1.0 + inharmonicity)).sqrt()
}

/// A note of the piano.
///
/// `velocity` is 1–127, `pan` −1 … 1 the place of the part; no partial reaches `highest_hz`.
pub(crate) fn strike(pitch: u8, velocity: u8, pan: f32, stretched: bool, highest_hz: f64) -> Voice {
    let first_hz = first_partial_hz(pitch, stretched);
    let amplitudes = spectrum(pitch, velocity, first_hz, highest_hz);
    let prompt = group(pitch, &amplitudes, 1..=MOST_PARTIALS, first_hz, 1.0 - AFTER_AMPLITUDE, 1.0);
    let detuned_hz = first_hz * exp2(aftersound_detuning_cents(pitch) / 1200.0);
    let after = group(pitch, &amplitudes, 1..=AFTER_PARTIALS, detuned_hz, AFTER_AMPLITUDE, AFTER_DECAY);
    // Seen from the keyboard the bass is on the left; the two motions of the strings leave at slightly different angles.
    let key = (f32::from(pitch) - 64.0) / 44.0 * 0.25;
    Voice {
        first: prompt,
        second: after,
        places: [Place::at(pan + key - 0.08), Place::at(pan + key + 0.22)],
        attack_seconds: attack_seconds(pitch, velocity),
        release_db_per_second: release_db_per_second(pitch),
    }
}

/// Contact lasts some 4 ms in the bass and under 1 ms in the treble, longer when soft; below 1 ms it would click.
fn attack_seconds(pitch: u8, velocity: u8) -> f64 {
    let contact = 0.004 * exp2((21.0 - f64::from(pitch)) / 40.0);
    (contact * (1.5 - 0.5 * f64::from(velocity) / 127.0)).max(0.001)
}

/// Decay of the first partial's prompt sound: 5 dB a second at A0, doubling every 21 semitones.
fn decay_db_per_second(pitch: u8) -> f64 {
    5.0 * exp2((f64::from(pitch) - 21.0) / 21.0)
}

/// Dampers need about half a second for long bass strings and a tenth for short ones; the top has none.
fn release_db_per_second(pitch: u8) -> f64 {
    if pitch >= FIRST_UNDAMPED { 0.0 } else { 90.0 * exp2((f64::from(pitch) - 21.0) / 24.0) }
}

/// Mistuning within the unison, 0.3–0.9 cents either way, always the same for one key.
fn aftersound_detuning_cents(pitch: u8) -> f64 {
    let draw = f64::from(uniform(1, u64::from(pitch)));
    if draw < 0.0 { 0.6 * draw - 0.3 } else { 0.6 * draw + 0.3 }
}

/// Amplitudes of the partials below `highest_hz`, scaled so that equal velocities give about equal loudness.
fn spectrum(pitch: u8, velocity: u8, first_hz: f64, highest_hz: f64) -> Vec<f64> {
    let force = f64::from(velocity.clamp(1, 127)) / 127.0;
    // Where the felt begins to smooth the string: rises with force and, more slowly than the pitch, with the key.
    let bright_hz = (350.0 + 2_600.0 * force * force.sqrt()) * exp2((f64::from(pitch) - 60.0) / 30.0);
    let stiffness = inharmonicity(pitch);
    let wanted = ((RICH_UP_TO_HZ / first_hz) as u32).clamp(FEWEST_PARTIALS, MOST_PARTIALS);
    let mut amplitudes: Vec<f64> = (1..=wanted)
        .map(|n| (n, partial_hz(n, first_hz, stiffness)))
        .take_while(|&(_, hz)| hz < highest_hz)
        .map(|(n, hz)| {
            let comb = sin_cos_turns(0.5 * f64::from(n) * STRIKING_POINT).0.abs().max(0.06);
            let felt = exp2(-(hz - first_hz) / bright_hz);
            let soundboard = hz * hz / (hz * hz + 60.0 * 60.0); // small boards do not radiate the lowest octave
            comb / f64::from(n).sqrt() * felt * soundboard
        })
        .collect();
    let power: f64 = amplitudes.iter().map(|a| a * a).sum();
    let treble_taper = gain_from_db(-0.12 * (f64::from(pitch) - 72.0).max(0.0));
    let loudness = FULL_LEVEL * force * force.sqrt() * treble_taper / power.max(1e-12).sqrt();
    amplitudes.iter_mut().for_each(|a| *a *= loudness);
    amplitudes
}

fn group(
    pitch: u8,
    amplitudes: &[f64],
    numbers: RangeInclusive<u32>,
    first_hz: f64,
    amplitude: f64,
    decay: f64,
) -> Vec<Partial> {
    let stiffness = inharmonicity(pitch);
    numbers
        .zip(amplitudes)
        .map(|(n, a)| Partial {
            frequency_hz: partial_hz(n, first_hz, stiffness),
            amplitude: a * amplitude,
            // Phases scattered once and for all keep the crest low; both groups start together, as the hammer does.
            phase_turns: 0.5 * f64::from(uniform(2, u64::from(pitch) << 8 | u64::from(n))),
            decay_db_per_second: decay * decay_db_per_second(pitch) * (1.0 + 0.16 * f64::from(n - 1)),
        })
        .collect()
}

/// Felt and wood: a soft thump of some 30 ms that goes with every blow.
pub(crate) struct HammerNoise {
    thump: Vec<f32>,
}

impl HammerNoise {
    /// Noise through two one-pole low-passes at 900 Hz under a short envelope, peak about 1.
    pub(crate) fn new(sample_rate_hz: f64) -> Self {
        let frames = (0.04 * sample_rate_hz) as usize;
        let keep = exp2(-900.0 * std::f64::consts::TAU / std::f64::consts::LN_2 / sample_rate_hz) as f32;
        let fall = gain_from_db(-1_500.0 / sample_rate_hz);
        let (mut once, mut twice, mut envelope) = (0.0f32, 0.0f32, 1.0f64);
        let mut thump: Vec<f32> = (0..frames)
            .map(|i| {
                once += (1.0 - keep) * (uniform(3, i as u64) - once);
                twice += (1.0 - keep) * (once - twice);
                envelope *= fall;
                let rise = (i as f64 / (0.0015 * sample_rate_hz)).min(1.0);
                let end = ((frames - i) as f64 / (0.01 * sample_rate_hz)).min(1.0);
                twice * (envelope * rise * end) as f32
            })
            .collect();
        let peak = thump.iter().fold(1e-9f32, |peak, x| peak.max(x.abs()));
        thump.iter_mut().for_each(|x| *x /= peak);
        Self { thump }
    }

    /// The thump of one blow: its samples and their gain.
    pub(crate) fn of(&self, velocity: u8) -> (&[f32], f32) {
        let force = f32::from(velocity.min(127)) / 127.0;
        (&self.thump, 0.022 * force * force)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inharmonicity_has_the_values_of_real_pianos() {
        for (pitch, low, high) in [(21, 3e-4, 7e-4), (45, 6e-5, 2.5e-4), (60, 2.5e-4, 5e-4), (108, 1e-2, 4e-2)] {
            let b = inharmonicity(pitch);
            assert!(low < b && b < high, "pitch {pitch}: B = {b}");
        }
        assert!((60..127).all(|p| inharmonicity(p + 1) > inharmonicity(p)));
    }

    #[test]
    fn the_first_partial_is_the_pitch_and_the_others_are_sharp_of_harmonic() {
        assert_eq!(partial_hz(1, 440.0, 1e-3), 440.0);
        // 2·440·√(1.004/1.001), by hand.
        assert!((partial_hz(2, 440.0, 1e-3) - 881.317_7).abs() < 1e-3);
    }

    #[test]
    fn the_top_octave_and_a_half_rings_on() {
        assert!(strike(89, 64, 0.0, true, 20_000.0).release_db_per_second > 100.0);
        assert_eq!(strike(90, 64, 0.0, true, 20_000.0).release_db_per_second, 0.0);
    }

    #[test]
    fn no_partial_of_any_key_reaches_the_highest_frequency() {
        for pitch in 0..=127 {
            let voice = strike(pitch, 127, 0.0, true, 9_000.0);
            assert!(voice.first.iter().chain(&voice.second).all(|p| p.frequency_hz < 9_010.0));
            assert!(!voice.first.is_empty() || pitch > 114, "pitch {pitch} is silent");
        }
    }
}
