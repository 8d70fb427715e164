//! Woodwinds with a reed.
//!
//! A clarinet is a stopped cylinder: at the bottom of its range even harmonics are missing, and return with the pitch; saxophones,
//! oboes and bassoons are cones and have them all. Each has formants by which it is known (Fletcher & Rossing, chapter 15); blowing
//! harder lets the reed beat and adds high harmonics (Benade 1976, "Fundamentals of Musical Acoustics", chapter 21).

use crate::elementary::{exp2, log2};
use crate::hiss::{Hiss, HissSpec};
use crate::note_on::NoteOn;
use crate::spectrum::{Formant, fall, formant, formants, radiation};
use crate::voice::Layer;
use crate::waves::{SOLO, Tone, Waves};
use crate::wavetable::Tables;

/// What tells one reed instrument from another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Reed {
    /// Amplitude of the second harmonic beside the odd ones; it grows by as much with each further even one.
    even: f64,
    horn: &'static [Formant],
    lowest_hz: f64,
    corner_hz: (f64, f64),
    attack_seconds: (f64, f64),
    vibrato_cents: f64,
    vibrato_swell: f64,
    scoop_cents: f64,
    breath: f64,
}

impl Reed {
    pub const CLARINET: Self = Self {
        even: 0.06,
        horn: &[formant(1_600.0, 900.0, 0.6), formant(3_500.0, 1_300.0, 0.3)],
        lowest_hz: 60.0,
        corner_hz: (600.0, 2_300.0),
        attack_seconds: (0.075, 0.035),
        vibrato_cents: 1.5,
        vibrato_swell: 0.03,
        scoop_cents: -12.0,
        breath: 0.0035,
    };
    pub const SAXOPHONE: Self = Self {
        even: 1.0,
        horn: &[formant(520.0, 350.0, 0.9), formant(1_350.0, 700.0, 0.8), formant(3_000.0, 1_500.0, 0.5)],
        lowest_hz: 120.0,
        corner_hz: (750.0, 3_300.0),
        attack_seconds: (0.06, 0.025),
        vibrato_cents: 11.0,
        vibrato_swell: 0.08,
        scoop_cents: -32.0,
        breath: 0.007,
    };
    pub const SOPRANO_SAX: Self = Self {
        horn: &[formant(950.0, 500.0, 0.9), formant(2_100.0, 1_000.0, 0.7)],
        lowest_hz: 220.0,
        corner_hz: (1_100.0, 4_200.0),
        ..Self::SAXOPHONE
    };
    pub const TENOR_SAX: Self =
        Self { corner_hz: (600.0, 2_900.0), lowest_hz: 100.0, breath: 0.009, ..Self::SAXOPHONE };
    pub const BARITONE_SAX: Self = Self {
        horn: &[formant(330.0, 250.0, 0.9), formant(900.0, 500.0, 0.9), formant(2_300.0, 1_300.0, 0.4)],
        lowest_hz: 70.0,
        corner_hz: (450.0, 2_300.0),
        ..Self::SAXOPHONE
    };
    pub const OBOE: Self = Self {
        even: 1.0,
        horn: &[formant(1_100.0, 450.0, 2.6), formant(2_900.0, 900.0, 1.5)],
        lowest_hz: 420.0,
        corner_hz: (1_100.0, 3_600.0),
        attack_seconds: (0.06, 0.03),
        vibrato_cents: 9.0,
        vibrato_swell: 0.07,
        scoop_cents: -10.0,
        breath: 0.002,
    };
    pub const ENGLISH_HORN: Self = Self {
        horn: &[formant(930.0, 380.0, 2.3), formant(2_300.0, 800.0, 1.0)],
        lowest_hz: 280.0,
        corner_hz: (850.0, 2_800.0),
        ..Self::OBOE
    };
    pub const BASSOON: Self = Self {
        horn: &[formant(470.0, 180.0, 3.0), formant(1_180.0, 400.0, 1.1)],
        lowest_hz: 150.0,
        corner_hz: (480.0, 1_900.0),
        attack_seconds: (0.07, 0.035),
        vibrato_cents: 5.0,
        ..Self::OBOE
    };
    pub const BAGPIPE: Self = Self {
        horn: &[formant(1_000.0, 500.0, 1.4), formant(3_000.0, 1_400.0, 1.4)],
        corner_hz: (3_000.0, 4_500.0),
        vibrato_cents: 0.0,
        vibrato_swell: 0.0,
        attack_seconds: (0.02, 0.015),
        scoop_cents: 0.0,
        ..Self::OBOE
    };
    pub const SHANAI: Self = Self {
        horn: &[formant(1_350.0, 500.0, 2.6), formant(3_300.0, 1_000.0, 1.8)],
        corner_hz: (1_800.0, 4_600.0),
        vibrato_cents: 18.0,
        scoop_cents: -45.0,
        ..Self::OBOE
    };

