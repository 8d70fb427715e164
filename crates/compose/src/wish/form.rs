//! Form as a row of letters: "A8 A8 B8 A8", "i4 A8 B8 A'8 o4".
//!
//! A letter and its number of bars are a section. Upper case has a melody, lower case has none (i intro, b bridge, o outro),
//! as in the structure labels of POP909 (Dai, Zhang and Dannenberg, "Automatic analysis and influence of hierarchical
//! structure on melody, rhythm and harmony in popular music", 2020). The same letter returns as a variation, with a prime
//! (`A'8`) as a looser one, and the more primes the looser. "A" and "a" are different letters. A letter without a number has
//! 8 bars: "AABA" is a song of 32.
//!
//! ```
//! use aeolian_compose::wish::{Appearance, FormPlan};
//! let form: FormPlan = "A8 B8 A'4".parse()?;
//! let last = &form.sections()[2];
//! assert_eq!((last.start_bar, last.bars), (16, 4));
//! assert_eq!(last.appearance, Appearance::Return { of: 0 });
//! assert_eq!(form.to_string(), "A8 B8 A'4");
//! # Ok::<(), aeolian_score::TextError>(())
//! ```

use aeolian_score::text_error::{character, shown};
use aeolian_score::{TextError, serde_as_text};
use std::fmt;
use std::str::FromStr;

/// The sections of a piece, in order; at least one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FormPlan {
    sections: Vec<FormSection>,
}

/// A section of the form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FormSection {
    /// `A` – `Z` with a melody, `a` – `z` without.
    pub letter: char,
    /// How loosely it returns, 0 – [`MOST_PRIMES`].
    pub primes: u8,
    /// Length in bars, ≥ 1.
    pub bars: usize,
    /// The bar it begins in; the first bar of the piece is 0.
    pub start_bar: usize,
    /// New material, or a return.
    pub appearance: Appearance,
}

/// Whether a section's letter was heard before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Appearance {
    /// The letter's first section.
    First,
    /// A return of an earlier section.
    Return {
        /// Index of the letter's first section.
        of: usize,
    },
}

/// Bars a form may have in all.
pub const MOST_BARS: usize = 1024;
/// Sections a form may have.
pub const MOST_SECTIONS: usize = 256;
/// Primes a section may have.
pub const MOST_PRIMES: u8 = 3;
/// Bars of a section that does not say: the commonest in pop909 (3268 of its 7485 melodic phrases).
const USUAL_BARS: usize = 8;

const WHAT: &str = "a form";
const ALLOWED: &str =
    "write letters and bars, as in \"A8 A8 B8 A'8\" or \"i4 A8 B8 o4\" (small letters have no melody)";

impl FormSection {
    /// True for upper-case letters.
    pub fn has_melody(&self) -> bool {
        self.letter.is_ascii_uppercase()
    }

    /// "A", "A'", "i": what notation writes above the section.
    pub fn label(&self) -> String {
        format!("{}{}", self.letter, "'".repeat(usize::from(self.primes)))
    }
}

impl FormPlan {
    /// The sections, in order; at least one.
    pub fn sections(&self) -> &[FormSection] {
        &self.sections
    }

    /// Length in bars, ≥ 1.
    pub fn num_bars(&self) -> usize {
        self.sections.iter().map(|section| section.bars).sum()
    }

    /// The section that holds a bar (the first bar is 0), or `None` after the end.
    pub fn section_at(&self, bar: usize) -> Option<&FormSection> {
        self.sections.iter().find(|section| (section.start_bar..section.start_bar + section.bars).contains(&bar))
    }
}

impl fmt::Display for FormPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, section) in self.sections.iter().enumerate() {
            let space = if index == 0 { "" } else { " " };
            write!(f, "{space}{}{}", section.label(), section.bars)?;
        }
        Ok(())
    }
}

impl FromStr for FormPlan {
    type Err = TextError;

    fn from_str(text: &str) -> Result<Self, TextError> {
        let error = |at: usize, reason: String| {
            let character = character(text, at);
            TextError::new(WHAT, text, at, format!("at character {character}, {reason}; {ALLOWED}"))
        };
        let mut sections: Vec<FormSection> = Vec::new();
        let (mut at, mut start_bar) = (0, 0);
        loop {
            at += separators(&text[at..]);
            let Some(letter) = text[at..].chars().next() else { break };
            if !letter.is_ascii_alphabetic() {
                return Err(error(at, format!("\"{letter}\" is no letter A to Z or a to z")));
            }
            let section_at = at;
            at += 1;
            let (primes, prime_bytes) = primes(&text[at..]);
            at += prime_bytes;
            let digits = text[at..].bytes().take_while(u8::is_ascii_digit).count();
            let number = &text[at..at + digits];
            let bars = if digits == 0 { USUAL_BARS } else { number.parse().unwrap_or(usize::MAX) };
            at += digits;

            let first = sections.iter().position(|section| section.letter == letter);
            if first.is_none() && primes > 0 {
                return Err(error(section_at, format!("{letter}' returns, but there is no {letter} before it")));
            }
            if primes > usize::from(MOST_PRIMES) {
                return Err(error(section_at, format!("{letter} has more than {MOST_PRIMES} primes")));
            }
            if bars == 0 || bars > MOST_BARS - start_bar {
                let number = shown(number);
                let reason = format!("{letter}{number} should bring the piece to 1 to {MOST_BARS} bars");
                return Err(error(section_at, reason));
            }
            if sections.len() == MOST_SECTIONS {
                return Err(error(section_at, format!("there are more than {MOST_SECTIONS} sections")));
            }
            let appearance = first.map_or(Appearance::First, |of| Appearance::Return { of });
            sections.push(FormSection { letter, primes: primes as u8, bars, start_bar, appearance });
            start_bar += bars;
        }
        if sections.is_empty() {
            return Err(error(0, "there is no section".to_owned()));
        }
        Ok(Self { sections })
    }
}

