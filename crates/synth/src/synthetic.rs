//! Synthesiser basses, leads and pads.
//!
//! Sawtooth, square and pulse are tables of their harmonics; the filter that opens and closes is the mixture of a dark and a bright
//! table. Pads are several such tones a few cents apart.

use crate::elementary::exp2;
use crate::hiss::{Hiss, HissSpec};
use crate::note_on::NoteOn;
use crate::partials::{Bank, Partial};
use crate::spectrum::fall;
use crate::voice::Layer;
use crate::waves::{Desk, SOLO, Tone, Waves, section};
use crate::wavetable::Tables;

/// The form of a wave by its harmonics.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Form {
    /// All harmonics, 1/n.
    Saw,
    /// Odd harmonics, 1/n.
    Square,
    /// Odd harmonics, 1/n².
    Triangle,
    /// All harmonics, equal up to the corner.
    Pulse,
}

impl Form {
    fn harmonic(self, n: f64) -> f64 {
        let odd = n % 2.0 == 1.0;
        match self {
            Self::Saw => 1.0 / n,
            Self::Square => {
                if odd {
                    1.0 / n
                } else {
                    0.0
                }
            }
            Self::Triangle => {
                if odd {
                    1.0 / (n * n)
                } else {
                    0.0
                }
            }
            Self::Pulse => 1.0 / n.sqrt(),
        }
    }
}

/// What tells one synthesiser sound from another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Synth {
    form: Form,
    /// Filter closed and open, hertz at middle C; it follows the keys by half.
    corner_hz: (f64, f64),
    /// How far it is open at first and later, 0 … 1 (both times the touch).
    open: (f64, f64),
    open_half_life: f64,
    attack_seconds: f64,
    sustain: f64,
    decay_half_life: f64,
    release_db_per_second: f64,
    players: u32,
    spread_cents: f64,
    vibrato_cents: f64,
    /// A second tone this many semitones away, and its level.
    second: (f64, f64),
    /// Bell-like modes at the onset.
    chime: f64,
    air: f64,
}

const LEAD: Synth = Synth {
    form: Form::Saw,
    corner_hz: (900.0, 5_500.0),
    open: (0.95, 0.75),
    open_half_life: 0.2,
    attack_seconds: 0.006,
    sustain: 0.9,
    decay_half_life: 0.3,
    release_db_per_second: 420.0,
    players: 2,
    spread_cents: 4.0,
    vibrato_cents: 6.0,
    second: (0.0, 0.0),
    chime: 0.0,
    air: 0.0,
};

const PAD: Synth = Synth {
    corner_hz: (350.0, 2_200.0),
    open: (0.2, 0.7),
    open_half_life: 0.6,
    attack_seconds: 0.35,
    sustain: 1.0,
    release_db_per_second: 65.0,
    players: 5,
    spread_cents: 6.0,
    vibrato_cents: 4.0,
    ..LEAD
};

impl Synth {
    pub const BASS: Self = Self {
        corner_hz: (160.0, 2_400.0),
        open: (0.9, 0.12),
        open_half_life: 0.09,
        sustain: 0.75,
        players: 1,
        vibrato_cents: 0.0,
        ..LEAD
    };
    pub const RUBBER_BASS: Self =
        Self { form: Form::Square, corner_hz: (130.0, 1_500.0), open: (0.7, 0.2), open_half_life: 0.15, ..Self::BASS };
    pub const STRINGS: Self = Self {
        corner_hz: (900.0, 4_500.0),
        attack_seconds: 0.12,
        release_db_per_second: 140.0,
        open: (0.6, 0.8),
        ..PAD
    };
    pub const DARK_STRINGS: Self = Self { corner_hz: (500.0, 2_600.0), attack_seconds: 0.25, ..Self::STRINGS };
    pub const SQUARE_LEAD: Self = Self { form: Form::Square, ..LEAD };
    pub const SAW_LEAD: Self = Self { spread_cents: 6.0, corner_hz: (1_200.0, 8_000.0), ..LEAD };
    pub const CALLIOPE: Self = Self { form: Form::Triangle, air: 0.010, attack_seconds: 0.03, players: 1, ..LEAD };
    pub const CHIFF: Self = Self { form: Form::Square, corner_hz: (700.0, 2_500.0), air: 0.006, chime: 0.2, ..LEAD };
    pub const CHARANG: Self =
        Self { form: Form::Pulse, corner_hz: (1_200.0, 4_200.0), open: (1.0, 0.5), second: (12.0, 0.3), ..LEAD };
    pub const FIFTHS: Self = Self { second: (7.02, 0.75), ..LEAD };
    pub const BASS_AND_LEAD: Self = Self { second: (-12.0, 0.7), corner_hz: (600.0, 4_500.0), ..LEAD };
    pub const NEW_AGE: Self = Self {
        form: Form::Triangle,
        chime: 0.7,
        sustain: 0.6,
        attack_seconds: 0.02,
        release_db_per_second: 55.0,
        air: 0.003,
        ..PAD
    };
    pub const WARM: Self = PAD;
    pub const POLYSYNTH: Self = Self {
        corner_hz: (700.0, 5_000.0),
        open: (1.0, 0.5),
        attack_seconds: 0.012,
        release_db_per_second: 150.0,
        ..PAD
    };
    pub const BOWED_PAD: Self =
        Self { form: Form::Triangle, second: (12.0, 0.35), attack_seconds: 0.5, vibrato_cents: 8.0, ..PAD };
    pub const METALLIC: Self =
        Self { form: Form::Pulse, corner_hz: (900.0, 5_000.0), second: (12.07, 0.4), chime: 0.3, ..PAD };
    pub const HALO: Self =
        Self { second: (12.0, 0.4), corner_hz: (450.0, 3_500.0), air: 0.006, attack_seconds: 0.55, ..PAD };
    pub const SWEEP: Self = Self { corner_hz: (200.0, 5_500.0), open: (0.0, 1.0), open_half_life: 0.9, ..PAD };
    pub const RAIN: Self = Self {
        form: Form::Triangle,
        chime: 0.9,
        sustain: 0.35,
        attack_seconds: 0.01,
        release_db_per_second: 45.0,
        ..PAD
    };
    pub const SOUNDTRACK: Self = Self { second: (7.02, 0.6), attack_seconds: 0.6, spread_cents: 8.0, ..PAD };
    pub const ATMOSPHERE: Self = Self { chime: 0.4, sustain: 0.5, attack_seconds: 0.008, decay_half_life: 0.8, ..PAD };
    pub const BRIGHTNESS: Self =
        Self { form: Form::Pulse, corner_hz: (1_500.0, 7_000.0), chime: 0.5, attack_seconds: 0.04, ..PAD };
    pub const GOBLINS: Self = Self {
        form: Form::Triangle,
        second: (-11.9, 0.5),
        vibrato_cents: 18.0,
        open: (0.6, 1.0),
        corner_hz: (300.0, 4_500.0),
        attack_seconds: 0.7,
        ..PAD
    };
    pub const ECHOES: Self =
        Self { form: Form::Triangle, sustain: 0.0, decay_half_life: 0.5, attack_seconds: 0.02, ..PAD };
    pub const SCI_FI: Self =
        Self { form: Form::Square, second: (19.02, 0.3), vibrato_cents: 20.0, open: (1.0, 0.2), ..PAD };

