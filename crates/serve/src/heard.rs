//! Chords of a file that names none: most MIDI files. They are heard from the notes, so that the page has something to show, to
//! change and to compose upon; what a person wrote is never touched.

use crate::error::ApiError;
use aeolian_canvas::canvas::STEPS;
use aeolian_compose::Source;
use aeolian_metrics::Excerpt;
use aeolian_metrics::chord_tracking::track_chords;
use aeolian_score::{ChordEvent, Tick};

/// The same music with chords, and whether they had to be heard.
///
/// # Errors   never: a part has the lane that it had
pub fn with_heard_chords(source: Source) -> Result<(Source, bool), ApiError> {
    if !source.score().chords.is_empty() {
        return Ok((source, false));
    }
    let chords = heard(&source);
    if chords.is_empty() {
        return Ok((source, false));
    }
    let mut score = source.score().clone();
    score.chords = chords;
    let source = Source::with_lanes(score, source.lanes().to_vec()).map_err(ApiError::internal)?;
    Ok((source, true))
}

/// A chord lasts for as long as the same one is heard; where nothing sounds there is none.
fn heard(source: &Source) -> Vec<ChordEvent> {
    let quarter = source.score().ticks_per_quarter;
    // Steps are quarters of a quarter, and the resolution is a multiple of twelve.
    let tick = |step: usize| Tick(u32::try_from(step).unwrap_or(u32::MAX).saturating_mul(quarter / STEPS as u32));
    let mut chords: Vec<ChordEvent> = Vec::new();
    for segment in track_chords(&Excerpt::from_canvas(&source.canvas())) {
        let Some(chord) = segment.chord else { continue };
        let (at, end) = (tick(segment.start), tick(segment.end));
        match chords.last_mut() {
            Some(last) if last.chord == Some(chord) && last.end == at => last.end = end,
            _ => chords.push(ChordEvent { at, end, chord: Some(chord) }),
        }
    }
    chords
}

#[cfg(test)]
mod tests {
    use super::*;
    use aeolian_score::{Chord, ChordQuality, Note, Part, Score};

    fn triads(roots: &[u8]) -> Score {
        let mut score = Score::new(480);
        let bar = |(bar, &root): (usize, &u8)| {
            [0, 4, 7].map(|up| Note {
                onset: Tick(1920 * bar as u32),
                pitch: 48 + root + up,
                duration: Tick(1920),
                velocity: 80,
            })
        };
        let notes = roots.iter().enumerate().flat_map(bar).collect();
        score.parts.push(Part { name: "Piano".into(), notes, ..Part::default() });
        score
    }

    #[test]
    fn a_chord_lasts_for_as_long_as_it_is_heard() {
        let (source, is_heard) = with_heard_chords(Source::new(triads(&[0, 0, 5]))).unwrap();
        let chord = |at: u32, end: u32, root: u8| ChordEvent {
            at: Tick(1920 * at),
            end: Tick(1920 * end),
            chord: Some(Chord::new(root, ChordQuality::Major)),
        };
        assert!(is_heard);
        assert_eq!(source.score().chords, [chord(0, 2, 0), chord(2, 3, 5)]);
        assert_eq!(source.score().parts, triads(&[0, 0, 5]).parts, "no note is touched");
    }

    #[test]
    fn what_is_written_stays_and_silence_has_no_chords() {
        let mut score = triads(&[0]);
        score.chords = vec![ChordEvent { at: Tick(0), end: Tick(1920), chord: None }];
        let (source, is_heard) = with_heard_chords(Source::new(score.clone())).unwrap();
        assert_eq!((source.score().chords.clone(), is_heard), (score.chords, false));
        let (source, is_heard) = with_heard_chords(Source::new(Score::new(480))).unwrap();
        assert_eq!((source.score().chords.len(), is_heard), (0, false));
    }
}
