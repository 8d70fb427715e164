//! MusicXML: [`write`](fn@write) makes notation of a [`Score`](crate::Score), so that a notation program opens the piece and a
//! musician can read it; [`read`](fn@read) makes a `Score` of what notation programs write.
//!
//! A [`Score`] says *when* notes sound; notation says how they are *read*. The way from one to the other, a file each:
//! bars with metre and key (`bars`), hands and clefs (`staves`), voices (`voices`), note values, ties, triplets and beams
//! (`rhythm`), drums (`drums`), chord symbols and tempo (`signs`), and names of notes ([`crate::spelling`]). The sounding
//! notes are kept exactly: what ties join again is what the score said. Only the lengths of drum strokes are free. What
//! was performed or generated reads better after [`legible`], which writes durations as a copyist would.
//!
//! What survives `read(write(score))`: notes with their velocities, part names, programs, drum strokes (but not their
//! lengths), the title, tempo, metre, key, chord symbols and the recipe. Sections come back as markers, at their
//! beginning; markers, which are written as words, do not. Syllables come back at the notes that they stand under.
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
//! let read = musicxml::read(text.as_bytes())?;
//! assert_eq!(read.score.parts, score.parts);
//! # Ok::<(), musicxml::MusicXmlError>(())
//! ```

mod bars;
mod drums;
mod error;
mod legible;
mod part;
mod read;
mod repairs;
mod rhythm;
mod signs;
mod staves;
mod voices;
mod xml;

/// The name of the field that holds Aeolian's recipe.
const RECIPE_FIELD: &str = "aeolian-recipe";

use crate::{GRID, Part, Score};
pub use error::MusicXmlError;
pub use legible::legible;
pub use read::{MAX_BYTES, Read, read};
pub use repairs::Repairs;

use drums::Drum;
use part::{PartLayout, drum_id};
use xml::XmlWriter;

/// Writes a score on the grid (12 ticks a quarter) as a MusicXML 4.0 document.
///
/// - Without a key in the score, notes are written as in C. A key that changes inside a bar is written at the next bar line.
/// - Keyboard parts that reach to both sides of middle C get two staves.
/// - The same chord symbol going on is not repeated. What is marked after the last note or chord is not written.
/// - Every voice fills every bar it has notes in exactly; as many voices are used as the notes need.
/// - A velocity other than 80 is written as the `dynamics` of the note, in percent of 90.
/// - A drum stroke is written to the next stroke, at most to the end of its beat, whatever its duration.
/// - A bar that a metre change cuts short keeps its time signature and is as long as it is. So are bars of x/32 with
///   odd x, which the grid cannot hold: they are written half a position short.
///
/// # Errors
///
/// Each case of [`MusicXmlError`]; nothing is repaired in silence.
pub fn write(score: &Score) -> Result<String, MusicXmlError> {
    write_with_text(score, None)
}

/// Like [`write`](fn@write), with an opaque text (Aeolian's recipe) among the miscellaneous fields of the identification, where
/// notation programs let it be and [`read`](fn@read) finds it. Characters that XML cannot hold become U+FFFD.
///
/// # Errors   as [`write`](fn@write).
pub fn write_with_text(score: &Score, text: Option<&str>) -> Result<String, MusicXmlError> {
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
    write_header(score, text, &mut xml);
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

fn write_header(score: &Score, recipe: Option<&str>, xml: &mut XmlWriter) {
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
    if let Some(recipe) = recipe {
        xml.open("miscellaneous", &[]);
        xml.exact_leaf("miscellaneous-field", &[("name", RECIPE_FIELD)], recipe);
        xml.close();
    }
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
        let instruments: Vec<(String, &str, Option<u8>)> = if part.is_drum && !part.notes.is_empty() {
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
