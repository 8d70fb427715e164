//! A window as a stream of tokens and back, one to one.
//!
//! For each step and each lane: every note that starts there, from the highest down, as its pitch and its length, and
//! then an end. The [`Reader`] follows a stream and knows which tokens may come next; exactly the streams that it
//! allows are windows.

use super::history::LaneHistory;
use crate::Error;
use crate::excerpt::place_in_bar;
use aeolian_canvas::canvas::{LOWEST_PITCH, PITCHES, STEPS};
use aeolian_canvas::{BarPosition, Canvas, NoteCell, NoteLane};
use std::borrow::Cow;

/// One token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Token {
    /// Nothing more starts in this lane and step.
    End,
    /// A note starts: key 0 is the lowest of the canvas (A0).
    Pitch(u8),
    /// The note just named lasts this many steps, ≥ 1; at most to the end of the window.
    Duration(u32),
}

/// The stream of a window.
///
/// # Errors   [`Error::OrphanHold`] if a note holds that never started
pub fn encode(window: &Canvas) -> Result<Vec<Token>, Error> {
    let mut tokens = Vec::new();
    for step in 0..window.quarters * STEPS {
        for lane in NoteLane::ALL {
            let cells = &window.notes[lane as usize];
            for key in (0..PITCHES).rev() {
                match cells[step * PITCHES + key] {
                    NoteCell::Silent => {}
                    NoteCell::Onset => {
                        let column = cells[step * PITCHES + key..].iter().step_by(PITCHES).skip(1);
                        let holds = column.take_while(|&&cell| cell == NoteCell::Hold).count();
                        tokens.extend([Token::Pitch(key as u8), Token::Duration(holds as u32 + 1)]);
                    }
                    NoteCell::Hold => {
                        let before = step.checked_sub(1).map_or(NoteCell::Silent, |s| cells[s * PITCHES + key]);
                        if before == NoteCell::Silent {
                            return Err(Error::OrphanHold { lane, step, pitch: LOWEST_PITCH + key as u8 });
                        }
                    }
                }
            }
            tokens.push(Token::End);
        }
    }
    Ok(tokens)
}

/// The window of a stream, one quarter for every bar position; the inverse of [`encode`] on the note cells.
///
/// # Errors   [`Error::ImpossibleToken`] at the first token that no window of this length can have there
pub fn decode(tokens: &[Token], positions: &[BarPosition]) -> Result<Canvas, Error> {
    let mut window = Canvas::new(positions.len());
    window.positions = positions.to_vec();
    let mut reader = Reader::new(positions, PITCHES);
    for (index, &token) in tokens.iter().enumerate() {
        if !reader.allows(token) {
            return Err(Error::ImpossibleToken { index });
        }
        if let (Token::Duration(steps), Some(key)) = (token, reader.pending) {
            let column = window.notes[reader.lane][reader.step * PITCHES + usize::from(key)..].iter_mut();
            for (i, cell) in column.step_by(PITCHES).take(steps as usize).enumerate() {
                *cell = if i == 0 { NoteCell::Onset } else { NoteCell::Hold };
            }
        }
        reader.advance(token);
    }
    if reader.is_finished() { Ok(window) } else { Err(Error::ImpossibleToken { index: tokens.len() }) }
}

/// Where a step lies in its bar, and how long that bar is, both in steps.
pub type Place = (usize, usize);

/// Where one is in a stream, and what was read.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    /// Of every step.
    pub(super) places: Cow<'a, [Place]>,
    /// What the model calls each lane.
    pub(super) names: Cow<'a, [u8]>,
    pub(super) keys: usize,
    pub(super) step: usize,
    pub(super) lane: usize,
    /// The pitch that waits for its duration.
    pub(super) pending: Option<u8>,
    pub(super) lanes: Vec<LaneHistory>,
}

impl<'a> Reader<'a> {
    /// At the start of a window with these bar positions and this many keys (88 for a canvas).
    pub fn new(positions: &'a [BarPosition], keys: usize) -> Self {
        let places = (0..positions.len() * STEPS).map(|step| place_in_bar(positions[step / STEPS], step % STEPS));
        Self::over(Cow::Owned(places.collect()), Cow::Owned(NoteLane::ALL.map(|lane| lane as u8).to_vec()), keys)
    }

    /// At the start of any piece: its steps, the names of its lanes (at least one), and how many keys a lane has.
    pub fn over(places: Cow<'a, [Place]>, names: Cow<'a, [u8]>, keys: usize) -> Self {
        let lanes = names.iter().map(|_| LaneHistory::new(keys)).collect();
        Self { places, names, keys, step: 0, lane: 0, pending: None, lanes }
    }

    /// Whether the window is complete.
    pub fn is_finished(&self) -> bool {
        self.step == self.places.len()
    }

    /// Steps from here to the end of the window, this one included.
    pub fn steps_left(&self) -> u32 {
        u32::try_from(self.places.len() - self.step).unwrap_or(u32::MAX)
    }

    /// Whether the next token is a duration.
    pub fn awaits_duration(&self) -> bool {
        self.pending.is_some()
    }

