//! One door for every file of music: what the bytes are, and the piece in them.
//!
//! Only the bytes decide, never a file's name. MIDI, MusicXML and ABC are read; each has its own account of what had to be
//! repaired, and the first two may carry Aeolian's recipe. Of a book of tunes in ABC the first is read.
//!
//! ```
//! use aeolian_score::file::{self, Format};
//! use aeolian_score::{GRID, Note, Part, Score, Tick, midi, musicxml};
//! let mut score = Score::new(GRID);
//! let note = Note { onset: Tick(0), pitch: 60, duration: Tick(48), velocity: 80 };
//! score.parts.push(Part { name: "Voice".into(), program: 52, notes: vec![note], ..Part::default() });
//! let read = file::read(musicxml::write(&score)?.as_bytes())?;
//! assert_eq!((read.format, read.score.parts.len()), (Format::MusicXml, 1));
//! assert_eq!(file::read(&midi::write(&score)?)?.format, Format::Midi);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use crate::Score;
use crate::abc;
use crate::midi::{self, MidiError};
use crate::musicxml::{self, MusicXmlError};
use std::fmt;

/// A kind of file that holds music.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// A standard MIDI file.
    Midi,
    /// MusicXML as plain text, in any encoding.
    MusicXml,
    /// Compressed MusicXML; any ZIP archive, before it is opened.
    Mxl,
    /// Tunes in ABC notation.
    Abc,
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Midi => "MIDI",
            Self::MusicXml => "MusicXML",
            Self::Mxl => "compressed MusicXML",
            Self::Abc => "ABC",
        })
    }
}

/// How much of a text is looked at to tell what it is.
const LOOKED_AT: usize = 1 << 14;

/// What the bytes are, as far as their beginning tells; `None` for what is no music that we know.
pub fn detect(bytes: &[u8]) -> Option<Format> {
    if bytes.starts_with(b"MThd") {
        return Some(Format::Midi);
    }
    if bytes.starts_with(b"PK\x03\x04") {
        return Some(Format::Mxl);
    }
    // Without its zero bytes UTF-16 reads like UTF-8, as far as tags are concerned.
    let head: Vec<u8> = bytes.iter().take(LOOKED_AT).copied().filter(|&byte| byte != 0).collect();
    let text = String::from_utf8_lossy(&head);
    let text = text.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, '\u{feff}' | '\u{fffd}'));
    if text.starts_with('<') {
        return ["score-partwise", "score-timewise"].iter().any(|root| text.contains(root)).then_some(Format::MusicXml);
    }
    let has_field = |field: &str| text.lines().any(|line| line.starts_with(field));
    (has_field("X:") && has_field("K:")).then_some(Format::Abc)
}

/// A file as music.
#[derive(Clone, Debug, PartialEq)]
pub struct Read {
    /// What the file is.
    pub format: Format,
    /// The music.
    pub score: Score,
    /// What had to be repaired on the way.
    pub repairs: Repairs,
    /// Aeolian's recipe, if there is one inside.
    pub recipe: Option<String>,
    /// Marks and events of expression that a [`Score`] does not hold; left out.
    pub left_out: usize,
    /// Further tunes of the file, not read.
    pub other_tunes: usize,
}

/// What a reader had to put right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Repairs {
    /// In a MIDI file.
    Midi(midi::Repairs),
    /// In a MusicXML file.
    MusicXml(musicxml::Repairs),
    /// In a tune in ABC.
    Abc(abc::Repairs),
}

impl Repairs {
    /// True if nothing needed repair.
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Midi(repairs) => repairs.is_empty(),
            Self::MusicXml(repairs) => repairs.is_empty(),
            Self::Abc(repairs) => repairs.is_empty(),
        }
    }
}

impl fmt::Display for Repairs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Midi(repairs) => repairs.fmt(f),
            Self::MusicXml(repairs) => repairs.fmt(f),
            Self::Abc(repairs) => repairs.fmt(f),
        }
    }
}

