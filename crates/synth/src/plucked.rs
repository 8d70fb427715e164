//! Plucked strings: guitars, basses, harp, harpsichord, zithers, lutes, pizzicato.
//!
//! A string pulled aside at the part β of its length and let go holds partial n with sin(nπβ)/n on the bridge (Fletcher &
//! Rossing, "The Physics of Musical Instruments", §2.8), less what the width of finger, pick or quill rounds off. Each partial
//! swings in two planes, of which one gives its energy to the bridge sooner and both are a trace apart in pitch; the air and the
//! string's own friction take high partials first (Woodhouse 2004, "Plucked guitar transients"). The modes of the body sound
//! with the pluck and colour all partials; an electric string is heard through a pickup at its own place instead.

use crate::elementary::{exp2, gain_from_db, log2, sin_cos_turns};
use crate::hiss::{Hiss, HissSpec};
use crate::noise::uniform;
use crate::note_on::NoteOn;
use crate::partials::{Bank, Partial};
use crate::piano::partial_hz;
use crate::spectrum::{Formant, fall, formant, formants, radiation};
use crate::voice::Layer;

const MOST_PARTIALS: u32 = 80;
const RICH_UP_TO_HZ: f64 = 10_000.0;

/// What tells one plucked string from another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Plucked {
    /// Where it is plucked, as a part of its length, 0 … ½.
    pluck_at: f64,
    /// Spectrum falls with n to this power: 1 for the force on a bridge, less where a small body favours high partials.
    tilt: f64,
    /// Where finger or pick round the spectrum off, softly and hard struck, at middle C.
    corner_hz: (f64, f64),
    corner_order: u32,
    /// Stiffness B at middle C; it doubles every octave.
    inharmonicity: f64,
    /// Decay of the first partial at middle C (dB a second), by which power of the frequency it grows, …
    decay_db_per_second: f64,
    decay_growth: f64,
    /// … how much each further partial adds in proportion, and what the square of the frequency in kilohertz adds.
    decay_per_partial: f64,
    inner_loss: f64,
    /// The other plane: cents apart, amplitude, and decay beside the first.
    other_plane: (f64, f64, f64),
    /// What a release adds, dB a second.
    release_db_per_second: f64,
    /// Colour of the body.
    body: &'static [Formant],
    /// Below this nothing is radiated.
    lowest_hz: f64,
    /// Modes of the body that sound with the pluck: hertz, level, dB a second.
    thump: &'static [(f64, f64, f64)],
    /// A magnetic pickup at this part of the string; 0 for none.
    pickup_at: f64,
    /// Noise of finger or pick: level and upper edge.
    pick: (f64, f64),
    /// Noise when the string is stopped.
    stop: f64,
    /// Several players a few cents and milliseconds apart.
    players: u32,
    attack_seconds: f64,
    /// How much loudness follows velocity: 1 as elsewhere, 0.3 for a harpsichord's jack.
    dynamics: f64,
}

const GUITAR_BODY: [Formant; 5] = [
    formant(103.0, 25.0, 1.6),
    formant(205.0, 45.0, 1.7),
    formant(395.0, 90.0, 0.9),
    formant(680.0, 200.0, 0.5),
    formant(2_300.0, 1_600.0, 0.5),
];
const GUITAR_THUMP: [(f64, f64, f64); 4] =
    [(103.0, 0.030, 110.0), (205.0, 0.022, 140.0), (262.0, 0.010, 190.0), (395.0, 0.008, 240.0)];

const NYLON: Plucked = Plucked {
    pluck_at: 0.22,
    tilt: 1.0,
    corner_hz: (320.0, 3_380.0),
    corner_order: 2,
    inharmonicity: 4e-5,
    decay_db_per_second: 17.0,
    decay_growth: 0.55,
    decay_per_partial: 0.14,
    inner_loss: 7.0,
    other_plane: (0.5, 0.45, 0.45),
    release_db_per_second: 230.0,
    body: &GUITAR_BODY,
    lowest_hz: 65.0,
    thump: &GUITAR_THUMP,
    pickup_at: 0.0,
    pick: (0.010, 2_500.0),
    stop: 0.0015,
    players: 1,
    attack_seconds: 0.0018,
    dynamics: 1.0,
};

