//! Counterpoint: what sounds together, and how the outer voices move.

use crate::excerpt::{Excerpt, share};

/// How many pairs of pitches sound together in the interval classes 0–6, step by step; index 0 is the unison.
///
/// The class of an interval is its distance to the nearest octave: 0 unison and octave, 1 minor second and major
/// seventh, 2 major second and minor seventh, 3 and 4 thirds and sixths, 5 fourth and fifth, 6 tritone (Forte 1973,
/// *The Structure of Atonal Music*). Each pair counts in every step it sounds.
pub fn interval_class_counts(sounding: &[u128]) -> [usize; 7] {
    let mut counts = [0; 7];
    let mut pitches = Vec::new();
    // What sounds mostly sounds on: a set counts once, times the steps that it lasts.
    for same in sounding.chunk_by(|a, b| a == b) {
        pitches.clear();
        let mut left = same[0];
        while left != 0 {
            pitches.push(left.trailing_zeros() as usize);
            left &= left - 1;
        }
        for (place, upper) in pitches.iter().enumerate() {
            for lower in &pitches[..place] {
                let within_octave = (upper - lower) % 12;
                counts[within_octave.min(12 - within_octave)] += same.len();
            }
        }
    }
    counts
}

/// Shares of the interval classes among all pairs that sound together ([`interval_class_counts`]), adding up to 1. `None`
/// where no two do.
pub fn interval_class_shares(counts: &[usize; 7]) -> Option<[f64; 7]> {
    let pairs: usize = counts.iter().sum();
    (pairs > 0).then(|| counts.map(|count| count as f64 / pairs as f64))
}

/// Share of dissonant pairs among all pairs that sound together ([`interval_class_counts`]), 0–1. `None` where no two do.
///
/// Dissonant are the interval classes 1, 2 and 6: seconds, sevenths and the tritone, as in two-part counterpoint;
/// the fourth counts as consonant.
pub fn dissonant_pair_share(counts: &[usize; 7]) -> Option<f64> {
    share(counts[1] + counts[2] + counts[6], counts.iter().sum())
}

/// Parallel fifths and octaves between the outer voices, a bar; ≥ 0.
///
/// The outer voices are the lowest and the highest pitch that sound. A fault is a step at which both move in the same
/// direction from a fifth (7 semitones, or octaves more) to another, or from an octave (or double octave) to another
/// (Fux 1725, *Gradus ad Parnassum*). A held voice makes no fault, nor does a move across a step in which fewer than
/// two pitches sound; where accompaniment and tune share the texture, the outer pitches need not be voices, and the
/// figure is a comparison with other music of the kind, not a mark. `None` where no step has two pitches.
pub fn parallels_per_bar(excerpt: &Excerpt, sounding: &[u128]) -> Option<f64> {
    let outer =
        |set: u128| (set.count_ones() > 1).then(|| (set.trailing_zeros() as i32, 127 - set.leading_zeros() as i32));
    let bars = excerpt.length_in_bars();
    if bars <= 0.0 || !sounding.iter().any(|&set| outer(set).is_some()) {
        return None;
    }
    let is_fault = |pair: &&[u128]| match (outer(pair[0]), outer(pair[1])) {
        (Some(before), Some(after)) => is_parallel(before, after),
        _ => false,
    };
    Some(sounding.windows(2).filter(is_fault).count() as f64 / bars)
}

/// Whether two voices (lower, upper) move in parallel fifths or octaves.
fn is_parallel(before: (i32, i32), after: (i32, i32)) -> bool {
    let (lower, upper) = (after.0 - before.0, after.1 - before.1);
    let (interval, next) = ((before.1 - before.0) % 12, (after.1 - after.0) % 12);
    lower * upper > 0 && interval == next && matches!(interval, 0 | 7)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::excerpt::tests::excerpt;

    #[test]
    fn dissonance_counts_pairs_step_by_step() {
        // C–E–B for one step: a third (consonant), a seventh and a fifth (E–B); then C–E for one more.
        let chord = excerpt(1, &[(0, 2, 60), (0, 2, 64), (0, 1, 71)]).sounding();
        assert_eq!(dissonant_pair_share(&interval_class_counts(&chord)), Some(1.0 / 4.0));
        assert_eq!(interval_class_shares(&interval_class_counts(&chord)), Some([0.0, 0.25, 0.0, 0.0, 0.5, 0.25, 0.0]));
    }

    #[test]
    fn a_minor_ninth_is_as_dissonant_as_a_second_and_a_lone_note_makes_no_pair() {
        let ninth = excerpt(1, &[(0, 1, 60), (0, 1, 73)]).sounding();
        assert_eq!(dissonant_pair_share(&interval_class_counts(&ninth)), Some(1.0));
        let alone = excerpt(1, &[(0, 1, 60)]).sounding();
        assert_eq!(
            (
                dissonant_pair_share(&interval_class_counts(&alone)),
                interval_class_shares(&interval_class_counts(&alone))
            ),
            (None, None)
        );
    }

    #[test]
    fn every_interval_has_its_class() {
        for (interval, class) in [(1, 1), (2, 2), (3, 3), (5, 5), (6, 6), (7, 5), (9, 3), (11, 1), (12, 0), (127, 5)] {
            let shares = interval_class_shares(&interval_class_counts(&[1 | 1 << interval])).unwrap();
            assert_eq!(shares[class], 1.0, "{interval} semitones");
        }
    }

    #[test]
    fn parallel_fifths_and_octaves_are_faults_and_fourths_are_not() {
        let moving = |upper: u8| excerpt(4, &[(0, 4, 48), (0, 4, upper), (4, 4, 50), (4, 4, upper + 2)]);
        for (upper, faults) in [(55, 1.0), (67, 1.0), (60, 1.0), (72, 1.0), (53, 0.0), (52, 0.0)] {
            let piece = moving(upper);
            assert_eq!(parallels_per_bar(&piece, &piece.sounding()), Some(faults), "{upper} above 48");
        }
    }

    #[test]
    fn contrary_motion_held_voices_and_rests_excuse() {
        let faults = |notes: &[(usize, usize, u8)]| {
            let piece = excerpt(4, notes);
            parallels_per_bar(&piece, &piece.sounding())
        };
        assert_eq!(faults(&[(0, 4, 60), (0, 4, 67), (4, 4, 55), (4, 4, 74)]), Some(0.0), "contrary");
        assert_eq!(faults(&[(0, 8, 48), (0, 4, 60), (4, 4, 72)]), Some(0.0), "held");
        assert_eq!(faults(&[(0, 4, 48), (0, 4, 55), (5, 4, 50), (5, 4, 57)]), Some(0.0), "rest");
        assert_eq!(faults(&[(0, 4, 48)]), None);
    }
}
