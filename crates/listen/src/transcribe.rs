//! The whole way from sound to score.

use crate::Error;
use crate::attack::attack;
use crate::beats::{Beats, FASTEST_QPM, SLOWEST_QPM, beats};
use crate::decode::Recording;
use crate::notes::{Heard, notes};
use crate::pitch_track::{Frame, pitch_track};
use crate::score::to_score;
use aeolian_score::Score;

/// What is known beforehand.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// About how fast it goes, in quarters a minute; found if `None`.
    pub qpm: Option<f64>,
    /// Quarters of a bar, 1–16.
    pub bar_quarters: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self { qpm: None, bar_quarters: 4 }
    }
}

/// What was heard, from moments to bars.
#[derive(Clone, Debug, PartialEq)]
pub struct Transcription {
    /// One part named "Melody" on the grid of bars; without notes it has none.
    pub score: Score,
    /// The notes as they sounded.
    pub heard: Heard,
    /// The pitch of each moment ([`crate::pitch_track::seconds_of`] tells when).
    pub track: Vec<Frame>,
    /// The beats; `None` without notes.
    pub beats: Option<Beats>,
}

/// Listens to a recording of one voice.
///
/// # Errors   [`Error::Tempo`] for a tempo outside 40–220, [`Error::Bar`] for bars outside 1–16 quarters.
pub fn transcribe(recording: &Recording, settings: &Settings) -> Result<Transcription, Error> {
    if let Some(qpm) = settings.qpm.filter(|qpm| !(SLOWEST_QPM..=FASTEST_QPM).contains(qpm)) {
        return Err(Error::Tempo { qpm, min: SLOWEST_QPM, max: FASTEST_QPM });
    }
    if !(1..=16).contains(&settings.bar_quarters) {
        return Err(Error::Bar(settings.bar_quarters));
    }
    let track = pitch_track(recording);
    let heard = notes(&track, &attack(recording));
    let onsets: Vec<f64> = heard.notes.iter().map(|n| n.onset).collect();
    let beats = beats(&onsets, settings.qpm);
    let score = match &beats {
        Some(beats) => to_score(&heard.notes, beats, settings.bar_quarters),
        None => Score::new(crate::score::TICKS_PER_QUARTER),
    };
    Ok(Transcription { score, heard, track, beats })
}
