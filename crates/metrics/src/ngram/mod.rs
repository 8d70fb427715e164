//! The 3-gram baseline: a generative model of the note cells of a window, with its exact likelihood.
//!
//! A window is read as one stream of tokens ([`stream`]), and every token is predicted from at most two tokens before
//! it in its own lane, the lane, and its place in the bar ([`history`]). Rare contexts lean on more general ones by
//! interpolated Witten–Bell smoothing (Witten & Bell 1991; Chen & Goodman 1999, sec. 2.6), and an answer is counted in
//! a more general context only until the more special one knows it (update exclusion: Moffat 1990, the idea behind
//! Kneser and Ney's lower orders too). What no window can contain (a pitch that still sounds, a chord that is not in
//! order, a note beyond the end) has probability 0 and the rest is renormalised, so the probabilities of all windows of
//! a length add up to 1 and none of the possible ones is 0. The same walk trains, scores and samples.
//!
//! It speaks of exactly the silent/onset/hold cells of the three note lanes. Timing, loudness, chords, key and form
//! are not part of it; bar positions are given. Windows are expected in the tonic frame (C major or A minor), with
//! notes that ring in struck again at the start. A note that rings on at the end is one that lasts *at least* as
//! long as there was room: its probability is the tail of the distribution, and training does not learn a
//! length from it.
//!
//! ```
//! use aeolian_canvas::{Canvas, NoteCell, NoteLane};
//! use aeolian_metrics::{NgramConfig, NgramModel};
//!
//! let mut window = Canvas::new(4);
//! *window.cell_mut(NoteLane::Melody, 0, 60) = NoteCell::Onset;
//! let model = NgramModel::train([&window], NgramConfig::default())?;
//! let nats_a_quarter = -model.log_likelihood(&window) / window.quarters as f64;
//! assert!(nats_a_quarter > 0.0);
//! let piece = model.sample(4, &window.positions, 17);
//! assert!(model.log_likelihood(&piece).is_finite());
//! # Ok::<(), aeolian_metrics::Error>(())
//! ```

pub mod counts;
mod excerpts;
pub mod history;
pub mod stream;

use crate::Error;
use aeolian_canvas::{BarPosition, Canvas};
use counts::Counts;
use history::{Context, Question};
use std::collections::HashMap;
use stream::{Reader, Token};

/// How much an n-gram model may look at, and how it smooths.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NgramConfig {
    /// Tokens in a gram, 1–3: how many of a lane's tokens, the one to be predicted included, are seen together.
    pub order: usize,
    /// Weight of the more general distribution, in multiples of Witten and Bell's (1 is theirs); > 0. The default of 2
    /// predicts the validation songs of pop909 best (1 % fewer nats than 1; 3 is no better). Smaller
    /// values sample more conservatively.
    pub strength: f64,
}

impl Default for NgramConfig {
    fn default() -> Self {
        Self { order: 3, strength: 2.0 }
    }
}

/// A trained model.
#[derive(Clone, Debug)]
pub struct NgramModel {
    config: NgramConfig,
    /// Keys of a lane: those of the canvas; all of MIDI for excerpts; one in a test that tries every window there is.
    keys: usize,
    contexts: HashMap<Context, Counts>,
}

