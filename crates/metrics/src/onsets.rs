//! What starts in each bar: the view of a piece that repetition, groove and drum patterns share.

use crate::excerpt::Excerpt;

/// What starts in one bar, all lanes together.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct BarOnsets {
    /// Steps the whole bar has.
    pub length: usize,
    /// Whether the whole bar lies inside the excerpt.
    pub is_complete: bool,
    /// Pairs of (step in the bar, pitch), ascending, each once.
    pub notes: Vec<(usize, u8)>,
    /// Steps of the bar at which something starts, ascending, each once: the bar's rhythm.
    pub steps: Vec<usize>,
}

impl BarOnsets {
    /// |A ∩ B| / |A ∪ B| of the (step, pitch) onsets of two bars, 0–1 (Jaccard 1901). `None` where both are empty.
    pub fn jaccard(&self, other: &Self) -> Option<f64> {
        let common = common(&self.notes, &other.notes);
        crate::excerpt::share(common, self.notes.len() + other.notes.len() - common)
    }
}

/// Every bar of the excerpt, in order.
pub fn onsets_by_bar(excerpt: &Excerpt) -> Vec<BarOnsets> {
    let of_bar = |bar: &crate::Bar| {
        let mut notes: Vec<(usize, u8)> =
            excerpt.notes_in(bar).iter().map(|note| (bar.place_of(note.onset), note.pitch)).collect();
        notes.sort_unstable();
        notes.dedup();
        let mut steps: Vec<usize> = notes.iter().map(|&(step, _)| step).collect();
        steps.dedup();
        BarOnsets { length: bar.length, is_complete: bar.is_complete(), notes, steps }
    };
    excerpt.bars.iter().map(of_bar).collect()
}

/// How many elements two ascending lists without repetitions have in common.
pub(crate) fn common<T: Ord>(a: &[T], b: &[T]) -> usize {
    let (mut i, mut j, mut found) = (0, 0, 0);
    while i < a.len() && j < b.len() {
        let order = a[i].cmp(&b[j]);
        found += usize::from(order.is_eq());
        i += usize::from(order.is_le());
        j += usize::from(order.is_ge());
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::excerpt::tests::excerpt;

    #[test]
    fn doublings_count_once_and_steps_are_counted_from_the_bar_line() {
        let bars = onsets_by_bar(&excerpt(7, &[(0, 1, 60), (0, 1, 64), (19, 1, 62)]));
        assert_eq!((bars[0].notes.as_slice(), bars[0].steps.as_slice()), (&[(0, 60), (0, 64)][..], &[0][..]));
        assert_eq!((bars[1].notes.as_slice(), bars[1].is_complete), (&[(3, 62)][..], false));
    }

    #[test]
    fn common_elements_are_counted_in_one_walk() {
        assert_eq!(common(&[1, 3, 5, 9], &[0, 3, 4, 5]), 2);
        assert_eq!(common(&[] as &[u8], &[1]), 0);
        assert_eq!(common(&[1, 2], &[1, 2]), 2);
    }
}
