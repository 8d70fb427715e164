//! Every musical job as a way of stating evidence (design §1). No verb has a model or a sampler of its own.

mod arrange;
mod blend;
mod extend;
mod given_lanes;
mod infill;
mod new_piece;
mod onward;
mod perform;

pub use arrange::OneLaneEach;

use crate::merge::Asked;
use crate::source::{Ground, Source};
use crate::statement::Statement;
use crate::wish::{LaneSet, Regions};
use crate::{Request, RequestError};
use aeolian_canvas::cells::CHORD_LANE;
use aeolian_canvas::{Canvas, Idiom, NoteLane};
use aeolian_diffusion::{LaneState, Layout};
use aeolian_score::Key;
use serde::{Deserialize, Serialize};

/// What is to be done.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "verb", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Verb {
    /// A new piece from nothing.
    #[default]
    Compose,
    /// More bars after the last.
    Continue {
        /// What is there.
        source: Source,
        /// How many more bars.
        bars: usize,
    },
    /// Some bars of some lanes anew.
    Infill {
        /// What is around them.
        source: Source,
        /// Which.
        regions: Regions,
    },
    /// Some lanes to those that are there: an accompaniment, a counter-melody, a tune.
    Accompany {
        /// What is there.
        source: Source,
        /// The lanes to draw.
        lanes: LaneSet,
    },
    /// Chords and harmony under a melody.
    Harmonize {
        /// The melody.
        source: Source,
    },
    /// Other chords and harmony under the same melody.
    Reharmonize {
        /// The piece.
        source: Source,
    },
    /// A melody over chords ([`Request::chords`]), over a piece's chords and harmony, or both.
    Melody {
        /// The piece, if there is one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        source: Option<Source>,
    },
    /// The same piece, only different.
    Vary {
        /// The piece.
        source: Source,
        /// 0 leaves it as it is, 1 keeps hardly anything.
        strength: f64,
    },
    /// A piece between two.
    Morph {
        /// The first.
        from: Source,
        /// The second.
        to: Source,
        /// 0 is the first, 1 the second.
        position: f64,
    },
    /// Loudness, and a tempo that breathes, for flat notes.
    Perform {
        /// The notes.
        source: Source,
    },
    /// The notes of a piece, each in the lane it belongs to.
    Arrange {
        /// The notes.
        source: Source,
    },
    /// The piece in exactly so many bars.
    Fit {
        /// The piece.
        source: Source,
        /// How many bars it shall have.
        bars: usize,
    },
}

/// What becomes of the finished canvas.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// It is a piece.
    New,
    /// Its new notes go into a piece.
    Merged {
        /// Where to.
        source: Source,
        /// Which are new.
        asked: Asked,
    },
    /// Its loudness goes onto the notes of a piece.
    Performed {
        /// Whose notes.
        source: Source,
    },
    /// Its lanes divide the notes of a piece.
    Arranged {
        /// Whose notes.
        source: Source,
    },
}

/// A verb stated as evidence.
#[derive(Clone, Debug, PartialEq)]
pub struct Job {
    /// What is known, and what is asked for.
    pub statement: Statement,
    /// Semitones from the model's frame to what sounds.
    pub up: i32,
    /// The key that sounds.
    pub key: Key,
    /// What becomes of it.
    pub outcome: Outcome,
}

/// What stating needs to know of the model.
#[derive(Clone, Copy, Debug)]
pub struct Stage<'a> {
    /// How cells are grouped.
    pub layout: &'a Layout,
    /// Marginal log-odds of every cell.
    pub prior: &'a [f32],
}

/// States a request as evidence.
///
/// # Errors   where the wish makes no sense for the source, in a sentence
pub fn state(request: &Request, stage: Stage<'_>) -> Result<Job, RequestError> {
    let mut job = match &request.verb {
        Verb::Compose => new_piece::state(request, stage),
        Verb::Continue { source, bars } => onward::state(request, stage, source, *bars),
        Verb::Infill { source, regions } => infill::state(request, stage, source, regions),
        Verb::Accompany { source, lanes } => {
            given_lanes::accompany(request, stage, source, &lanes.lanes().collect::<Vec<_>>())
        }
        Verb::Harmonize { source } => given_lanes::harmonize(request, stage, source),
        Verb::Reharmonize { source } => given_lanes::reharmonize(request, stage, source),
        Verb::Melody { source: Some(source) } => given_lanes::accompany(request, stage, source, &[NoteLane::Melody]),
        Verb::Melody { source: None } => new_piece::melody_over_chords(request, stage),
        Verb::Vary { source, strength } => blend::vary(request, stage, source, *strength),
        Verb::Morph { from, to, position } => blend::morph(request, stage, from, to, *position),
        Verb::Perform { source } => perform::state(request, stage, source),
        Verb::Arrange { source } => arrange::state(request, stage, source),
        Verb::Fit { source, bars } => extend::state(request, stage, source, *bars),
    }?;
    ask_drums_for_no_chords(&mut job.statement);
    Ok(job)
}