const ELECTRIC: Plucked = Plucked {
    pluck_at: 0.14,
    corner_hz: (540.0, 5_460.0),
    inharmonicity: 6e-5,
    decay_db_per_second: 8.0,
    decay_per_partial: 0.07,
    inner_loss: 2.4,
    other_plane: (0.4, 0.3, 0.6),
    body: &[formant(3_000.0, 1_800.0, 0.8)],
    lowest_hz: 50.0,
    thump: &[],
    pickup_at: 0.27,
    pick: (0.007, 4_500.0),
    attack_seconds: 0.0012,
    ..NYLON
};

const BASS: Plucked = Plucked {
    pluck_at: 0.2,
    corner_hz: (220.0, 2_470.0),
    inharmonicity: 3e-4,
    decay_db_per_second: 19.0,
    decay_growth: 0.5,
    decay_per_partial: 0.10,
    inner_loss: 8.0,
    body: &[],
    lowest_hz: 28.0,
    thump: &[],
    pickup_at: 0.19,
    pick: (0.006, 1_400.0),
    attack_seconds: 0.004,
    release_db_per_second: 260.0,
    ..NYLON
};

impl Plucked {
    pub const NYLON_GUITAR: Self = NYLON;
    pub const STEEL_GUITAR: Self = Self {
        pluck_at: 0.15,
        tilt: 0.9,
        corner_hz: (580.0, 7_150.0),
        inharmonicity: 7e-5,
        decay_db_per_second: 11.0,
        decay_per_partial: 0.06,
        inner_loss: 2.6,
        other_plane: (0.6, 0.4, 0.5),
        pick: (0.013, 6_000.0),
        ..NYLON
    };
    pub const JAZZ_GUITAR: Self = Self {
        pluck_at: 0.25,
        corner_hz: (270.0, 2_210.0),
        decay_db_per_second: 14.0,
        pickup_at: 0.24,
        inner_loss: 6.0,
        ..ELECTRIC
    };
    pub const CLEAN_GUITAR: Self = ELECTRIC;
    pub const MUTED_GUITAR: Self = Self {
        pluck_at: 0.1,
        decay_db_per_second: 95.0,
        decay_per_partial: 0.16,
        inner_loss: 22.0,
        decay_growth: 0.35,
        pick: (0.02, 3_500.0),
        ..ELECTRIC
    };
    pub const GUITAR_HARMONICS: Self = Self {
        pluck_at: 0.38,
        tilt: 1.7,
        corner_hz: (680.0, 4_550.0),
        decay_db_per_second: 10.0,
        pickup_at: 0.0,
        lowest_hz: 90.0,
        ..ELECTRIC
    };
    pub const UPRIGHT_BASS: Self = Self {
        pluck_at: 0.24,
        corner_hz: (190.0, 1_950.0),
        decay_db_per_second: 40.0,
        decay_growth: 0.5,
        inner_loss: 26.0,
        other_plane: (0.7, 0.5, 0.4),
        body: &[
            formant(62.0, 25.0, 0.8),
            formant(105.0, 35.0, 1.2),
            formant(185.0, 60.0, 0.8),
            formant(900.0, 700.0, 0.3),
        ],
        lowest_hz: 38.0,
        thump: &[(62.0, 0.03, 95.0), (105.0, 0.03, 130.0), (185.0, 0.015, 180.0)],
        pickup_at: 0.0,
        pick: (0.016, 1_100.0),
        ..BASS
    };
    pub const FINGER_BASS: Self = BASS;
    pub const PICKED_BASS: Self = Self {
        pluck_at: 0.1,
        corner_hz: (500.0, 4_680.0),
        pick: (0.012, 3_500.0),
        attack_seconds: 0.002,
        inner_loss: 5.0,
        ..BASS
    };
    pub const FRETLESS_BASS: Self = Self {
        pluck_at: 0.16,
        corner_hz: (200.0, 1_950.0),
        attack_seconds: 0.014,
        pickup_at: 0.12,
        body: &[formant(520.0, 420.0, 1.6)],
        other_plane: (2.2, 0.8, 0.55),
        ..BASS
    };
    pub const SLAP_BASS: Self = Self {
        pluck_at: 0.06,
        tilt: 0.75,
        corner_hz: (680.0, 7_800.0),
        pick: (0.03, 5_000.0),
        attack_seconds: 0.001,
        decay_per_partial: 0.12,
        inner_loss: 6.0,
        body: &[formant(90.0, 70.0, 1.0), formant(3_500.0, 2_500.0, 1.2)],
        ..BASS
    };
    pub const POPPED_BASS: Self =
        Self { pluck_at: 0.045, tilt: 0.65, corner_hz: (900.0, 9_750.0), pick: (0.04, 7_000.0), ..Self::SLAP_BASS };
    pub const PIZZICATO: Self = Self {
        pluck_at: 0.3,
        corner_hz: (270.0, 2_470.0),
        decay_db_per_second: 75.0,
        decay_growth: 0.35,
        inner_loss: 22.0,
        body: &[
            formant(280.0, 60.0, 0.9),
            formant(470.0, 100.0, 0.9),
            formant(550.0, 120.0, 0.6),
            formant(1_100.0, 500.0, 0.4),
        ],
        lowest_hz: 90.0,
        thump: &[(280.0, 0.010, 170.0), (470.0, 0.010, 230.0)],
        pick: (0.014, 1_800.0),
        players: 3,
        release_db_per_second: 60.0,
        stop: 0.0,
        ..NYLON
    };
    pub const HARP: Self = Self {
        pluck_at: 0.38,
        tilt: 1.25,
        corner_hz: (400.0, 3_640.0),
        decay_db_per_second: 13.0,
        decay_growth: 0.6,
        decay_per_partial: 0.2,
        inner_loss: 5.0,
        body: &[formant(150.0, 90.0, 0.5), formant(240.0, 120.0, 0.6), formant(500.0, 400.0, 0.4)],
        lowest_hz: 55.0,
        thump: &[(152.0, 0.008, 130.0), (243.0, 0.006, 170.0)],
        pick: (0.006, 1_800.0),
        release_db_per_second: 26.0,
        stop: 0.0,
        ..NYLON
    };
    pub const HARPSICHORD: Self = Self {
        pluck_at: 0.13,
        tilt: 0.55,
        corner_hz: (1_260.0, 7_280.0),
        inharmonicity: 3e-5,
        decay_db_per_second: 15.0,
        decay_growth: 0.5,
        decay_per_partial: 0.05,
        inner_loss: 1.5,
        other_plane: (0.8, 0.5, 0.5),
        body: &[formant(120.0, 60.0, 0.6), formant(330.0, 150.0, 0.5), formant(1_400.0, 900.0, 0.4)],
        lowest_hz: 85.0,
        thump: &[(118.0, 0.012, 150.0), (240.0, 0.010, 200.0), (410.0, 0.006, 280.0)],
        pick: (0.02, 7_000.0),
        stop: 0.007,
        attack_seconds: 0.001,
        dynamics: 0.3,
        release_db_per_second: 210.0,
        ..NYLON
    };
    pub const CLAVINET: Self = Self {
        pluck_at: 0.07,
        tilt: 0.6,
        corner_hz: (810.0, 7_150.0),
        inharmonicity: 1e-4,
        decay_db_per_second: 22.0,
        decay_per_partial: 0.06,
        inner_loss: 3.0,
        pickup_at: 0.16,
        lowest_hz: 110.0,
        body: &[formant(1_600.0, 900.0, 0.9)],
        thump: &[],
        pick: (0.012, 3_000.0),
        stop: 0.006,
        release_db_per_second: 420.0,
        attack_seconds: 0.001,
        ..ELECTRIC
    };
    /// Struck, not plucked, but with a wooden hammer on paired strings near the end: much the same.
    pub const DULCIMER: Self = Self {
        pluck_at: 0.12,
        tilt: 0.8,
        corner_hz: (680.0, 6_500.0),
        inharmonicity: 8e-5,
        decay_db_per_second: 16.0,
        decay_per_partial: 0.08,
        inner_loss: 3.0,
        other_plane: (2.6, 0.6, 0.8),
        pick: (0.02, 4_500.0),
        release_db_per_second: 20.0,
        stop: 0.0,
        ..Self::STEEL_GUITAR
    };
    /// The flat bridge keeps grazing the string: high partials last almost as long as the first.
    pub const SITAR: Self = Self {
        pluck_at: 0.06,
        tilt: 0.35,
        corner_hz: (990.0, 5_850.0),
        decay_db_per_second: 12.0,
        decay_per_partial: 0.012,
        inner_loss: 1.2,
        other_plane: (2.4, 0.6, 0.6),
        body: &[formant(300.0, 150.0, 0.6), formant(1_900.0, 700.0, 1.2), formant(3_300.0, 900.0, 0.9)],
        lowest_hz: 120.0,
        attack_seconds: 0.003,
        release_db_per_second: 60.0,
        ..Self::STEEL_GUITAR
    };
    pub const BANJO: Self = Self {
        pluck_at: 0.1,
        tilt: 0.6,
        corner_hz: (990.0, 7_800.0),
        decay_db_per_second: 48.0,
        decay_growth: 0.4,
        decay_per_partial: 0.03,
        inner_loss: 3.0,
        body: &[
            formant(320.0, 120.0, 1.2),
            formant(640.0, 200.0, 1.1),
            formant(1_100.0, 350.0, 0.8),
            formant(2_600.0, 1_500.0, 0.6),
        ],
        lowest_hz: 210.0,
        thump: &[(320.0, 0.03, 260.0), (640.0, 0.02, 330.0)],
        pick: (0.02, 7_000.0),
        ..Self::STEEL_GUITAR
    };
    pub const SHAMISEN: Self = Self {
        pluck_at: 0.08,
        tilt: 0.6,
        decay_db_per_second: 65.0,
        corner_hz: (810.0, 6_500.0),
        pick: (0.06, 4_000.0),
        thump: &[(260.0, 0.05, 240.0), (520.0, 0.04, 330.0), (900.0, 0.02, 450.0)],
        ..Self::BANJO
    };
    pub const KOTO: Self = Self {
        pluck_at: 0.09,
        tilt: 0.8,
        corner_hz: (580.0, 5_850.0),
        decay_db_per_second: 20.0,
        decay_per_partial: 0.08,
        inner_loss: 3.5,
        other_plane: (1.4, 0.6, 0.5),
        body: &[formant(180.0, 90.0, 0.7), formant(450.0, 200.0, 0.7), formant(1_500.0, 800.0, 0.5)],
        lowest_hz: 110.0,
        pick: (0.02, 5_000.0),
        release_db_per_second: 45.0,
        ..Self::STEEL_GUITAR
    };

