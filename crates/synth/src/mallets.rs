//! Bars, bells, tongues and kettles: everything struck that has its own modes instead of harmonics.
//!
//! Frequencies beside the pitch, levels and decays follow Fletcher & Rossing, "The Physics of Musical Instruments", chapters 18–21
//! (bars, bells) and Rossing, "Science of Percussion Instruments".

use crate::elementary::{exp2, log2};
use crate::hiss::{Hiss, HissSpec};
use crate::note_on::NoteOn;
use crate::partials::{Bank, Partial};
use crate::voice::{Layer, Tremolo};

/// One mode: frequency beside the pitch, amplitude, decay beside the first mode's, and how much a soft mallet leaves out
/// (its amplitude goes with force to this power).
type Mode = (f64, f64, f64, f64);

/// What tells one struck thing from another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Struck {
    modes: &'static [Mode],
    /// Decay of the first mode at middle C, dB a second, and by which power of the frequency it grows.
    decay_db_per_second: f64,
    decay_growth: f64,
    /// What a release adds; 0 rings on.
    release_db_per_second: f64,
    attack_seconds: f64,
    /// Noise of the mallet: level, and its upper edge from soft to hard.
    mallet: f64,
    mallet_hz: (f64, f64),
    tremolo: Option<Tremolo>,
    /// Each mode is a pair this many cents apart, which beats; 0 for single modes.
    warble_cents: f64,
}

const BAR: Struck = Struck {
    modes: &[],
    decay_db_per_second: 60.0,
    decay_growth: 0.8,
    release_db_per_second: 0.0,
    attack_seconds: 0.0012,
    mallet: 0.02,
    mallet_hz: (500.0, 2_500.0),
    tremolo: None,
    warble_cents: 0.0,
};

