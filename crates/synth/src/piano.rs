//! A struck-string piano as a table of partials.
//!
//! - Stiff strings: f_n = n f₀ √(1 + B n²) (H. Fletcher 1964, "Normal vibration frequencies of a stiff piano string",
//!   J. Acoust. Soc. Am. 36; N. Fletcher & Rossing, "The Physics of Musical Instruments", §12.2–12.4).
//! - Two-stage decay: the strings of a unison leave their common motion for others the bridge hardly feels, so a loud, quick
//!   "prompt sound" gives way to a slow, slightly mistuned "aftersound" of as many motions as there are further strings, and
//!   they beat (Weinreich 1977, "Coupled piano strings"). They radiate differently, so each group of partials has its own place
//!   in the panorama. One string in the lowest octave, two in the next, three above.
//! - The hammer strikes at an eighth of the string (partials 8, 16 … are weak). It is a spring that stiffens when pressed
//!   hard: contact gets shorter with velocity, and partials whose period is shorter than the contact fall away.
//! - The blow reaches the soundboard as a knock of its lowest modes; the dampers fall back with a soft brush of felt.
//!
//! Numbers that no source fixes were chosen by ear and eye within the ranges of Fletcher & Rossing, chapter 12.

use crate::elementary::{exp2, gain_from_db, sin_cos_turns};
use crate::hiss::{Hiss, HissSpec};
use crate::noise::uniform;
use crate::note_on::NoteOn;
use crate::partials::{Bank, Partial};
use crate::spectrum::{fall, radiation};
use crate::voice::Layer;

/// Partials up to this frequency: from [`FEWEST_PARTIALS`] in the treble to [`MOST_PARTIALS`] in the bass.
const RICH_UP_TO_HZ: f64 = 9_000.0;
const FEWEST_PARTIALS: u32 = 10;
const MOST_PARTIALS: u32 = 72;
/// Partials of each aftersound, whose upper ones nobody hears.
const AFTER_PARTIALS: u32 = 14;

/// From here up (F#6) a grand piano has no dampers.
const FIRST_UNDAMPED: u8 = 90;

/// Where the hammer meets the string, as a part of its length.
const STRIKING_POINT: f64 = 0.125;

/// Amplitude of the common motion of the strings.
const PROMPT_AMPLITUDE: f64 = 0.74;

/// The second and third motion of the strings: amplitude and decay rate beside the prompt sound's 1.
const AFTER: [(f64, f64); 2] = [(0.22, 0.26), (0.13, 0.34)];

/// Level of a note of velocity 127 before the gain of [`RenderSettings`](crate::RenderSettings).
const FULL_LEVEL: f64 = 0.30;

/// Modes of the soundboard and rim that the blow itself sets going: hertz, and dB a second.
const BOARD: [(f64, f64); 7] =
    [(57.0, 75.0), (84.0, 95.0), (117.0, 110.0), (163.0, 130.0), (229.0, 160.0), (338.0, 200.0), (476.0, 260.0)];

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

/// What tells one piano from another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Piano {
    /// Hardness of the hammers, 1 for the grand.
    pub hardness: f64,
    /// Mistuning within a unison in cents; a well-kept grand has under one.
    pub unison_cents: f64,
    /// How much of board and felt is heard, 1 for the grand, 0 for strings under pickups.
    pub board: f64,
    /// Decay beside the grand's.
    pub decay: f64,
}

impl Piano {
    pub const GRAND: Self = Self { hardness: 1.0, unison_cents: 0.7, board: 1.0, decay: 1.0 };
    pub const BRIGHT: Self = Self { hardness: 1.5, unison_cents: 0.5, decay: 0.9, ..Self::GRAND };
    pub const ELECTRIC_GRAND: Self = Self { hardness: 1.2, unison_cents: 1.2, board: 0.15, decay: 1.25 };
    pub const HONKY_TONK: Self = Self { hardness: 1.4, unison_cents: 9.0, decay: 1.3, ..Self::GRAND };

