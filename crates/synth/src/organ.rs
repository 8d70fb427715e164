//! Organs, accordions, harmonicas: tones that stand still, in ranks that are tuned a little apart.
//!
//! A tone-wheel organ adds sines at the nine pitches of its drawbars; a pipe organ whole ranks an octave, a twelfth or two
//! octaves above; free reeds are rich and slightly rough. Their loudness hardly follows the touch, as on the instruments.

use crate::hiss::{Hiss, HissSpec};
use crate::note_on::NoteOn;
use crate::spectrum::{fall, formant, formants, radiation};
use crate::voice::Layer;
use crate::waves::{Desk, Tone, Waves};
use crate::wavetable::Tables;

const fn desk(cents: f64, pan: f32, share: f64) -> Desk {
    Desk { cents, pan, share, delay_seconds: 0.0 }
}

/// Loudness of a key that is not touched but switched: from 0.6 to 1.
fn switched(note: &NoteOn) -> f64 {
    note.touch(0.6, 1.0)
}

/// Harmonics of the sub-octave that the drawbars 16′ 5⅓′ 8′ 4′ 2⅔′ 2′ 1⅗′ 1⅓′ 1′ pull.
const DRAWBARS: [usize; 9] = [1, 3, 2, 4, 6, 8, 10, 12, 16];

fn drawbars(pulled: [f64; 9], n: f64) -> f64 {
    DRAWBARS.iter().zip(pulled).filter(|(h, _)| **h == n as usize).map(|(_, amplitude)| amplitude).sum()
}

/// A tone-wheel organ: the loudspeaker turns, the contacts click; `percussion` adds a decaying third harmonic.
pub(crate) fn tone_wheel(note: &NoteOn, tables: &mut Tables, pulled: [f64; 9], percussion: f64) -> Vec<Layer> {
    let sub_hz = 0.5 * note.hz();
    // More force, more of the upper bars: what the swell pedal and the valve would do.
    let mellow = |n: f64, _: f64| drawbars(pulled, n) * fall(n, 9.0, 1);
    let bright = |n: f64, _: f64| drawbars(pulled, n) + 0.03 * drawbars(pulled, 0.5 * n) + 0.02 * fall(n, 6.0, 1);
    let table = tables.of(note, 0, sub_hz, mellow, bright);
    let tone = Tone {
        hz: sub_hz,
        level: 0.11 * switched(note),
        attack_seconds: 0.006,
        release_db_per_second: 1_400.0,
        first_brightness: note.touch(0.1, 0.9),
        brightness: note.touch(0.1, 0.9),
        vibrato_hz: 6.3,
        vibrato_cents: 3.5,
        vibrato_swell: 0.09,
        vibrato_delay: 0.01,
        desks: vec![desk(0.0, -0.35, 0.72), desk(0.0, 0.35, 0.69)],
        ..Tone::default()
    };
    let click = HissSpec {
        low_hz: 1_200.0,
        high_hz: 6_000.0,
        level: 0.006 * switched(note),
        decay_db_per_second: 2_600.0,
        ..HissSpec::BURST
    };
    let mut layers = vec![Waves::layer(note, 0, table, tone.clone())];
    if percussion > 0.0 {
        let third = tables.of(note, 1, 3.0 * note.hz(), |n, _| fall(n, 1.0, 4), |n, _| fall(n, 1.0, 4));
        let struck = Tone {
            hz: 3.0 * note.hz(),
            level: percussion * tone.level,
            attack_seconds: 0.003,
            sustain: 0.0,
            decay_half_life: 0.16,
            ..Tone { vibrato_cents: 0.0, vibrato_swell: 0.0, ..tone }
        };
        layers.push(Waves::layer(note, 1, third, struck));
    }
    layers.extend(Hiss::layer(note, 2, click));
    layers
}

/// A pipe organ: principals 8′ 4′ 2⅔′ 2′ and a softer rank that beats with them; pipes speak with a chiff.
pub(crate) fn church(note: &NoteOn, tables: &mut Tables) -> Vec<Layer> {
    let hz = note.hz();
    let pipe = |n: f64, at: f64| fall(n, 1.6, 3) * fall(at, 4_500.0, 2) * radiation(at, 40.0);
    let rank = |n: f64, multiple: f64, at: f64| {
        let k = n / multiple;
        if k == k.floor() { pipe(k, at) } else { 0.0 }
    };
    let principals = move |n: f64, at: f64| rank(n, 1.0, at) + 0.55 * rank(n, 2.0, at) + 0.2 * rank(n, 4.0, at);
    let full = move |n: f64, at: f64| {
        principals(n, at)
            + 0.3 * rank(n, 3.0, at)
            + 0.35 * rank(n, 4.0, at)
            + 0.16 * rank(n, 6.0, at)
            + 0.14 * rank(n, 8.0, at)
    };
    let table = tables.of(note, 0, hz, principals, full);
    let tone = Tone {
        hz,
        level: 0.11 * switched(note),
        attack_seconds: 0.035,
        release_db_per_second: 260.0,
        first_brightness: 0.1,
        brightness: note.touch(0.15, 1.0),
        brightness_half_life: 0.03,
        drift_cents: 0.35,
        desks: vec![desk(0.0, -0.3, 0.8), desk(1.3, 0.35, 0.42), desk(-1.3, 0.1, 0.42)],
        ..Tone::default()
    };
    let chiff = HissSpec {
        low_hz: 1.8 * hz,
        high_hz: (5.0 * hz).min(7_000.0),
        q: 1.2,
        level: 0.012,
        attack_seconds: 0.008,
        decay_db_per_second: 420.0,
        ..HissSpec::BURST
    };
    let wind = HissSpec { low_hz: 300.0, high_hz: 3_000.0, level: 0.0007, ..HissSpec::STREAM };
    let mut layers = vec![Waves::layer(note, 0, table, tone)];
    layers.extend(Hiss::layer(note, 1, chiff));
    layers.extend(Hiss::layer(note, 2, wind));
    layers
}

