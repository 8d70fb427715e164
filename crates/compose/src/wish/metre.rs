//! Metre, "4/4", "6/8", and the rhythmic grid, "straight", "triplet", "swing".
//!
//! ```
//! use aeolian_compose::wish::{Metre, RhythmGrid};
//! let waltz: Metre = "3/4".parse()?;
//! assert_eq!(waltz.bar_eighths(), 6);
//! let grid: RhythmGrid = "swing".parse()?;
//! assert_eq!(grid.positions(), [0, 8]);
//! # Ok::<(), aeolian_score::TextError>(())
//! ```

use aeolian_score::{GRID, TextError, serde_as_text};
use std::fmt;
use std::str::FromStr;

/// A metre that the canvas holds exactly: bars of whole eighths, two at least.
///
/// `aeolian_canvas` stores bars in eighths and does not see a bar in which no quarter starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Metre {
    numerator: u8,
    denominator: u8,
}

/// Beats a bar may have.
pub const MOST_BEATS: u8 = 32;
/// Eighths a bar may last, eight whole notes.
const MOST_EIGHTHS: u16 = 64;

const ALLOWED: &str = "write 4/4, 3/4, 2/4, 6/8, 12/8, 7/8 or another whose bar is 2 to 64 whole eighths";

impl Metre {
    /// 4/4.
    pub const COMMON: Self = Self { numerator: 4, denominator: 4 };

    /// A metre; `None` unless it has 1 – [`MOST_BEATS`] beats of 1, 2, 4, 8, 16 or 32 and its bar lasts 2 to 64 whole
    /// eighths.
    pub fn new(numerator: u8, denominator: u8) -> Option<Self> {
        let note_values = denominator.is_power_of_two() && denominator <= 32;
        if !(1..=MOST_BEATS).contains(&numerator) || !note_values {
            return None;
        }
        let eighths = u16::from(numerator) * 8;
        let whole = eighths.is_multiple_of(u16::from(denominator));
        let length = eighths / u16::from(denominator);
        (whole && (2..=MOST_EIGHTHS).contains(&length)).then_some(Self { numerator, denominator })
    }

    /// Beats in a bar as written, 1 – 32.
    pub fn numerator(self) -> u8 {
        self.numerator
    }

    /// Note value of a beat as written: 1, 2, 4, 8, 16 or 32.
    pub fn denominator(self) -> u8 {
        self.denominator
    }

    /// Length of a bar in eighths, 2 – 64: 8 for 4/4, 6 for 3/4 and 6/8.
    pub fn bar_eighths(self) -> u8 {
        (u16::from(self.numerator) * 8 / u16::from(self.denominator)) as u8
    }

    /// Length of a bar in quarters, 1 – 32; halves are possible: 3.5 for 7/8.
    pub fn bar_quarters(self) -> f64 {
        f64::from(self.bar_eighths()) / 2.0
    }

    /// True if beats are groups of three: 6/8, 9/8, 12/8 and the like in other note values.
    pub fn is_compound(self) -> bool {
        self.numerator > 3 && self.numerator.is_multiple_of(3) && self.denominator >= 8
    }
}

impl Default for Metre {
    fn default() -> Self {
        Self::COMMON
    }
}

impl fmt::Display for Metre {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}/{}", self.numerator, self.denominator))
    }
}

impl FromStr for Metre {
    type Err = TextError;

    fn from_str(text: &str) -> Result<Self, TextError> {
        let error = |reason: &str| TextError::new("a metre", text.trim(), 0, format!("{reason}{ALLOWED}"));
        let (numerator, denominator) = text.split_once('/').ok_or_else(|| error(""))?;
        let number = |text: &str| text.trim().parse::<u8>().map_err(|_| error(""));
        let (numerator, denominator) = (number(numerator)?, number(denominator)?);
        Self::new(numerator, denominator).ok_or_else(|| error("such bars do not lie on the canvas; "))
    }
}

serde_as_text!(Metre);

/// Where in a quarter notes may begin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RhythmGrid {
    /// Sixteenths: four even places.
    #[default]
    Straight,
    /// Two even places.
    Eighths,
    /// On the quarter only.
    Quarters,
    /// Three even places.
    Triplet,
    /// Eighths, long and short: the second falls on the last third of the quarter.
    Swing,
    /// Wherever the model likes: sixteenths with triplets among them.
    Free,
}

impl RhythmGrid {
    /// Every grid.
    pub const ALL: [Self; 6] = [Self::Straight, Self::Eighths, Self::Quarters, Self::Triplet, Self::Swing, Self::Free];

