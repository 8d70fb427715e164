//! Reading MusicXML: the way from notation back to when notes sound, a file each.
//!
//! Bytes become text (`text`, for `.mxl` through `archive`), text becomes elements (`tree`), elements become what the
//! parts say bar by bar (`document`, with `instruments`, `attributes`, `notes`, `directions` and `harmony`); then the
//! order in which the bars are played is found (`form`), each bar gets its ticks (`bars`), and the bars are laid one
//! after the other (`unfold`).

mod archive;
mod attributes;
mod bars;
mod directions;
mod document;
mod form;
mod harmony;
mod instruments;
mod notes;
mod text;
mod tree;
mod unfold;

use super::{MusicXmlError, Repairs};
use crate::Score;

pub(super) use bars::USUAL_VELOCITY;

/// The most bytes that are read, packed or unpacked: 64 MiB, ten times the longest symphony.
pub const MAX_BYTES: usize = 64 << 20;

/// A MusicXML file as music.
#[derive(Clone, Debug, PartialEq)]
pub struct Read {
    /// The music.
    pub score: Score,
    /// What had to be approximated, put right or left out on the way.
    pub repairs: Repairs,
    /// Aeolian's recipe, if [`write_with_text`](super::write_with_text) put one in.
    pub recipe: Option<String>,
    /// Who wrote the music, if the file says so.
    pub composer: Option<String>,
    /// The program that wrote the file, if the file says so.
    pub software: Option<String>,
    /// Articulations, ornaments, hairpins, pedals and bent, slid or trembling notes: sound, but nothing a [`Score`]
    /// holds. Left out.
    pub expression_marks: usize,
}

/// Reads a MusicXML score, partwise or timewise, plain (UTF-8, UTF-16, Latin-1) or compressed (`.mxl`).
///
/// What is written becomes what sounds:
/// - Transposing instruments are read at concert pitch, keys and chord symbols with them.
/// - Ties join notes, also across bars, voices and repeats. A part stays one part, however many staves it has.
/// - Repeats with their endings are played out, then one "D.C." or "D.S.", without repeats and with the last endings,
///   to "Fine" or over the coda. A bar that is come back to has the tempo, key and chord in force where it is written.
/// - A bar is as long as its longest part; an empty one as its metre. Where a bar is shorter than its metre (a pickup),
///   the same metre is stated again at the next bar line, so that [`Score::bar_starts`] knows; a longer one gets a
///   metre of its length.
/// - Velocity is the `dynamics` of a note, else the level of the last mark of its part (p 49, mp 64, mf 80, f 96 …); 80
///   before any.
/// - A chord symbol holds until the next one or the end; rehearsal marks become markers. Of two parts that contradict
///   each other the earlier is believed.
/// - `ticks_per_quarter` is the least common multiple of 12 and all divisions of the file, 10080 where that exceeds
///   100800.
///
/// Every note is at least one tick long, and no two of one part and pitch overlap.
///
/// # Errors   each case of [`MusicXmlError`] that is about a file; nothing is read in part.
pub fn read(bytes: &[u8]) -> Result<Read, MusicXmlError> {
    if bytes.is_empty() {
        return Err(MusicXmlError::Empty);
    }
    if bytes.len() > MAX_BYTES {
        return Err(MusicXmlError::TooLarge { most: MAX_BYTES });
    }
    if archive::is_archive(bytes) { read_plain(&archive::score_in(bytes)?) } else { read_plain(bytes) }
}

fn read_plain(bytes: &[u8]) -> Result<Read, MusicXmlError> {
    let mut repairs = Repairs::default();
    let mut document = document::Document::parse(&text::decoded(bytes)?, &mut repairs)?;
    let ticks_per_quarter = bars::resolution(&document.divisions);
    let marks = document.marks();
    let parts = std::mem::take(&mut document.parts);
    let order = form::playing_order(&marks, parts.len(), &mut repairs)?;
    let written = parts
        .into_iter()
        .map(|part| bars::bars(part, ticks_per_quarter, &mut repairs))
        .collect::<Result<Vec<_>, _>>()?;
    let mut score = unfold::unfold(written, marks.len(), &order, ticks_per_quarter, &mut repairs)?;
    score.title = document.title;
    Ok(Read {
        score,
        repairs,
        recipe: document.recipe,
        composer: document.composer,
        software: document.software,
        expression_marks: document.expression_marks,
    })
}

#[cfg(test)]
mod tests;
