//! Writing MusicXML 4.0, so that a notation program opens the piece and a musician can read it.
//!
//! A [`Score`] says *when* notes sound; notation says how they are *read*. The way from one to the other, a file each:
//! bars with metre and key (`bars`), hands and clefs (`staves`), voices (`voices`), note values, ties, triplets and beams
//! (`rhythm`), drums (`drums`), chord symbols and tempo (`signs`), and names of notes ([`crate::spelling`]). The sounding
//! notes are kept exactly: what ties join again is what the score said. Only the lengths of drum strokes are free. What
//! was performed or generated reads better after [`legible`], which writes durations as a copyist would.
//!
//! Format: W3C MusicXML 4.0, <https://www.w3.org/2021/06/musicxml40/>, partwise.
//!
//! ```
//! use aeolian_score::{GRID, Note, Part, Score, Tick, musicxml};
//! let mut score = Score::new(GRID);
//! let note = Note { onset: Tick(0), pitch: 60, duration: Tick(48), velocity: 80 };
//! score.parts.push(Part { name: "Voice".into(), program: 52, notes: vec![note], ..Part::default() });
//! let text = musicxml::write(&score)?;
//! assert!(text.contains("<type>whole</type>"));
//! # Ok::<(), musicxml::MusicXmlError>(())
//! ```

mod bars;
mod drums;
mod legible;
mod part;
mod rhythm;
mod signs;
mod staves;
mod voices;
mod xml;

use crate::{GRID, Part, Score};
pub use legible::legible;

use drums::Drum;
use part::{PartLayout, drum_id};
use xml::XmlWriter;

/// Why a score cannot be written as notation.
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
}

/// Writes a score on the grid (12 ticks a quarter) as a MusicXML 4.0 document.
///
/// - Without a key in the score, notes are written as in C. A key that changes inside a bar is written at the next bar line.
/// - Keyboard parts that reach to both sides of middle C get two staves.
/// - The same chord symbol going on is not repeated. What is marked after the last note or chord is not written.
/// - Every voice fills every bar it has notes in exactly; as many voices are used as the notes need.
/// - A drum stroke is written to the next stroke, at most to the end of its beat, whatever its duration.
/// - A bar that a metre change cuts short keeps its time signature and is as long as it is. So are bars of x/32 with
///   odd x, which the grid cannot hold: they are written half a position short.
///
/// # Errors
///
/// Each case of [`MusicXmlError`]; nothing is repaired in silence.
pub fn write(score: &Score) -> Result<String, MusicXmlError> {
    if score.ticks_per_quarter != GRID {
        return Err(MusicXmlError::NotQuantised { ticks_per_quarter: score.ticks_per_quarter });
    }
    if let Some(tempo) = score.tempos.iter().find(|tempo| !(tempo.qpm.is_finite() && tempo.qpm > 0.0)) {
        return Err(MusicXmlError::Tempo { qpm: tempo.qpm });
    }
    let bars = bars::bars(score)?;
    let signs = signs::signs(score, &bars);
    // A document needs a part, if only to carry chord symbols.
    let empty = [Part::default()];
    let parts: &[Part] = if score.parts.is_empty() { &empty } else { &score.parts };
    let ids: Vec<String> = (1..=parts.len()).map(|number| format!("P{number}")).collect();
    let bearer_of_signs = parts.iter().position(|part| !part.is_drum).unwrap_or(0);

    let mut xml = XmlWriter::new(PROLOGUE);
    xml.open("score-partwise", &[("version", "4.0")]);
    write_header(score, &mut xml);
    write_part_list(parts, &ids, &mut xml);
    for (number, (part, id)) in parts.iter().zip(&ids).enumerate() {
        let layout = PartLayout::new(score, part, id.clone(), &bars)?;
        layout.write(if number == bearer_of_signs { &signs } else { &[] }, &mut xml);
    }
    xml.close();
    Ok(xml.finish())
}

const PROLOGUE: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="no"?>
<!DOCTYPE score-partwise PUBLIC "-//Recordare//DTD MusicXML 4.0 Partwise//EN" "http://www.musicxml.org/dtds/partwise.dtd">
"#;

fn write_header(score: &Score, xml: &mut XmlWriter) {
    if !score.title.trim().is_empty() {
        xml.open("work", &[]);
        xml.leaf("work-title", &score.title);
        xml.close();
    }
    xml.open("identification", &[]);
    xml.open("encoding", &[]);
    xml.leaf("software", concat!("Aeolian ", env!("CARGO_PKG_VERSION")));
    for element in ["accidental", "beam"] {
        xml.empty("supports", &[("element", element), ("type", "yes")]);
    }
    xml.close();
    xml.close();
}

fn write_part_list(parts: &[Part], ids: &[String], xml: &mut XmlWriter) {
    // Fifteen channels for pitched parts, over and over; channel 10 is for drums.
    let mut pitched_channels = (1..=16u8).filter(|&midi_channel| midi_channel != 10).cycle();
    xml.open("part-list", &[]);
    for (part, id) in parts.iter().zip(ids) {
        xml.open("score-part", &[("id", id)]);
        let name = if part.name.trim().is_empty() { family_name(part) } else { &part.name };
        xml.leaf("part-name", name);
        // (identity, name, MIDI key of a drum)
        let instruments: Vec<(String, &str, Option<u8>)> = if part.is_drum {
            let mut drums: Vec<u8> = part.notes.iter().map(|note| note.pitch).collect();
            drums.sort_unstable();
            drums.dedup();
            drums.into_iter().map(|pitch| (drum_id(id, pitch), Drum::of(pitch).name, Some(pitch))).collect()
        } else {
            vec![(format!("{id}-I1"), name, None)]
        };
        for (instrument, name, _) in &instruments {
            xml.open("score-instrument", &[("id", instrument)]);
            xml.leaf("instrument-name", name);
            xml.close();
        }
        let midi_channel = if part.is_drum { 10 } else { pitched_channels.next().expect("a cycle does not end") };
        for (instrument, _, drum) in &instruments {
            xml.open("midi-instrument", &[("id", instrument)]);
            xml.leaf("midi-channel", midi_channel);
            xml.leaf("midi-program", u32::from(part.program.min(127)) + 1);
            if let Some(pitch) = drum {
                xml.leaf("midi-unpitched", u32::from((*pitch).min(127)) + 1);
            }
            xml.close();
        }
        xml.close();
    }
    xml.close();
}

/// What to call a part without a name: its General MIDI family.
fn family_name(part: &Part) -> &'static str {
    const FAMILIES: [&str; 16] = [
        "Piano",
        "Mallets",
        "Organ",
        "Guitar",
        "Bass",
        "Strings",
        "Ensemble",
        "Brass",
        "Reeds",
        "Pipes",
        "Synth Lead",
        "Synth Pad",
        "Synth Effects",
        "World",
        "Percussion",
        "Effects",
    ];
    if part.is_drum { "Drums" } else { FAMILIES[usize::from(part.program.min(127)) / 8] }
}

#[cfg(test)]
mod tests;
