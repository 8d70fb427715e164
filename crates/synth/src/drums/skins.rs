//! Kick, snare, toms and hand drums: skins whose pitch falls as the blow fades, their ring modes (1.59, 2.14, 2.30, 2.65 … times the
//! first, those of a circular membrane), the stick, and the wires under a snare.

use super::{stroke, together};
use crate::hiss::{Hiss, HissSpec};
use crate::note_on::NoteOn;
use crate::partials::{Bank, Partial};
use crate::sweep::{Sweep, SweepSpec};
use crate::voice::Layer;

/// Modes of a membrane beside the first (zeros of Bessel functions), and how loud the blow leaves them.
const MEMBRANE: [(f64, f64); 6] =
    [(1.594, 0.5), (2.136, 0.34), (2.296, 0.26), (2.653, 0.22), (2.918, 0.14), (3.6, 0.08)];

fn membrane(note: &NoteOn, hz: f64, level: f64, decay_db_per_second: f64) -> Layer {
    let modes = MEMBRANE.into_iter().enumerate().map(|(i, (ratio, share))| {
        let spot = 1.0 + 0.35 * note.luck(10 + i as u64);
        let decay = decay_db_per_second * (1.0 + 0.35 * i as f64);
        Partial::ringing(hz * ratio, level * share * spot, decay)
    });
    Bank::new(note, modes).attack(0.0012).damped(500.0).layer()
}

/// A bass drum; `attack` is how much of the beater is heard.
pub fn kick(note: &NoteOn, hz: f64, attack: f64) -> Vec<Layer> {
    let (level, force) = (stroke(note), note.force());
    let body = SweepSpec {
        from_hz: hz * (2.2 + 2.0 * force),
        to_hz: hz,
        half_life_seconds: 0.0125,
        level: 0.62 * level,
        attack_seconds: 0.0022,
        decay_db_per_second: 105.0,
        bend: 0.55,
        ..SweepSpec::SKIN
    };
    let shell = SweepSpec {
        from_hz: 2.6 * hz,
        to_hz: 1.9 * hz,
        half_life_seconds: 0.02,
        level: 0.16 * level,
        decay_db_per_second: 190.0,
        ..SweepSpec::SKIN
    };
    let beater = HissSpec {
        low_hz: 700.0,
        high_hz: note.touch(1_600.0, 5_500.0),
        level: 0.16 * attack * level * force,
        attack_seconds: 0.0008,
        decay_db_per_second: 2_600.0,
        ..HissSpec::BURST
    };
    let air =
        HissSpec { low_hz: 60.0, high_hz: 420.0, level: 0.05 * level, decay_db_per_second: 320.0, ..HissSpec::BURST };
    together([
        Some(Sweep::layer(note, body)),
        Some(Sweep::layer(note, shell)),
        Hiss::layer(note, 1, beater),
        Hiss::layer(note, 2, air),
    ])
}

/// A snare drum; `wires` is how bright and loud they answer.
pub fn snare(note: &NoteOn, hz: f64, wires: f64) -> Vec<Layer> {
    let (level, force) = (stroke(note), note.force());
    let head = SweepSpec {
        from_hz: hz * (1.15 + 0.45 * force),
        to_hz: hz,
        half_life_seconds: 0.012,
        level: 0.26 * level,
        attack_seconds: 0.0012,
        decay_db_per_second: 190.0,
        bend: 0.6,
        ..SweepSpec::SKIN
    };
    let stick = HissSpec {
        low_hz: 900.0,
        high_hz: note.touch(3_000.0, 9_000.0),
        level: 0.26 * level * force,
        attack_seconds: 0.0006,
        decay_db_per_second: 1_900.0,
        ..HissSpec::BURST
    };
    // The wires leave the head with the blow and fall back on it, again and again: a second, longer and higher noise.
    let rattle = HissSpec {
        low_hz: 1_300.0,
        high_hz: note.touch(5_500.0, 9_500.0),
        level: 0.105 * wires * level,
        attack_seconds: 0.004,
        decay_db_per_second: 175.0,
        ..HissSpec::BURST
    };
    let buzz = HissSpec {
        low_hz: 3_500.0,
        high_hz: 11_000.0,
        level: 0.035 * wires * level,
        attack_seconds: 0.006,
        decay_db_per_second: 120.0,
        ..HissSpec::BURST
    };
    together([
        Some(Sweep::layer(note, head)),
        Some(membrane(note, hz, 0.11 * level, 230.0)),
        Hiss::layer(note, 1, stick),
        Hiss::layer(note, 2, rattle),
        Hiss::layer(note, 3, buzz),
    ])
}

