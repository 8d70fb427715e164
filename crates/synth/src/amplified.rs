//! Overdriven and distorted guitars.
//!
//! A valve that runs out of current rounds the wave of the string towards a square: y/√(1 + y²). One cycle is driven through
//! that curve and taken apart into harmonics, which the loudspeaker then dulls; the note plays a table of them, so nothing
//! aliases however hard it is driven.

use crate::elementary::sin_cos_turns;
use crate::hiss::{Hiss, HissSpec};
use crate::note_on::NoteOn;
use crate::spectrum::{fall, formant, formants, radiation};
use crate::voice::Layer;
use crate::waves::{SOLO, Tone, Waves};
use crate::wavetable::Tables;

const POINTS: usize = 512;
const HARMONICS: usize = 120;

/// The layers of a note; `drive` is how far beyond the valve's range the string goes, 2 for overdrive, 10 for distortion.
pub(crate) fn pluck(note: &NoteOn, tables: &mut Tables, drive: f64) -> Vec<Layer> {
    let (mild, hard) = (driven(0.35 * drive), driven(1.6 * drive));
    let speaker = |hz: f64| {
        radiation(hz, 95.0)
            * fall(hz, 4_200.0, 4)
            * formants(hz, 1.0, &[formant(120.0, 80.0, 0.4), formant(2_600.0, 1_400.0, 1.0)])
    };
    let of = |all: &[f64], n: f64, hz: f64| all.get(n as usize - 1).copied().unwrap_or(0.0) * speaker(hz);
    // A soft touch rounds the string off, a hard pick gives it edge, before the valve as behind it.
    let table = tables.of(
        note,
        0,
        note.hz(),
        |n, hz| of(&mild, n, hz) * fall(hz, 900.0, 1),
        |n, hz| of(&hard, n, hz) * (1.0 + hz / 1_200.0),
    );
    let tone = Tone {
        hz: note.hz(),
        level: 0.14 * note.touch(0.4, 1.0),
        attack_seconds: 0.003,
        decay_half_life: 1.6,
        sustain: 0.0,
        release_db_per_second: 420.0,
        first_brightness: note.touch(0.25, 1.0),
        brightness: (0.3 + 0.03 * drive.min(10.0)) * note.touch(0.3, 1.0),
        brightness_half_life: 0.5,
        vibrato_hz: 5.0,
        vibrato_cents: 5.0,
        vibrato_delay: 0.5,
        scoop_cents: 6.0 * note.force(),
        scoop_half_life: 0.03,
        drift_cents: 0.5,
        desks: SOLO.to_vec(),
        ..Tone::default()
    };
    let pick = HissSpec {
        low_hz: 600.0,
        high_hz: 3_600.0,
        level: 0.02 * note.level(),
        decay_db_per_second: 700.0,
        ..HissSpec::BURST
    };
    let hum = HissSpec { low_hz: 500.0, high_hz: 3_500.0, level: 0.0006, ..HissSpec::STREAM };
    let mut layers = vec![Waves::layer(note, 0, table, tone)];
    layers.extend(Hiss::layer(note, 1, pick));
    layers.extend(Hiss::layer(note, 2, hum));
    layers
}

/// Amplitudes of the harmonics of a plucked string's cycle behind the valve.
fn driven(drive: f64) -> Vec<f64> {
    let circle: Vec<(f64, f64)> = (0..POINTS).map(|i| sin_cos_turns(i as f64 / POINTS as f64)).collect();
    let cycle: Vec<f64> = (0..POINTS)
        .map(|i| {
            let string: f64 = (1..=8)
                .map(|n| sin_cos_turns(0.5 * f64::from(n) * 0.23).0 / f64::from(n) * circle[n as usize * i % POINTS].0)
                .sum();
            let y = drive * (string + 0.08); // the valve does not rest in its middle: even harmonics
            y / (1.0 + y * y).sqrt()
        })
        .collect();
    (1..=HARMONICS)
        .map(|n| {
            let (mut re, mut im) = (0.0, 0.0);
            for (i, y) in cycle.iter().enumerate() {
                let (sin, cos) = circle[n * i % POINTS];
                re += y * cos;
                im += y * sin;
            }
            (re * re + im * im).sqrt() * 2.0 / POINTS as f64
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_drive_gives_more_harmonics() {
        let high = |drive| {
            let all = driven(drive);
            all[8..40].iter().map(|a| a * a).sum::<f64>() / all.iter().map(|a| a * a).sum::<f64>()
        };
        assert!(high(0.01) < 1e-6, "a faint string has eight harmonics: {}", high(0.01));
        assert!(high(10.0) > 2.0 * high(1.0));
    }
}
