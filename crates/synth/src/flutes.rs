//! Flutes and whistles: a jet of air on an edge.
//!
//! Few harmonics, more when blown harder; breath is heard around the tone all the time and most at the start, when the jet has not
//! yet found the pipe (Fletcher & Rossing, chapter 16). A flutist's vibrato is one of breath: loudness and brightness more than pitch.

use crate::elementary::{exp2, log2};
use crate::hiss::{Hiss, HissSpec};
use crate::note_on::NoteOn;
use crate::spectrum::{fall, radiation};
use crate::voice::Layer;
use crate::waves::{SOLO, Tone, Waves};
use crate::wavetable::Tables;

/// What tells one flute from another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Flute {
    /// Each harmonic is so many dB below the one before it, softly and loudly blown.
    step_db: (f64, f64),
    /// Amplitude of even harmonics beside odd ones: 1 for open pipes, near 0 for stopped ones.
    even: f64,
    attack_seconds: (f64, f64),
    vibrato_cents: f64,
    vibrato_swell: f64,
    scoop_cents: f64,
    /// Noise around the tone, and at the start.
    breath: f64,
    chiff: f64,
}

impl Flute {
    pub const FLUTE: Self = Self {
        step_db: (15.0, 5.5),
        even: 1.0,
        attack_seconds: (0.09, 0.045),
        vibrato_cents: 6.0,
        vibrato_swell: 0.12,
        scoop_cents: -12.0,
        breath: 0.007,
        chiff: 0.015,
    };
    pub const PICCOLO: Self = Self { step_db: (17.0, 8.0), breath: 0.005, attack_seconds: (0.06, 0.03), ..Self::FLUTE };
    pub const RECORDER: Self = Self {
        step_db: (17.0, 11.0),
        even: 0.45,
        vibrato_swell: 0.05,
        vibrato_cents: 3.0,
        breath: 0.003,
        chiff: 0.02,
        ..Self::FLUTE
    };
    pub const PAN_FLUTE: Self = Self {
        step_db: (13.0, 8.0),
        even: 0.12,
        breath: 0.016,
        chiff: 0.05,
        scoop_cents: -40.0,
        vibrato_cents: 9.0,
        ..Self::FLUTE
    };
    pub const BOTTLE: Self = Self {
        step_db: (22.0, 14.0),
        even: 0.2,
        breath: 0.022,
        chiff: 0.03,
        attack_seconds: (0.12, 0.07),
        vibrato_swell: 0.04,
        ..Self::FLUTE
    };
    pub const SHAKUHACHI: Self = Self {
        step_db: (11.0, 6.0),
        breath: 0.018,
        chiff: 0.06,
        scoop_cents: -70.0,
        vibrato_cents: 22.0,
        attack_seconds: (0.12, 0.05),
        ..Self::FLUTE
    };
    pub const WHISTLE: Self = Self {
        step_db: (30.0, 22.0),
        breath: 0.006,
        chiff: 0.008,
        vibrato_cents: 14.0,
        scoop_cents: -60.0,
        ..Self::FLUTE
    };
    pub const OCARINA: Self =
        Self { step_db: (28.0, 18.0), even: 0.5, breath: 0.006, chiff: 0.015, vibrato_swell: 0.05, ..Self::FLUTE };

    /// The layers of a note.
    pub fn blow(&self, note: &NoteOn, tables: &mut Tables) -> Vec<Layer> {
        let hz = note.hz();
        let pipe = |step_db: f64| {
            move |n: f64, at: f64| {
                let parity = if n % 2.0 == 0.0 { self.even } else { 1.0 };
                // Steps shrink: the tenth harmonic is not ten steps down.
                let halvings = step_db / 6.02 * 1.35 * log2(n) + 0.03 * step_db * (n - 1.0);
                parity * exp2(-halvings) * fall(at, 5_500.0, 2) * radiation(at, 120.0)
            }
        };
        let table = tables.of(note, 0, hz, pipe(self.step_db.0), pipe(self.step_db.1));
        let tone = Tone {
            hz,
            level: 0.11 * note.level(),
            attack_seconds: note.touch(self.attack_seconds.0, self.attack_seconds.1),
            release_db_per_second: 380.0,
            first_brightness: 0.7 * note.swell(),
            brightness: note.swell(),
            brightness_half_life: 0.05,
            vibrato_hz: 5.0,
            vibrato_cents: self.vibrato_cents,
            vibrato_swell: self.vibrato_swell,
            vibrato_delay: 0.3,
            scoop_cents: self.scoop_cents,
            scoop_half_life: 0.02,
            drift_cents: 0.8,
            desks: SOLO.to_vec(),
            ..Tone::default()
        };
        let breath = HissSpec {
            low_hz: (0.9 * hz).max(300.0),
            high_hz: (3.5 * hz).clamp(1_500.0, 9_000.0),
            level: self.breath * note.level() * note.touch(1.4, 0.8),
            attack_seconds: 0.03,
            release_db_per_second: 300.0,
            ..HissSpec::STREAM
        };
        let chiff = HissSpec {
            low_hz: 1.5 * hz,
            high_hz: (4.5 * hz).clamp(1_500.0, 9_000.0),
            level: self.chiff * note.level() * note.touch(0.4, 1.0),
            attack_seconds: 0.012,
            decay_db_per_second: 300.0,
            ..HissSpec::BURST
        };
        let mut layers = vec![Waves::layer(note, 0, table, tone)];
        layers.extend(Hiss::layer(note, 1, breath));
        layers.extend(Hiss::layer(note, 2, chiff));
        layers
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blown_harder_a_flute_falls_less_steeply() {
        for flute in [Flute::FLUTE, Flute::PICCOLO, Flute::RECORDER, Flute::PAN_FLUTE, Flute::OCARINA] {
            assert!(flute.step_db.0 > flute.step_db.1, "{flute:?}");
        }
    }
}
