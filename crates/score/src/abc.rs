//! ABC, the notation of folk tunes: [`tunes`] makes a [`Score`] of every tune in a file.
//!
//! Read as "The abc music standard 2.1" (abcnotation.com, December 2011) has it, with what collectors' files of the
//! 1990s need besides. Repeats and endings are played out, the header's `P:` decides the order of labelled parts,
//! accidentals last through the bar in every octave (the standard's default), `A>B` is three to one, and a first bar
//! that is shorter than its metre is a pickup.
//!
//! What is not music here: decorations, slurs, fingerings and words are passed over; grace notes are dropped and counted, for
//! a [`Score`] has no notes without a length; "D.C." and "Fine" are words, so they are counted but not followed.
//!
//! ```
//! use aeolian_score::{Tick, abc};
//! let tunes = abc::tunes(b"X:7\nT:Two bars\nM:2/4\nL:1/8\nK:Em\nB2 e>f|1 g4:|2 ^g4|]\n");
//! let notes = &tunes[0].score.parts[0].notes;
//! assert_eq!((tunes[0].number, tunes[0].titles[0].as_str()), (7, "Two bars"));
//! assert_eq!(notes.iter().map(|n| n.pitch).collect::<Vec<_>>(), [71, 76, 78, 79, 71, 76, 78, 80]);
//! assert_eq!(notes[2].duration, Tick(abc::TICKS_PER_QUARTER / 4));
//! ```

mod assemble;
mod body;
mod chord_symbol;
mod fields;
mod lines;
mod unfold;

pub use chord_symbol::chord_symbol;

use crate::Score;
use std::fmt;

/// Ticks of a quarter in what is read: 2⁵·3²·5·7, so that 64ths and tuplets of 3, 5, 7 and 9 are exact.
pub const TICKS_PER_QUARTER: u32 = 10_080;

/// The most notes, rests and bar lines of a voice once repeats are played out; a longer tune is cut there.
pub const MAX_EVENTS: usize = 200_000;

/// One tune of a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Tune {
    /// Its reference number, `X:`.
    pub number: u32,
    /// Its titles, `T:`, the main one first; empty if it has none.
    pub titles: Vec<String>,
    /// What it is danced to, `R:` ("jig"), or empty.
    pub rhythm: String,
    /// Who made it, `C:`, or empty.
    pub composer: String,
    /// The music, at [`TICKS_PER_QUARTER`]. Keys in church modes are named as the nearer of major and minor.
    pub score: Score,
    /// What had to be left out or put right.
    pub repairs: Repairs,
}

/// What a tune holds that the score does not, or not as written. Counts; passes of a repeat count once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Repairs {
    /// Grace notes dropped.
    pub grace_notes: usize,
    /// Symbols that mean nothing, passed over.
    pub unknown_symbols: usize,
    /// Fields (key, metre, length, tempo, order of parts) that mean nothing, ignored.
    pub bad_fields: usize,
    /// "D.C.", "D.S." and the like: not followed.
    pub jumps_not_followed: usize,
    /// Second voices within a bar (`&`), dropped up to the bar line.
    pub overlays: usize,
    /// Notes beyond MIDI's 0–127, dropped.
    pub notes_out_of_range: usize,
    /// Ties to no equal note, ignored; counted as often as played.
    pub loose_ties: usize,
    /// Bars, other than a pickup, that their metre does not fill or that are more than full; as often as played.
    pub irregular_bars: usize,
    /// 1 if the tune was cut at [`MAX_EVENTS`] or because it would last longer than time can be counted.
    pub cut_short: usize,
}

impl Repairs {
    /// Each count with what it counts.
    fn entries(&self) -> [(usize, &'static str); 9] {
        [
            (self.grace_notes, "grace note dropped"),
            (self.unknown_symbols, "unknown symbol ignored"),
            (self.bad_fields, "senseless field ignored"),
            (self.jumps_not_followed, "D.C. or D.S. not followed"),
            (self.overlays, "second voice of a bar dropped"),
            (self.notes_out_of_range, "note out of range dropped"),
            (self.loose_ties, "tie to nothing ignored"),
            (self.irregular_bars, "irregular bar"),
            (self.cut_short, "tune cut short"),
        ]
    }

    /// True if the score is all the tune.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl std::ops::AddAssign for Repairs {
    fn add_assign(&mut self, other: Self) {
        self.grace_notes += other.grace_notes;
        self.unknown_symbols += other.unknown_symbols;
        self.bad_fields += other.bad_fields;
        self.jumps_not_followed += other.jumps_not_followed;
        self.overlays += other.overlays;
        self.notes_out_of_range += other.notes_out_of_range;
        self.loose_ties += other.loose_ties;
        self.irregular_bars += other.irregular_bars;
        self.cut_short += other.cut_short;
    }
}

impl fmt::Display for Repairs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return f.write_str("Nothing needed repair.");
        }
        f.write_str("Repaired: ")?;
        for (i, (count, what)) in self.entries().into_iter().filter(|(count, _)| *count > 0).enumerate() {
            write!(f, "{}{count} × {what}", if i > 0 { ", " } else { "" })?;
        }
        f.write_str(".")
    }
}

/// Every tune of a file, in order; none where there is no `X:` line.
///
/// Bytes are UTF-8 where they are valid UTF-8, else Latin-1. No input panics; time and memory grow with the length of the
/// input and, through repeats, up to [`MAX_EVENTS`] events a voice.
pub fn tunes(bytes: &[u8]) -> Vec<Tune> {
    blocks(bytes).into_iter().map(|(number, block)| tune(number, block)).collect()
}

/// The text of every tune with its number, not read any further: for files of which only some tunes are wanted.
pub fn blocks(bytes: &[u8]) -> Vec<(u32, &[u8])> {
    let mut starts = Vec::new();
    let mut at = 0;
    for line in bytes.split_inclusive(|b| *b == b'\n' || *b == b'\r') {
        if line.starts_with(b"X:") {
            starts.push(at);
        }
        at += line.len();
    }
    let ends = starts.iter().skip(1).copied().chain([bytes.len()]);
    let block = |(start, end): (&usize, usize)| {
        let block = &bytes[*start..end];
        let digits = block[2..].iter().skip_while(|b| **b == b' ').take_while(|b| b.is_ascii_digit());
        let number = digits.fold(0u32, |n, d| n.saturating_mul(10).saturating_add(u32::from(d - b'0')));
        (number, block)
    };
    starts.iter().zip(ends).map(block).collect()
}

/// Bytes of an ABC file as text: UTF-8 where they are valid UTF-8, else Latin-1.
pub fn text(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().map(|byte| char::from(*byte)).collect(),
    }
}

/// The tune of one block.
fn tune(number: u32, block: &[u8]) -> Tune {
    let read = lines::read(&text(block));
    let (score, repairs) = assemble::assemble(&read);
    let lines::Header { titles, rhythm, composer, .. } = read.header;
    Tune { number, titles, rhythm, composer, score, repairs }
}

#[cfg(test)]
mod tests;
