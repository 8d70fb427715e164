//! What the n-gram model looks at: the contexts of each of its three questions, from the most general on.
//!
//! A plain 3-gram over the raw stream would mostly see ends. So "the two tokens before" are the two of the lane that
//! bear on the question, over steps if need be: when (the length struck last and the wait before it; how long ago that
//! was is part of the place, like the place in the bar), which pitch (the two tops before, or the two keys above in
//! the chord), how long (the two lengths before). Every context is a function of the more special one after it.

use super::stream::Reader;

/// What is asked at a point of the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Question {
    /// Does another note start in this lane and step? 0 no, 1 yes.
    Start,
    /// Which key, given that one starts?
    Pitch,
    /// How many steps does it last?
    Duration,
}

/// A situation in which a question was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Context {
    question: Question,
    lane: u8,
    /// Notes struck in this step before, as far as the question tells numbers apart.
    struck: u8,
    /// Which of the question's contexts; without it, contexts that look at different things would share counts.
    level: u8,
    seen: [u32; 4],
}

/// Waits and lengths beyond four quarters are not told apart as contexts (as answers they are).
const LONG: u32 = 16;
/// More notes than this in one step are not told apart.
const MANY: usize = 6;
/// Stands for "none yet" beside keys, waits and lengths.
const NONE: u32 = u32::MAX;

/// What one lane has done so far.
#[derive(Clone, Debug)]
pub struct LaneHistory {
    /// First step at which each key is free again.
    free_from: Vec<usize>,
    /// Keys struck in this step, descending.
    struck: Vec<u8>,
    /// Keys struck in the last step that had any, descending.
    previous: Vec<u8>,
    /// Highest key of the one before that.
    earlier_top: Option<u8>,
    last_onset: Option<usize>,
    /// Steps between the last two onsets.
    last_wait: Option<u32>,
    /// Lengths of the last note and of the one before it.
    lengths: [Option<u32>; 2],
}

impl LaneHistory {
    pub(super) fn new(keys: usize) -> Self {
        let free_from = vec![0; keys];
        Self {
            free_from,
            struck: vec![],
            previous: vec![],
            earlier_top: None,
            last_onset: None,
            last_wait: None,
            lengths: [None; 2],
        }
    }

    /// A key may be struck when it does not sound and lies below those struck in this step.
    pub(super) fn may_strike(&self, key: u8, step: usize) -> bool {
        self.free_from[usize::from(key)] <= step && self.struck.last().is_none_or(|&above| key < above)
    }

    pub(super) fn strike(&mut self, key: u8, step: usize, length: u32) {
        self.free_from[usize::from(key)] = step + length as usize;
        self.struck.push(key);
        self.lengths = [Some(length), self.lengths[0]];
    }

    pub(super) fn end_step(&mut self, step: usize) {
        if !self.struck.is_empty() {
            self.earlier_top = self.previous.first().copied();
            self.previous = std::mem::take(&mut self.struck);
            self.last_wait = self.wait_at(step);
            self.last_onset = Some(step);
        }
    }

    fn wait_at(&self, step: usize) -> Option<u32> {
        self.last_onset.map(|onset| u32::try_from(step - onset).unwrap_or(u32::MAX))
    }

    /// The two keys a new one is predicted from. First of a step: the tops of the two chords before. Second: the one
    /// above it, and what lay next below that in the chord before. From the third on: the two above it.
    fn neighbours(&self) -> [Option<u8>; 2] {
        match self.struck[..] {
            [] => [self.previous.first().copied(), self.earlier_top],
            [above] => [Some(above), self.previous.iter().copied().find(|&key| key < above)],
            [.., two_above, above] => [Some(above), Some(two_above)],
        }
    }
}

