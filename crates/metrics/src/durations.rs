//! Durations: how long notes last, how long until the next one starts, and which length follows which.
//!
//! After the note-length histogram, inter-onset interval and note-length transition matrix of Yang & Lerch 2020 ("On
//! the evaluation of generative models in music", Neural Computing and Applications 32), on classes of sixteenths.

use crate::entropy::entropy_bits;
use crate::excerpt::Excerpt;
use crate::melody::{MelodySource, melody_line};
use std::collections::BTreeSet;

/// Classes of length: 1, 2, … 8 sixteenths, 9–12, 13–16, and more than 16.
pub const CLASSES: usize = 11;

/// The class of a length in steps (sixteenths): index 0 holds 1 step (and the impossible 0), index 10 more than 16.
pub fn class_of(steps: usize) -> usize {
    match steps {
        0..=8 => steps.saturating_sub(1),
        9..=12 => 8,
        13..=16 => 9,
        _ => 10,
    }
}

/// How many steps pass from one moment at which something starts to the next, by class; all lanes together.
pub fn inter_onset_histogram(excerpt: &Excerpt) -> [usize; CLASSES] {
    histogram(excerpt.onset_steps().windows(2).map(|pair| pair[1] - pair[0]))
}

/// Entropy of [`inter_onset_histogram`] in bits, 0 – log₂ 11 ≈ 3.46. `None` with fewer than two onsets.
pub fn inter_onset_entropy(excerpt: &Excerpt) -> Option<f64> {
    entropy_bits(&inter_onset_histogram(excerpt).map(|count| count as f64))
}

/// How many steps notes last, by class.
pub fn duration_histogram(excerpt: &Excerpt) -> [usize; CLASSES] {
    histogram(excerpt.notes.iter().map(|note| note.duration()))
}

/// Entropy of [`duration_histogram`] in bits, 0 – log₂ 11 ≈ 3.46. `None` without notes.
pub fn duration_entropy(excerpt: &Excerpt) -> Option<f64> {
    entropy_bits(&duration_histogram(excerpt).map(|count| count as f64))
}

/// How often each class of length is followed by each other: row i, column j counts a note of class i before one of
/// class j in the line of one lane (its highest note at every onset), lanes added up.
pub fn duration_transitions(excerpt: &Excerpt) -> [[usize; CLASSES]; CLASSES] {
    let lanes: BTreeSet<usize> = excerpt.notes.iter().map(|note| note.lane).collect();
    let mut counts = [[0; CLASSES]; CLASSES];
    for lane in lanes {
        let line = melody_line(excerpt, MelodySource::Lane(lane));
        for pair in line.windows(2) {
            counts[class_of(pair[0].duration())][class_of(pair[1].duration())] += 1;
        }
    }
    counts
}

/// How uncertain the length of a note is when the one before is known, in bits, 0 – log₂ 11 ≈ 3.46.
///
/// The conditional entropy Σᵢ p(i) · H(j | i) of [`duration_transitions`]. `None` where no lane has two onsets.
pub fn duration_transition_entropy(excerpt: &Excerpt) -> Option<f64> {
    let rows = duration_transitions(excerpt).map(|row| row.map(|count| count as f64));
    let total: f64 = rows.iter().flatten().sum();
    let weighted = |row: &[f64; CLASSES]| Some(entropy_bits(row)? * row.iter().sum::<f64>() / total);
    (total > 0.0).then(|| rows.iter().filter_map(weighted).sum())
}

/// Mean length of a note in steps (four a quarter), cut at the excerpt's end. `None` without notes.
pub fn mean_duration(excerpt: &Excerpt) -> Option<f64> {
    crate::excerpt::share(excerpt.notes.iter().map(|note| note.duration()).sum(), excerpt.notes.len())
}

fn histogram(lengths: impl Iterator<Item = usize>) -> [usize; CLASSES] {
    let mut counts = [0; CLASSES];
    lengths.for_each(|steps| counts[class_of(steps)] += 1);
    counts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::excerpt::tests::excerpt;

    #[test]
    fn every_length_has_its_class() {
        let classes = [1, 2, 8, 9, 12, 13, 16, 17, usize::MAX].map(class_of);
        assert_eq!(classes, [0, 1, 7, 8, 8, 9, 9, 10, 10]);
    }

    #[test]
    fn chords_are_one_onset_and_many_durations() {
        let piece = excerpt(4, &[(0, 2, 60), (0, 2, 64), (4, 1, 60), (6, 1, 60)]);
        assert_eq!(inter_onset_entropy(&piece), Some(1.0), "a wait of 4 and one of 2");
        assert_eq!(duration_histogram(&piece)[..2], [2, 2]);
        assert_eq!(duration_entropy(&piece), Some(1.0));
        assert_eq!(inter_onset_entropy(&excerpt(4, &[(0, 2, 60)])), None);
        assert_eq!(duration_entropy(&excerpt(4, &[])), None);
    }

    #[test]
    fn alternating_lengths_are_certain_and_free_ones_are_not() {
        let alternating = [(0, 1), (1, 2), (3, 1), (4, 2), (6, 1)].map(|(s, d)| (s, d, 60));
        assert_eq!(duration_transition_entropy(&excerpt(4, &alternating)), Some(0.0));
        // 1 1 2 2 1: after a 1 comes a 1 or a 2, after a 2 a 2 or a 1.
        let free = [(0, 1), (1, 1), (2, 2), (4, 2), (6, 1)].map(|(s, d)| (s, d, 60));
        assert_eq!(duration_transition_entropy(&excerpt(4, &free)), Some(1.0));
        assert_eq!(duration_transition_entropy(&excerpt(4, &free[..1])), None);
    }

    #[test]
    fn durations_are_averaged() {
        assert_eq!(mean_duration(&excerpt(4, &[(0, 3, 60), (0, 6, 62)])), Some(4.5));
        assert_eq!(mean_duration(&excerpt(4, &[])), None);
    }
}