    /// The second harmonic beside the odd ones. Even harmonics return as the tone holes get wide beside the wave: above the staff a
    /// clarinet has them too.
    fn even_share(&self, note: &NoteOn) -> f64 {
        (self.even * exp2(0.9 * note.octaves_above(60).max(0.0))).min(1.0)
    }

    /// The layers of a note.
    pub fn blow(&self, note: &NoteOn, tables: &mut Tables) -> Vec<Layer> {
        let hz = note.hz();
        let up = exp2(0.3 * note.octaves_above(60).max(-1.0));
        let even = self.even_share(note);
        let bore = |corner_hz: f64, tilt_db: f64| {
            move |n: f64, at: f64| {
                let parity = if n % 2.0 == 0.0 { (even * 0.5 * n).min(1.0) } else { 1.0 };
                let tilt = exp2(-tilt_db / 6.02 * log2(n));
                parity
                    * tilt
                    * fall(at, corner_hz * up, 3)
                    * formants(at, 0.9, self.horn)
                    * radiation(at, self.lowest_hz)
            }
        };
        let table = tables.of(note, 0, hz, bore(self.corner_hz.0, 5.0), bore(self.corner_hz.1, 2.5));
        let tone = Tone {
            hz,
            level: 0.11 * note.level(),
            attack_seconds: note.touch(self.attack_seconds.0, self.attack_seconds.1),
            release_db_per_second: 480.0,
            first_brightness: 0.6 * note.swell(),
            brightness: 0.03 + 0.97 * note.swell(),
            brightness_half_life: 0.035,
            vibrato_hz: 5.2,
            vibrato_cents: self.vibrato_cents,
            vibrato_swell: self.vibrato_swell,
            vibrato_delay: 0.28,
            scoop_cents: self.scoop_cents,
            scoop_half_life: 0.02,
            drift_cents: 0.9,
            desks: SOLO.to_vec(),
            ..Tone::default()
        };
        let breath = HissSpec {
            low_hz: 900.0,
            high_hz: 5_000.0,
            level: self.breath * note.level(),
            attack_seconds: 0.012,
            decay_db_per_second: 90.0,
            sustain: 0.35,
            release_db_per_second: 450.0,
            ..HissSpec::STREAM
        };
        let mut layers = vec![Waves::layer(note, 0, table, tone)];
        layers.extend(Hiss::layer(note, 1, breath));
        layers
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_low_clarinet_lacks_even_harmonics_and_a_saxophone_does_not() {
        let share = |reed: Reed, pitch| reed.even_share(&NoteOn::plain(pitch, 80, 44_100.0));
        assert!(share(Reed::CLARINET, 50) < 0.1 && share(Reed::CLARINET, 90) > 0.25);
        assert_eq!((share(Reed::SAXOPHONE, 50), share(Reed::SAXOPHONE, 90)), (1.0, 1.0));
    }
}
