//! Wood, shakers, claps and whistles.

use super::{stroke, together};
use crate::hiss::{Hiss, HissSpec};
use crate::note_on::NoteOn;
use crate::partials::{Bank, Partial};
use crate::sweep::{Sweep, SweepSpec};
use crate::voice::Layer;

fn burst(note: &NoteOn, stream: u64, spec: HissSpec) -> Option<Layer> {
    Hiss::layer(note, stream, HissSpec { attack_seconds: spec.attack_seconds.max(0.0006), ..spec })
}

/// A block of wood, a clave: few modes, gone in a moment.
pub fn wood(note: &NoteOn, hz: f64, decay: f64) -> Vec<Layer> {
    let level = stroke(note);
    let hz = hz * (1.0 + 0.003 * note.luck(2));
    let modes = [(1.0, 1.0, 1.0), (1.73, 0.22, 1.5), (2.57, 0.2, 2.2), (4.12, 0.1, 3.0)]
        .map(|(ratio, share, faster)| Partial::ringing(ratio * hz, 0.30 * level * share, decay * faster));
    let knock = HissSpec {
        low_hz: 0.8 * hz,
        high_hz: (note.touch(2.5, 5.0) * hz).min(9_000.0),
        level: 0.10 * level * note.force(),
        decay_db_per_second: 2_200.0,
        ..HissSpec::BURST
    };
    together([Some(Bank::new(note, modes).attack(0.0008).layer()), burst(note, 1, knock)])
}

/// The stick laid on the snare and struck on the rim.
pub fn side_stick(note: &NoteOn) -> Vec<Layer> {
    let level = stroke(note);
    let modes =
        [(392.0, 0.5, 330.0), (815.0, 0.8, 420.0), (1_720.0, 1.0, 520.0), (2_560.0, 0.5, 640.0), (3_850.0, 0.3, 800.0)]
            .map(|(hz, share, decay)| {
                Partial::ringing(hz, 0.24 * level * share * (1.0 + 0.1 * note.luck(hz as u64)), decay)
            });
    let crack = HissSpec {
        low_hz: 1_200.0,
        high_hz: note.touch(4_000.0, 9_000.0),
        level: 0.16 * level * note.force(),
        decay_db_per_second: 2_200.0,
        ..HissSpec::BURST
    };
    let wires = HissSpec {
        low_hz: 2_000.0,
        high_hz: 8_000.0,
        level: 0.010 * level,
        decay_db_per_second: 260.0,
        ..HissSpec::BURST
    };
    together([Some(Bank::new(note, modes).attack(0.0007).layer()), burst(note, 1, crack), burst(note, 2, wires)])
}

/// Several hands that do not quite meet.
pub fn clap(note: &NoteOn) -> Vec<Layer> {
    let level = stroke(note);
    let hands = [0.0, 0.0105, 0.0205, 0.0295].into_iter().enumerate().map(|(i, delay)| {
        let spec = HissSpec {
            low_hz: 800.0,
            high_hz: note.touch(2_200.0, 3_600.0),
            q: 1.1,
            level: 0.2 * level,
            decay_db_per_second: if i == 3 { 330.0 } else { 1_600.0 },
            delay_seconds: delay + 0.0012 * note.luck(30 + i as u64).abs(),
            pan: 0.12 * (i as f32 - 1.5),
            ..HissSpec::BURST
        };
        burst(note, 10 + i as u64, spec)
    });
    let room = HissSpec {
        low_hz: 700.0,
        high_hz: 4_500.0,
        level: 0.05 * level,
        decay_db_per_second: 150.0,
        delay_seconds: 0.03,
        ..HissSpec::BURST
    };
    together(hands.chain([burst(note, 2, room)]))
}

/// Grains in a shell: maracas, cabasa, shaker.
pub fn shaker(note: &NoteOn, low_hz: f64, attack_seconds: f64, decay_db_per_second: f64) -> Vec<Layer> {
    let level = stroke(note);
    let grains = HissSpec {
        low_hz,
        high_hz: note.touch(9_000.0, 14_000.0),
        level: 0.15 * level,
        attack_seconds,
        decay_db_per_second,
        ..HissSpec::BURST
    };
    let shell = HissSpec {
        low_hz: 0.4 * low_hz,
        high_hz: 0.9 * low_hz,
        level: 0.04 * level,
        attack_seconds,
        decay_db_per_second,
        ..HissSpec::BURST
    };
    together([burst(note, 1, grains), burst(note, 2, shell)])
}

/// A row of short bursts: a stick along a notched gourd.
pub fn guiro(note: &NoteOn, notches: u32, apart_seconds: f64) -> Vec<Layer> {
    let level = stroke(note);
    let rasp = (0..notches).map(|i| {
        let x = f64::from(i) / f64::from(notches);
        let spec = HissSpec {
            low_hz: 1_600.0 + 900.0 * x,
            high_hz: note.touch(4_500.0, 7_000.0) + 1_500.0 * x,
            level: 0.13 * level * (0.5 + 0.5 * x),
            decay_db_per_second: 900.0,
            release_db_per_second: 900.0,
            // The stick speeds up.
            delay_seconds: apart_seconds * f64::from(i) * (1.15 - 0.3 * x),
            ..HissSpec::BURST
        };
        burst(note, 1 + u64::from(i), spec)
    });
    together(rasp)
}