    /// The layers of a note: prompt sound, aftersounds, knock, felt.
    pub fn strike(&self, note: &NoteOn) -> Vec<Layer> {
        let first_hz = first_partial_hz(note.pitch, note.stretched);
        let amplitudes = self.spectrum(note, first_hz);
        // Seen from the keyboard the bass is on the left; the motions of the strings leave at different angles.
        let key = note.pan + (f32::from(note.pitch) - 64.0) / 44.0 * 0.25;
        let strings = strings(note.pitch);
        // A honky-tonk's strings are out of tune but equally loud; coupling makes a grand's second motion soft.
        let apart = (self.unison_cents / 10.0).min(1.0);
        let mut layers =
            vec![self.motion(note, &amplitudes, first_hz, PROMPT_AMPLITUDE, 1.0, MOST_PARTIALS, key - 0.07)];
        let places = [0.24, -0.22];
        for (index, (amplitude, decay)) in AFTER.into_iter().enumerate().take(strings.saturating_sub(1).max(1)) {
            let cents = self.mistuning_cents(note, index, strings);
            let hz = first_hz * exp2(cents / 1_200.0);
            let amplitude = amplitude + (0.6 - amplitude) * apart;
            let decay = decay + (0.9 - decay) * apart;
            let most = if apart > 0.5 { MOST_PARTIALS } else { AFTER_PARTIALS };
            layers.push(self.motion(note, &amplitudes, hz, amplitude, decay, most, key + places[index]));
        }
        layers.push(self.knock(note, key));
        layers.extend(self.felt(note));
        layers
    }

    /// Amplitudes of the partials that may sound, scaled so that equal velocities give about equal loudness.
    fn spectrum(&self, note: &NoteOn, first_hz: f64) -> Vec<f64> {
        let force = note.force();
        let stiffness = inharmonicity(note.pitch);
        // Where the felt begins to smooth the string: one over the contact time, which shrinks with force and along the keys.
        let corner_hz = self.hardness * (220.0 + 1_500.0 * force * force.sqrt()) * note.along(0.42);
        let wanted = ((RICH_UP_TO_HZ / first_hz) as u32).clamp(FEWEST_PARTIALS, MOST_PARTIALS);
        let mut amplitudes: Vec<f64> = (1..=wanted)
            .map(|n| (n, partial_hz(n, first_hz, stiffness)))
            .take_while(|&(_, hz)| hz < note.highest_hz())
            .map(|(n, hz)| {
                let comb = sin_cos_turns(0.5 * f64::from(n) * STRIKING_POINT).0.abs().max(0.08);
                // Small boards do not radiate the lowest octave, and no two strings are voiced alike.
                let voicing = gain_from_db(2.2 * f64::from(uniform(12, u64::from(note.pitch) << 8 | u64::from(n))));
                comb * fall(hz - first_hz, corner_hz, 2) * fall(hz, 5.0 * corner_hz, 3) * radiation(hz, 75.0) * voicing
            })
            .collect();
        let power: f64 = amplitudes.iter().map(|a| a * a).sum();
        let treble_taper = gain_from_db(-0.12 * (f64::from(note.pitch) - 72.0).max(0.0));
        let loudness = FULL_LEVEL * note.level() * treble_taper / power.max(1e-12).sqrt();
        amplitudes.iter_mut().for_each(|a| *a *= loudness);
        amplitudes
    }

    /// One motion of the strings: all partials of one of the decays.
    fn motion(
        &self,
        note: &NoteOn,
        amplitudes: &[f64],
        first_hz: f64,
        amplitude: f64,
        decay: f64,
        most: u32,
        pan: f32,
    ) -> Layer {
        let stiffness = inharmonicity(note.pitch);
        let slowest = decay * self.decay * decay_db_per_second(note.pitch);
        let partials = (1..=most).zip(amplitudes).map(|(n, a)| {
            let place = u64::from(note.pitch) << 8 | u64::from(n);
            let hz = partial_hz(n, first_hz, stiffness);
            // The bridge takes what the soundboard answers to: decays of neighbouring partials differ by a third or so.
            let bridge = 1.0 + 0.3 * f64::from(uniform(13, place));
            let inner = 2.6e-6 * hz * hz;
            Partial {
                frequency_hz: hz,
                amplitude: a * amplitude,
                // Phases scattered once and for all keep the crest low; all motions start together, as the hammer does.
                phase_turns: 0.5 * f64::from(uniform(2, place)),
                decay_db_per_second: slowest * (1.0 + 0.11 * f64::from(n - 1)) * bridge + decay.sqrt() * inner,
            }
        });
        Bank::new(note, partials).at(pan).attack(attack_seconds(note)).damped(release_db_per_second(note.pitch)).layer()
    }