impl NgramModel {
    /// Learns from windows by one pass of counting; equal windows in any order give an equal model.
    ///
    /// # Errors   [`Error::NgramOrder`] unless the order is 1–3; [`Error::OrphanHold`] if a window holds a note that
    /// never started
    ///
    /// # Panics   if `config.strength` is not positive and finite
    pub fn train<'a>(windows: impl IntoIterator<Item = &'a Canvas>, config: NgramConfig) -> Result<Self, Error> {
        let mut model = Self::untrained(aeolian_canvas::canvas::PITCHES, config)?;
        for window in windows {
            model.learn(&stream::encode(window)?, Reader::new(&window.positions, model.keys));
        }
        Ok(model)
    }

    fn untrained(keys: usize, config: NgramConfig) -> Result<Self, Error> {
        if !(1..=3).contains(&config.order) {
            return Err(Error::NgramOrder { order: config.order });
        }
        assert!(config.strength > 0.0 && config.strength.is_finite(), "smoothing needs a positive strength");
        Ok(Self { config, keys, contexts: HashMap::new() })
    }

    fn learn(&mut self, tokens: &[Token], mut reader: Reader<'_>) {
        for &token in tokens {
            for (question, answer) in questions(token) {
                // A note that lasts to the end of the window may have lasted longer: its length is not known.
                let is_cut = matches!(token, Token::Duration(steps) if steps == reader.steps_left());
                if !is_cut && reader.may_start() {
                    self.count(reader.contexts(question, self.config.order), answer);
                }
            }
            reader.advance(token);
        }
    }

    /// From the most special context on, up to the first that has seen the answer before.
    fn count(&mut self, contexts: Vec<Context>, answer: u32) {
        for context in contexts.into_iter().rev() {
            let counts = self.contexts.entry(context).or_default();
            let is_known = counts.of(answer) > 0;
            counts.add(answer);
            if is_known {
                return;
            }
        }
    }

    /// ln P of the note cells of a window, in nats, given its length and bar positions; ≤ 0.
    ///
    /// −∞ for cells that are no whole notes (a hold without an onset), which the model cannot produce.
    pub fn log_likelihood(&self, window: &Canvas) -> f64 {
        let Ok(tokens) = stream::encode(window) else { return f64::NEG_INFINITY };
        let mut reader = Reader::new(&window.positions, self.keys);
        let mut nats = 0.0;
        for token in tokens {
            nats += self.probability(&reader, token).ln();
            reader.advance(token);
        }
        nats
    }

    /// Draws a window of the given bar positions, one for each quarter; the same seed gives the same window.
    ///
    /// Only notes and positions are filled in.
    ///
    /// # Panics   if there are not `quarters` positions
    pub fn sample(&self, quarters: usize, positions: &[BarPosition], seed: u64) -> Canvas {
        assert_eq!(positions.len(), quarters, "one bar position for every quarter");
        let tokens = self.draw_all(Reader::new(positions, self.keys), seed);
        stream::decode(&tokens, positions).expect("the reader allows only tokens that make a window")
    }

    fn draw_all(&self, mut reader: Reader<'_>, seed: u64) -> Vec<Token> {
        let mut random = SplitMix { state: seed };
        let mut tokens = Vec::new();
        while !reader.is_finished() {
            let token = self.draw(&reader, &mut random);
            reader.advance(token);
            tokens.push(token);
        }
        tokens
    }

    /// P(token | everything before it): 0 where the reader does not allow it, and 1 over all tokens together.
    fn probability(&self, reader: &Reader<'_>, token: Token) -> f64 {
        if !reader.allows(token) {
            return 0.0;
        }
        match token {
            Token::End => 1.0 - self.probability_of_start(reader),
            Token::Pitch(key) => {
                let pitches = self.pitch_probabilities(reader);
                self.probability_of_start(reader) * pitches[usize::from(key)]
            }
            Token::Duration(steps) if steps == reader.steps_left() => self.duration_tail(reader, steps),
            Token::Duration(steps) => self.duration_probability(reader, steps),
        }
    }

    fn draw(&self, reader: &Reader<'_>, random: &mut SplitMix) -> Token {
        if reader.awaits_duration() {
            let mut remaining = random.uniform();
            let mut steps = 1;
            while steps < reader.steps_left() {
                remaining -= self.duration_probability(reader, steps);
                if remaining < 0.0 {
                    break;
                }
                steps += 1;
            }
            return Token::Duration(steps);
        }
        if random.uniform() >= self.probability_of_start(reader) {
            return Token::End;
        }
        let pitches = self.pitch_probabilities(reader);
        let mut remaining = random.uniform();
        // Rounding may leave a crumb after the last pitch; it goes to the last one that is allowed.
        let mut last = None;
        for (key, p) in pitches.iter().enumerate().filter(|(_, p)| **p > 0.0) {
            last = Some(Token::Pitch(key as u8));
            remaining -= p;
            if remaining < 0.0 {
                break;
            }
        }
        last.expect("a start is only drawn where some pitch is allowed")
    }

    /// Whether another note starts in this lane and step. Without training: an even chance.
    fn probability_of_start(&self, reader: &Reader<'_>) -> f64 {
        if !reader.may_start() {
            return 0.0;
        }
        self.interpolate(reader, Question::Start, 0.5, |counts| counts.of(1))
    }

    /// P(key | a note starts) for every key, 0 where it may not. Without training: all alike.
    fn pitch_probabilities(&self, reader: &Reader<'_>) -> Vec<f64> {
        let mut p = vec![1.0 / self.keys as f64; self.keys];
        for counts in self.chain(reader, Question::Pitch) {
            let (denominator, general) = self.weights(counts);
            p.iter_mut().for_each(|p| *p *= general / denominator);
            counts.iter().for_each(|(key, count)| p[key as usize] += f64::from(count) / denominator);
        }
        for (key, p) in p.iter_mut().enumerate() {
            *p = if reader.allows(Token::Pitch(key as u8)) { *p } else { 0.0 };
        }
        let sum: f64 = p.iter().sum();
        p.iter_mut().for_each(|p| *p /= sum);
        p
    }

    /// P(the note lasts `steps`). Without training: 1 / (n (n + 1)), proper over all lengths without a longest.
    fn duration_probability(&self, reader: &Reader<'_>, steps: u32) -> f64 {
        let n = f64::from(steps);
        self.interpolate(reader, Question::Duration, 1.0 / (n * (n + 1.0)), |counts| counts.of(steps))
    }

    /// P(the note lasts `steps` or longer): the sum of [`Self::duration_probability`] from there on.
    fn duration_tail(&self, reader: &Reader<'_>, steps: u32) -> f64 {
        self.interpolate(reader, Question::Duration, 1.0 / f64::from(steps), |counts| counts.at_least(steps))
    }

    /// Witten–Bell, from the most general context to the most special:
    /// P(x | c) = (count(x, c) + s·distinct(c)·P(x | more general)) / (total(c) + s·distinct(c)).
    fn interpolate(&self, reader: &Reader<'_>, question: Question, base: f64, seen: impl Fn(&Counts) -> u32) -> f64 {
        self.chain(reader, question).fold(base, |p, counts| {
            let (denominator, general) = self.weights(counts);
            (f64::from(seen(counts)) + general * p) / denominator
        })
    }

    fn weights(&self, counts: &Counts) -> (f64, f64) {
        let general = self.config.strength * counts.distinct() as f64;
        (f64::from(counts.total()) + general, general)
    }

    /// What was counted in the contexts of a question that have been seen, the most general first.
    fn chain(&self, reader: &Reader<'_>, question: Question) -> impl Iterator<Item = &Counts> {
        let contexts = reader.contexts(question, self.config.order);
        contexts.into_iter().filter_map(|context| self.contexts.get(&context))
    }
}

