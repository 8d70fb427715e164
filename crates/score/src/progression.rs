//! Chord progressions as musicians write them: "| C G/B | Am7 F |".
//!
//! - Bars lie between `|`; line breaks do not matter. Without any `|` every chord lasts a bar: "C, G, Am, F".
//! - The chords of a bar share its time equally. A slash of its own holds the chord before it for another share,
//!   "| C / / G |", also over a bar line. A length in quarters may be given, "| C:3 G |"; chords without one share what
//!   remains.
//! - `%` repeats the bar before. `|: C | G :|` is played twice, `:| x4` four times; "x4" without repeat signs plays
//!   everything since the beginning (or the last repeat) four times.
//! - Chords are [chord symbols](crate::chord_symbol) or [Roman numerals](crate::roman), which need a key.
//!
//! A progression is written with its repeats played out.
//!
//! ```
//! use aeolian_score::{ChordSpan, Progression};
//! let progression: Progression = "| C G/B | Am7 |".parse()?;
//! assert_eq!(progression.num_bars(), 2);
//! let spans = progression.spans(8, None)?; // a bar of 4/4 has 8 eighths
//! assert_eq!(spans[1], ChordSpan { start: 24, length: 24, chord: "G/B".parse()? });
//! # Ok::<(), aeolian_score::TextError>(())
//! ```

use crate::{ChordSymbol, GRID, Key, RomanNumeral, TextError};
use std::fmt;

mod read;

/// Chords in bars of a metre that is not said.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Progression {
    /// At least one bar; every bar at least one slot; the first slot of all is a chord.
    bars: Vec<Vec<Slot>>,
}

/// A chord of a progression as it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ProgressionChord {
    /// A chord symbol.
    Symbol(ChordSymbol),
    /// A Roman numeral, which needs a key.
    Roman(RomanNumeral),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Slot {
    /// A chord, and how many grid positions it lasts if that was said.
    Chord(ProgressionChord, Option<u32>),
    /// The chord before lasts on.
    Again,
}

/// A chord and when it sounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChordSpan {
    /// Where it begins, in grid positions ([`GRID`] a quarter) from the start of the progression.
    pub start: u32,
    /// How long it lasts, in grid positions, ≥ 1.
    pub length: u32,
    /// The chord.
    pub chord: ChordSymbol,
}

/// Bars a progression may have, repeats played out.
pub const MOST_BARS: usize = 512;
/// Chords and holds a bar may have.
const MOST_SLOTS_PER_BAR: usize = 24;
/// Bytes of text that are read; the longest progression is written in fewer.
const LONGEST_TEXT: usize = 1_000_000;
/// Quarters a chord may be said to last.
const LONGEST_CHORD_QUARTERS: f64 = 128.0;

const WHAT: &str = "a chord progression";
const ALLOWED: &str = "write bars of chords, as in \"| C G/B | Am7 F |\"";

impl ProgressionChord {
    /// The chord symbol, by `key` where it is a Roman numeral; `None` for a numeral without a key.
    pub fn in_key(self, key: Option<Key>) -> Option<ChordSymbol> {
        match self {
            Self::Symbol(chord) => Some(chord),
            Self::Roman(numeral) => key.map(|key| numeral.in_key(key)),
        }
    }
}

impl fmt::Display for ProgressionChord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Symbol(chord) => chord.fmt(f),
            Self::Roman(numeral) => numeral.fmt(f),
        }
    }
}

impl Progression {
    /// How many bars it lasts, repeats played out; ≥ 1.
    pub fn num_bars(&self) -> usize {
        self.bars.len()
    }

    /// Every chord as it was written, in order.
    pub fn chords(&self) -> impl Iterator<Item = ProgressionChord> {
        self.bars.iter().flatten().filter_map(|slot| match slot {
            Slot::Chord(chord, _) => Some(*chord),
            Slot::Again => None,
        })
    }

    /// True if a Roman numeral is among the chords.
    pub fn needs_key(&self) -> bool {
        self.chords().any(|chord| matches!(chord, ProgressionChord::Roman(_)))
    }

