//! Bowed strings, alone and in sections.
//!
//! The bow drags the string to a sawtooth: harmonic n with 1/n (Helmholtz 1863). Bridge and body colour it by their modes: air
//! and wood resonances near the open strings, the bridge hill at 2–3 kHz (Fletcher & Rossing, chapter 10). A light bow rounds the
//! corner of the sawtooth. A section is several such players whose pitch, vibrato and entry differ a little.

use crate::elementary::exp2;
use crate::hiss::{Hiss, HissSpec};
use crate::note_on::NoteOn;
use crate::spectrum::{Formant, fall, formant, formants, radiation};
use crate::voice::Layer;
use crate::waves::{SOLO, Tone, Waves, section};
use crate::wavetable::Tables;

/// What tells one bowed instrument, or one section, from another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Bowed {
    body: &'static [Formant],
    lowest_hz: f64,
    /// Where a light and a heavy bow round the sawtooth off.
    corner_hz: (f64, f64),
    attack_seconds: (f64, f64),
    release_db_per_second: f64,
    vibrato_cents: f64,
    players: u32,
    spread_cents: f64,
    /// Strokes of a tremolo a second; 0 for long bows.
    tremolo_hz: f64,
    rosin: f64,
    /// Part of the level that stays while the bow is drawn: 1, or 0 for a stroke that dies away.
    sustain: f64,
}

const VIOLIN_BODY: [Formant; 6] = [
    formant(275.0, 45.0, 1.4),
    formant(460.0, 70.0, 1.3),
    formant(550.0, 80.0, 1.1),
    formant(1_000.0, 350.0, 0.5),
    formant(2_400.0, 900.0, 1.5),
    formant(3_600.0, 1_200.0, 0.6),
];
const VIOLA_BODY: [Formant; 5] = [
    formant(220.0, 40.0, 1.4),
    formant(350.0, 70.0, 1.3),
    formant(800.0, 300.0, 0.6),
    formant(1_900.0, 800.0, 1.2),
    formant(3_000.0, 1_200.0, 0.4),
];
const CELLO_BODY: [Formant; 6] = [
    formant(100.0, 25.0, 1.2),
    formant(185.0, 40.0, 1.3),
    formant(230.0, 50.0, 0.9),
    formant(500.0, 250.0, 0.6),
    formant(1_300.0, 700.0, 1.1),
    formant(2_300.0, 900.0, 0.6),
];
const BASS_BODY: [Formant; 5] = [
    formant(60.0, 20.0, 1.0),
    formant(110.0, 35.0, 1.2),
    formant(240.0, 120.0, 0.8),
    formant(700.0, 400.0, 0.8),
    formant(1_500.0, 800.0, 0.5),
];
/// Violins, violas and cellos together: broad where each has its own peaks.
const ENSEMBLE_BODY: [Formant; 4] = [
    formant(280.0, 150.0, 0.9),
    formant(520.0, 260.0, 0.9),
    formant(1_100.0, 600.0, 0.5),
    formant(2_500.0, 1_500.0, 0.9),
];

impl Bowed {
    pub const VIOLIN: Self = Self {
        body: &VIOLIN_BODY,
        lowest_hz: 190.0,
        corner_hz: (2_200.0, 5_200.0),
        attack_seconds: (0.16, 0.06),
        release_db_per_second: 330.0,
        vibrato_cents: 15.0,
        players: 1,
        spread_cents: 0.0,
        tremolo_hz: 0.0,
        rosin: 0.005,
        sustain: 1.0,
    };
    pub const VIOLA: Self = Self { body: &VIOLA_BODY, lowest_hz: 130.0, corner_hz: (1_800.0, 4_200.0), ..Self::VIOLIN };
    pub const CELLO: Self = Self {
        body: &CELLO_BODY,
        lowest_hz: 70.0,
        corner_hz: (1_300.0, 3_400.0),
        attack_seconds: (0.18, 0.07),
        vibrato_cents: 12.0,
        ..Self::VIOLIN
    };
    pub const CONTRABASS: Self = Self {
        body: &BASS_BODY,
        lowest_hz: 40.0,
        corner_hz: (800.0, 2_200.0),
        attack_seconds: (0.2, 0.08),
        vibrato_cents: 7.0,
        ..Self::VIOLIN
    };
    pub const FIDDLE: Self = Self {
        corner_hz: (3_000.0, 6_000.0),
        attack_seconds: (0.08, 0.03),
        vibrato_cents: 7.0,
        rosin: 0.009,
        ..Self::VIOLIN
    };
    pub const ENSEMBLE: Self = Self {
        body: &ENSEMBLE_BODY,
        lowest_hz: 90.0,
        corner_hz: (1_600.0, 4_200.0),
        attack_seconds: (0.24, 0.09),
        release_db_per_second: 190.0,
        vibrato_cents: 9.0,
        players: 5,
        spread_cents: 6.5,
        rosin: 0.003,
        ..Self::VIOLIN
    };
    pub const SLOW_ENSEMBLE: Self = Self {
        corner_hz: (1_100.0, 2_900.0),
        attack_seconds: (0.5, 0.28),
        release_db_per_second: 100.0,
        spread_cents: 8.0,
        ..Self::ENSEMBLE
    };
    pub const TREMOLO: Self =
        Self { tremolo_hz: 9.5, vibrato_cents: 3.0, attack_seconds: (0.1, 0.05), rosin: 0.006, ..Self::ENSEMBLE };