impl Reader<'_> {
    /// The contexts of a question here, the most general first, that need fewer than `order` earlier tokens.
    pub fn contexts(&self, question: Question, order: usize) -> Vec<Context> {
        let history = self.history();
        let (place, bar_length) = self.places[self.step];
        let bar = place as u32 | (bar_length as u32) << 16;
        let steps = |steps: Option<u32>| steps.map_or(NONE, |steps| steps.min(LONG));
        let (wait, wait_before) = (steps(history.wait_at(self.step)), steps(history.last_wait));
        let [length, length_before] = history.lengths.map(steps);
        let [key, other_key] = history.neighbours().map(|key| key.map_or(NONE, u32::from));
        let struck = history.struck.len();
        let (struck, levels): (usize, &[(usize, [u32; 4])]) = match question {
            Question::Start if struck == 0 => (
                0,
                &[
                    (0, [0, 0, 0, 0]),
                    (0, [bar, 0, 0, 0]),
                    (1, [bar, wait, 0, 0]),
                    (1, [bar, wait, length, 0]),
                    (2, [bar, wait, length, wait_before]),
                ],
            ),
            Question::Start => (
                struck.min(MANY),
                &[(0, [0, 0, 0, 0]), (1, [key, 0, 0, 0]), (2, [key, other_key, 0, 0]), (2, [key, other_key, bar, 0])],
            ),
            Question::Pitch => (
                struck.min(2),
                &[(0, [0, 0, 0, 0]), (1, [key, 0, 0, 0]), (2, [key, other_key, 0, 0]), (2, [key, other_key, bar, 0])],
            ),
            Question::Duration => (
                struck.min(1),
                &[
                    (0, [0, 0, 0, 0]),
                    (0, [bar, 0, 0, 0]),
                    (1, [bar, length, 0, 0]),
                    (2, [bar, length, length_before, 0]),
                ],
            ),
        };
        let context = |(level, &(_, seen)): (usize, &(usize, [u32; 4]))| Context {
            question,
            lane: self.names[self.lane],
            struck: struck as u8,
            level: level as u8,
            seen,
        };
        // A level is named by its place among all: models of different orders agree on what they share.
        levels.iter().enumerate().filter(|(_, (tokens, _))| *tokens < order).map(context).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::stream::Token::{Duration, End, Pitch};
    use super::*;
    use aeolian_canvas::{Canvas, NOTE_LANES};

    #[test]
    fn contexts_remember_over_empty_steps() {
        let positions = Canvas::new(2).positions;
        let mut reader = Reader::new(&positions, 88);
        let before = reader.contexts(Question::Pitch, 3);
        let tokens = [&[Pitch(40), Duration(2), Pitch(36), Duration(3)][..], &[End; 3 * NOTE_LANES]].concat();
        tokens.into_iter().for_each(|token| reader.advance(token));
        assert_eq!((reader.step, reader.lane), (3, 0));
        assert_eq!(reader.history().neighbours(), [Some(40), None]);
        assert_eq!(reader.contexts(Question::Start, 3)[4].seen[1..], [3, 3, NONE]);
        assert_ne!(reader.contexts(Question::Pitch, 3), before);
        reader.advance(Pitch(39));
        reader.advance(Duration(1));
        assert_eq!(reader.history().neighbours(), [Some(39), Some(36)]);
        reader.advance(Pitch(30));
        reader.advance(Duration(1));
        assert_eq!(reader.history().neighbours(), [Some(30), Some(39)]);
        reader.advance(End);
        assert_eq!(reader.lanes[0].last_wait, Some(3));
    }

    #[test]
    fn a_lower_order_sees_fewer_contexts() {
        let positions = Canvas::new(1).positions;
        let reader = Reader::new(&positions, 88);
        for question in [Question::Start, Question::Pitch, Question::Duration] {
            let contexts = [1, 2, 3].map(|order| reader.contexts(question, order));
            assert!(contexts[0].len() < contexts[1].len() && contexts[1].len() < contexts[2].len());
            assert!(contexts[2].starts_with(&contexts[1]) && contexts[1].starts_with(&contexts[0]));
        }
    }
}