    /// The same progression with its Roman numerals written as chord symbols of `key`.
    pub fn in_key(&self, key: Key) -> Self {
        let mut named = self.clone();
        for slot in named.bars.iter_mut().flatten() {
            if let Slot::Chord(chord, _) = slot
                && let Some(symbol) = chord.in_key(Some(key))
            {
                *chord = ProgressionChord::Symbol(symbol);
            }
        }
        named
    }

    /// The progression played again and again, or cut short, to last `num_bars` bars (at least 1, at most
    /// [`MOST_BARS`]).
    pub fn over(&self, num_bars: usize) -> Self {
        let bars = self.bars.iter().cycle().take(num_bars.clamp(1, MOST_BARS)).cloned().collect();
        Self { bars }
    }

    /// When every chord sounds in bars of so many eighths (8 for 4/4, 6 for 3/4 and 6/8).
    ///
    /// Shares that do not fall on the grid begin on the position before. A chord held over a bar line is a span in each
    /// bar.
    ///
    /// # Errors
    /// a numeral without a key;
    /// a bar whose chords last longer than it, or all of them together shorter, or that has more shares than positions
    pub fn spans(&self, bar_eighths: u8, key: Option<Key>) -> Result<Vec<ChordSpan>, TextError> {
        let bar_length = u32::from(bar_eighths) * GRID / 2;
        let error = |reason: String| TextError::new("a progression for this piece", &self.to_string(), 0, reason);
        let mut spans: Vec<ChordSpan> = Vec::new();
        for (index, slots) in self.bars.iter().enumerate() {
            let lengths = shares(slots, bar_length).map_err(|held| {
                let (held, bar) = (quarters(held), quarters(bar_length));
                error(format!("the chords of bar {} last {held} quarters, and the bar has {bar}", index + 1))
            })?;
            let bar_start = index as u32 * bar_length;
            let mut start = bar_start;
            for (slot, length) in slots.iter().zip(lengths) {
                let before = spans.last_mut();
                let chord = match (slot, before) {
                    (Slot::Again, Some(span)) if span.start >= bar_start => {
                        span.length += length;
                        None
                    }
                    (Slot::Again, before) => before.map(|span| span.chord),
                    (Slot::Chord(chord, _), _) => {
                        let missing = || error(format!("\"{chord}\" is a Roman numeral and needs a key"));
                        Some(chord.in_key(key).ok_or_else(missing)?)
                    }
                };
                spans.extend(chord.map(|chord| ChordSpan { start, length, chord }));
                start += length;
            }
        }
        Ok(spans)
    }
}

/// How long every slot of a bar lasts, in grid positions; the error is the length the bar would need.
fn shares(slots: &[Slot], bar_length: u32) -> Result<Vec<u32>, u32> {
    let said = |slot: &Slot| if let Slot::Chord(_, length) = slot { *length } else { None };
    let held: u32 = slots.iter().filter_map(said).sum();
    let sharers = slots.iter().filter(|slot| said(slot).is_none()).count() as u32;
    let remaining = bar_length.checked_sub(held).filter(|&rest| rest >= sharers && (rest == 0 || sharers > 0));
    let Some(remaining) = remaining else { return Err(held + sharers) };
    let mut sharer = 0;
    let length = |slot: &Slot| {
        said(slot).unwrap_or_else(|| {
            sharer += 1;
            sharer * remaining / sharers - (sharer - 1) * remaining / sharers
        })
    };
    Ok(slots.iter().map(length).collect())
}

/// Grid positions as quarters, for people: "3", "1.5", "0.333".
fn quarters(positions: u32) -> String {
    let text = format!("{:.3}", f64::from(positions) / f64::from(GRID));
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

impl fmt::Display for Progression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for bar in &self.bars {
            f.write_str("|")?;
            for slot in bar {
                match slot {
                    Slot::Chord(chord, None) => write!(f, " {chord}")?,
                    Slot::Chord(chord, Some(length)) => write!(f, " {chord}:{}", quarters(*length))?,
                    Slot::Again => f.write_str(" /")?,
                }
            }
            f.write_str(" ")?;
        }
        f.write_str("|")
    }
}