    /// A single hard stroke.
    pub const HIT: Self = Self {
        attack_seconds: (0.03, 0.012),
        players: 3,
        sustain: 0.0,
        release_db_per_second: 150.0,
        ..Self::ENSEMBLE
    };

    /// The layers of a note.
    pub fn bow(&self, note: &NoteOn, tables: &mut Tables) -> Vec<Layer> {
        let hz = note.hz();
        // High positions shorten the string but not the body: the corner follows the pitch only in part.
        let up = exp2(0.3 * note.octaves_above(60).max(0.0));
        let string = |corner_hz: f64| {
            move |n: f64, at: f64| {
                fall(at, corner_hz * up, 3) / n * formants(at, 0.8, self.body) * radiation(at, self.lowest_hz)
            }
        };
        let table = tables.of(note, 0, hz, string(0.4 * self.corner_hz.0), string(self.corner_hz.1));
        let alone = self.players == 1;
        let tone = Tone {
            hz,
            level: 0.11 * note.level(),
            attack_seconds: note.touch(self.attack_seconds.0, self.attack_seconds.1),
            sustain: self.sustain,
            decay_half_life: 0.11,
            release_db_per_second: self.release_db_per_second,
            // The stroke bites, then settles.
            first_brightness: 0.05 + 0.95 * note.swell(),
            brightness: 0.03 + 0.8 * note.swell(),
            brightness_half_life: 0.08,
            vibrato_hz: 5.7,
            vibrato_cents: self.vibrato_cents * note.touch(0.7, 1.1),
            vibrato_swell: if alone { 0.07 } else { 0.02 },
            vibrato_delay: if alone { 0.22 } else { 0.1 },
            tremolo_hz: self.tremolo_hz,
            tremolo_depth: if self.tremolo_hz > 0.0 { 0.75 } else { 0.0 },
            scoop_cents: if alone { -14.0 * note.force() } else { 0.0 },
            scoop_half_life: 0.025,
            drift_cents: if alone { 1.2 } else { 2.5 },
            desks: if alone { SOLO.to_vec() } else { section(self.players, self.spread_cents, 0.55, 0.045) },
        };
        let rosin = HissSpec {
            low_hz: 1_500.0,
            high_hz: 5_500.0,
            level: self.rosin * note.level() * note.touch(0.5, 1.0),
            attack_seconds: 0.02,
            decay_db_per_second: 60.0,
            sustain: 0.3,
            release_db_per_second: 500.0,
            ..HissSpec::STREAM
        };
        let mut layers = vec![Waves::layer(note, 0, table, tone)];
        layers.extend(Hiss::layer(note, 1, rosin));
        layers
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_solo_is_one_player_and_an_ensemble_several() {
        assert_eq!(Bowed::VIOLIN.players, 1);
        for (bowed, layers) in [(Bowed::VIOLIN, 2), (Bowed::ENSEMBLE, 2), (Bowed::TREMOLO, 2)] {
            assert_eq!(bowed.bow(&NoteOn::plain(67, 90, 44_100.0), &mut Tables::default()).len(), layers);
        }
    }
}