/// Why a file could not be read.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// No bytes at all.
    #[error("The file is empty.")]
    Empty,
    /// None of the formats that are read; `beginning` is its first few characters.
    #[error("This is not a MIDI, MusicXML or ABC file; it begins with \"{beginning}\".")]
    Unknown {
        /// The first sixteen bytes, as far as they can be shown.
        beginning: String,
    },
    /// A MIDI file that cannot be read.
    #[error(transparent)]
    Midi(#[from] MidiError),
    /// A MusicXML file that cannot be read.
    #[error(transparent)]
    MusicXml(#[from] MusicXmlError),
}

/// Reads a MIDI, MusicXML or ABC file, whichever it is.
///
/// # Errors   [`FileError::Empty`] without bytes, [`FileError::Unknown`] where [`detect`] finds nothing, else those of
/// [`midi::read`] and [`musicxml::read`](fn@musicxml::read). ABC has none: what it cannot say is a repair.
pub fn read(bytes: &[u8]) -> Result<Read, FileError> {
    if bytes.is_empty() {
        return Err(FileError::Empty);
    }
    match detect(bytes) {
        Some(Format::Midi) => {
            let midi::Read { score, repairs, recipe, expression_events } = midi::read(bytes)?;
            let repairs = Repairs::Midi(repairs);
            Ok(Read { format: Format::Midi, score, repairs, recipe, left_out: expression_events, other_tunes: 0 })
        }
        Some(format @ (Format::MusicXml | Format::Mxl)) => {
            let musicxml::Read { score, repairs, recipe, expression_marks, .. } = musicxml::read(bytes)?;
            let repairs = Repairs::MusicXml(repairs);
            Ok(Read { format, score, repairs, recipe, left_out: expression_marks, other_tunes: 0 })
        }
        Some(Format::Abc) => {
            let blocks = abc::blocks(bytes);
            let first = blocks.first().and_then(|(_, block)| abc::tunes(block).into_iter().next());
            let Some(abc::Tune { score, repairs, .. }) = first else { return Err(unknown(bytes)) };
            let (repairs, other_tunes) = (Repairs::Abc(repairs), blocks.len() - 1);
            Ok(Read { format: Format::Abc, score, repairs, recipe: None, left_out: 0, other_tunes })
        }
        None => Err(unknown(bytes)),
    }
}

fn unknown(bytes: &[u8]) -> FileError {
    let beginning = String::from_utf8_lossy(&bytes[..bytes.len().min(16)]).escape_debug().to_string();
    FileError::Unknown { beginning }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_told_by_their_content() {
        assert_eq!(detect(b"MThd\0\0\0\x06"), Some(Format::Midi));
        assert_eq!(detect(b"PK\x03\x04rest"), Some(Format::Mxl));
        let score = "<?xml version='1.0'?>\n<!DOCTYPE score-partwise>\n<score-partwise/>";
        assert_eq!(detect(score.as_bytes()), Some(Format::MusicXml));
        assert_eq!(detect(format!("\u{feff}{score}").as_bytes()), Some(Format::MusicXml));
        let utf16: Vec<u8> = [0xff, 0xfe].into_iter().chain(score.encode_utf16().flat_map(u16::to_le_bytes)).collect();
        assert_eq!(detect(&utf16), Some(Format::MusicXml));
        assert_eq!(detect(b"%abc-2.1\nX:1\nT:Tune\nK:D\nABc"), Some(Format::Abc));
        for other in [&b""[..], b"MTh", b"<html>score</html>", b"X:1 K:1", b"RIFF....WAVE", &[0; 40], &[0xff; 40]] {
            assert_eq!(detect(other), None, "{other:?}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_said_in_a_sentence() {
        let told = |bytes: &[u8]| read(bytes).unwrap_err().to_string();
        assert_eq!(told(b""), "The file is empty.");
        assert_eq!(
            told(b"Dear \x07 friends and others"),
            "This is not a MIDI, MusicXML or ABC file; it begins with \"Dear \\u{7} friends a\"."
        );
        assert_eq!(told(b"MThd"), "The MIDI file's header is damaged.");
        assert_eq!(told(b"<score-partwise><part"), "The file is cut short: it ends inside <score-partwise>.");
    }

    #[test]
    fn the_first_tune_of_a_book_is_read() {
        let book = b"% two tunes\nX:4\nT:First\nM:2/4\nL:1/4\nK:G\nG F|\n\nX:5\nT:Second\nK:C\nC|\n";
        let found = read(book).unwrap();
        let pitches: Vec<u8> = found.score.parts[0].notes.iter().map(|n| n.pitch).collect();
        assert_eq!((found.format, found.other_tunes, pitches), (Format::Abc, 1, vec![67, 66]));
        assert_eq!(read(b"X:1\nK:C\n").unwrap().score.parts.iter().map(|p| p.notes.len()).sum::<usize>(), 0);
    }
}
