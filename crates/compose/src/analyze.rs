//! Chords, key and form of notes: the notes are certain, the labels are asked for.

use crate::composer::{ComposeError, Composer};
use crate::source::Source;
use crate::statement::{Statement, Window};
use aeolian_canvas::cells::{CHORD_LANE, FORM_LANE, LOUDNESS_LANE};
use aeolian_canvas::decode::{DecodeContext, decode};
use aeolian_canvas::{Canvas, NoteLane};
use aeolian_diffusion::sampler::Finish;
use aeolian_diffusion::{Denoiser, LaneState, Levels, Method, Settings, sample, schedule};
use aeolian_score::{ChordEvent, Key, Score, Section};

/// Steps from no label to labels.
const STEPS: usize = 16;
/// Labels are read, not invented: the posterior is sharpened.
const TEMPERATURE: f32 = 0.5;
/// log snr at the beginning and the end of the labels' way.
const LEVELS: (f64, f64) = (-5.0, 3.0);

/// How a key is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyBy {
    /// Somebody said it.
    Said,
    /// It is written in the piece.
    Written,
    /// It is what the notes sound like.
    Heard,
}

/// What a piece is, harmonically and in the large.
#[derive(Clone, Debug, PartialEq)]
pub struct Analysis {
    /// Its key.
    pub key: Key,
    /// How the key is known.
    pub key_by: KeyBy,
    /// Its chords, in its own time.
    pub chords: Vec<ChordEvent>,
    /// Its phrases, in its own time.
    pub sections: Vec<Section>,
    /// The canvas with the labels, in the model's frame.
    pub canvas: Canvas,
}

impl Composer {
    /// Labels a piece, in the key given or else found. What the piece says of its chords and form is not looked at.
    ///
    /// # Errors   where the sampler fails, or `progress` answers false
    pub fn analyze(
        &self,
        source: &Source,
        key: Option<Key>,
        progress: &mut dyn FnMut(usize, usize) -> bool,
    ) -> Result<Analysis, ComposeError> {
        let ground = source.ground(key);
        let mut statement = labels_of(ground.canvas, self.model().layout());
        let windows = statement.windows();
        let mut done = 0;
        while let Some(window) = statement.next_window() {
            let drawn = self.label(&statement, &window, &mut |d| progress(done + d, windows * (STEPS + 1)))?;
            statement.take(&window, &drawn);
            done += STEPS + 1;
        }
        let (mut labelled, _) = decode(&statement.canvas, &DecodeContext::default());
        crate::letters::letter(&mut labelled.sections, &statement.canvas, None);
        let labelled = in_time_of(source.score(), labelled.transposed(ground.up));
        let key_by = match (key, source.score().keys.is_empty()) {
            (Some(_), _) => KeyBy::Said,
            (None, false) => KeyBy::Written,
            (None, true) => KeyBy::Heard,
        };
        Ok(Analysis {
            key: ground.key,
            key_by,
            chords: labelled.chords,
            sections: labelled.sections,
            canvas: statement.canvas,
        })
    }

    fn label(
        &self,
        statement: &Statement,
        window: &Window,
        progress: &mut dyn FnMut(usize) -> bool,
    ) -> Result<Vec<u8>, ComposeError> {
        let layout = self.model().layout();
        let task = statement.task(layout, window, 0);
        let levels = Levels::shared(&schedule::log_snr_levels(STEPS, LEVELS.0, LEVELS.1, 1)?, layout)?;
        let settings = Settings { temperature: TEMPERATURE, finish: Finish::Best, ..Settings::default() };
        let mut items = sample(Method::Ancestral, self.model(), &[task], &levels, settings, &mut |p| progress(p.done))?;
        Ok(items.swap_remove(0))
    }
}

/// Notes and key certain, chords and form asked for, loudness left out.
fn labels_of(mut canvas: Canvas, layout: &aeolian_diffusion::Layout) -> Statement {
    canvas.chords.fill(None);
    canvas.form.fill(None);
    let present: Vec<NoteLane> = crate::verbs::lanes_present(&canvas);
    let mut statement = Statement::certain(canvas, layout);
    let all = 0..statement.quarters();
    for lane in NoteLane::ALL {
        if !present.contains(&lane) {
            statement.leave_out(lane);
        }
        statement.set(all.clone(), LOUDNESS_LANE + lane as usize, LaneState::Unknown);
    }
    statement.set(all.clone(), CHORD_LANE, LaneState::Free);
    statement.set(all, FORM_LANE, LaneState::Free);
    statement
}

/// Marks on the grid, in the resolution of another score.
fn in_time_of(score: &Score, mut marks: Score) -> Score {
    crate::source::scale_time(&mut marks, score.ticks_per_quarter / aeolian_score::GRID);
    marks
}
