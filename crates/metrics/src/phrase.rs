//! Phrases of a melody: where a singer would breathe.

use crate::excerpt::ExcerptNote;
use crate::harmony::mean;
use aeolian_canvas::canvas::STEPS;

/// A rest at least this long ends a phrase: a quarter.
const REST: usize = STEPS;
/// A note at least this long may end one: a half note …
const LONG_NOTE: usize = 2 * STEPS;
/// … if it also lasts at least this many times the line's median note; in a hymn of half notes none does.
const LONGER_THAN_MEDIAN: usize = 2;

/// The phrases of a line, each with at least one note.
///
/// A phrase ends before a rest of at least a quarter, and with a note of at least a half note that lasts at least twice
/// the median note: the two cues of proximity, a rest and a long wait for the next attack (Lerdahl & Jackendoff 1983,
/// *A Generative Theory of Tonal Music*, grouping preference rule 2).
pub fn phrases(line: &[ExcerptNote]) -> Vec<&[ExcerptNote]> {
    let mut durations: Vec<usize> = line.iter().map(ExcerptNote::duration).collect();
    durations.sort_unstable();
    let median = durations.get(durations.len() / 2).copied().unwrap_or(0);
    let long = LONG_NOTE.max(median.saturating_mul(LONGER_THAN_MEDIAN));
    let goes_on =
        |note: &ExcerptNote, next: &ExcerptNote| next.onset.saturating_sub(note.end) < REST && note.duration() < long;
    line.chunk_by(goes_on).collect()
}

/// Mean length of a phrase in quarters, from its first onset to the end of its last note. `None` without notes.
pub fn mean_phrase_length(line: &[ExcerptNote]) -> Option<f64> {
    let quarters = |phrase: &[ExcerptNote]| {
        let steps = phrase.last()?.end.saturating_sub(phrase.first()?.onset);
        Some(steps as f64 / STEPS as f64)
    };
    mean(phrases(line).into_iter().filter_map(quarters))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(notes: &[(usize, usize)]) -> Vec<ExcerptNote> {
        notes.iter().map(|&(onset, end)| ExcerptNote { onset, pitch: 60, end, lane: 0 }).collect()
    }

    #[test]
    fn a_quarter_of_rest_ends_a_phrase_and_three_sixteenths_do_not() {
        assert_eq!(phrases(&line(&[(0, 4), (8, 12)])).len(), 2);
        assert_eq!(phrases(&line(&[(0, 4), (7, 12)])).len(), 1);
    }

    #[test]
    fn a_half_note_ends_a_phrase_among_quarters_and_not_among_half_notes() {
        assert_eq!(phrases(&line(&[(0, 4), (4, 8), (8, 16), (16, 20), (20, 24)])).len(), 2);
        assert_eq!(phrases(&line(&[(0, 4), (4, 8), (8, 15), (15, 19), (19, 23)])).len(), 1, "a little shorter");
        assert_eq!(phrases(&line(&[(0, 8), (8, 16), (16, 24)])).len(), 1);
    }

    #[test]
    fn lengths_run_from_first_onset_to_last_end() {
        assert_eq!(mean_phrase_length(&line(&[(4, 8), (8, 12), (20, 24)])), Some((2.0 + 1.0) / 2.0));
        assert_eq!(mean_phrase_length(&[]), None);
    }
}