impl Struck {
    pub const CELESTA: Self = Self {
        modes: &[
            (1.0, 1.0, 1.0, 0.0),
            (2.76, 0.10, 2.6, 0.8),
            (4.0, 0.16, 2.0, 0.5),
            (5.40, 0.05, 5.0, 1.0),
            (8.9, 0.02, 9.0, 1.2),
        ],
        decay_db_per_second: 24.0,
        decay_growth: 0.5,
        release_db_per_second: 90.0,
        mallet: 0.008,
        ..BAR
    };
    pub const GLOCKENSPIEL: Self = Self {
        modes: &[(1.0, 1.0, 1.0, 0.0), (2.756, 0.35, 1.6, 0.5), (5.404, 0.22, 3.0, 0.8), (8.933, 0.10, 5.0, 1.0)],
        decay_db_per_second: 9.0,
        decay_growth: 0.5,
        mallet: 0.012,
        mallet_hz: (2_500.0, 8_000.0),
        ..BAR
    };
    pub const MUSIC_BOX: Self = Self {
        modes: &[
            (1.0, 1.0, 1.0, 0.0),
            (2.002, 0.10, 1.5, 0.3),
            (3.01, 0.05, 2.0, 0.4),
            (6.267, 0.20, 3.0, 0.7),
            (17.55, 0.05, 8.0, 1.0),
        ],
        decay_db_per_second: 15.0,
        decay_growth: 0.45,
        attack_seconds: 0.001,
        mallet: 0.006,
        mallet_hz: (2_000.0, 6_000.0),
        warble_cents: 1.2,
        ..BAR
    };
    pub const VIBRAPHONE: Self = Self {
        modes: &[(1.0, 1.0, 1.0, 0.0), (3.98, 0.20, 3.0, 0.9), (9.92, 0.05, 8.0, 1.2), (17.9, 0.012, 14.0, 1.4)],
        decay_db_per_second: 8.0,
        decay_growth: 0.55,
        release_db_per_second: 160.0,
        mallet: 0.008,
        mallet_hz: (300.0, 1_600.0),
        tremolo: Some(Tremolo { hz: 5.2, depth: 0.45, opposed: false }),
        ..BAR
    };
    pub const MARIMBA: Self = Self {
        modes: &[(1.0, 1.0, 1.0, 0.0), (3.93, 0.30, 3.4, 0.7), (9.24, 0.10, 9.0, 1.0), (16.3, 0.03, 16.0, 1.2)],
        decay_db_per_second: 42.0,
        decay_growth: 0.85,
        mallet: 0.022,
        mallet_hz: (250.0, 1_500.0),
        ..BAR
    };
    pub const XYLOPHONE: Self = Self {
        modes: &[
            (1.0, 1.0, 1.0, 0.0),
            (3.0, 0.45, 1.8, 0.5),
            (6.1, 0.25, 3.2, 0.7),
            (10.2, 0.12, 6.0, 0.9),
            (14.8, 0.05, 9.0, 1.0),
        ],
        decay_db_per_second: 85.0,
        decay_growth: 0.6,
        attack_seconds: 0.001,
        mallet: 0.03,
        mallet_hz: (1_500.0, 6_000.0),
        ..BAR
    };
    /// The ear hears a chime an octave below its fourth mode; modes 4, 5, 6 … are as 9², 11², 13² …
    pub const TUBULAR_BELLS: Self = Self {
        modes: &[
            (0.617, 0.14, 0.7, 0.0),
            (1.0, 0.22, 0.8, 0.0),
            (1.21, 0.30, 0.8, 0.0),
            (2.0, 1.0, 1.0, 0.0),
            (2.988, 0.75, 1.3, 0.2),
            (4.173, 0.5, 1.8, 0.4),
            (5.556, 0.3, 2.6, 0.6),
            (7.136, 0.18, 3.8, 0.8),
            (8.91, 0.09, 5.0, 1.0),
        ],
        decay_db_per_second: 9.0,
        decay_growth: 0.35,
        release_db_per_second: 12.0,
        mallet: 0.02,
        mallet_hz: (1_500.0, 6_000.0),
        warble_cents: 1.6,
        ..BAR
    };
    /// A small hand bell: hum an octave below, minor third.
    pub const TINKLE_BELL: Self = Self {
        modes: &[
            (1.0, 1.0, 1.0, 0.0),
            (0.5, 0.2, 0.6, 0.0),
            (1.19, 0.3, 1.2, 0.2),
            (1.51, 0.2, 1.5, 0.3),
            (2.0, 0.6, 1.3, 0.3),
            (2.98, 0.3, 2.0, 0.6),
            (4.1, 0.2, 3.0, 0.8),
        ],
        decay_db_per_second: 14.0,
        decay_growth: 0.5,
        attack_seconds: 0.001,
        mallet: 0.006,
        mallet_hz: (3_000.0, 9_000.0),
        warble_cents: 2.5,
        ..BAR
    };
    pub const AGOGO: Self = Self {
        modes: &[
            (1.0, 1.0, 1.0, 0.0),
            (2.31, 0.5, 1.4, 0.3),
            (3.89, 0.35, 2.2, 0.5),
            (5.12, 0.3, 3.0, 0.7),
            (6.71, 0.15, 4.0, 0.9),
        ],
        decay_db_per_second: 50.0,
        decay_growth: 0.4,
        attack_seconds: 0.001,
        mallet: 0.02,
        mallet_hz: (2_500.0, 8_000.0),
        ..BAR
    };
    /// The note, its octave and its twelfth are tuned into the dome; a stroke shakes its neighbours too.
    pub const STEEL_DRUM: Self = Self {
        modes: &[
            (1.0, 1.0, 1.0, 0.0),
            (2.004, 0.65, 1.1, 0.4),
            (2.99, 0.28, 1.6, 0.7),
            (3.99, 0.16, 2.4, 0.9),
            (4.22, 0.08, 3.0, 1.0),
            (6.1, 0.05, 5.0, 1.2),
        ],
        decay_db_per_second: 26.0,
        decay_growth: 0.4,
        mallet: 0.016,
        mallet_hz: (500.0, 2_500.0),
        warble_cents: 3.0,
        ..BAR
    };
    pub const WOODBLOCK: Self = Self {
        modes: &[(1.0, 1.0, 1.0, 0.0), (1.62, 0.4, 1.4, 0.3), (2.57, 0.3, 2.0, 0.5), (4.1, 0.12, 3.0, 0.8)],
        decay_db_per_second: 330.0,
        decay_growth: 0.3,
        attack_seconds: 0.0008,
        mallet: 0.05,
        mallet_hz: (1_500.0, 5_000.0),
        ..BAR
    };
    pub const KALIMBA: Self = Self {
        modes: &[(1.0, 1.0, 1.0, 0.0), (2.0, 0.07, 1.4, 0.4), (5.42, 0.22, 4.0, 0.6), (11.8, 0.06, 10.0, 0.9)],
        decay_db_per_second: 30.0,
        decay_growth: 0.5,
        mallet: 0.018,
        mallet_hz: (600.0, 3_000.0),
        ..BAR
    };
    /// A kettle: the air in it brings the first modes close to 2 : 3 : 4 : 5.
    pub const TIMPANI: Self = Self {
        modes: &[
            (1.0, 1.0, 1.0, 0.0),
            (0.82, 0.35, 9.0, 0.3),
            (1.504, 0.6, 1.2, 0.2),
            (1.742, 0.2, 6.0, 0.4),
            (2.0, 0.35, 1.6, 0.4),
            (2.44, 0.2, 2.2, 0.6),
            (2.91, 0.12, 3.0, 0.8),
            (3.4, 0.06, 4.0, 1.0),
        ],
        decay_db_per_second: 28.0,
        decay_growth: 0.3,
        release_db_per_second: 20.0,
        attack_seconds: 0.003,
        mallet: 0.05,
        mallet_hz: (150.0, 700.0),
        warble_cents: 2.0,
        ..BAR
    };
    /// Glass that is struck: the crystal of General MIDI.
    pub const CRYSTAL: Self = Self {
        modes: &[
            (1.0, 1.0, 1.0, 0.0),
            (2.32, 0.4, 0.9, 0.2),
            (4.25, 0.35, 1.0, 0.4),
            (6.63, 0.2, 1.4, 0.6),
            (9.38, 0.12, 2.0, 0.8),
        ],
        decay_db_per_second: 16.0,
        decay_growth: 0.35,
        mallet: 0.004,
        mallet_hz: (4_000.0, 9_000.0),
        warble_cents: 5.0,
        release_db_per_second: 10.0,
        ..BAR
    };