    /// Whether `token` may come next.
    pub fn allows(&self, token: Token) -> bool {
        let expects_note = !self.is_finished() && self.pending.is_none();
        match token {
            Token::End => expects_note,
            Token::Pitch(key) => {
                expects_note && usize::from(key) < self.keys && self.history().may_strike(key, self.step)
            }
            Token::Duration(steps) => self.pending.is_some() && (1..=self.steps_left()).contains(&steps),
        }
    }

    /// Whether some pitch is free to start here, or one is being read.
    pub fn may_start(&self) -> bool {
        self.pending.is_some() || (0..self.keys).any(|key| self.allows(Token::Pitch(key as u8)))
    }

    /// Reads one token, which must be allowed.
    pub fn advance(&mut self, token: Token) {
        debug_assert!(self.allows(token), "{token:?} is not allowed at step {} of lane {}", self.step, self.lane);
        let step = self.step;
        let history = &mut self.lanes[self.lane];
        match token {
            Token::Pitch(key) => self.pending = Some(key),
            Token::Duration(steps) => {
                if let Some(key) = self.pending.take() {
                    history.strike(key, step, steps);
                }
            }
            Token::End => {
                history.end_step(step);
                self.lane += 1;
                if self.lane == self.lanes.len() {
                    (self.lane, self.step) = (0, step + 1);
                }
            }
        }
    }

    pub(super) fn history(&self) -> &LaneHistory {
        &self.lanes[self.lane]
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use aeolian_canvas::NOTE_LANES;
    use proptest::prelude::*;

    /// Canvases of one to five quarters made of random notes in all lanes; a later note cuts an
    /// earlier one of its pitch.
    pub(crate) fn any_canvas() -> impl Strategy<Value = Canvas> {
        let note = (0usize..3, 0usize..20, 1usize..12, prop_oneof![Just(21u8), Just(108), 58u8..66]);
        (1usize..6, prop::collection::vec(note, 0..40)).prop_map(|(quarters, notes)| {
            let mut canvas = Canvas::new(quarters);
            let steps = quarters * STEPS;
            for (lane, onset, duration, pitch) in notes.into_iter().filter(|n| n.1 < steps) {
                let lane = NoteLane::ALL[lane];
                *canvas.cell_mut(lane, onset, pitch) = NoteCell::Onset;
                for step in onset + 1..(onset + duration).min(steps) {
                    if canvas.cell(lane, step, pitch) == NoteCell::Onset {
                        break;
                    }
                    *canvas.cell_mut(lane, step, pitch) = NoteCell::Hold;
                }
            }
            canvas
        })
    }

    fn any_token() -> impl Strategy<Value = Token> {
        let pitch = (0u8..90).prop_map(Token::Pitch);
        prop_oneof![4 => Just(Token::End), 1 => pitch, 1 => (0u32..9).prop_map(Token::Duration)]
    }

    proptest! {
        #[test]
        fn encode_then_decode_is_identity(canvas in any_canvas()) {
            let tokens = encode(&canvas).unwrap();
            prop_assert_eq!(decode(&tokens, &canvas.positions).unwrap(), canvas);
        }

        #[test]
        fn what_decodes_encodes_to_the_same_stream(tokens in prop::collection::vec(any_token(), 0..30)) {
            // Made whole by ends, a random stream is either refused or read without loss.
            let positions = Canvas::new(2).positions;
            let ends = tokens.iter().filter(|&&token| token == Token::End).count();
            let tokens = [tokens, vec![Token::End; 24usize.saturating_sub(ends)]].concat();
            if let Ok(canvas) = decode(&tokens, &positions) {
                prop_assert_eq!(encode(&canvas).unwrap(), tokens);
            }
        }
    }

    #[test]
    fn impossible_tokens_are_named() {
        use Token::*;
        let positions = Canvas::new(1).positions;
        let refused = |tokens: &[Token], index| {
            assert_eq!(decode(tokens, &positions), Err(Error::ImpossibleToken { index }), "{tokens:?}");
        };
        refused(&[Duration(1)], 0);
        refused(&[Pitch(88)], 0);
        refused(&[Pitch(5), End], 1);
        refused(&[Pitch(5), Duration(5)], 1);
        refused(&[Pitch(5), Duration(0)], 1);
        refused(&[Pitch(5), Duration(1), Pitch(6)], 2);
        refused(&[&[Pitch(5), Duration(2)][..], &[End; NOTE_LANES], &[Pitch(5)]].concat(), 2 + NOTE_LANES);
        refused(&[End; STEPS * NOTE_LANES + 1], STEPS * NOTE_LANES);
        refused(&[End; STEPS * NOTE_LANES - 1], STEPS * NOTE_LANES - 1);
        assert!(decode(&[End; STEPS * NOTE_LANES], &positions).is_ok());
    }

    #[test]
    fn a_note_may_start_again_where_it_ends() {
        let mut canvas = Canvas::new(1);
        for (step, cell) in [(0, NoteCell::Onset), (1, NoteCell::Hold), (2, NoteCell::Onset)] {
            *canvas.cell_mut(NoteLane::Harmony, step, 21) = cell;
        }
        let tokens = encode(&canvas).unwrap();
        assert_eq!(tokens.iter().filter(|token| **token == Token::Pitch(0)).count(), 2);
        assert_eq!(decode(&tokens, &canvas.positions).unwrap(), canvas);
    }
}