/// Drums alone have no chords: asked for, they would be made up.
fn ask_drums_for_no_chords(statement: &mut Statement) {
    let plays = |lane: &NoteLane| statement.states.iter().any(|row| row[*lane as usize] != LaneState::Unknown);
    if NoteLane::PITCHED.iter().any(plays) {
        return;
    }
    for quarter in 0..statement.quarters() {
        if statement.is_open(quarter, CHORD_LANE) {
            statement.set(quarter..quarter + 1, CHORD_LANE, LaneState::Unknown);
        }
    }
}

impl Verb {
    /// The music that it starts from: none, one piece or two.
    pub fn sources(&self) -> Vec<&Source> {
        match self {
            Self::Compose | Self::Melody { source: None } => Vec::new(),
            Self::Morph { from, to, .. } => vec![from, to],
            Self::Continue { source, .. }
            | Self::Infill { source, .. }
            | Self::Accompany { source, .. }
            | Self::Harmonize { source }
            | Self::Reharmonize { source }
            | Self::Melody { source: Some(source) }
            | Self::Vary { source, .. }
            | Self::Perform { source }
            | Self::Arrange { source }
            | Self::Fit { source, .. } => vec![source],
        }
    }

    /// Whether it has nothing to do where a piece is drums alone. A tune, a bass or a harmony can be written to drums
    /// ([`Self::Accompany`]).
    pub fn needs_pitches(&self) -> bool {
        matches!(self, Self::Harmonize { .. } | Self::Reharmonize { .. } | Self::Melody { .. } | Self::Arrange { .. })
    }

    /// Whether what it draws are lanes that the source has already.
    fn stays_in_its_lanes(&self) -> bool {
        !matches!(self, Self::Compose | Self::Accompany { .. }) && !self.needs_pitches()
    }

    /// The word people type.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Compose => "compose",
            Self::Continue { .. } => "continue",
            Self::Infill { .. } => "infill",
            Self::Accompany { .. } => "accompany",
            Self::Harmonize { .. } => "harmonize",
            Self::Reharmonize { .. } => "reharmonize",
            Self::Melody { .. } => "melody",
            Self::Vary { .. } => "vary",
            Self::Morph { .. } => "morph",
            Self::Perform { .. } => "perform",
            Self::Arrange { .. } => "arrange",
            Self::Fit { source, bars } if *bars < source.num_bars() => "shorten",
            Self::Fit { .. } => "extend",
        }
    }
}

/// The source in the model's frame, with the request's chords laid over its own. Refuses silence, and drums alone where
/// pitches are needed.
fn ground(request: &Request, source: &Source) -> Result<Ground, RequestError> {
    let mut ground = source.ground(request.key);
    if ground.canvas.quarters == 0 {
        return Err(RequestError::NoNotes { verb: request.verb.name() });
    }
    let only_drums = !has_pitches(&ground.canvas);
    if only_drums && request.verb.needs_pitches() {
        return Err(RequestError::OnlyDrums { verb: request.verb.name() });
    }
    request.lay_chords(&mut ground.canvas, ground.up, 0)?;
    if request.form.is_some() {
        request.lay_form(&mut ground.canvas);
    }
    // Drums that stay alone are what the model knows as a drum kit.
    let usual = (only_drums && request.verb.stays_in_its_lanes()).then_some(Idiom::DrumKit);
    ground.canvas.idioms.fill(request.idiom.or(usual));
    Ok(ground)
}

/// Whether anything but drums sounds.
pub(crate) fn has_pitches(canvas: &Canvas) -> bool {
    lanes_present(canvas).into_iter().any(NoteLane::is_pitched)
}

/// The lanes in which something sounds.
pub(crate) fn lanes_present(canvas: &Canvas) -> Vec<NoteLane> {
    let sounds = |lane: &NoteLane| canvas.notes[*lane as usize].contains(&aeolian_canvas::NoteCell::Onset);
    NoteLane::ALL.into_iter().filter(sounds).collect()
}

/// A statement of what a canvas holds: loudness is known only where somebody played, and lanes without a note are
/// left out, not silent.
fn certain(canvas: Canvas, stage: Stage<'_>) -> Statement {
    let present = lanes_present(&canvas);
    let mut statement = Statement::certain(canvas, stage.layout);
    for lane in NoteLane::ALL {
        if !present.contains(&lane) {
            statement.leave_out(lane);
        }
    }
    statement
}

/// Makes a lane weak where all of it is known and free where not, in a quarter that is asked for.
fn weak_where_known(statement: &mut Statement, quarter: usize, lane: usize, is_known: bool, log_snr: f32) {
    statement.states[quarter][lane] = if is_known { LaneState::Weak(log_snr) } else { LaneState::Free };
}
