//! Voices: a buzzing source and the formants of a vowel.
//!
//! The glottis gives harmonics that fall by 12 dB an octave above a corner that rises with effort; the mouth lifts those near its
//! formants (Fant 1960, "Acoustic Theory of Speech Production"; frequencies after Peterson & Barney 1952 and Sundberg 1987). A
//! soprano opens her mouth until the first formant is no lower than the pitch.

use crate::hiss::{Hiss, HissSpec};
use crate::note_on::NoteOn;
use crate::spectrum::{Formant, fall, formant, formants};
use crate::voice::Layer;
use crate::waves::{Tone, Waves, section};
use crate::wavetable::Tables;

/// A vowel: frequency, width and gain of its formants.
type Vowel = [Formant; 5];

const AH: Vowel = [
    formant(750.0, 110.0, 9.0),
    formant(1_180.0, 120.0, 5.5),
    formant(2_750.0, 180.0, 4.5),
    formant(3_300.0, 220.0, 3.5),
    formant(4_400.0, 400.0, 1.2),
];
const OH: Vowel = [
    formant(480.0, 90.0, 9.0),
    formant(850.0, 110.0, 5.0),
    formant(2_600.0, 180.0, 1.8),
    formant(3_200.0, 220.0, 1.4),
    formant(4_300.0, 400.0, 0.5),
];
const OO: Vowel = [
    formant(350.0, 80.0, 9.0),
    formant(700.0, 100.0, 2.5),
    formant(2_450.0, 180.0, 0.7),
    formant(3_100.0, 220.0, 0.5),
    formant(4_200.0, 400.0, 0.2),
];
const EH: Vowel = [
    formant(560.0, 100.0, 9.0),
    formant(1_800.0, 150.0, 5.0),
    formant(2_500.0, 180.0, 4.0),
    formant(3_400.0, 220.0, 2.5),
    formant(4_400.0, 400.0, 1.0),
];

/// Who sings, and what.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Choir {
    /// Vowel of soft and of loud notes.
    vowels: (Vowel, Vowel),
    players: u32,
    spread_cents: f64,
    attack_seconds: f64,
    release_db_per_second: f64,
    breath: f64,
}

impl Choir {
    pub const AAHS: Self = Self {
        vowels: (OH, AH),
        players: 5,
        spread_cents: 9.0,
        attack_seconds: 0.14,
        release_db_per_second: 150.0,
        breath: 0.004,
    };
    pub const OOHS: Self = Self { vowels: (OO, OH), attack_seconds: 0.12, players: 4, spread_cents: 7.0, ..Self::AAHS };
    pub const SYNTH: Self =
        Self { vowels: (OO, EH), players: 3, spread_cents: 6.0, attack_seconds: 0.08, breath: 0.006, ..Self::AAHS };
    pub const PAD: Self = Self { vowels: (OO, AH), attack_seconds: 0.45, release_db_per_second: 70.0, ..Self::AAHS };
    pub const LEAD: Self =
        Self { vowels: (OH, EH), players: 3, spread_cents: 3.0, attack_seconds: 0.04, breath: 0.003, ..Self::AAHS };

    /// The layers of a note.
    pub fn sing(&self, note: &NoteOn, tables: &mut Tables) -> Vec<Layer> {
        let hz = note.hz();
        // Smaller heads sing higher: formants rise by a sixth over the octaves of a choir.
        let head = note.along(0.09);
        let mouth = move |vowel: Vowel, at: f64| {
            let first = vowel[0].hz * head;
            let opened = (hz / first).max(1.0);
            let shaped = vowel.map(|f| Formant { hz: f.hz * head, width_hz: f.width_hz.max(0.12 * hz), gain: f.gain });
            let lifted = [Formant { hz: first * opened, ..shaped[0] }, shaped[1], shaped[2], shaped[3], shaped[4]];
            formants(at, 0.12, &lifted)
        };
        let (soft, loud) = self.vowels;
        let table = tables.of(
            note,
            0,
            hz,
            |_, at| fall(at, 260.0 + 0.5 * hz, 2) * mouth(soft, at),
            |_, at| fall(at, 600.0 + 0.8 * hz, 2) * mouth(loud, at),
        );
        let tone = Tone {
            hz,
            level: 0.11 * note.level(),
            attack_seconds: self.attack_seconds * note.touch(1.5, 0.8),
            release_db_per_second: self.release_db_per_second,
            first_brightness: 0.0,
            brightness: 0.05 + 0.95 * note.swell(),
            brightness_half_life: 0.15,
            vibrato_hz: 5.4,
            vibrato_cents: 17.0,
            vibrato_swell: 0.03,
            vibrato_delay: 0.25,
            scoop_cents: -18.0,
            scoop_half_life: 0.045,
            drift_cents: 3.0,
            desks: section(self.players, self.spread_cents, 0.5, 0.05),
            ..Tone::default()
        };
        let breath = HissSpec {
            low_hz: 700.0,
            high_hz: 4_500.0,
            level: self.breath * note.level(),
            attack_seconds: 0.09,
            decay_db_per_second: 30.0,
            sustain: 0.4,
            release_db_per_second: 220.0,
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
    fn an_ah_is_more_open_than_an_oo() {
        assert!(AH[0].hz > OH[0].hz && OH[0].hz > OO[0].hz);
        // At the first formant of "ah" an "oo" has little.
        assert!(formants(750.0, 0.12, &AH) > 2.0 * formants(750.0 * 1.3, 0.12, &OO));
    }
}
