//! What can go wrong between notation and a score, in one sentence each.

use crate::GRID;

/// Why notation could not be read, or a score cannot be written as notation.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum MusicXmlError {
    /// The score is not on the grid.
    #[error("the score has {ticks_per_quarter} ticks a quarter; quantise it to {GRID} before writing notation")]
    NotQuantised {
        /// Ticks a quarter in the score.
        ticks_per_quarter: u32,
    },
    /// A note of no length, which quantising would have removed.
    #[error("part \"{part}\" has a note without duration at position {at}; quantise the score before writing notation")]
    NoDuration {
        /// The part's name.
        part: String,
        /// Grid position of the note.
        at: u32,
    },
    /// A pitch below C0, which MusicXML cannot name, or above MIDI's 127.
    #[error("part \"{part}\" has pitch {pitch}; MusicXML can write 12 (C0) to 127 (G9)")]
    Pitch {
        /// The part's name.
        part: String,
        /// The MIDI pitch.
        pitch: u8,
    },
    /// A time signature that does not exist.
    #[error(
        "{numerator}/{denominator} is not a time signature: it needs at least one beat of value 1, 2, 4, 8, 16 or 32"
    )]
    Meter {
        /// Beats in a bar.
        numerator: u8,
        /// Note value of a beat.
        denominator: u8,
    },
    /// A tempo that is not a positive number.
    #[error("{qpm} quarters a minute is not a tempo")]
    Tempo {
        /// Quarters a minute.
        qpm: f64,
    },
    /// The piece goes on for hours.
    #[error("the piece is {length} twelfths of a quarter long; notation is written for up to {longest}")]
    TooLong {
        /// Length in grid positions.
        length: u32,
        /// The longest that is written.
        longest: u32,
    },
    /// So many bars that the document would fill the memory.
    #[error("{parts} parts of this piece need more than {most} bars in all")]
    TooManyBars {
        /// Parts in the score.
        parts: usize,
        /// The most bars that are written, over all parts.
        most: usize,
    },
    /// More independent voices than could be read.
    #[error("part \"{part}\" has more than {most} voices sounding at once on one staff")]
    TooDense {
        /// The part's name.
        part: String,
        /// The most that are written.
        most: usize,
    },
    /// No bytes at all.
    #[error("The file is empty.")]
    Empty,
    /// More bytes, packed or unpacked, than notation needs.
    #[error("The notation takes more than {} MiB; that much is not read.", most >> 20)]
    TooLarge {
        /// The most bytes that are read.
        most: usize,
    },
    /// Bytes that are not the text they claim to be.
    #[error("The file is not text in {encoding}.")]
    NotText {
        /// The encoding that the file names or that its first bytes show.
        encoding: String,
    },
    /// The file breaks the rules of XML.
    #[error("Line {line} of the file is not XML: {what}.")]
    NotXml {
        /// Counted from 1.
        line: usize,
        /// What the XML reader says.
        what: String,
    },
    /// The file ends too soon.
    #[error("The file is cut short: it ends inside <{element}>.")]
    CutShort {
        /// The innermost element that is still open.
        element: String,
    },
    /// XML, but not a score.
    #[error("This is not a MusicXML score: its first element is <{root}>, not <score-partwise> or <score-timewise>.")]
    NotMusicXml {
        /// The name of the first element, or empty.
        root: String,
    },
    /// Elements inside elements without end.
    #[error("Line {line}: elements are nested more than {most} deep.")]
    TooDeep {
        /// Counted from 1.
        line: usize,
        /// The deepest that is read.
        most: usize,
    },
    /// So many elements that reading them would fill the memory.
    #[error("Line {line}: more than {most} elements {place}.")]
    TooManyElements {
        /// Counted from 1.
        line: usize,
        /// The most that are read.
        most: usize,
        /// Where: "in the file", or "in one <note>".
        place: String,
    },
    /// A value that means nothing.
    #[error("Line {line}: <{element}> is \"{value}\"; it must be {allowed}.")]
    Value {
        /// Counted from 1.
        line: usize,
        /// The element.
        element: &'static str,
        /// What it holds.
        value: String,
        /// What would be possible.
        allowed: &'static str,
    },
    /// An element without a part that it needs.
    #[error("Line {line}: a <{element}> has no {missing}.")]
    Missing {
        /// Counted from 1.
        line: usize,
        /// The element.
        element: &'static str,
        /// What it lacks.
        missing: &'static str,
    },
    /// Time runs past what 32 bits hold.
    #[error("The piece is longer than {} ticks, at {ticks_per_quarter} ticks a quarter.", u32::MAX)]
    TooManyTicks {
        /// The resolution that the file asks for.
        ticks_per_quarter: u32,
    },
    /// Repeats that make the piece endless.
    #[error("With its repeats the piece has more than {most} bars.")]
    TooManyRepeats {
        /// The most bars that are read, over all parts.
        most: usize,
    },
    /// The ZIP archive around the notation is damaged.
    #[error("The compressed MusicXML file is damaged: {what}.")]
    Archive {
        /// What the archive's reader says.
        what: String,
    },
    /// An archive without notation.
    #[error("The archive holds no MusicXML score.")]
    NoScore,
}
