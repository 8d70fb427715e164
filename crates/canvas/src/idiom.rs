//! What kind of music a piece is, as far as the model has learned to tell.

use aeolian_score::{TextError, serde_as_text};
use std::fmt;
use std::str::FromStr;

/// What kind of music a piece is; a label the model learns with, one for each kind of collection it has seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Idiom {
    /// Pop songs arranged for piano.
    PopPiano = 0,
    /// Songs with a rhythm section: bass, drums, keys.
    Band = 1,
    /// Popular songs of the early twentieth century, melody and chords alone.
    LeadSheet = 2,
    /// Songs for voice and piano of the nineteenth century.
    Lied = 3,
    /// String quartets.
    Quartet = 4,
    /// Four-part chorales.
    Chorale = 5,
    /// Dances and airs of the British Isles.
    Folk = 6,
    /// Drums alone.
    DrumKit = 7,
    /// Music for games, several instruments.
    Game = 8,
    /// Classical piano.
    Piano = 9,
}

impl Idiom {
    /// Every idiom in the order of its number.
    pub const ALL: [Self; 10] = [
        Self::PopPiano,
        Self::Band,
        Self::LeadSheet,
        Self::Lied,
        Self::Quartet,
        Self::Chorale,
        Self::Folk,
        Self::DrumKit,
        Self::Game,
        Self::Piano,
    ];

    /// Its name in small letters: "pop-piano", "band", "lead-sheet", …
    pub fn name(self) -> &'static str {
        match self {
            Self::PopPiano => "pop-piano",
            Self::Band => "band",
            Self::LeadSheet => "lead-sheet",
            Self::Lied => "lied",
            Self::Quartet => "quartet",
            Self::Chorale => "chorale",
            Self::Folk => "folk",
            Self::DrumKit => "drum-kit",
            Self::Game => "game",
            Self::Piano => "piano",
        }
    }
}

/// Other words for some of them.
const SYNONYMS: [(&str, Idiom); 14] = [
    ("pop", Idiom::PopPiano),
    ("pop piano", Idiom::PopPiano),
    ("rock", Idiom::Band),
    ("jazz", Idiom::Band),
    ("lead sheet", Idiom::LeadSheet),
    ("song", Idiom::Lied),
    ("art song", Idiom::Lied),
    ("strings", Idiom::Quartet),
    ("string quartet", Idiom::Quartet),
    ("bach", Idiom::Chorale),
    ("irish", Idiom::Folk),
    ("drums", Idiom::DrumKit),
    ("drum kit", Idiom::DrumKit),
    ("classical", Idiom::Piano),
];

impl fmt::Display for Idiom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Idiom {
    type Err = TextError;

    /// Reads a name ("pop-piano", "band", …) or a word for one ("pop", "jazz", "string quartet", …); capitals do not matter.
    fn from_str(text: &str) -> Result<Self, TextError> {
        let word = text.trim().to_lowercase();
        let spaced = word.replace(['-', '_'], " ");
        let by_name = Self::ALL.into_iter().find(|idiom| idiom.name() == word);
        let by_word = SYNONYMS.into_iter().find(|(synonym, _)| *synonym == spaced).map(|(_, idiom)| idiom);
        by_name.or(by_word).ok_or_else(|| {
            let names = Self::ALL.map(Self::name).join(", ");
            TextError::new("a style", text, 0, format!("there are {names}"))
        })
    }
}

serde_as_text!(Idiom);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back_and_words_understood() {
        for idiom in Idiom::ALL {
            assert_eq!(idiom.to_string().parse(), Ok(idiom));
            assert_eq!(idiom.name().replace('-', " ").to_uppercase().replace(' ', "-").parse(), Ok(idiom));
        }
        assert_eq!("String Quartet".parse(), Ok(Idiom::Quartet));
        let error = "polka".parse::<Idiom>().unwrap_err().to_string();
        assert!(error.contains("polka") && error.contains("lead-sheet"), "{error}");
    }
}