    /// The layers of a note.
    pub fn play(&self, note: &NoteOn, tables: &mut Tables) -> Vec<Layer> {
        let mut layers = vec![self.tone(note, tables, 0, note.hz(), 1.0)];
        let (semitones, level) = self.second;
        if level > 0.0 {
            let hz = note.hz() * exp2(semitones / 12.0);
            layers.push(self.tone(note, tables, 1, hz, level));
        }
        if self.chime > 0.0 {
            let level = 0.09 * self.chime * note.level() * note.force();
            let modes = [(1.0, 0.5, 22.0), (2.0, 0.6, 30.0), (3.01, 0.35, 40.0), (5.43, 0.25, 60.0), (8.2, 0.12, 90.0)];
            let partials = modes.map(|(ratio, a, decay)| Partial::ringing(ratio * note.hz(), level * a, decay));
            layers.push(Bank::new(note, partials).attack(0.0015).damped(30.0).layer());
        }
        let air = HissSpec {
            low_hz: (1.5 * note.hz()).min(3_000.0),
            high_hz: 7_000.0,
            level: self.air * note.level(),
            attack_seconds: self.attack_seconds.max(0.01),
            release_db_per_second: self.release_db_per_second,
            ..HissSpec::STREAM
        };
        layers.extend(Hiss::layer(note, 4, air));
        layers
    }

    fn tone(&self, note: &NoteOn, tables: &mut Tables, slot: u8, hz: f64, level: f64) -> Layer {
        let follow = note.along(0.5);
        let form = self.form;
        let wave = |corner_hz: f64| move |n: f64, at: f64| form.harmonic(n) * fall(at, corner_hz * follow, 4);
        let open = wave(self.corner_hz.1);
        // A triangle leaves a filter hardly anything to open: driven, it gets corners.
        let edge = move |n: f64| if form == Form::Triangle { n.sqrt() } else { 1.0 };
        let table = tables.of(note, slot, hz, wave(self.corner_hz.0), |n, at| open(n, at) * edge(n));
        let touch = 0.3 + 0.7 * note.swell();
        let beside = |side: f64| Desk {
            cents: 0.5 * self.spread_cents * side,
            pan: 0.35 * side as f32,
            share: std::f64::consts::FRAC_1_SQRT_2,
            delay_seconds: 0.0,
        };
        // Beside a first tone of five a second one needs no more than three to be as wide.
        let desks: Vec<Desk> = match if slot == 0 { self.players } else { self.players.min(3) } {
            1 => SOLO.to_vec(),
            2 => vec![beside(-1.0), beside(1.0)],
            players => section(players, self.spread_cents, 0.6, 0.0),
        };
        Waves::layer(
            note,
            u64::from(slot),
            table,
            Tone {
                hz,
                level: 0.10 * level * note.level(),
                attack_seconds: self.attack_seconds * note.touch(1.3, 0.8),
                sustain: self.sustain,
                decay_half_life: self.decay_half_life,
                release_db_per_second: self.release_db_per_second,
                first_brightness: self.open.0 * touch,
                brightness: self.open.1 * touch,
                brightness_half_life: self.open_half_life,
                vibrato_hz: 5.2,
                vibrato_cents: self.vibrato_cents,
                vibrato_delay: 0.4,
                drift_cents: if self.players > 2 { 1.5 } else { 0.2 },
                desks,
                ..Tone::default()
            },
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_have_the_harmonics_of_the_textbook() {
        assert_eq!([1.0, 2.0, 3.0].map(|n| Form::Saw.harmonic(n)), [1.0, 0.5, 1.0 / 3.0]);
        assert_eq!([1.0, 2.0, 3.0].map(|n| Form::Square.harmonic(n)), [1.0, 0.0, 1.0 / 3.0]);
        assert_eq!([1.0, 2.0, 3.0].map(|n| Form::Triangle.harmonic(n)), [1.0, 0.0, 1.0 / 9.0]);
    }
}
