//! The model on excerpts: the parts of a piece as they are, any number of them, and all keys of MIDI.
//!
//! A canvas has three lanes with a meaning; a MIDI file has parts. Parts are told apart by their place in the file, so
//! that in a folder of one kind (melody, bridge, piano; soprano to bass) each part has a style of its own. Where files
//! are of all kinds, first parts are like first parts only as far as they are. Only parts that have a note are read, and
//! only those are drawn.

use super::stream::{Place, Reader, Token};
use super::{NgramConfig, NgramModel};
use crate::Error;
use crate::excerpt::{Excerpt, ExcerptNote};
use aeolian_canvas::canvas::STEPS;
use std::borrow::Cow;

/// Keys of MIDI.
const KEYS: usize = 128;

impl NgramModel {
    /// Learns from excerpts in which every lane sounds a pitch once at a time; of notes that overlap, the later is not
    /// heard.
    ///
    /// # Errors   [`Error::NgramOrder`] unless the order is 1–3
    ///
    /// # Panics   if `config.strength` is not positive and finite
    pub fn train_on_excerpts<'a>(
        excerpts: impl IntoIterator<Item = &'a Excerpt>,
        config: NgramConfig,
    ) -> Result<Self, Error> {
        let mut model = Self::untrained(KEYS, config)?;
        for excerpt in excerpts {
            let shape = Shape::of(excerpt);
            model.learn(&shape.encode(excerpt), shape.reader());
        }
        Ok(model)
    }

    /// Draws an excerpt with the bars of this one, and notes in the parts that have notes there; the same seed gives the
    /// same notes.
    pub fn sample_like(&self, excerpt: &Excerpt, seed: u64) -> Excerpt {
        let shape = Shape::of(excerpt);
        let notes = match shape.lanes.is_empty() {
            true => Vec::new(),
            false => shape.decode(&self.draw_all(shape.reader(), seed)),
        };
        Excerpt { steps: excerpt.steps, notes, bars: excerpt.bars.clone() }
    }
}

/// What is given of a piece before its notes.
struct Shape {
    places: Vec<Place>,
    /// Lanes that have a note, ascending.
    lanes: Vec<usize>,
    /// What the model calls them.
    names: Vec<u8>,
}

impl Shape {
    fn of(excerpt: &Excerpt) -> Self {
        let mut lanes: Vec<usize> = excerpt.notes.iter().map(|note| note.lane).collect();
        lanes.sort_unstable();
        lanes.dedup();
        // What lies in no bar is read as bars of 4/4.
        let mut places: Vec<Place> = (0..excerpt.steps).map(|step| (step % (4 * STEPS), 4 * STEPS)).collect();
        for bar in &excerpt.bars {
            let steps = bar.start..bar.end.min(excerpt.steps);
            steps.for_each(|step| places[step] = (bar.place_of(step), bar.length));
        }
        let names = lanes.iter().map(|&lane| u8::try_from(lane).unwrap_or(u8::MAX)).collect();
        Self { places, lanes, names }
    }

    fn reader(&self) -> Reader<'_> {
        Reader::over(Cow::Borrowed(&self.places), Cow::Borrowed(&self.names), KEYS)
    }

    fn encode(&self, excerpt: &Excerpt) -> Vec<Token> {
        if self.lanes.is_empty() {
            return Vec::new();
        }
        let mut notes: Vec<&ExcerptNote> = excerpt.notes.iter().filter(|note| note.onset < excerpt.steps).collect();
        notes.sort_by_key(|note| (note.onset, note.lane, std::cmp::Reverse(note.pitch)));
        let (mut tokens, mut notes) = (Vec::new(), notes.into_iter().peekable());
        let mut reader = self.reader();
        for step in 0..excerpt.steps {
            for &lane in &self.lanes {
                while let Some(note) = notes.next_if(|note| (note.onset, note.lane) == (step, lane)) {
                    let length = note.end.min(excerpt.steps).saturating_sub(step).max(1);
                    let struck = [Token::Pitch(note.pitch), Token::Duration(u32::try_from(length).unwrap_or(u32::MAX))];
                    if reader.allows(struck[0]) {
                        struck.into_iter().for_each(|token| reader.advance(token));
                        tokens.extend(struck);
                    }
                }
                reader.advance(Token::End);
                tokens.push(Token::End);
            }
        }
        tokens
    }

    fn decode(&self, tokens: &[Token]) -> Vec<ExcerptNote> {
        let (mut notes, mut step, mut lane, mut struck) = (Vec::new(), 0, 0, None);
        for &token in tokens {
            match token {
                Token::Pitch(pitch) => struck = Some(pitch),
                Token::Duration(length) => notes.extend(struck.take().map(|pitch| ExcerptNote {
                    onset: step,
                    pitch,
                    end: step + length as usize,
                    lane: self.lanes[lane],
                })),
                Token::End => {
                    lane += 1;
                    if lane == self.lanes.len() {
                        (lane, step) = (0, step + 1);
                    }
                }
            }
        }
        notes.sort_unstable();
        notes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::excerpt::tests::excerpt;

    fn two_parts() -> Excerpt {
        let mut piece = excerpt(8, &[(0, 4, 60), (4, 2, 62), (6, 2, 64), (8, 8, 65), (16, 16, 67)]);
        let bass = [(0, 8, 36), (8, 8, 41), (8, 8, 29), (16, 16, 43)];
        piece.notes.extend(bass.map(|(onset, length, pitch)| ExcerptNote {
            onset,
            pitch,
            end: onset + length,
            lane: 4,
        }));
        piece.notes.sort_unstable();
        piece
    }

    #[test]
    fn encode_then_decode_is_identity() {
        let piece = two_parts();
        let shape = Shape::of(&piece);
        assert_eq!((shape.lanes.as_slice(), shape.places[19]), (&[0, 4][..], (3, 16)));
        assert_eq!(shape.decode(&shape.encode(&piece)), piece.notes);
    }

    #[test]
    fn a_model_of_one_piece_draws_its_parts_bars_and_mostly_its_notes() {
        let piece = two_parts();
        let copies = std::iter::repeat_n(&piece, 200);
        let model = NgramModel::train_on_excerpts(copies, NgramConfig::default()).unwrap();
        let drawn = model.sample_like(&piece, 3);
        assert_eq!((drawn.steps, &drawn.bars), (piece.steps, &piece.bars));
        let heard = drawn.notes.iter().filter(|note| piece.notes.contains(note)).count();
        assert!(heard >= 7, "{drawn:?}");
        assert_eq!(model.sample_like(&piece, 3), drawn);
        assert_ne!(NgramModel::train_on_excerpts([], NgramConfig::default()).unwrap().sample_like(&piece, 3), drawn);
    }

    #[test]
    fn a_key_struck_while_it_sounds_is_heard_once() {
        let mut piece = excerpt(4, &[(0, 8, 60)]);
        piece.notes.push(ExcerptNote { onset: 4, pitch: 60, end: 6, lane: 0 });
        let shape = Shape::of(&piece);
        assert_eq!(shape.decode(&shape.encode(&piece)), piece.notes[..1]);
    }

    #[test]
    fn silence_is_drawn_as_silence() {
        let model = NgramModel::train_on_excerpts([&two_parts()], NgramConfig::default()).unwrap();
        assert_eq!(model.sample_like(&excerpt(8, &[]), 1), excerpt(8, &[]));
        assert_eq!(model.sample_like(&Excerpt::default(), 1), Excerpt::default());
    }
}