/// A rattle that runs down.
pub fn vibraslap(note: &NoteOn) -> Vec<Layer> {
    let level = stroke(note);
    let knock =
        [(1_280.0, 1.0), (2_150.0, 0.7), (3_420.0, 0.5)].map(|(hz, a)| Partial::ringing(hz, 0.08 * level * a, 160.0));
    let teeth = (0..22u32).map(|i| {
        let spec = HissSpec {
            low_hz: 1_900.0,
            high_hz: note.touch(4_500.0, 7_500.0),
            q: 1.3,
            level: 0.12 * level * (1.0 - f64::from(i) / 24.0),
            decay_db_per_second: 1_300.0,
            delay_seconds: 0.024 * f64::from(i) + 0.002 * note.luck(40 + u64::from(i)),
            ..HissSpec::BURST
        };
        burst(note, 1 + u64::from(i), spec)
    });
    together([Some(Bank::new(note, knock).attack(0.001).layer())].into_iter().chain(teeth))
}

/// Two clacks of hard wood.
pub fn castanets(note: &NoteOn) -> Vec<Layer> {
    let level = stroke(note);
    let modes =
        [(1_950.0, 1.0), (3_100.0, 0.6), (4_700.0, 0.3)].map(|(hz, a)| Partial::ringing(hz, 0.2 * level * a, 500.0));
    let again = HissSpec {
        low_hz: 1_800.0,
        high_hz: 6_500.0,
        level: 0.11 * level,
        decay_db_per_second: 1_400.0,
        delay_seconds: 0.022 + 0.004 * note.luck(3),
        ..HissSpec::BURST
    };
    together([Some(Bank::new(note, modes).attack(0.0008).layer()), burst(note, 1, again)])
}

/// A pea whistle; `decay` tells the short from the long one.
pub fn whistle(note: &NoteOn, decay: f64) -> Vec<Layer> {
    let level = stroke(note);
    let tone = |hz: f64, share: f64| {
        let spec = SweepSpec {
            from_hz: 0.93 * hz,
            to_hz: hz,
            half_life_seconds: 0.012,
            level: 0.13 * share * level,
            attack_seconds: 0.012,
            decay_db_per_second: decay,
            release_db_per_second: 900.0,
            ..SweepSpec::SKIN
        };
        Some(Sweep::layer(note, spec))
    };
    let air = HissSpec {
        low_hz: 1_900.0,
        high_hz: note.touch(3_500.0, 6_000.0),
        level: 0.03 * level,
        attack_seconds: 0.01,
        decay_db_per_second: decay,
        release_db_per_second: 900.0,
        ..HissSpec::BURST
    };
    // The pea makes two tones beat.
    together([tone(2_300.0, 1.0), tone(2_336.0, 0.8), burst(note, 1, air)])
}

/// A friction drum: the pitch slides.
pub fn cuica(note: &NoteOn, from_hz: f64, to_hz: f64) -> Vec<Layer> {
    let level = stroke(note);
    let slide = |multiple: f64, share: f64| {
        let spec = SweepSpec {
            from_hz: multiple * from_hz,
            to_hz: multiple * to_hz,
            half_life_seconds: 0.07,
            level: 0.28 * share * level,
            attack_seconds: 0.015,
            decay_db_per_second: 170.0,
            release_db_per_second: 700.0,
            ..SweepSpec::SKIN
        };
        Some(Sweep::layer(note, spec))
    };
    together([slide(1.0, 1.0), slide(2.0, 0.4 * note.force()), slide(3.0, 0.25 * note.force())])
}

/// A filter that rings as it falls.
pub fn high_q(note: &NoteOn) -> Vec<Layer> {
    let spec = SweepSpec {
        from_hz: 3_800.0,
        to_hz: 500.0,
        half_life_seconds: 0.016,
        level: 0.28 * stroke(note),
        attack_seconds: 0.001,
        decay_db_per_second: 420.0,
        ..SweepSpec::SKIN
    };
    vec![Sweep::layer(note, spec)]
}

/// A flat hand.
pub fn slap(note: &NoteOn) -> Vec<Layer> {
    let spec = HissSpec {
        low_hz: 300.0,
        high_hz: note.touch(2_500.0, 6_000.0),
        level: 0.24 * stroke(note),
        decay_db_per_second: 750.0,
        ..HissSpec::BURST
    };
    together([burst(note, 1, spec)])
}

/// A record pushed or pulled under the needle.
pub fn scratch(note: &NoteOn) -> Vec<Layer> {
    let (from_hz, to_hz) = if note.pitch == 29 { (400.0, 1_800.0) } else { (1_700.0, 350.0) };
    let spec = HissSpec {
        low_hz: 700.0,
        high_hz: note.touch(2_500.0, 5_000.0),
        level: 0.12 * stroke(note),
        attack_seconds: 0.03,
        decay_db_per_second: 420.0,
        ..HissSpec::BURST
    };
    let mut layers = cuica(note, from_hz, to_hz);
    layers.extend(burst(note, 9, spec));
    layers
}

/// A click to count by.
pub fn click(note: &NoteOn, hz: f64) -> Vec<Layer> {
    wood(note, hz, 650.0)
}
