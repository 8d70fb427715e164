//! Drums with pitch, the orchestra hit, and the noises at the end of the General MIDI list.

use crate::bowed::Bowed;
use crate::brass::Brass;
use crate::hiss::{Hiss, HissSpec};
use crate::mallets::Struck;
use crate::note_on::NoteOn;
use crate::partials::{Bank, Partial};
use crate::spectrum::fall;
use crate::sweep::{Sweep, SweepSpec};
use crate::voice::Layer;
use crate::waves::{Tone, Waves};
use crate::wavetable::Tables;

fn of(layers: impl IntoIterator<Item = Option<Layer>>) -> Vec<Layer> {
    layers.into_iter().flatten().collect()
}

/// The whole orchestra, short: strings and brass in three octaves, and a kettledrum.
pub(crate) fn orchestra_hit(note: &NoteOn, tables: &mut Tables) -> Vec<Layer> {
    let mut layers = Vec::new();
    for (slot, pitch) in [note.pitch.saturating_sub(12), note.pitch, (note.pitch + 12).min(127)].into_iter().enumerate()
    {
        let here = NoteOn { pitch, pan: note.pan + 0.2 * (slot as f32 - 1.0), ..*note };
        layers.extend(Bowed::HIT.bow(&here, tables));
    }
    let mut brass = Tables::default();
    layers.extend(Brass::SECTION.blow(note, &mut brass));
    layers.extend(Struck::TIMPANI.strike(&NoteOn { pitch: note.pitch.clamp(24, 48), ..*note }));
    layers
}

/// A skin tuned to the pitch: taiko (deep and long), tom, or the falling tom of a drum machine.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Skin {
    pub rise: f64,
    pub half_life: f64,
    pub decay: f64,
    pub noise: f64,
}

impl Skin {
    pub const TAIKO: Self = Self { rise: 1.25, half_life: 0.03, decay: 48.0, noise: 0.05 };
    pub const TOM: Self = Self { rise: 1.45, half_life: 0.025, decay: 85.0, noise: 0.03 };
    pub const SYNTH: Self = Self { rise: 3.2, half_life: 0.05, decay: 100.0, noise: 0.008 };

    /// The layers of a note.
    pub fn strike(&self, note: &NoteOn) -> Vec<Layer> {
        let hz = note.hz();
        let skin = SweepSpec {
            from_hz: hz * (1.0 + (self.rise - 1.0) * note.force()),
            to_hz: hz,
            half_life_seconds: self.half_life,
            level: 0.32 * note.level(),
            attack_seconds: 0.002,
            decay_db_per_second: self.decay * note.along(0.3),
            bend: 0.8,
            ..SweepSpec::SKIN
        };
        let modes = [(1.59, 0.10, 2.0), (2.14, 0.07, 2.6), (2.65, 0.04, 3.2)]
            .map(|(ratio, a, decay)| Partial::ringing(ratio * hz, a * note.level() * note.force(), self.decay * decay));
        let stick = HissSpec {
            low_hz: 200.0,
            high_hz: note.touch(800.0, 3_500.0),
            level: self.noise * note.level() * note.force(),
            decay_db_per_second: 800.0,
            ..HissSpec::BURST
        };
        of([
            Some(Sweep::layer(note, skin)),
            Some(Bank::new(note, modes).attack(0.0015).layer()),
            Hiss::layer(note, 1, stick),
        ])
    }
}

/// A cymbal played backwards.
pub(crate) fn reverse_cymbal(note: &NoteOn) -> Vec<Layer> {
    let level = 0.09 * note.level();
    let rush = |low_hz: f64, pan: f32| HissSpec {
        low_hz,
        high_hz: 12_000.0,
        level,
        attack_seconds: 2.2,
        decay_db_per_second: 5.0,
        release_db_per_second: 700.0,
        pan,
        ..HissSpec::BURST
    };
    of([Hiss::layer(note, 1, rush(2_500.0, -0.4)), Hiss::layer(note, 2, rush(5_000.0, 0.4))])
}