/// What a token answers: an end or a pitch says whether a note starts; a pitch, further, which.
fn questions(token: Token) -> impl Iterator<Item = (Question, u32)> {
    let (first, second) = match token {
        Token::End => ((Question::Start, 0), None),
        Token::Pitch(key) => ((Question::Start, 1), Some((Question::Pitch, u32::from(key)))),
        Token::Duration(steps) => ((Question::Duration, steps), None),
    };
    std::iter::once(first).chain(second)
}

/// SplitMix64 (Steele, Lea & Flood 2014): the n-th number is a hash of seed + n times the golden ratio.
struct SplitMix {
    state: u64,
}

impl SplitMix {
    /// Uniform in [0, 1), on multiples of 2⁻⁵³.
    fn uniform(&mut self) -> f64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.state;
        z = (z ^ z >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ z >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ z >> 31) >> 11) as f64 / (1u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::excerpt::tests::canvas;
    use aeolian_canvas::NOTE_LANES;
    use proptest::prelude::*;
    use stream::tests::any_canvas;

    fn scale_up() -> Canvas {
        canvas(8, &(0..8).map(|i| (i * 4, 4, [60, 62, 64, 65, 67, 69, 71, 72][i])).collect::<Vec<_>>())
    }

    fn chords() -> Canvas {
        let chord = |i: usize, p: u8| [(i * 8, 6, p), (i * 8, 6, p + 4), (i * 8, 6, p + 7)];
        canvas(8, &[chord(0, 40), chord(1, 45), chord(2, 43), chord(3, 40)].concat())
    }

    /// Every token allowed next.
    fn next_tokens(reader: &Reader<'_>, keys: usize) -> Vec<Token> {
        let all = std::iter::once(Token::End).chain((0..keys as u8).map(Token::Pitch));
        all.chain((1..=reader.steps_left()).map(Token::Duration)).filter(|&token| reader.allows(token)).collect()
    }

    /// Σ P over all windows that continue from here.
    fn total(model: &NgramModel, reader: &Reader<'_>, windows: &mut usize) -> f64 {
        if reader.is_finished() {
            *windows += 1;
            return 1.0;
        }
        let mut sum = 0.0;
        for token in next_tokens(reader, model.keys) {
            let mut after = reader.clone();
            after.advance(token);
            sum += model.probability(reader, token) * total(model, &after, windows);
        }
        sum
    }

    #[test]
    fn the_probabilities_of_all_windows_add_up_to_one() {
        // One key, half a quarter after two silent steps: a lane has 5 sequences of two cells (no hold after silence), six
        // lanes 5⁶.
        let positions = Canvas::new(1).positions;
        let mut model = NgramModel::untrained(1, NgramConfig::default()).unwrap();
        let tokens = "P1 E E P2 E E E E P1 E E E E E E P2 E E P1 E E E E E E E P1 E E E".split(' ').map(|t| match t {
            "E" => vec![Token::End],
            struck => vec![Token::Pitch(0), Token::Duration(struck[1..].parse().unwrap())],
        });
        let tokens = tokens.flatten().collect::<Vec<_>>();
        model.learn(&tokens, Reader::new(&positions, 1));
        assert!(!model.contexts.is_empty());
        let mut windows = 0;
        let mut reader = Reader::new(&positions, 1);
        (0..2 * NOTE_LANES).for_each(|_| reader.advance(Token::End));
        let sum = total(&model, &reader, &mut windows);
        assert_eq!(windows, 5usize.pow(NOTE_LANES as u32));
        assert!((sum - 1.0).abs() < 1e-12, "{sum}");
    }

    #[test]
    fn a_familiar_window_is_likely_and_an_order_more_helps() {
        let corpus = [scale_up(), chords()];
        let nats = |order| {
            let windows = corpus.iter().cycle().take(200);
            let model = NgramModel::train(windows, NgramConfig { order, ..NgramConfig::default() }).unwrap();
            -corpus.iter().map(|window| model.log_likelihood(window)).sum::<f64>()
        };
        let nothing_known = NgramModel::train([], NgramConfig::default()).unwrap();
        let untrained = -corpus.iter().map(|window| nothing_known.log_likelihood(window)).sum::<f64>();
        assert!(nats(3) < nats(2) && nats(2) < nats(1), "{} {} {}", nats(3), nats(2), nats(1));
        // At least ln 2 is needed to say which of the two it is, once for each.
        assert!(2.0 * 2f64.ln() < nats(3) && nats(3) < untrained / 20.0, "{} {untrained}", nats(3));
    }

    #[test]
    fn the_order_of_the_windows_does_not_matter() {
        let (a, b) = (scale_up(), chords());
        let one = NgramModel::train([&a, &b, &b], NgramConfig::default()).unwrap();
        let other = NgramModel::train([&b, &a, &b], NgramConfig::default()).unwrap();
        assert_eq!(one.contexts, other.contexts);
    }

    #[test]
    fn samples_of_a_much_repeated_piece_reproduce_it() {
        // Each context of the piece has one answer, seen 2,000 times: Witten and Bell leave about 1/2,000 a decision
        // to anything else, so over 100 decisions nearly all samples are the piece. Bound: at least 80 of 100.
        let piece = scale_up();
        let model = NgramModel::train(std::iter::repeat_n(&piece, 2000), NgramConfig::default()).unwrap();
        let same = (0..100).filter(|&seed| model.sample(8, &piece.positions, seed) == piece).count();
        assert!(same >= 80, "{same}");
        assert!(model.log_likelihood(&piece) > -0.3, "{}", model.log_likelihood(&piece));
    }

    #[test]
    fn a_mixture_of_two_pieces_samples_both() {
        let corpus = [canvas(1, &[(0, 2, 60), (2, 1, 62)]), canvas(1, &[(0, 1, 72), (1, 2, 71)])];
        let windows = corpus.iter().cycle().take(2000);
        let model = NgramModel::train(windows, NgramConfig::default()).unwrap();
        // N = 2000 draws; each piece has its own exact probability p, met within five standard errors ≤ 5 √(1/4 / N).
        for piece in &corpus {
            let hits = (0..2000).filter(|&seed| model.sample(1, &piece.positions, seed) == *piece).count();
            let p = model.log_likelihood(piece).exp();
            // First pitch and first length are one half each; all else follows from them.
            assert!((0.23..0.25).contains(&p), "{p}");
            assert!((hits as f64 / 2000.0 - p).abs() < 5.0 * (0.25f64 / 2000.0).sqrt(), "{hits} {p}");
        }
    }

    #[test]
    fn a_seed_is_a_piece() {
        let model = NgramModel::train([&scale_up(), &chords()], NgramConfig::default()).unwrap();
        let positions = Canvas::new(32).positions;
        assert_eq!(model.sample(32, &positions, 5), model.sample(32, &positions, 5));
        assert_ne!(model.sample(32, &positions, 5), model.sample(32, &positions, 6));
    }

    #[test]
    fn what_cannot_be_is_refused_or_impossible() {
        let mut orphan = Canvas::new(1);
        *orphan.cell_mut(aeolian_canvas::NoteLane::Counter, 2, 60) = aeolian_canvas::NoteCell::Hold;
        let config = NgramConfig::default();
        assert!(matches!(NgramModel::train([&orphan], config), Err(Error::OrphanHold { step: 2, pitch: 60, .. })));
        let model = NgramModel::train([], config).unwrap();
        assert_eq!(model.log_likelihood(&orphan), f64::NEG_INFINITY);
        for order in [0, 4] {
            let refused = NgramModel::train([], NgramConfig { order, ..config });
            assert_eq!(refused.err(), Some(Error::NgramOrder { order }));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn next_tokens_add_up_to_one_and_none_is_impossible(
            learnt in any_canvas(),
            met in any_canvas(),
            order in 1usize..4,
        ) {
            let config = NgramConfig { order, strength: 0.7 };
            let model = NgramModel::train([&learnt], config).unwrap();
            let mut reader = Reader::new(&met.positions, model.keys);
            for token in stream::encode(&met).unwrap() {
                let next: Vec<f64> =
                    next_tokens(&reader, model.keys).into_iter().map(|t| model.probability(&reader, t)).collect();
                prop_assert!(next.iter().all(|&p| p > 0.0));
                prop_assert!((next.iter().sum::<f64>() - 1.0).abs() < 1e-12);
                reader.advance(token);
            }
            prop_assert!(reader.is_finished());
            prop_assert!(model.log_likelihood(&met).is_finite());
        }
    }
}