crate::serde_as_text!(Progression);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> Progression {
        text.parse().unwrap_or_else(|error| panic!("{error}"))
    }

    /// (start, length, chord) of every span, in grid positions.
    fn spans(text: &str, bar_eighths: u8) -> Vec<(u32, u32, String)> {
        let spans = read(text).spans(bar_eighths, None).unwrap_or_else(|error| panic!("{error}"));
        spans.into_iter().map(|span| (span.start, span.length, span.chord.to_string())).collect()
    }

    fn row(start: u32, length: u32, chord: &str) -> (u32, u32, String) {
        (start, length, chord.to_owned())
    }

    #[test]
    fn chords_share_their_bar() {
        let chords = [row(0, 24, "C"), row(24, 24, "G/B"), row(48, 24, "Am7"), row(72, 24, "F")];
        assert_eq!(spans("| C G/B | Am7 F |", 8), chords);
        assert_eq!(spans("C G/B | Am7 F", 8), chords);
        assert_eq!(spans("| C / / G |", 8), [row(0, 36, "C"), row(36, 12, "G")]);
        assert_eq!(spans("| C G Am |", 6), [row(0, 12, "C"), row(12, 12, "G"), row(24, 12, "Am")]);
        assert_eq!(spans("| C G Am F Dm |", 8).iter().map(|span| span.1).collect::<Vec<_>>(), [9, 10, 9, 10, 10]);
    }

    #[test]
    fn lengths_are_in_quarters_and_the_rest_is_shared() {
        assert_eq!(spans("| C:3 G |", 8), [row(0, 36, "C"), row(36, 12, "G")]);
        assert_eq!(spans("| C:1.5 G F |", 7), [row(0, 18, "C"), row(18, 12, "G"), row(30, 12, "F")]);
        assert_eq!(spans("| C:3.667 G:0.333 |", 8), [row(0, 44, "C"), row(44, 4, "G")]);
    }

    #[test]
    fn a_chord_may_be_held_over_the_bar_line() {
        let held = [row(0, 48, "C"), row(48, 24, "C"), row(72, 24, "G")];
        assert_eq!(spans("| C | / G |", 8), held);
        assert_eq!(spans("| C | C G |", 8), held);
    }

    #[test]
    fn without_bar_lines_every_chord_is_a_bar() {
        for text in
            ["C G Am F", "C, G, Am, F", "C\nG\nAm\nF", "|C|G|Am|F|", "| C | G |\n| Am | F |", "|| C | G | Am | F ||"]
        {
            assert_eq!(read(text), read("| C | G | Am | F |"), "{text}");
        }
        assert_eq!(read("C7(b9,13) F").num_bars(), 2);
    }

    #[test]
    fn repeats_are_played_out() {
        for (text, played) in [
            ("| C | % | G |", "| C | C | G |"),
            ("|: C | G :| F |", "| C | G | C | G | F |"),
            ("|: C | G :| x3", "| C | G | C | G | C | G |"),
            ("|: C :|x3 |: G :|", "| C | C | C | G | G |"),
            ("|: C :|: G :|", "| C | C | G | G |"),
            ("| C | G | x2 | F |", "| C | G | C | G | F |"),
            ("| Em | C | G :|", "| Em | C | G | Em | C | G |"),
            ("C G x2", "| C | G | C | G |"),
            ("C % G", "| C | C | G |"),
            ("| F |: C :|", "| F | C | C |"),
            ("| C G | % |", "| C G | C G |"),
        ] {
            assert_eq!(read(text).to_string(), played, "{text}");
        }
    }

    #[test]
    fn numerals_need_a_key() {
        let progression = read("| I V6 | vi bVII |");
        assert!(progression.needs_key());
        assert!(progression.spans(8, None).expect_err("no key").to_string().contains("\"I\" is a Roman numeral"));
        let in_g = progression.in_key("G".parse().expect("a key"));
        assert_eq!(in_g.to_string(), "| G D/F# | Em F |");
        assert!(!in_g.needs_key());
        assert_eq!(progression.spans(8, "G".parse().ok()), in_g.spans(8, None));
    }

    #[test]
    fn a_progression_fills_a_piece() {
        assert_eq!(read("C G").over(5).to_string(), "| C | G | C | G | C |");
        assert_eq!(read("C G").over(1).to_string(), "| C |");
        assert_eq!(read("C G").over(0).num_bars(), 1);
    }

    #[test]
    fn a_bar_must_hold_its_chords() {
        let error = |text: &str| read(text).spans(8, None).expect_err(text).to_string();
        assert!(error("| C | G:3 F:2 |").ends_with("the chords of bar 2 last 5 quarters, and the bar has 4"));
        assert!(error("| C:3 |").ends_with("the chords of bar 1 last 3 quarters, and the bar has 4"));
        assert!(read("| C:4 |").spans(8, None).is_ok());
        assert!(read("| C:4 G |").spans(8, None).is_err());
        assert!(read("| C |").spans(0, None).is_err());
    }

    #[test]
    fn errors_name_the_bar_and_the_place() {
        for (text, character, words) in [
            ("", 1, "no chord"),
            ("|", 1, "no chord"),
            ("| C | Hm |", 7, "in bar 2, at character 7, \"Hm\" is not a chord"),
            ("| C | | G |", 7, "the bar is empty"),
            ("%", 1, "% stands alone"),
            ("| C G % |", 7, "% stands alone"),
            ("| / C |", 3, "a slash holds"),
            ("C / G", 3, "a slash holds"),
            ("C - G", 3, "leave the dash out"),
            ("| C:0 |", 5, "no length"),
            ("| C:x |", 5, "no length"),
            ("| C:1.3 |", 5, "no length"),
            ("| C:1e2 |", 5, "no length"),
            ("C:4", 3, "without bar lines"),
            ("x4", 1, "nothing to repeat"),
            ("|: :|", 4, "nothing to repeat"),
            ("C x0", 3, "nothing to repeat"),
            ("| C x2 |", 5, "stands after a bar line"),
            ("C x513", 3, "more than 512 bars"),
            ("| VIx |", 3, "is not a Roman numeral"),
            ("C x99999999999999999999999", 3, "more than 512 bars"),
        ] {
            let error = text.parse::<Progression>().expect_err(text);
            assert!(error.to_string().contains(words), "{error}");
            assert_eq!(error.character(), character, "{error}");
        }
        assert_eq!(read("C x512").num_bars(), 512);
        assert!(format!("| {} |", "C ".repeat(25)).parse::<Progression>().is_err());
        assert_eq!(read(&format!("| {} |", "C ".repeat(24))).num_bars(), 1);
    }

    #[test]
    fn progressions_are_stored_as_text() {
        let stored = serde_json::to_string(&read("C G")).expect("text can be stored");
        assert_eq!(stored, "\"| C | G |\"");
        assert_eq!(serde_json::from_str::<Progression>(&stored).expect("and read"), read("C G"));
        let error = serde_json::from_str::<Progression>("\"Q\"").expect_err("Q is no chord");
        assert!(error.to_string().contains("\"Q\" is not a chord"), "{error}");
    }

    proptest! {
        #[test]
        fn whatever_is_read_is_read_back(text in "(\\|?:? ?(C|Am7|G7\\(b9\\)|F/A|V7|iv|N\\.C\\.|/|%)(:[123]|:0\\.333)? ?:?\\|?( x2)?\n?){1,8}") {
            if let Ok(progression) = text.parse::<Progression>() {
                prop_assert_eq!(progression.to_string().parse(), Ok(progression));
            }
        }

        #[test]
        fn spans_fill_every_bar(text in "(\\| ((C|Am7|G)(:1)? |/ ){1,5}){1,5}", eighths in 0u8..=255) {
            let Ok(progression) = text.parse::<Progression>() else { return Ok(()) };
            let Ok(spans) = progression.spans(eighths, None) else { return Ok(()) };
            let mut end = 0;
            for span in spans {
                prop_assert_eq!(span.start, end);
                prop_assert!(span.length >= 1);
                end += span.length;
            }
            prop_assert_eq!(end, progression.num_bars() as u32 * u32::from(eighths) * 6);
        }

        #[test]
        fn reading_never_panics(text in "\\PC{0,30}", near in "[|:%/xC-G0-9.,()\n –]{0,20}") {
            for text in [text, near] {
                let _ = text.parse::<Progression>();
            }
        }
    }
}