    /// The layers of a note.
    pub fn pluck(&self, note: &NoteOn) -> Vec<Layer> {
        let level = 0.28 * exp2(self.dynamics * log2(note.level()));
        let amplitudes = self.spectrum(note, level);
        let mut layers = Vec::new();
        for player in 0..self.players {
            // Of several players none is exactly on the pitch, but their mean is.
            let side = f64::from(player) - 0.5 * f64::from(self.players - 1);
            let hz = note.hz() * exp2(2.0 * side / 1_200.0);
            let pan = note.pan + 0.3 * side as f32;
            let share = 1.0 / f64::from(self.players);
            let (cents, amplitude, decay) = self.other_plane;
            let both = 1.0 + amplitude;
            // The stronger plane lies as far below the pitch as its weight demands, so that the pair is in tune.
            let lower = hz * exp2(-cents * amplitude / both / 1_200.0);
            let upper = hz * exp2(cents / both / 1_200.0);
            let attack = self.attack_seconds + 0.004 * (side * 1.7 + 1.7) * f64::from(u8::from(self.players > 1));
            for (plane_hz, gain, decay, offset) in [(lower, 1.0, 1.0, -0.04), (upper, amplitude, decay, 0.06)] {
                let partials = self.plane(note, &amplitudes, plane_hz, share * gain / both, decay);
                layers.push(
                    Bank::new(note, partials)
                        .at(pan + offset)
                        .attack(attack)
                        .damped(self.release_db_per_second)
                        .layer(),
                );
            }
        }
        let thump =
            self.thump.iter().map(|&(hz, gain, decay)| Partial::ringing(hz, gain * note.force() * level / 0.28, decay));
        layers.push(Bank::new(note, thump).attack(0.002).layer());
        layers.extend(Hiss::layer(note, 1, self.pick_noise(note)));
        layers.extend(Hiss::layer(note, 2, self.stop_noise(note)));
        layers
    }