    /// Mistuning of a further string: 0.35–1 of the unison's cents either way, always the same for one key.
    fn mistuning_cents(&self, note: &NoteOn, index: usize, strings: usize) -> f64 {
        let draw = note.dice(20 + index as u64);
        let sign = if index == 0 { 1.0 } else { -1.0 };
        // A single string turns between two planes of motion that hardly differ.
        let spread = if strings == 1 { 0.3 } else { 1.0 };
        sign * spread * self.unison_cents * (0.675 + 0.325 * draw)
    }

    /// The lowest modes of the board, set going by the blow whatever the key.
    fn knock(&self, note: &NoteOn, pan: f32) -> Layer {
        let level = 0.016 * self.board * note.force() * note.level();
        let modes = BOARD.into_iter().enumerate().map(|(index, (hz, decay))| {
            // Each key rests at its own place of the bridge and drives each mode differently.
            let drive = 0.35 + 0.65 * note.dice(30 + index as u64).abs();
            Partial::ringing(hz, level * drive, decay)
        });
        Bank::new(note, modes).at(0.5 * pan).attack(0.002).layer()
    }

    /// Felt on the string at the blow, and dampers on it at the end.
    fn felt(&self, note: &NoteOn) -> impl Iterator<Item = Layer> {
        let bright_hz = 700.0 + 3_000.0 * note.force() * self.hardness;
        let blow = HissSpec {
            low_hz: 180.0,
            high_hz: bright_hz * note.along(0.2),
            level: 0.011 * self.board * note.force() * note.level() * note.along(0.25),
            attack_seconds: 0.0015,
            decay_db_per_second: 900.0,
            ..HissSpec::BURST
        };
        let damper = HissSpec {
            low_hz: 120.0,
            high_hz: 1_100.0,
            level: if note.pitch >= FIRST_UNDAMPED { 0.0 } else { 0.0016 * self.board * note.touch(0.6, 1.0) },
            attack_seconds: 0.012,
            decay_db_per_second: 420.0,
            at_release: true,
            ..HissSpec::BURST
        };
        Hiss::layer(note, 1, blow).into_iter().chain(Hiss::layer(note, 2, damper))
    }
}

/// Strings to a key: one for the lowest octave, two for the next, three above.
fn strings(pitch: u8) -> usize {
    match pitch {
        0..=31 => 1,
        32..=45 => 2,
        _ => 3,
    }
}

/// Contact lasts some 4 ms in the bass and under 1 ms in the treble, longer when soft; below 1 ms it would click.
fn attack_seconds(note: &NoteOn) -> f64 {
    let contact = 0.004 * exp2((21.0 - f64::from(note.pitch)) / 40.0);
    (contact * (1.6 - 0.7 * note.force())).max(0.001)
}

/// Decay of the first partial's prompt sound: 4 dB a second at A0, doubling every 20 semitones.
fn decay_db_per_second(pitch: u8) -> f64 {
    4.0 * exp2((f64::from(pitch) - 21.0) / 20.0)
}

/// Dampers need about half a second for long bass strings and a tenth for short ones; the top has none.
fn release_db_per_second(pitch: u8) -> f64 {
    if pitch >= FIRST_UNDAMPED { 0.0 } else { 85.0 * exp2((f64::from(pitch) - 21.0) / 22.0) }
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
        assert!(release_db_per_second(89) > 100.0);
        assert_eq!(release_db_per_second(90), 0.0);
    }

    #[test]
    fn a_hard_blow_keeps_more_high_partials() {
        let share = |velocity| {
            let amplitudes = Piano::GRAND.spectrum(&NoteOn::plain(60, velocity, 44_100.0), 261.6);
            amplitudes[5..12].iter().sum::<f64>() / amplitudes[0]
        };
        assert!(share(120) > 2.0 * share(70) && share(70) > 2.0 * share(25));
    }

    #[test]
    fn one_two_and_three_strings() {
        assert_eq!([21, 31, 32, 45, 46, 108].map(strings), [1, 1, 2, 2, 3, 3]);
        for (pitch, layers) in [(24, 5), (40, 5), (60, 6), (100, 5)] {
            let count = Piano::GRAND.strike(&NoteOn::plain(pitch, 90, 44_100.0)).len();
            assert_eq!(count, layers, "pitch {pitch}: motions, knock, blow and (below F#6) damper");
        }
    }
}