/// Fingers sliding along a wound string.
pub(crate) fn fret_noise(note: &NoteOn) -> Vec<Layer> {
    let squeak = SweepSpec {
        from_hz: 4.0 * note.hz().min(900.0),
        to_hz: 5.5 * note.hz().min(900.0),
        half_life_seconds: 0.05,
        level: 0.03 * note.level(),
        attack_seconds: 0.02,
        decay_db_per_second: 260.0,
        ..SweepSpec::SKIN
    };
    let rub = HissSpec {
        low_hz: 1_200.0,
        high_hz: note.touch(3_000.0, 6_000.0),
        level: 0.08 * note.level(),
        attack_seconds: 0.03,
        decay_db_per_second: 220.0,
        ..HissSpec::BURST
    };
    of([Some(Sweep::layer(note, squeak)), Hiss::layer(note, 1, rub)])
}

/// Someone breathing.
pub(crate) fn breath(note: &NoteOn) -> Vec<Layer> {
    let stream = |low_hz: f64, high_hz: f64| HissSpec {
        low_hz,
        high_hz,
        level: 0.06 * note.level(),
        attack_seconds: 0.15,
        decay_db_per_second: 25.0,
        sustain: 0.2,
        release_db_per_second: 160.0,
        q: 1.4,
        ..HissSpec::STREAM
    };
    of([
        Hiss::layer(note, 1, stream(600.0, 1_600.0)),
        Hiss::layer(note, 2, stream(2_200.0, note.touch(3_000.0, 5_000.0))),
    ])
}

/// Waves on a shore.
pub(crate) fn seashore(note: &NoteOn) -> Vec<Layer> {
    let wave = |delay_seconds: f64, pan: f32, high_hz: f64| HissSpec {
        low_hz: 150.0,
        high_hz,
        level: 0.08 * note.level(),
        attack_seconds: 1.4,
        decay_db_per_second: 9.0,
        sustain: 0.25,
        release_db_per_second: 40.0,
        delay_seconds,
        pan,
        ..HissSpec::STREAM
    };
    of([
        Hiss::layer(note, 1, wave(0.0, -0.5, note.touch(700.0, 2_200.0))),
        Hiss::layer(note, 2, wave(0.9, 0.5, note.touch(900.0, 3_200.0))),
    ])
}

/// A bird.
pub(crate) fn bird(note: &NoteOn, tables: &mut Tables) -> Vec<Layer> {
    let hz = (8.0 * note.hz()).clamp(1_500.0, 4_500.0);
    let table = tables.of(note, 0, hz, |n, _| fall(n, 0.3, 4), |n, _| fall(n, 0.8, 4));
    let song = Tone {
        hz,
        level: 0.09 * note.level(),
        brightness: note.force(),
        vibrato_hz: 9.0,
        vibrato_cents: 420.0,
        vibrato_delay: 0.02,
        tremolo_hz: 9.0,
        tremolo_depth: 0.98,
        drift_cents: 20.0,
        ..Tone::default()
    };
    vec![Waves::layer(note, 0, table, song)]
}

/// An old telephone: two bells and a hammer that goes to and fro twenty times a second.
pub(crate) fn telephone(note: &NoteOn, tables: &mut Tables) -> Vec<Layer> {
    let ring = |hz: f64| Tone {
        hz,
        level: 0.06 * note.level(),
        attack_seconds: 0.004,
        first_brightness: note.force(),
        brightness: note.force(),
        tremolo_hz: 20.0,
        tremolo_depth: 0.85,
        release_db_per_second: 90.0,
        ..Tone::default()
    };
    let bell = |n: f64, _: f64| {
        if n == 1.0 {
            1.0
        } else if n == 3.0 {
            0.4
        } else {
            0.0
        }
    };
    let hard = |n: f64, at: f64| bell(n, at) + if n == 5.0 { 0.4 } else { 0.0 };
    let (low, high) = (1_400.0, 1_720.0);
    let first = tables.of(note, 0, low, bell, hard);
    let second = tables.of(note, 1, high, bell, hard);
    vec![Waves::layer(note, 0, first, ring(low)), Waves::layer(note, 1, second, ring(high))]
}