/// Bytes of spaces, commas, bars and dashes at the start of a text.
fn separators(text: &str) -> usize {
    let is_separator = |c: char| c.is_whitespace() || matches!(c, ',' | '|' | '-');
    text.len() - text.trim_start_matches(is_separator).len()
}

/// How many primes a text begins with, and their bytes.
fn primes(text: &str) -> (usize, usize) {
    let value = |c: char| match c {
        '\'' | '’' | '′' | '`' => Some(1),
        '"' | '”' | '″' => Some(2),
        _ => None,
    };
    let signs = text.chars().map_while(|c| Some((value(c)?, c.len_utf8())));
    signs.fold((0, 0), |sum, sign| (sum.0 + sign.0, sum.1 + sign.1))
}

serde_as_text!(FormPlan);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> FormPlan {
        text.parse().unwrap_or_else(|error| panic!("{error}"))
    }

    #[test]
    fn sections_follow_each_other() {
        let form = read("i4 A8 B8 A'8 o4");
        assert_eq!(form.num_bars(), 32);
        let seen: Vec<_> = form.sections().iter().map(|s| (s.label(), s.start_bar, s.bars, s.has_melody())).collect();
        let section = |label: &str, start, bars, melody| (label.to_owned(), start, bars, melody);
        assert_eq!(
            seen,
            [
                section("i", 0, 4, false),
                section("A", 4, 8, true),
                section("B", 12, 8, true),
                section("A'", 20, 8, true),
                section("o", 28, 4, false)
            ]
        );
        assert_eq!(form.sections()[3].appearance, Appearance::Return { of: 1 });
        assert_eq!([3, 4, 31].map(|bar| form.section_at(bar).map(|s| s.letter)), [Some('i'), Some('A'), Some('o')]);
        assert_eq!(form.section_at(32), None);
    }

    #[test]
    fn large_and_small_letters_are_different_sections() {
        let form = read("B8 b4 B8");
        let appearances: Vec<_> = form.sections().iter().map(|section| section.appearance).collect();
        assert_eq!(appearances, [Appearance::First, Appearance::First, Appearance::Return { of: 0 }]);
    }

    #[test]
    fn people_may_type_forms_in_many_ways() {
        for (typed, written) in [
            ("AABA", "A8 A8 B8 A8"),
            ("A8A8B8A8", "A8 A8 B8 A8"),
            ("A8, A8 | B8 - A’8", "A8 A8 B8 A'8"),
            ("A4 A″4", "A4 A''4"),
            ("A1024", "A1024"),
        ] {
            assert_eq!(read(typed).to_string(), written);
        }
    }

    #[test]
    fn what_is_no_form_is_refused_with_its_place() {
        for (text, character) in [
            ("", 1),
            ("  ", 1),
            ("A8 8", 4),
            ("A8 é", 4),
            ("A'8", 1),
            ("A8 A''''8", 4),
            ("A0", 1),
            ("A8 B1017", 4),
            ("A99999999999999999999999", 1),
        ] {
            let error = text.parse::<FormPlan>().expect_err(text);
            assert!(error.to_string().ends_with(ALLOWED), "{error}");
            assert_eq!(error.character(), character, "{error}");
        }
        assert_eq!(read("A8 B1016").num_bars(), MOST_BARS);
        assert!("A1 ".repeat(257).parse::<FormPlan>().is_err());
        assert_eq!(read(&"A1 ".repeat(256)).sections().len(), MOST_SECTIONS);
    }

    proptest! {
        #[test]
        fn a_form_is_read_back(text in "([ABCiobx]'{0,3}[0-9]{0,2}[ ,]?){1,12}") {
            if let Ok(form) = text.parse::<FormPlan>() {
                prop_assert_eq!(form.to_string().parse(), Ok(form));
            }
        }

        #[test]
        fn reading_never_panics(text in "\\PC{0,30}") {
            let _ = text.parse::<FormPlan>();
        }
    }
}
