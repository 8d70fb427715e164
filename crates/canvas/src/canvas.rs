//! The [`Canvas`] itself: plain arrays, 4 steps a quarter, 88 pitches, six note lanes.

use crate::idiom::Idiom;
use aeolian_score::Key;
use serde::{Deserialize, Serialize};

/// Steps in a quarter; each step is three of the twelve grid positions.
pub const STEPS: usize = 4;
/// Pitches a note lane holds: the piano's keys.
pub const PITCHES: usize = 88;
/// MIDI pitch of the lowest key (A0).
pub const LOWEST_PITCH: u8 = 21;
/// Note cells of one lane in one quarter.
pub const CELLS: usize = STEPS * PITCHES;

/// A lane of notes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[repr(usize)]
pub enum NoteLane {
    /// The tune.
    Melody = 0,
    /// The second voice (pop909: BRIDGE).
    Counter = 1,
    /// Chords and figures of them: keyboards, guitars. In piano music the bass as well (pop909: PIANO).
    Harmony = 2,
    /// The lowest line.
    Bass = 3,
    /// Percussion: pitches are the keys of the General MIDI drum map (36 bass drum, 38 snare, 42 closed hi-hat …). A
    /// stroke has no length and is never transposed.
    Drums = 4,
    /// Long notes between: strings, pads, voices.
    Sustained = 5,
}

/// Note lanes.
pub const NOTE_LANES: usize = 6;

impl NoteLane {
    /// Every lane in canvas order.
    pub const ALL: [Self; NOTE_LANES] =
        [Self::Melody, Self::Counter, Self::Harmony, Self::Bass, Self::Drums, Self::Sustained];
    /// The lanes that have pitch: all but the drums.
    pub const PITCHED: [Self; NOTE_LANES - 1] =
        [Self::Melody, Self::Counter, Self::Harmony, Self::Bass, Self::Sustained];

    /// The name people see: "Melody", "Counter-melody", "Harmony", "Bass", "Drums", "Sustained".
    pub fn name(self) -> &'static str {
        match self {
            Self::Melody => "Melody",
            Self::Counter => "Counter-melody",
            Self::Harmony => "Harmony",
            Self::Bass => "Bass",
            Self::Drums => "Drums",
            Self::Sustained => "Sustained",
        }
    }

    /// False for the drums, whose keys are instruments and not pitches.
    pub fn is_pitched(self) -> bool {
        self != Self::Drums
    }
}

/// Which lanes play in a piece at all, by lane.
pub type Ensemble = [bool; NOTE_LANES];

/// What one pitch does in one step of one lane. Exactly one of three: no note is ever half there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum NoteCell {
    /// Not sounding.
    #[default]
    Silent = 0,
    /// A note starts here.
    Onset = 1,
    /// A note that started earlier sounds on.
    Hold = 2,
}

/// Where in its step a lane's events fall, in twelfths of a quarter: step k is nominally position 3k.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Timing {
    /// On the sixteenth: position 3k.
    #[default]
    On = 0,
    /// A twelfth early: position 3k − 1.
    Early = 1,
    /// A twelfth late: position 3k + 1.
    Late = 2,
}

/// What a lane says about one step as a whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StepInfo {
    /// Grid timing of the step's events.
    pub timing: Timing,
    /// Mean MIDI velocity of the onsets in this step (1–127); `None` where nothing starts.
    pub loudness: Option<u8>,
    /// Finer timing: offset from the grid position in 1/480 of a quarter; `None` where unknown.
    pub micro: Option<i8>,
}

/// The chord of one quarter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ChordCell {
    /// Root pitch class, or `None` for N.C.
    pub root: Option<u8>,
    /// Bass pitch class, or `None` for N.C.
    pub bass: Option<u8>,
    /// Sounding pitch classes as a 12-bit set; 0 for N.C.
    pub pitch_classes: u16,
}

/// The place of one quarter in the form. All four are yes/no facts about the bar or quarter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Form {
    /// This bar is the first of a section.
    pub section_start: bool,
    /// This bar is the last of a section.
    pub section_end: bool,
    /// This section has no melody (intro, bridge, outro).
    pub instrumental: bool,
    /// This quarter lies in the last bar of the piece.
    pub piece_end: bool,
}

/// Where a quarter stands in its bar; an input to the model, never predicted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BarPosition {
    /// Position of the quarter's start inside the bar, in eighths (0 is the downbeat). A bar of 6/8 or 7/8 may start
    /// inside a quarter: then this is counted from the bar in force at the quarter's start.
    pub eighth: u8,
    /// Length of the bar in eighths: 8 for 4/4, 6 for 3/4 and 6/8, 7 for 7/8.
    pub bar_eighths: u8,
}

/// A piece on the grid. Every array is indexed by quarter first.
#[derive(Clone, Debug, PartialEq)]
pub struct Canvas {
    /// Quarters in the piece.
    pub quarters: usize,
    /// `[lane][(quarter · STEPS + step) · PITCHES + key]`.
    pub notes: [Vec<NoteCell>; NOTE_LANES],
    /// `[lane][quarter · STEPS + step]`.
    pub steps: [Vec<StepInfo>; NOTE_LANES],
    /// Per quarter; `None` where the chord is unknown (no label), which is not N.C.
    pub chords: Vec<Option<ChordCell>>,
    /// Per quarter; `None` where unknown.
    pub keys: Vec<Option<Key>>,
    /// Per quarter; `None` where unknown.
    pub form: Vec<Option<Form>>,
    /// Per quarter: which lanes play in the piece the quarter is from; `None` where unknown.
    pub ensembles: Vec<Option<Ensemble>>,
    /// Per quarter; `None` where unknown.
    pub idioms: Vec<Option<Idiom>>,
    /// Per quarter.
    pub positions: Vec<BarPosition>,
}

impl Canvas {
    /// An empty 4/4 canvas: silence, nothing known.
    pub fn new(quarters: usize) -> Self {
        Self {
            quarters,
            notes: std::array::from_fn(|_| vec![NoteCell::Silent; quarters * CELLS]),
            steps: std::array::from_fn(|_| vec![StepInfo::default(); quarters * STEPS]),
            chords: vec![None; quarters],
            keys: vec![None; quarters],
            form: vec![None; quarters],
            ensembles: vec![None; quarters],
            idioms: vec![None; quarters],
            positions: (0..quarters).map(|q| BarPosition { eighth: (q % 4 * 2) as u8, bar_eighths: 8 }).collect(),
        }
    }

    /// The lanes in which a note starts somewhere.
    pub fn ensemble(&self) -> Ensemble {
        std::array::from_fn(|lane| self.notes[lane].contains(&NoteCell::Onset))
    }

    /// The cell of MIDI `pitch` (must lie in 21–108) at a step counted from the start of the piece.
    pub fn cell(&self, lane: NoteLane, step: usize, pitch: u8) -> NoteCell {
        self.notes[lane as usize][step * PITCHES + usize::from(pitch - LOWEST_PITCH)]
    }

    /// Mutable access to the cell of MIDI `pitch` (must lie in 21–108).
    pub fn cell_mut(&mut self, lane: NoteLane, step: usize, pitch: u8) -> &mut NoteCell {
        &mut self.notes[lane as usize][step * PITCHES + usize::from(pitch - LOWEST_PITCH)]
    }
}
