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

/// How many onsets (step and pitch) every two bars have in common.
///
/// A piano pattern puts hundreds of thousands of pairs of notes beside each other; here each onset is looked up once,
/// and adds one to every pair of bars that have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommonOnsets {
    onsets: Vec<usize>,
    /// Row by row, every pair of different bars twice.
    common: Vec<u32>,
}

impl CommonOnsets {
    /// Of these bars.
    pub fn of(bars: &[&BarOnsets]) -> Self {
        // Step, pitch and bar in one number, which sorts faster; no piece has 2³² bars, and no bar 2²⁴ steps.
        let mut all: Vec<u64> = Vec::with_capacity(bars.iter().map(|bar| bar.notes.len()).sum());
        for (bar, onsets) in bars.iter().enumerate() {
            let key = |&(step, pitch): &(usize, u8)| (step as u64) << 40 | u64::from(pitch) << 32 | bar as u64;
            all.extend(onsets.notes.iter().map(key));
        }
        all.sort_unstable();
        let mut common = vec![0; bars.len() * bars.len()];
        let bar_of = |key: u64| (key & u64::from(u32::MAX)) as usize;
        for same in all.chunk_by(|a, b| a >> 32 == b >> 32) {
            for &key in same {
                let row = &mut common[bar_of(key) * bars.len()..][..bars.len()];
                same.iter().for_each(|&other| row[bar_of(other)] += 1);
            }
        }
        Self { onsets: bars.iter().map(|bar| bar.notes.len()).collect(), common }
    }

    /// [`BarOnsets::jaccard`] of bars `i` and `j`.
    ///
    /// # Panics   where one does not exist
    pub fn jaccard(&self, i: usize, j: usize) -> Option<f64> {
        let common = self.common[i * self.onsets.len() + j] as usize;
        crate::excerpt::share(common, self.onsets[i] + self.onsets[j] - common)
    }
}

/// A set of steps, as bits: what two of them share is counted 64 steps at a time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct StepSet {
    words: Vec<u64>,
    steps: usize,
}

impl StepSet {
    /// Puts a step in; a second time changes nothing.
    pub(crate) fn insert(&mut self, step: usize) {
        let word = step / 64;
        if word >= self.words.len() {
            self.words.resize(word + 1, 0);
        }
        let bit = 1 << (step % 64);
        self.steps += usize::from(self.words[word] & bit == 0);
        self.words[word] |= bit;
    }

    /// How alike two sets are: |A ∩ B| / √(|A|·|B|), 0–1; 1 where both are empty.
    pub(crate) fn cosine(&self, other: &Self) -> f64 {
        match (self.steps, other.steps) {
            (0, 0) => 1.0,
            (0, _) | (_, 0) => 0.0,
            // The root of a square is exact, and bars of one rhythm are the rule.
            (a, b) if a == b => f64::from(self.common(other)) / a as f64,
            (a, b) => f64::from(self.common(other)) / ((a * b) as f64).sqrt(),
        }
    }

    fn common(&self, other: &Self) -> u32 {
        self.words.iter().zip(&other.words).map(|(a, b)| (a & b).count_ones()).sum()
    }
}

impl FromIterator<usize> for StepSet {
    fn from_iter<I: IntoIterator<Item = usize>>(steps: I) -> Self {
        let mut set = Self::default();
        steps.into_iter().for_each(|step| set.insert(step));
        set
    }
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
    fn all_pairs_at_once_are_the_pairs_one_by_one() {
        let notes = [(0, 1, 60), (0, 1, 64), (16, 1, 60), (19, 1, 62), (32, 1, 60), (32, 1, 64), (35, 1, 62)];
        let bars = onsets_by_bar(&excerpt(16, &notes));
        let all: Vec<&BarOnsets> = bars.iter().collect();
        let common = CommonOnsets::of(&all);
        for i in 0..4 {
            for j in (0..4).filter(|j| *j != i) {
                assert_eq!(common.jaccard(i, j), bars[i].jaccard(&bars[j]), "{i} {j}");
            }
        }
        assert_eq!((common.jaccard(0, 2), common.jaccard(0, 3)), (Some(2.0 / 3.0), Some(0.0)));
    }

    #[test]
    fn sets_of_steps_are_compared_by_the_cosine_however_long_the_bar() {
        let set = |steps: &[usize]| steps.iter().copied().collect::<StepSet>();
        assert_eq!(set(&[0, 4, 4]).cosine(&set(&[4, 8, 12, 14])), 1.0 / 8f64.sqrt());
        assert_eq!(set(&[0, 4000]).cosine(&set(&[4000, 7])), 0.5);
        assert_eq!((set(&[]).cosine(&set(&[])), set(&[]).cosine(&set(&[1]))), (1.0, 0.0));
    }

    #[test]
    fn common_elements_are_counted_in_one_walk() {
        assert_eq!(common(&[1, 3, 5, 9], &[0, 3, 4, 5]), 2);
        assert_eq!(common(&[] as &[u8], &[1]), 0);
        assert_eq!(common(&[1, 2], &[1, 2]), 2);
    }
}