/// A tom.
pub fn tom(note: &NoteOn, hz: f64) -> Vec<Layer> {
    let (level, force) = (stroke(note), note.force());
    let head = SweepSpec {
        from_hz: hz * (1.12 + 0.4 * force),
        to_hz: hz,
        half_life_seconds: 0.035,
        level: 0.42 * level,
        attack_seconds: 0.0018,
        decay_db_per_second: 48.0 + 0.16 * hz,
        bend: 0.5,
        ..SweepSpec::SKIN
    };
    let stick = HissSpec {
        low_hz: 400.0,
        high_hz: note.touch(1_500.0, 5_500.0),
        level: 0.12 * level * force,
        decay_db_per_second: 1_300.0,
        ..HissSpec::BURST
    };
    together([
        Some(Sweep::layer(note, head)),
        Some(membrane(note, hz, 0.12 * level, 160.0)),
        Hiss::layer(note, 1, stick),
    ])
}

/// What tells one hand drum from another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HandDrum {
    hz: f64,
    bend: f64,
    decay: f64,
    slap: f64,
    slap_hz: f64,
    ring: f64,
}

impl HandDrum {
    pub const HIGH_BONGO: Self = Self { hz: 415.0, bend: 0.12, decay: 190.0, slap: 0.09, slap_hz: 5_000.0, ring: 0.10 };
    pub const LOW_BONGO: Self = Self { hz: 300.0, decay: 160.0, ..Self::HIGH_BONGO };
    pub const MUTE_CONGA: Self = Self { hz: 240.0, bend: 0.1, decay: 420.0, slap: 0.16, slap_hz: 4_500.0, ring: 0.12 };
    pub const OPEN_CONGA: Self = Self { hz: 215.0, bend: 0.08, decay: 95.0, slap: 0.06, slap_hz: 3_000.0, ring: 0.07 };
    pub const LOW_CONGA: Self = Self { hz: 160.0, decay: 80.0, ..Self::OPEN_CONGA };
    pub const HIGH_TIMBALE: Self = Self { hz: 330.0, bend: 0.1, decay: 90.0, slap: 0.14, slap_hz: 7_000.0, ring: 0.26 };
    pub const LOW_TIMBALE: Self = Self { hz: 235.0, ..Self::HIGH_TIMBALE };
    pub const MUTE_SURDO: Self = Self { hz: 78.0, bend: 0.15, decay: 210.0, slap: 0.05, slap_hz: 1_200.0, ring: 0.06 };
    pub const OPEN_SURDO: Self = Self { decay: 55.0, ..Self::MUTE_SURDO };
}

/// A drum struck by the hand (or, timbales and surdos, by a stick).
pub fn hand_drum(note: &NoteOn, drum: &HandDrum) -> Vec<Layer> {
    let (level, force) = (stroke(note), note.force());
    let hz = drum.hz * (1.0 + 0.004 * note.luck(2));
    let head = SweepSpec {
        from_hz: hz * (1.0 + drum.bend * (0.5 + force)),
        to_hz: hz,
        half_life_seconds: 0.015,
        level: 0.36 * level,
        decay_db_per_second: drum.decay,
        release_db_per_second: 500.0,
        bend: 0.3,
        ..SweepSpec::SKIN
    };
    let slap = HissSpec {
        low_hz: 500.0,
        high_hz: drum.slap_hz * note.touch(0.4, 1.0),
        level: drum.slap * level * note.touch(0.4, 1.4),
        attack_seconds: 0.0008,
        decay_db_per_second: 1_500.0,
        ..HissSpec::BURST
    };
    together([
        Some(Sweep::layer(note, head)),
        Some(membrane(note, hz, drum.ring * level * note.touch(0.4, 1.3), 1.7 * drum.decay)),
        Hiss::layer(note, 1, slap),
    ])
}
