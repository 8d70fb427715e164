//! Rhythm: how much happens, and where in the beat.

use crate::excerpt::{Excerpt, share};
use aeolian_canvas::canvas::STEPS;

/// Mean number of notes that start in a complete bar, all lanes together. `None` without a complete bar.
pub fn notes_per_bar(excerpt: &Excerpt) -> Option<f64> {
    let bars: Vec<_> = excerpt.bars.iter().filter(|bar| bar.is_complete()).collect();
    let inside = |onset: usize| bars.iter().any(|bar| (bar.start..bar.end).contains(&onset));
    share(excerpt.notes.iter().filter(|note| inside(note.onset)).count(), bars.len())
}

/// Share of notes that start on a quarter of the bar, 0–1. `None` without notes.
pub fn on_beat_share(excerpt: &Excerpt) -> Option<f64> {
    share_of_places(excerpt, |place| place % STEPS == 0)
}

/// Share of notes that start on the second or fourth sixteenth of a quarter, 0–1. `None` without notes.
pub fn sixteenth_share(excerpt: &Excerpt) -> Option<f64> {
    share_of_places(excerpt, |place| place % 2 == 1)
}

fn share_of_places(excerpt: &Excerpt, wanted: impl Fn(usize) -> bool) -> Option<f64> {
    let in_bar = |onset: usize| {
        let bar = excerpt.bars.partition_point(|bar| bar.end <= onset);
        excerpt.bars.get(bar).map_or(onset, |bar| onset - bar.start + bar.missing)
    };
    share(excerpt.notes.iter().filter(|note| wanted(in_bar(note.onset))).count(), excerpt.notes.len())
}

/// How alike the rhythms of neighbouring bars are, 0–1.
///
/// 1 − mean over consecutive complete bars of equal length of (steps in which just one of the two has an onset) /
/// (steps in the bar): Wu & Yang 2020 (arXiv:2008.01307) in the consecutive-bar form of MusPy (arXiv:2008.01951). An
/// empty bar is a rhythm too. `None` where no two bars can be compared.
pub fn groove_consistency(excerpt: &Excerpt) -> Option<f64> {
    let mut has_onset = vec![false; excerpt.steps];
    excerpt.notes.iter().for_each(|note| has_onset[note.onset] = true);
    let (mut differing, mut compared) = (0.0, 0);
    for pair in excerpt.bars.windows(2).filter(|w| w.iter().all(|b| b.is_complete()) && w[0].length == w[1].length) {
        let steps = pair[0].length;
        let different = (0..steps).filter(|i| has_onset[pair[0].start + i] != has_onset[pair[1].start + i]).count();
        differing += different as f64 / steps as f64;
        compared += 1;
    }
    (compared > 0).then(|| 1.0 - differing / f64::from(compared))
}

/// Mean length of a note in steps (four a quarter), cut at the excerpt's end. `None` without notes.
pub fn mean_duration(excerpt: &Excerpt) -> Option<f64> {
    share(excerpt.notes.iter().map(|note| note.duration()).sum(), excerpt.notes.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::excerpt::tests::excerpt;

    #[test]
    fn notes_are_counted_by_the_bar() {
        let two_bars = excerpt(8, &[(0, 1, 60), (0, 1, 64), (31, 1, 60)]);
        assert_eq!(notes_per_bar(&two_bars), Some(1.5));
        assert_eq!(notes_per_bar(&excerpt(3, &[(0, 1, 60)])), None, "three quarters are no bar of 4/4");
    }

    #[test]
    fn places_in_the_beat_add_up() {
        let notes = excerpt(4, &[(0, 1, 60), (4, 1, 60), (6, 1, 60), (9, 1, 60), (11, 1, 60)]);
        assert_eq!(on_beat_share(&notes), Some(0.4));
        assert_eq!(sixteenth_share(&notes), Some(0.4));
        assert_eq!(on_beat_share(&excerpt(4, &[])), None);
    }

    #[test]
    fn groove_of_equal_bars_is_one_and_falls_by_the_step() {
        let same = excerpt(8, &[(0, 1, 60), (4, 1, 60), (16, 1, 72), (20, 1, 30)]);
        assert_eq!(groove_consistency(&same), Some(1.0));
        let shifted = excerpt(8, &[(0, 1, 60), (17, 1, 60)]);
        assert_eq!(groove_consistency(&shifted), Some(1.0 - 2.0 / 16.0));
        assert_eq!(groove_consistency(&excerpt(7, &[(0, 1, 60)])), None);
    }

    #[test]
    fn durations_are_averaged() {
        assert_eq!(mean_duration(&excerpt(4, &[(0, 3, 60), (0, 6, 62)])), Some(4.5));
        assert_eq!(mean_duration(&excerpt(4, &[])), None);
    }
}