/// What tells one free reed from another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Reeds {
    /// Cents between the ranks; 0 for a single rank.
    pub apart_cents: f64,
    /// Where the spectrum begins to fall.
    pub corner_hz: f64,
    pub attack_seconds: f64,
    /// Share of an octave below.
    pub sub: f64,
    pub vibrato_swell: f64,
    pub vibrato_cents: f64,
}

impl Reeds {
    pub const HARMONIUM: Self = Self {
        apart_cents: 1.5,
        corner_hz: 1_500.0,
        attack_seconds: 0.06,
        sub: 0.0,
        vibrato_swell: 0.0,
        vibrato_cents: 0.0,
    };
    pub const ACCORDION: Self = Self { apart_cents: 9.0, corner_hz: 2_400.0, attack_seconds: 0.04, ..Self::HARMONIUM };
    pub const BANDONEON: Self =
        Self { apart_cents: 0.0, corner_hz: 1_900.0, attack_seconds: 0.03, sub: 0.5, ..Self::HARMONIUM };
    pub const HARMONICA: Self = Self {
        apart_cents: 0.0,
        corner_hz: 2_600.0,
        attack_seconds: 0.03,
        vibrato_swell: 0.16,
        vibrato_cents: 5.0,
        ..Self::HARMONIUM
    };

    /// The layers of a note.
    pub fn blow(&self, note: &NoteOn, tables: &mut Tables) -> Vec<Layer> {
        let reed = |corner_hz: f64| {
            move |n: f64, at: f64| {
                // A reed opens once a cycle: all harmonics, the second as strong as the first.
                let comb = if n == 1.0 { 0.8 } else { 1.0 / n.sqrt() };
                comb * fall(at, corner_hz, 3)
                    * radiation(at, 180.0)
                    * formants(at, 1.0, &[formant(1_200.0, 500.0, 0.5), formant(2_700.0, 900.0, 0.6)])
            }
        };
        let table = tables.of(note, 0, note.hz(), reed(0.45 * self.corner_hz), reed(1.3 * self.corner_hz));
        let apart = self.apart_cents;
        let desks = if apart > 0.0 {
            vec![desk(0.0, 0.0, 0.75), desk(apart, 0.3, 0.47), desk(-apart, -0.3, 0.47)]
        } else {
            vec![desk(0.0, 0.0, 1.0)]
        };
        let tone = Tone {
            hz: note.hz(),
            level: 0.10 * note.touch(0.45, 1.0),
            attack_seconds: self.attack_seconds * note.touch(1.4, 0.7),
            release_db_per_second: 420.0,
            first_brightness: note.touch(0.0, 0.5),
            brightness: note.touch(0.15, 0.95),
            vibrato_hz: 5.3,
            vibrato_swell: self.vibrato_swell,
            vibrato_cents: self.vibrato_cents,
            vibrato_delay: 0.2,
            drift_cents: 0.5,
            desks,
            ..Tone::default()
        };
        let mut layers = vec![Waves::layer(note, 0, table, tone.clone())];
        if self.sub > 0.0 {
            let sub_hz = 0.5 * note.hz();
            let sub = tables.of(note, 1, sub_hz, reed(0.4 * self.corner_hz), reed(self.corner_hz));
            let below = Tone { hz: sub_hz, level: self.sub * tone.level, ..tone };
            layers.push(Waves::layer(note, 1, sub, below));
        }
        let air = HissSpec { low_hz: 1_000.0, high_hz: 6_000.0, level: 0.0016 * note.level(), ..HissSpec::STREAM };
        layers.extend(Hiss::layer(note, 2, air));
        layers
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_drawbar_pulls_its_own_harmonic_of_the_sub_octave() {
        let full = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0];
        // 8′ is the pitch itself, harmonic 2 of the sub-octave; 1′ lies three octaves above it.
        assert_eq!([1.0, 2.0, 3.0, 4.0, 5.0, 16.0].map(|n| drawbars(full, n)), [1.0, 3.0, 2.0, 4.0, 0.0, 9.0]);
    }

    #[test]
    fn a_switch_is_never_silent() {
        assert!(switched(&NoteOn::plain(60, 1, 44_100.0)) > 0.59);
        assert_eq!(switched(&NoteOn::plain(60, 127, 44_100.0)), 1.0);
    }
}