    /// The canonical name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Straight => "straight",
            Self::Eighths => "eighths",
            Self::Quarters => "quarters",
            Self::Triplet => "triplet",
            Self::Swing => "swing",
            Self::Free => "free",
        }
    }

    fn other_names(self) -> &'static [&'static str] {
        match self {
            Self::Straight => &["sixteenths", "sixteenth", "16ths", "16th", "even"],
            Self::Eighths => &["eighth", "8ths", "8th", "quavers"],
            Self::Quarters => &["quarter", "4ths", "4th", "crotchets"],
            Self::Triplet => &["triplets", "ternary"],
            Self::Swing => &["swung", "shuffle"],
            Self::Free => &["any", "all"],
        }
    }

    /// The places in a quarter, in grid positions ([`GRID`] a quarter), ascending; the canvas holds all of them.
    pub fn positions(self) -> &'static [u8] {
        match self {
            Self::Straight => &[0, 3, 6, 9],
            Self::Eighths => &[0, 6],
            Self::Quarters => &[0],
            Self::Triplet => &[0, 4, 8],
            Self::Swing => &[0, 8],
            Self::Free => &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11],
        }
    }

    /// True if notes may begin at this grid position, counted from the beginning of any quarter.
    pub fn allows(self, position: u32) -> bool {
        self.positions().contains(&((position % GRID) as u8))
    }
}

impl fmt::Display for RhythmGrid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for RhythmGrid {
    type Err = TextError;

    fn from_str(text: &str) -> Result<Self, TextError> {
        let is_name = |grid: &Self, name: &str| grid.name() == name || grid.other_names().contains(&name);
        let name: String = text.trim().chars().take(20).collect::<String>().to_lowercase();
        Self::ALL.into_iter().find(|grid| is_name(grid, &name)).ok_or_else(|| {
            TextError::new("a rhythmic grid", text.trim(), 0, "say straight, eighths, quarters, triplet, swing or free")
        })
    }
}

serde_as_text!(RhythmGrid);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn bars_are_counted_in_eighths() {
        for (text, eighths, compound) in [
            ("4/4", 8, false),
            ("3/4", 6, false),
            ("2/4", 4, false),
            ("6/8", 6, true),
            ("12/8", 12, true),
            ("7/8", 7, false),
            ("3/8", 3, false),
            ("6/16", 3, true),
            ("2/2", 8, false),
            ("1/4", 2, false),
            ("8/1", 64, false),
            ("32/4", 64, false),
            ("9/4", 18, false),
        ] {
            let metre: Metre = text.parse().unwrap_or_else(|error| panic!("{error}"));
            assert_eq!((metre.bar_eighths(), metre.is_compound()), (eighths, compound), "{text}");
            assert_eq!(metre.to_string(), text);
        }
        assert_eq!("7 / 8".parse::<Metre>().map(Metre::bar_quarters), Ok(3.5));
    }

    #[test]
    fn metres_the_canvas_would_bend_are_refused() {
        for text in ["5/16", "1/8", "9/1", "33/4", "0/4", "4/0", "4/3", "4/64", "300/4", "4", "", "é/4", "4/4/4"] {
            let error = text.parse::<Metre>().expect_err(text).to_string();
            assert!(error.starts_with(&format!("\"{text}\" is not a metre: ")) && error.ends_with(ALLOWED), "{error}");
        }
    }

    #[test]
    fn grids_lie_on_positions_the_canvas_holds() {
        for grid in RhythmGrid::ALL {
            assert_eq!(grid.name().parse(), Ok(grid));
            for name in grid.other_names() {
                assert_eq!(name.parse(), Ok(grid));
            }
            // A step's events may fall one position early or late, never halfway between two steps.
            assert!(grid.positions().iter().all(|position| u32::from(*position) < GRID));
            assert!(grid.allows(0) && grid.allows(GRID));
        }
        assert!(RhythmGrid::Swing.allows(20) && !RhythmGrid::Swing.allows(18));
        assert!("waltz".parse::<RhythmGrid>().is_err());
    }

    proptest! {
        #[test]
        fn a_metre_is_read_back(numerator: u8, denominator: u8) {
            if let Some(metre) = Metre::new(numerator, denominator) {
                prop_assert_eq!(metre.to_string().parse(), Ok(metre));
                prop_assert_eq!(u32::from(metre.bar_eighths()) * u32::from(denominator), u32::from(numerator) * 8);
            }
        }

        #[test]
        fn reading_never_panics(text in "\\PC{0,12}") {
            let _ = (text.parse::<Metre>(), text.parse::<RhythmGrid>());
        }
    }
}
