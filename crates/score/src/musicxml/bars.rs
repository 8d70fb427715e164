//! The bars of a piece, each with the metre and the key it is written in.

use super::MusicXmlError;
use super::rhythm::Meter;
use crate::{GRID, Key, Score};

/// One bar.
pub(super) struct Bar {
    /// In grid positions from the start of the piece.
    pub start: u32,
    pub length: u32,
    pub meter: Meter,
    pub key: Option<Key>,
    pub time_signature: (u8, u8),
    /// Whether the key signature is written here.
    pub shows_key: bool,
    /// Whether the time signature is written here.
    pub shows_time: bool,
}

impl Bar {
    pub(super) fn end(&self) -> u32 {
        self.start + self.length
    }

    /// What a metronome mark counts: a note value, its dots, and how many quarters it lasts.
    pub(super) fn beat_unit(&self) -> (&'static str, u8, f64) {
        match self.time_signature {
            (numerator, 8) if numerator.is_multiple_of(3) => ("quarter", 1, 1.5),
            (_, 2) => ("half", 0, 2.0),
            _ => ("quarter", 0, 1.0),
        }
    }
}

/// The bar that holds `at`, or the last one; there is always one.
pub(super) fn bar_at(bars: &[Bar], at: u32) -> &Bar {
    &bars[bars.partition_point(|bar| bar.start <= at).max(1) - 1]
}

/// The longest piece that is written, in grid positions: about eleven hours of quarters at 120 a minute.
const LONGEST: u32 = 1_000_000;

/// The most bars that are written, counted over all parts; the document takes a few hundred bytes for each.
const MOST_BARS: usize = 500_000;

/// The bars up to the last note and chord symbol, as [`Score::bar_starts`] counts them; at least one.
///
/// A key that changes inside a bar is written from the next bar line on.
pub(super) fn bars(score: &Score) -> Result<Vec<Bar>, MusicXmlError> {
    for meter in &score.meters {
        if meter.numerator == 0 || !matches!(meter.denominator, 1 | 2 | 4 | 8 | 16 | 32) {
            return Err(MusicXmlError::Meter { numerator: meter.numerator, denominator: meter.denominator });
        }
    }
    let last_chord = score.chords.iter().map(|event| event.at.0.saturating_add(1)).max().unwrap_or(0);
    let end = score.end().0.max(last_chord).max(1);
    if end > LONGEST {
        return Err(MusicXmlError::TooLong { length: end, longest: LONGEST });
    }
    let mut meters = score.meters.iter().peekable();
    let mut keys = score.keys.iter().peekable();
    let (mut time_signature, mut key) = ((4, 4), None);
    let mut bars: Vec<Bar> = Vec::new();
    let mut start = 0;
    while start < end {
        while let Some(change) = meters.next_if(|change| change.at.0 <= start) {
            time_signature = (change.numerator, change.denominator);
        }
        while let Some(change) = keys.next_if(|change| change.at.0 <= start) {
            key = Some(change.key);
        }
        let (numerator, denominator) = time_signature;
        let full = (4 * GRID * u32::from(numerator) / u32::from(denominator)).max(1);
        let length = meters.peek().map_or(full, |change| full.min(change.at.0 - start));
        let previous = bars.last();
        let bar = Bar {
            start,
            length,
            meter: Meter::new(numerator, denominator, length),
            key,
            time_signature,
            shows_key: previous.is_none_or(|bar| bar.key != key),
            shows_time: previous.is_none_or(|bar| bar.time_signature != time_signature),
        };
        bars.push(bar);
        if bars.len() * score.parts.len().max(1) > MOST_BARS {
            return Err(MusicXmlError::TooManyBars { parts: score.parts.len(), most: MOST_BARS });
        }
        start += length;
    }
    Ok(bars)
}
