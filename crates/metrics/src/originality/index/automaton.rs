//! The suffix automaton of a query: the smallest automaton that knows all its runs of tokens (Blumer et al. 1985,
//! "The smallest automaton recognizing the subwords of a text", doi:10.1016/0304-3975(85)90157-4).
//!
//! Indexing the query instead of the training text leaves nothing to build or to store for the text: it streams
//! through, and the automaton says after every token how long a run ends there that the query has too (the matching
//! statistics of Chang & Lawler 1994, doi:10.1007/BF01185431). A query of n tokens has at most 2n states; a text of m
//! tokens costs at most 2m steps, whatever it repeats.

const ROOT: u32 = 0;

/// A set of runs that end at the same places of the query.
#[derive(Clone, Debug, Default)]
struct State {
    /// Tokens of its longest run.
    length: usize,
    /// State of the longest shorter run that ends at more places; the root's own is never followed.
    link: u32,
    /// Where its runs end for the first time: the number of tokens before that place.
    first_end: usize,
    /// States one token further, sorted by token.
    next: Vec<(u16, u32)>,
}

impl State {
    fn after(&self, token: u16) -> Option<u32> {
        let place = self.next.binary_search_by_key(&token, |&(token, _)| token).ok()?;
        Some(self.next[place].1)
    }

    fn lead(&mut self, token: u16, to: u32) {
        match self.next.binary_search_by_key(&token, |&(token, _)| token) {
            Ok(place) => self.next[place].1 = to,
            Err(place) => self.next.insert(place, (token, to)),
        }
    }
}

/// All runs of a query.
#[derive(Clone, Debug)]
pub(super) struct Automaton {
    states: Vec<State>,
    /// State of the whole query so far.
    whole: u32,
}

/// How much of what was read last stands in the query.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Match {
    state: u32,
    /// Tokens.
    pub(super) length: usize,
}

impl Automaton {
    /// # Panics   beyond 2³¹ tokens
    pub(super) fn new(query: impl IntoIterator<Item = u16>) -> Self {
        let mut automaton = Self { states: vec![State::default()], whole: ROOT };
        query.into_iter().for_each(|token| automaton.extend(token));
        automaton
    }

    fn extend(&mut self, token: u16) {
        let length = self.states[self.whole as usize].length + 1;
        let new = self.push(State { length, first_end: length, ..State::default() });
        let mut from = Some(std::mem::replace(&mut self.whole, new));
        while let Some(state) = from {
            if let Some(to) = self.states[state as usize].after(token) {
                self.states[new as usize].link = self.state_of_run(state, token, to);
                return;
            }
            self.states[state as usize].lead(token, new);
            from = self.shorter(state);
        }
    }

    /// The state of the longest run of `from` with `token` after it, where `to` knows longer ones too: those that end at
    /// more places from now on are split off.
    fn state_of_run(&mut self, from: u32, token: u16, to: u32) -> u32 {
        let length = self.states[from as usize].length + 1;
        if self.states[to as usize].length == length {
            return to;
        }
        let split = self.push(State { length, ..self.states[to as usize].clone() });
        self.states[to as usize].link = split;
        let mut from = Some(from);
        while let Some(state) = from.filter(|&state| self.states[state as usize].after(token) == Some(to)) {
            self.states[state as usize].lead(token, split);
            from = self.shorter(state);
        }
        split
    }

    fn push(&mut self, state: State) -> u32 {
        let name = u32::try_from(self.states.len()).expect("a query of fewer than 2³¹ notes");
        self.states.push(state);
        name
    }

    fn shorter(&self, state: u32) -> Option<u32> {
        (state != ROOT).then(|| self.states[state as usize].link)
    }

    /// The longest run of the query that ends with `token` and goes on from `matched`.
    pub(super) fn read(&self, matched: Match, token: u16) -> Match {
        let Match { mut state, mut length } = matched;
        loop {
            if let Some(next) = self.states[state as usize].after(token) {
                return Match { state: next, length: length + 1 };
            }
            match self.shorter(state) {
                Some(shorter) => (state, length) = (shorter, self.states[shorter as usize].length),
                None => return Match::default(),
            }
        }
    }

    /// First place of the query at which the run begins.
    pub(super) fn first_start(&self, matched: Match) -> usize {
        self.states[matched.state as usize].first_end - matched.length
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_run_is_followed_shortened_and_lost() {
        let automaton = Automaton::new([1, 2, 1, 2, 3]);
        let mut matched = Match::default();
        let lengths = [1, 2, 3, 2, 1, 2, 1, 2, 3, 9].map(|token| {
            matched = automaton.read(matched, token);
            matched.length
        });
        assert_eq!(lengths, [1, 2, 3, 1, 2, 3, 3, 4, 5, 0]);
    }

    #[test]
    fn an_empty_query_has_no_run() {
        assert_eq!(Automaton::new([]).read(Match::default(), 0), Match::default());
    }

    proptest! {
        #[test]
        fn every_match_is_the_longest_and_at_its_first_place(
            query in prop::collection::vec(0u16..3, 0..24),
            text in prop::collection::vec(0u16..3, 0..24),
        ) {
            let automaton = Automaton::new(query.iter().copied());
            prop_assert!(automaton.states.len() <= 2 * query.len() + 1);
            let mut matched = Match::default();
            for (place, &token) in text.iter().enumerate() {
                matched = automaton.read(matched, token);
                let place_of = |length: usize| {
                    let run = &text[place + 1 - length..=place];
                    query.windows(length).position(|window| window == run)
                };
                let longest = (1..=place + 1).filter(|&length| place_of(length).is_some()).max().unwrap_or(0);
                prop_assert_eq!(matched.length, longest);
                if longest > 0 {
                    prop_assert_eq!(Some(automaton.first_start(matched)), place_of(longest));
                }
            }
        }
    }
}
