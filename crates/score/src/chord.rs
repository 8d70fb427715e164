//! Chord symbols: a root, a quality and a bass, and the pitch classes they mean.

use serde::{Deserialize, Serialize};

/// The qualities the canvas and the notation know. Each is a set of semitones above the root.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum ChordQuality {
    Major,
    Minor,
    Diminished,
    Augmented,
    Sus2,
    Sus4,
    Major7,
    Minor7,
    Dominant7,
    MinorMajor7,
    HalfDiminished7,
    Diminished7,
    Major6,
    Minor6,
    Dominant7Sus4,
    Major9,
    Minor9,
    Dominant9,
    Add9,
    Power,
}

impl ChordQuality {
    /// Every quality, triads first: where two fit a set of pitch classes equally, the earlier is meant.
    pub const ALL: [Self; 20] = [
        Self::Major,
        Self::Minor,
        Self::Diminished,
        Self::Augmented,
        Self::Sus2,
        Self::Sus4,
        Self::Major7,
        Self::Minor7,
        Self::Dominant7,
        Self::MinorMajor7,
        Self::HalfDiminished7,
        Self::Diminished7,
        Self::Major6,
        Self::Minor6,
        Self::Dominant7Sus4,
        Self::Major9,
        Self::Minor9,
        Self::Dominant9,
        Self::Add9,
        Self::Power,
    ];

    /// Semitones above the root, ascending, within one octave.
    pub fn intervals(self) -> &'static [u8] {
        match self {
            Self::Major => &[0, 4, 7],
            Self::Minor => &[0, 3, 7],
            Self::Diminished => &[0, 3, 6],
            Self::Augmented => &[0, 4, 8],
            Self::Sus2 => &[0, 2, 7],
            Self::Sus4 => &[0, 5, 7],
            Self::Major7 => &[0, 4, 7, 11],
            Self::Minor7 => &[0, 3, 7, 10],
            Self::Dominant7 => &[0, 4, 7, 10],
            Self::MinorMajor7 => &[0, 3, 7, 11],
            Self::HalfDiminished7 => &[0, 3, 6, 10],
            Self::Diminished7 => &[0, 3, 6, 9],
            Self::Major6 => &[0, 4, 7, 9],
            Self::Minor6 => &[0, 3, 7, 9],
            Self::Dominant7Sus4 => &[0, 5, 7, 10],
            Self::Major9 => &[0, 2, 4, 7, 11],
            Self::Minor9 => &[0, 2, 3, 7, 10],
            Self::Dominant9 => &[0, 2, 4, 7, 10],
            Self::Add9 => &[0, 2, 4, 7],
            Self::Power => &[0, 7],
        }
    }

    /// What follows the root's name in a chord symbol: "" for major, "m7", "maj7", "sus4" …
    pub fn suffix(self) -> &'static str {
        match self {
            Self::Major => "",
            Self::Minor => "m",
            Self::Diminished => "dim",
            Self::Augmented => "aug",
            Self::Sus2 => "sus2",
            Self::Sus4 => "sus4",
            Self::Major7 => "maj7",
            Self::Minor7 => "m7",
            Self::Dominant7 => "7",
            Self::MinorMajor7 => "m(maj7)",
            Self::HalfDiminished7 => "m7b5",
            Self::Diminished7 => "dim7",
            Self::Major6 => "6",
            Self::Minor6 => "m6",
            Self::Dominant7Sus4 => "7sus4",
            Self::Major9 => "maj9",
            Self::Minor9 => "m9",
            Self::Dominant9 => "9",
            Self::Add9 => "add9",
            Self::Power => "5",
        }
    }
}

/// A chord: root, quality, and the bass note when it is not the root.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Chord {
    /// Root pitch class, 0–11.
    pub root: u8,
    /// Quality above the root.
    pub quality: ChordQuality,
    /// Bass pitch class, 0–11; equal to `root` in root position.
    pub bass: u8,
}

impl Chord {
    /// A chord in root position.
    pub fn new(root: u8, quality: ChordQuality) -> Self {
        Self { root, quality, bass: root }
    }

    /// The pitch classes as a 12-bit set (bit n is pitch class n), the bass included.
    pub fn pitch_classes(self) -> u16 {
        self.quality.intervals().iter().fold(1 << self.bass, |set, i| set | 1 << ((self.root + i) % 12))
    }

    /// The chord `semitones` higher.
    pub fn transposed(self, semitones: i32) -> Self {
        let up = |pc: u8| (i32::from(pc) + semitones).rem_euclid(12) as u8;
        Self { root: up(self.root), bass: up(self.bass), ..self }
    }

    /// The quality over `root` whose notes agree best with a set of pitch classes (fewest missing plus extra notes).
    pub fn from_pitch_classes(root: u8, bass: u8, pitch_classes: u16) -> Self {
        let distance = |quality: &ChordQuality| {
            let meant = Self::new(root, *quality).pitch_classes();
            (meant ^ (pitch_classes & !(1 << bass) | (meant & (1 << bass)))).count_ones()
        };
        let quality = ChordQuality::ALL.into_iter().min_by_key(distance).expect("the list of qualities is not empty");
        Self { root, quality, bass }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_quality_is_found_again_from_its_own_notes() {
        for quality in ChordQuality::ALL {
            for root in 0..12 {
                let chord = Chord::new(root, quality);
                assert_eq!(Chord::from_pitch_classes(root, root, chord.pitch_classes()), chord);
            }
        }
    }

    #[test]
    fn a_foreign_bass_does_not_change_the_quality() {
        let c_over_d = Chord { root: 0, quality: ChordQuality::Major, bass: 2 };
        assert_eq!(Chord::from_pitch_classes(0, 2, c_over_d.pitch_classes()), c_over_d);
    }
}
