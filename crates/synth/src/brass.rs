//! Brass: the louder, the more harmonics.
//!
//! The wave steepens on its way through a long tube, so the spectrum of a loud note reaches many times higher than that of a soft
//! one (Hirschberg et al. 1996, "Shock waves in trombones"), and in every attack the high harmonics come last (Risset &
//! Mathews 1969). The bell passes what lies above its cut-off with formants of its own.

use crate::elementary::exp2;
use crate::hiss::{Hiss, HissSpec};
use crate::note_on::NoteOn;
use crate::spectrum::{Formant, fall, formant, formants, radiation};
use crate::voice::Layer;
use crate::waves::{Desk, SOLO, Tone, Waves, section};
use crate::wavetable::Tables;

/// What tells one brass instrument from another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Brass {
    bell: &'static [Formant],
    lowest_hz: f64,
    /// Where the spectra of the softest and the loudest note begin to fall.
    corner_hz: (f64, f64),
    attack_seconds: (f64, f64),
    vibrato_cents: f64,
    players: u32,
    air: f64,
}

impl Brass {
    pub const TRUMPET: Self = Self {
        bell: &[formant(1_250.0, 700.0, 1.2), formant(2_600.0, 1_200.0, 0.6)],
        lowest_hz: 260.0,
        corner_hz: (620.0, 4_200.0),
        attack_seconds: (0.07, 0.022),
        vibrato_cents: 7.0,
        players: 1,
        air: 0.003,
    };
    pub const TROMBONE: Self = Self {
        bell: &[formant(550.0, 350.0, 1.1), formant(1_600.0, 900.0, 0.4)],
        lowest_hz: 110.0,
        corner_hz: (380.0, 2_900.0),
        attack_seconds: (0.085, 0.03),
        vibrato_cents: 5.0,
        ..Self::TRUMPET
    };
    pub const TUBA: Self = Self {
        bell: &[formant(250.0, 200.0, 1.0), formant(480.0, 300.0, 0.4)],
        lowest_hz: 45.0,
        corner_hz: (190.0, 900.0),
        attack_seconds: (0.09, 0.04),
        vibrato_cents: 2.0,
        air: 0.004,
        ..Self::TRUMPET
    };
    /// A mute stops the low harmonics and rings at 1–2 kHz.
    pub const MUTED_TRUMPET: Self = Self {
        bell: &[formant(1_550.0, 500.0, 2.4), formant(3_400.0, 1_100.0, 1.4)],
        lowest_hz: 900.0,
        corner_hz: (1_300.0, 5_200.0),
        ..Self::TRUMPET
    };
    /// The hand in the bell keeps it round.
    pub const HORN: Self = Self {
        bell: &[formant(340.0, 220.0, 1.1), formant(750.0, 500.0, 0.5)],
        lowest_hz: 90.0,
        corner_hz: (330.0, 1_700.0),
        attack_seconds: (0.1, 0.045),
        vibrato_cents: 2.0,
        ..Self::TRUMPET
    };
    pub const SECTION: Self = Self {
        bell: &[formant(600.0, 400.0, 0.5), formant(1_300.0, 800.0, 1.0)],
        lowest_hz: 150.0,
        corner_hz: (550.0, 3_800.0),
        attack_seconds: (0.075, 0.028),
        players: 4,
        ..Self::TRUMPET
    };
    /// Two sawtooths behind a filter that opens and half closes.
    pub const SYNTH: Self = Self {
        bell: &[],
        lowest_hz: 40.0,
        corner_hz: (500.0, 5_000.0),
        attack_seconds: (0.03, 0.012),
        vibrato_cents: 3.0,
        players: 2,
        air: 0.0,
    };
    pub const SOFT_SYNTH: Self =
        Self { corner_hz: (350.0, 2_400.0), attack_seconds: (0.08, 0.04), players: 3, ..Self::SYNTH };

    /// The layers of a note.
    pub fn blow(&self, note: &NoteOn, tables: &mut Tables) -> Vec<Layer> {
        let hz = note.hz();
        let up = exp2(0.35 * note.octaves_above(60).max(-1.0));
        let tube = |corner_hz: f64, steepness: f64| {
            move |n: f64, at: f64| {
                let wave = exp2(-steepness * (n - 1.0).min(30.0)) + 0.02 / n;
                wave * fall(at, corner_hz * up, 3) * formants(at, 1.0, self.bell) * radiation(at, self.lowest_hz)
            }
        };
        let table = tables.of(note, 0, hz, tube(self.corner_hz.0, 0.3), tube(self.corner_hz.1, 0.04));
        let full = note.swell();
        let desks = match self.players {
            1 => SOLO.to_vec(),
            2 => vec![
                Desk { cents: 3.5, pan: -0.25, share: 0.71, delay_seconds: 0.0 },
                Desk { cents: -3.5, pan: 0.25, share: 0.7, delay_seconds: 0.0 },
            ],
            players => section(players, 5.0, 0.45, 0.018),
        };
        let attack = note.touch(self.attack_seconds.0, self.attack_seconds.1);
        let tone = Tone {
            hz,
            level: 0.11 * note.level(),
            attack_seconds: attack,
            // A tongued note starts with an accent and settles.
            sustain: 0.82,
            decay_half_life: 0.12,
            release_db_per_second: 420.0,
            // High harmonics come last: dull at first, full after the attack.
            first_brightness: 0.25 * full,
            brightness: full,
            brightness_half_life: 0.8 * attack,
            vibrato_hz: 5.1,
            vibrato_cents: self.vibrato_cents,
            vibrato_swell: 0.05,
            vibrato_delay: 0.35,
            scoop_cents: -35.0,
            scoop_half_life: 0.014,
            drift_cents: if self.players == 1 { 0.9 } else { 1.6 },
            desks,
            ..Tone::default()
        };
        let air = HissSpec {
            low_hz: 800.0,
            high_hz: 4_500.0,
            level: self.air * note.level(),
            attack_seconds: 0.008,
            decay_db_per_second: 110.0,
            sustain: 0.25,
            release_db_per_second: 500.0,
            ..HissSpec::STREAM
        };
        let mut layers = vec![Waves::layer(note, 0, table, tone)];
        layers.extend(Hiss::layer(note, 1, air));
        layers
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loudest_spectrum_reaches_several_times_higher_than_the_softest() {
        for brass in [Brass::TRUMPET, Brass::TROMBONE, Brass::TUBA, Brass::HORN, Brass::SECTION] {
            assert!(brass.corner_hz.1 > 4.0 * brass.corner_hz.0, "{brass:?}");
            assert!(brass.attack_seconds.0 > brass.attack_seconds.1);
        }
    }
}
