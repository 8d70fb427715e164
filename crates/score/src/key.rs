//! Keys: a tonic pitch class and a mode.

use serde::{Deserialize, Serialize};

/// Major or minor; the church modes are read as the nearer of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Mode {
    /// Ionian.
    Major,
    /// Aeolian, with the raised sixth and seventh counted as belonging to it where a rule says so.
    Minor,
}

/// A musical key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Key {
    /// Tonic pitch class, 0 (C) – 11 (B).
    pub tonic: u8,
    /// Major or minor.
    pub mode: Mode,
}

impl Key {
    /// The key `semitones` higher.
    pub fn transposed(self, semitones: i32) -> Self {
        Self { tonic: (i32::from(self.tonic) + semitones).rem_euclid(12) as u8, ..self }
    }

    /// From a MIDI or MusicXML signature: sharps (+) or flats (−), −7 … 7.
    pub fn from_signature(sharps: i8, mode: Mode) -> Self {
        let major = (i32::from(sharps) * 7).rem_euclid(12);
        let tonic = match mode {
            Mode::Major => major,
            Mode::Minor => (major + 9) % 12,
        };
        Self { tonic: tonic as u8, mode }
    }

    /// The signature with the fewest accidentals, −5 … 6 (six sharps rather than six flats).
    pub fn signature(self) -> i8 {
        let major = match self.mode {
            Mode::Major => i32::from(self.tonic),
            Mode::Minor => (i32::from(self.tonic) + 3) % 12,
        };
        let sharps = (major * 7) % 12;
        (if sharps > 6 { sharps - 12 } else { sharps }) as i8
    }

    /// The seven pitch classes of the major or natural minor scale, as a 12-bit set (bit n is pitch class n).
    pub fn scale(self) -> u16 {
        const MAJOR: [u8; 7] = [0, 2, 4, 5, 7, 9, 11];
        const MINOR: [u8; 7] = [0, 2, 3, 5, 7, 8, 10];
        let degrees = match self.mode {
            Mode::Major => MAJOR,
            Mode::Minor => MINOR,
        };
        degrees.iter().fold(0, |set, d| set | 1 << ((self.tonic + d) % 12))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signature_and_back_is_identity() {
        for sharps in -5..=6 {
            for mode in [Mode::Major, Mode::Minor] {
                assert_eq!(Key::from_signature(sharps, mode).signature(), sharps);
            }
        }
    }

    #[test]
    fn a_minor_shares_the_notes_of_c_major() {
        let (c, a) = (Key { tonic: 0, mode: Mode::Major }, Key { tonic: 9, mode: Mode::Minor });
        assert_eq!(c.scale(), a.scale());
        assert_eq!(c.scale().count_ones(), 7);
    }
}