    fn stiffness(&self, note: &NoteOn) -> f64 {
        self.inharmonicity * note.along(1.0)
    }

    fn spectrum(&self, note: &NoteOn, level: f64) -> Vec<f64> {
        let hz = note.hz();
        let corner_hz = (self.corner_hz.0 + (self.corner_hz.1 - self.corner_hz.0) * note.swell()) * note.along(0.35);
        // The hand never returns to quite the same place.
        let pluck_at = self.pluck_at * (1.0 + 0.05 * note.luck(5));
        let wanted = ((RICH_UP_TO_HZ / hz) as u32).clamp(6, MOST_PARTIALS);
        let mut amplitudes: Vec<f64> = (1..=wanted)
            .map(|n| {
                let (number, at) = (f64::from(n), hz * f64::from(n));
                let half_turns = |place: f64| sin_cos_turns(0.5 * number * place).0;
                let pickup = if self.pickup_at > 0.0 { half_turns(self.pickup_at) } else { 1.0 };
                let string = half_turns(pluck_at) * pickup * exp2(-self.tilt * log2(number));
                let voicing = gain_from_db(1.2 * f64::from(uniform(14, u64::from(note.pitch) << 8 | u64::from(n))));
                string
                    * fall(at, corner_hz, self.corner_order)
                    * formants(at, 1.0, self.body)
                    * radiation(at, self.lowest_hz)
                    * voicing
            })
            .collect();
        let power: f64 = amplitudes.iter().map(|a| a * a).sum();
        let scale = level / power.max(1e-12).sqrt();
        amplitudes.iter_mut().for_each(|a| *a *= scale);
        amplitudes
    }