/// A rotor: twelve blows of air a second.
pub(crate) fn helicopter(note: &NoteOn, tables: &mut Tables) -> Vec<Layer> {
    let hz = 12.0;
    let chop = |corner_hz: f64| move |_: f64, at: f64| fall(at, corner_hz, 3) * at / (at + 60.0);
    let table = tables.of(note, 0, hz, chop(150.0), chop(420.0));
    let rotor = Tone {
        hz,
        level: 0.2 * note.level(),
        attack_seconds: 0.3,
        brightness: note.force(),
        release_db_per_second: 60.0,
        drift_cents: 12.0,
        ..Tone::default()
    };
    let turbine = HissSpec {
        low_hz: 200.0,
        high_hz: 1_800.0,
        level: 0.02 * note.level(),
        attack_seconds: 0.3,
        release_db_per_second: 60.0,
        ..HissSpec::STREAM
    };
    of([Some(Waves::layer(note, 0, table, rotor)), Hiss::layer(note, 1, turbine)])
}

/// A hall that claps.
pub(crate) fn applause(note: &NoteOn) -> Vec<Layer> {
    (0..6u32)
        .filter_map(|rank| {
            let spec = HissSpec {
                low_hz: 700.0 + 150.0 * f64::from(rank),
                high_hz: note.touch(2_500.0, 5_000.0) + 300.0 * f64::from(rank),
                level: 0.03 * note.level(),
                attack_seconds: 0.2,
                release_db_per_second: 45.0,
                delay_seconds: 0.05 * f64::from(rank),
                pan: 0.25 * (rank as f32 - 2.5),
                ..HissSpec::STREAM
            };
            Hiss::layer(note, u64::from(rank), spec)
        })
        .collect()
}

/// A shot and its echo from the houses.
pub(crate) fn gunshot(note: &NoteOn) -> Vec<Layer> {
    let bang = |level: f64, high_hz: f64, decay_db_per_second: f64, delay_seconds: f64, pan: f32| HissSpec {
        low_hz: 60.0,
        high_hz,
        level: level * note.level(),
        attack_seconds: 0.0008,
        decay_db_per_second,
        delay_seconds,
        pan,
        ..HissSpec::BURST
    };
    let thump = SweepSpec {
        from_hz: 220.0,
        to_hz: 45.0,
        level: 0.4 * note.level(),
        decay_db_per_second: 140.0,
        ..SweepSpec::SKIN
    };
    of([
        Some(Sweep::layer(note, thump)),
        Hiss::layer(note, 1, bang(0.3, note.touch(4_000.0, 9_000.0), 220.0, 0.0, 0.0)),
        Hiss::layer(note, 2, bang(0.06, 1_500.0, 60.0, 0.09, -0.5)),
        Hiss::layer(note, 3, bang(0.05, 1_000.0, 45.0, 0.16, 0.5)),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_noise_has_a_layer_that_is_heard() {
        let note = NoteOn::plain(60, 90, 44_100.0);
        let mut tables = Tables::default();
        for layers in [
            orchestra_hit(&note, &mut tables),
            Skin::TAIKO.strike(&note),
            reverse_cymbal(&note),
            fret_noise(&note),
            breath(&note),
            seashore(&note),
            applause(&note),
            gunshot(&note),
        ] {
            assert!(!layers.is_empty());
        }
        let mut own = Tables::default();
        assert!(!bird(&note, &mut own).is_empty());
        assert!(!telephone(&note, &mut Tables::default()).is_empty());
        assert!(!helicopter(&note, &mut Tables::default()).is_empty());
    }
}
