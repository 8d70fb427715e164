//! Which part does what: the six roles of an arrangement, given to the parts of any score.
//!
//! A file's own words come first: channel 10 is drums, and a part called "Melody", "Walk" or "Viola" is believed ([`by_name`]).
//! The others are heard ([`by_sound`]): instrument, register, how many notes sound at once, how long they last, and how the
//! line moves. Nothing is learned from data; each rule is one a musician would give, and each threshold says where it was set.
//!
//! In order, a rule taking only the parts that none before has taken:
//!
//! 1. **Drums**: channel 10. General MIDI's pitched drums and sound effects (programs 115–127) have no role at all.
//! 2. **Layers** ([`Role::Melody`], [`Role::Counter`], [`Role::Sustained`] …, [`Role::Bass`] from top to bottom): three to six
//!    lines of one family, when nobody else plays, as in a string quartet, or only keyboards besides, as under a choir.
//! 3. **Bass**: bass instruments (programs 32–39, contrabass, tuba). Without one, the lowest line, if it is clearly
//!    below the rest and no hand of a piano.
//! 4. **Sustained**: strings in ensemble, choirs and pads that play more than one note at a time or very long ones.
//! 5. **Melody**: of the lines left, the one that most behaves like a tune (see [`by_sound`]).
//! 6. **Counter**: lines left that move like tunes too and are played by solo instruments, or by the same keyboard as the melody.
//! 7. **Harmony**: all else.
//!
//! ```
//! use aeolian_score::{Part, Score, role::{self, Role}};
//! let mut score = Score::new(480);
//! score.parts = vec![Part { name: "MELODY".into(), ..Part::default() }, Part { is_drum: true, ..Part::default() }];
//! assert_eq!(role::by_name(&score), [Some(Role::Melody), Some(Role::Drums)]);
//! ```

mod name;
mod sound;

pub use name::by_name;
pub use sound::by_sound;

use crate::Score;
use serde::{Deserialize, Serialize};

/// What a part does in an arrangement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Role {
    /// The tune.
    Melody,
    /// A second tune beside it.
    Counter,
    /// Chords and figures of them: keyboards, guitars, harps, hits of brass.
    Harmony,
    /// The lowest line.
    Bass,
    /// Percussion without pitch.
    Drums,
    /// Long notes between: strings, pads, voices.
    Sustained,
}

impl Role {
    /// Every role, in the order of the canvas to come.
    pub const ALL: [Self; 6] = [Self::Melody, Self::Counter, Self::Harmony, Self::Bass, Self::Drums, Self::Sustained];

    /// Its name in small letters.
    pub fn name(self) -> &'static str {
        match self {
            Self::Melody => "melody",
            Self::Counter => "counter",
            Self::Harmony => "harmony",
            Self::Bass => "bass",
            Self::Drums => "drums",
            Self::Sustained => "sustained",
        }
    }
}

/// The role of each part: by its name where that tells, else by its sound, given what the names say of the others.
/// `None` for parts without notes whose names tell nothing, and for sound effects.
pub fn assign(score: &Score) -> Vec<Option<Role>> {
    sound::complete(score, by_name(score))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Note, Part, Tick};

    /// A part that plays each of these chords for `beats` quarters.
    fn part(name: &str, program: u8, beats: u32, chords: &[&[u8]]) -> Part {
        let note = |at: usize, pitch: u8| Note {
            onset: Tick(at as u32 * beats * 12),
            pitch,
            duration: Tick(beats * 12),
            velocity: 80,
        };
        let notes = chords.iter().enumerate().flat_map(|(at, chord)| chord.iter().map(move |&p| note(at, p)));
        Part { name: name.into(), program, notes: notes.collect(), ..Part::default() }
    }

    fn score(parts: Vec<Part>) -> Score {
        Score { parts, ..Score::new(12) }
    }

    const TUNE: [&[u8]; 8] = [&[72], &[74], &[76], &[77], &[76], &[74], &[72], &[71]];
    const CHORDS: [&[u8]; 4] = [&[60, 64, 67], &[60, 65, 69], &[59, 62, 67], &[60, 64, 67]];
    const ROOTS: [&[u8]; 4] = [&[36], &[41], &[43], &[36]];

    #[test]
    fn a_band_without_names_is_heard() {
        let drums = Part { is_drum: true, ..part("", 0, 1, &[&[36], &[38]]) };
        let parts = vec![
            part("", 33, 2, &ROOTS),
            part("", 0, 2, &CHORDS),
            part("", 73, 1, &TUNE),
            part("", 48, 2, &CHORDS),
            drums,
            part("", 122, 1, &TUNE),
        ];
        let roles = assign(&score(parts));
        let expected = [Role::Bass, Role::Harmony, Role::Melody, Role::Sustained, Role::Drums].map(Some);
        assert_eq!(roles, [&expected[..], &[None]].concat());
    }

    #[test]
    fn four_equal_lines_are_layers() {
        let lines = [72, 67, 60, 48].map(|low| {
            let steps: Vec<[u8; 1]> = [0, 2, 4, 2].map(|step| [low + step]).to_vec();
            let chords: Vec<&[u8]> = steps.iter().map(|s| &s[..]).collect();
            part("", 0, 1, &chords)
        });
        let mut parts = lines.to_vec();
        parts.swap(0, 3);
        let expected = [Role::Bass, Role::Counter, Role::Sustained, Role::Melody].map(Some);
        assert_eq!(assign(&score(parts)), expected);
    }

    #[test]
    fn a_single_part_of_chords_is_harmony_and_a_single_line_a_melody() {
        assert_eq!(assign(&score(vec![part("", 0, 1, &CHORDS)])), [Some(Role::Harmony)]);
        assert_eq!(assign(&score(vec![part("", 0, 1, &TUNE)])), [Some(Role::Melody)]);
    }

    #[test]
    fn the_hands_of_a_piano_are_harmony_even_where_the_left_plays_one_line() {
        let parts = vec![part("", 68, 1, &TUNE), part("", 0, 2, &CHORDS), part("", 0, 2, &ROOTS)];
        assert_eq!(assign(&score(parts)), [Role::Melody, Role::Harmony, Role::Harmony].map(Some));
    }

    #[test]
    fn a_name_is_believed_over_the_sound() {
        let parts = vec![part("Walk", 0, 1, &TUNE), part("Solo", 0, 2, &CHORDS), part("Staff-2", 0, 2, &CHORDS)];
        assert_eq!(assign(&score(parts)), [Role::Bass, Role::Melody, Role::Harmony].map(Some));
    }

    #[test]
    fn nothing_has_no_role() {
        assert_eq!(assign(&Score::new(12)), []);
        assert_eq!(assign(&score(vec![Part::default()])), [None]);
    }
}