    /// The layers of a note.
    pub fn strike(&self, note: &NoteOn) -> Vec<Layer> {
        let hz = note.hz();
        let force = note.force();
        let power: f64 = self.modes.iter().map(|m| m.1 * m.1).sum();
        let level = 0.26 * note.level() / power.sqrt();
        let slowest = self.decay_db_per_second * note.along(self.decay_growth);
        let apart = exp2(0.5 * self.warble_cents / 1_200.0);
        let shares: &[(f64, f64)] = if self.warble_cents > 0.0 { &[(1.0, 0.62), (-1.0, 0.38)] } else { &[(0.0, 1.0)] };
        let mut layers = Vec::with_capacity(shares.len() + 1);
        for &(side, share) in shares {
            let detuned = hz
                * if side > 0.0 {
                    apart
                } else if side < 0.0 {
                    1.0 / apart
                } else {
                    1.0
                };
            let modes = self.modes.iter().enumerate().map(|(i, &(ratio, amplitude, decay, hardness))| {
                // The spot that is hit differs a little from stroke to stroke, and favours other modes.
                let spot = 1.0 + 0.12 * note.luck(i as u64) * f64::from(u8::from(i > 0));
                let soft = exp2(hardness * log2(force.max(0.01)) * 1.3);
                Partial::ringing(ratio * detuned, level * share * amplitude * soft * spot, slowest * decay)
            });
            let pan = note.pan + 0.12 * side as f32 + (f32::from(note.pitch) - 66.0) / 60.0 * 0.2;
            let mut bank =
                Bank::new(note, modes).at(pan).attack(self.attack_seconds).damped(self.release_db_per_second);
            if let Some(tremolo) = self.tremolo {
                bank = bank.tremolo(tremolo);
            }
            layers.push(bank.layer());
        }
        layers.extend(Hiss::layer(note, 1, self.mallet_noise(note)));
        layers
    }

    fn mallet_noise(&self, note: &NoteOn) -> HissSpec {
        let (soft_hz, hard_hz) = self.mallet_hz;
        let high_hz = note.touch(soft_hz, hard_hz);
        HissSpec {
            low_hz: 0.2 * high_hz,
            high_hz,
            level: self.mallet * note.force() * note.level(),
            attack_seconds: 0.0008,
            decay_db_per_second: 1_300.0,
            ..HissSpec::BURST
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Struck; 14] = [
        Struck::CELESTA,
        Struck::GLOCKENSPIEL,
        Struck::MUSIC_BOX,
        Struck::VIBRAPHONE,
        Struck::MARIMBA,
        Struck::XYLOPHONE,
        Struck::TUBULAR_BELLS,
        Struck::TINKLE_BELL,
        Struck::AGOGO,
        Struck::STEEL_DRUM,
        Struck::WOODBLOCK,
        Struck::KALIMBA,
        Struck::TIMPANI,
        Struck::CRYSTAL,
    ];

    #[test]
    fn every_one_has_a_mode_on_the_pitch() {
        assert!(ALL.iter().all(|s| s.modes.iter().any(|m| m.0 == 1.0)));
    }

    #[test]
    fn every_one_dies_away_by_itself_within_twenty_seconds_at_middle_c() {
        for struck in ALL {
            let slowest = struck.modes.iter().map(|m| m.2).fold(f64::MAX, f64::min) * struck.decay_db_per_second;
            // At the bottom of the keyboard, five octaves below middle C.
            let at_bottom = slowest * (-5.0 * struck.decay_growth).exp2();
            assert!(90.0 / at_bottom < 90.0, "{struck:?}");
            assert!(90.0 / slowest < 20.0, "{struck:?}");
        }
    }
}
