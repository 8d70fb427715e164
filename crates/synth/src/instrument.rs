//! An instrument: from a key that goes down to a note that sounds.

use crate::drums;
use crate::elementary::gain_from_db;
use crate::fitted::{FittedVoices, Shelf};
use crate::note_on::NoteOn;
use crate::program;
use crate::voice::{Layer, NotePlayer};
use crate::wavetable::Tables;
use std::sync::Arc;

/// One of the 128 General MIDI programs, or the drum kit, at one sample rate.
///
/// ```
/// let mut flute = aeolian_synth::Instrument::new(73, false, 44_100);
/// let mut note = flute.note_on(72, 90);
/// let (mut left, mut right) = ([0.0; 1_000], [0.0; 1_000]);
/// note.render(&mut left, &mut right);
/// note.release();
/// assert!(left.iter().any(|&x| x != 0.0) && !note.is_over());
/// ```
pub struct Instrument {
    program: u8,
    is_drum: bool,
    sample_rate_hz: f64,
    pan: f32,
    stretched: bool,
    tables: Tables,
    takes: [u32; 128],
    fitted: Option<Arc<Shelf>>,
}

impl Instrument {
    /// The instrument of a program (0-based; above 127 it is taken as 127), or the drum kit. The sample rate is held within
    /// 8,000–192,000 Hz.
    pub fn new(program: u8, is_drum: bool, sample_rate_hz: u32) -> Self {
        Self {
            program: program.min(127),
            is_drum,
            sample_rate_hz: f64::from(sample_rate_hz.clamp(8_000, 192_000)),
            pan: 0.0,
            stretched: false,
            tables: Tables::default(),
            takes: [0; 128],
            fitted: None,
        }
    }

    /// Places it: −1 hard left, 0 the middle (the default), 1 hard right.
    pub fn at(self, pan: f32) -> Self {
        Self { pan: if pan.is_finite() { pan.clamp(-1.0, 1.0) } else { 0.0 }, ..self }
    }

    /// Tunes a piano with stretched octaves, as tuners do (default: plain equal temperament). Other instruments stay as they are.
    pub fn stretched(self, stretched: bool) -> Self {
        Self { stretched, ..self }
    }

    /// Lets a fitted voice play, if there is one for this program.
    pub fn fitted_by(self, voices: &FittedVoices) -> Self {
        Self { fitted: voices.of(self.program).filter(|_| !self.is_drum), ..self }
    }

    /// A key goes down; `pitch` (of the kit: the drum) and `velocity` are held within 0–127 and 1–127.
    ///
    /// Successive strokes of one key differ a little, always in the same order: equal calls make equal sound.
    pub fn note_on(&mut self, pitch: u8, velocity: u8) -> NotePlayer {
        let pitch = pitch.min(127);
        let take = &mut self.takes[usize::from(pitch)];
        let note = NoteOn {
            pitch,
            velocity: velocity.clamp(1, 127),
            take: *take,
            pan: self.pan,
            sample_rate_hz: self.sample_rate_hz,
            stretched: self.stretched,
        };
        *take = take.wrapping_add(1);
        if let Some(shelf) = &self.fitted {
            return NotePlayer::new(vec![shelf.layer(&note, self.program)], 1.0, self.sample_rate_hz);
        }
        let layers: Vec<Layer> =
            if self.is_drum { drums::layers(&note) } else { program::layers(self.program, &note, &mut self.tables) };
        let db = if self.is_drum { drums::LEVEL_DB } else { program::level_db(self.program) };
        NotePlayer::new(layers, gain_from_db(db) as f32, self.sample_rate_hz)
    }

    /// True if a stroke of the drum `next` silences a ringing `ringing`, as a closed hi-hat does an open one.
    pub fn chokes(&self, next: u8, ringing: u8) -> bool {
        self.is_drum && drums::chokes(next, ringing)
    }

    /// True if notes last as long as they are written; strokes of the drum kit ring as long as they like.
    pub fn is_held(&self) -> bool {
        !self.is_drum
    }
}
