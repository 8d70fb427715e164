//! How often each answer was given in one context.

/// Counts of answers, sorted by answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    total: u32,
    answers: Vec<(u32, u32)>,
}

impl Counts {
    /// Counts `answer` once more.
    pub fn add(&mut self, answer: u32) {
        self.total = self.total.saturating_add(1);
        match self.answers.binary_search_by_key(&answer, |&(answer, _)| answer) {
            Ok(place) => self.answers[place].1 = self.answers[place].1.saturating_add(1),
            Err(place) => self.answers.insert(place, (answer, 1)),
        }
    }

    /// Times any answer was given.
    pub fn total(&self) -> u32 {
        self.total
    }

    /// Different answers given.
    pub fn distinct(&self) -> usize {
        self.answers.len()
    }

    /// Times `answer` was given.
    pub fn of(&self, answer: u32) -> u32 {
        let place = self.answers.binary_search_by_key(&answer, |&(answer, _)| answer);
        place.map_or(0, |place| self.answers[place].1)
    }

    /// Times `answer` or a larger one was given.
    pub fn at_least(&self, answer: u32) -> u32 {
        let first = self.answers.partition_point(|&(other, _)| other < answer);
        self.answers[first..].iter().map(|&(_, count)| count).sum()
    }

    /// Each answer with its count, ascending.
    pub fn iter(&self) -> impl Iterator<Item = (u32, u32)> + '_ {
        self.answers.iter().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_counted_and_summed_from_above() {
        let mut counts = Counts::default();
        [4, 2, 4, 9].into_iter().for_each(|answer| counts.add(answer));
        assert_eq!((counts.total(), counts.distinct()), (4, 3));
        assert_eq!([1, 2, 4, 9].map(|answer| counts.of(answer)), [0, 1, 2, 1]);
        assert_eq!([1, 3, 4, 5, 10].map(|answer| counts.at_least(answer)), [4, 3, 3, 1, 0]);
    }
}