    fn plane(
        &self,
        note: &NoteOn,
        amplitudes: &[f64],
        first_hz: f64,
        gain: f64,
        decay: f64,
    ) -> impl Iterator<Item = Partial> {
        let stiffness = self.stiffness(note);
        let slowest = self.decay_db_per_second * note.along(self.decay_growth) * (1.0 + 0.1 * note.dice(7));
        amplitudes.iter().enumerate().map(move |(index, amplitude)| {
            let n = index as u32 + 1;
            let hz = partial_hz(n, first_hz, stiffness);
            let kilohertz = hz * 1e-3;
            let bridge = 1.0 + 0.2 * f64::from(uniform(15, u64::from(note.pitch) << 8 | u64::from(n)));
            let outer = slowest * (1.0 + self.decay_per_partial * f64::from(n - 1)) * bridge;
            Partial::ringing(hz, amplitude * gain, decay * outer + self.inner_loss * kilohertz * kilohertz)
        })
    }

    fn pick_noise(&self, note: &NoteOn) -> HissSpec {
        let (level, high_hz) = self.pick;
        HissSpec {
            low_hz: 0.25 * high_hz,
            high_hz: high_hz * note.touch(0.5, 1.0),
            level: level * note.touch(0.25, 1.0) * note.level(),
            attack_seconds: 0.0012,
            decay_db_per_second: 1_000.0,
            ..HissSpec::BURST
        }
    }

    fn stop_noise(&self, note: &NoteOn) -> HissSpec {
        HissSpec {
            low_hz: 300.0,
            high_hz: 2_600.0,
            level: self.stop,
            attack_seconds: 0.003,
            decay_db_per_second: 1_100.0,
            at_release: true,
            pan: 0.05 * note.luck(6) as f32,
            ..HissSpec::BURST
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_string_plucked_in_its_middle_has_no_even_partials() {
        let middle = Plucked { pluck_at: 0.5, ..Plucked::NYLON_GUITAR };
        // The luck of the hand moves the place by up to a twentieth: 2·π·0.5·0.05 = 0.157 of the even partials at most.
        let amplitudes = middle.spectrum(&NoteOn::plain(60, 90, 44_100.0), 1.0);
        assert!(amplitudes[1].abs() < 0.1 * amplitudes[0].abs());
        assert!(amplitudes[2].abs() > 0.1 * amplitudes[0].abs());
    }

    #[test]
    fn a_hard_pluck_is_brighter() {
        for plucked in [Plucked::NYLON_GUITAR, Plucked::STEEL_GUITAR, Plucked::FINGER_BASS, Plucked::HARPSICHORD] {
            let high = |velocity| {
                let amplitudes = plucked.spectrum(&NoteOn::plain(48, velocity, 44_100.0), 1.0);
                amplitudes[8..].iter().map(|a| a * a).sum::<f64>()
            };
            assert!(high(120) > 1.15 * high(40), "{plucked:?}");
        }
    }

    #[test]
    fn a_harpsichord_hardly_follows_the_touch() {
        let peak = |plucked: Plucked, velocity| {
            let player = plucked.pluck(&NoteOn::plain(60, velocity, 44_100.0));
            let mut note = crate::voice::NotePlayer::new(player, 1.0, 44_100.0);
            let (mut left, mut right) = (vec![0.0; 8_192], vec![0.0; 8_192]);
            note.render(&mut left, &mut right);
            left.iter().fold(0.0f32, |p, x| p.max(x.abs()))
        };
        assert!(peak(Plucked::HARPSICHORD, 120) < 2.2 * peak(Plucked::HARPSICHORD, 40));
        assert!(peak(Plucked::NYLON_GUITAR, 120) > 3.0 * peak(Plucked::NYLON_GUITAR, 40));
    }
}
