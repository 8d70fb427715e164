//! From nothing, or from chords alone.

use super::{Job, Outcome, Stage};
use crate::plan::{choose_key, home_chord, home_key};
use crate::statement::{Repeat, Statement, lanes_of};
use crate::wish::MOST_PRIMES;
use crate::{Request, RequestError};
use aeolian_canvas::{BarPosition, Canvas, NOTE_LANES, NoteLane};
use aeolian_diffusion::LaneState;
use aeolian_score::Key;

/// How close a section that returns is to its first appearance, by its primes: the evidence of a look at this log snr. At 1
/// about nine of ten notes come back.
const RETURN_LOG_SNR: [f32; MOST_PRIMES as usize + 1] = [1.0, -0.5, -1.5, -2.5];

/// A new piece.
pub fn state(request: &Request, stage: Stage<'_>) -> Result<Job, RequestError> {
    let (mut statement, up, key) = blank(request, stage)?;
    let all = 0..statement.quarters();
    let playing = request.lanes_of_new_piece();
    for lane in NoteLane::ALL {
        if playing.contains(lane) { statement.ask(all.clone(), lane) } else { statement.leave_out(lane) }
    }
    rest_melody(request, &mut statement);
    Ok(Job { statement, up, key, outcome: Outcome::New })
}

/// A tune over chords, without accompaniment.
pub fn melody_over_chords(request: &Request, stage: Stage<'_>) -> Result<Job, RequestError> {
    if request.chords.is_none() {
        return Err(RequestError::NoChords);
    }
    let (mut statement, up, key) = blank(request, stage)?;
    statement.ask(0..statement.quarters(), NoteLane::Melody);
    NoteLane::ALL.into_iter().filter(|lane| *lane != NoteLane::Melody).for_each(|lane| statement.leave_out(lane));
    Ok(Job { statement, up, key, outcome: Outcome::New })
}

/// Metre, key, form and the last chord; the chords in between are asked for unless given.
fn blank(request: &Request, stage: Stage<'_>) -> Result<(Statement, i32, Key), RequestError> {
    let bars = request.bars_of_new_piece()?;
    let key = request
        .key_of_new_piece()
        .unwrap_or_else(|| choose_key(request.choices(), stage.layout, stage.prior, request.major_probability()));
    let home = home_key(key.mode);
    let up = up_from_home(key);
    let length = request.metre.bar_eighths();
    let mut canvas = empty((bars * usize::from(length)).div_ceil(2), length);
    canvas.keys.fill(Some(home));
    canvas.ensembles.fill(Some([false; NOTE_LANES]));
    canvas.idioms.fill(Some(request.idiom_of_new_piece()));
    request.lay_form(&mut canvas);
    request.lay_chords(&mut canvas, up, 0)?;
    // A piece that ends, ends at home; one bar alone is an idea, not an ending, and drums have no home.
    if request.lanes_of_new_piece().lanes().any(NoteLane::is_pitched)
        && request.chords.is_none()
        && request.last_chord.is_none()
        && bars > 1
        && canvas.form.last().copied().flatten().is_some_and(|f| f.piece_end)
    {
        let last = canvas.bars().last().cloned().unwrap_or_default();
        canvas.chords[last].fill(Some(home_chord(home)));
    }
    let mut statement = Statement::certain(canvas, stage.layout);
    statement.ask_for_chords(0..statement.quarters());
    statement.begin_with_silence();
    statement.repeats = repeats(request, &statement.canvas);
    Ok((statement, up, key))
}

/// Silence in this metre.
fn empty(quarters: usize, bar_eighths: u8) -> Canvas {
    let mut canvas = Canvas::new(quarters);
    for (quarter, position) in canvas.positions.iter_mut().enumerate() {
        *position = BarPosition { eighth: (quarter * 2 % usize::from(bar_eighths)) as u8, bar_eighths };
    }
    canvas
}

/// Semitones from C major or A minor to a key, by the shorter way.
fn up_from_home(key: Key) -> i32 {
    let up = (i32::from(key.tonic) - i32::from(home_key(key.mode).tonic)).rem_euclid(12);
    if up > 5 { up - 12 } else { up }
}

/// Which sections return, as quarters.
fn repeats(request: &Request, canvas: &Canvas) -> Vec<Repeat> {
    let Some(form) = &request.form else { return Vec::new() };
    let bars = canvas.bars();
    let start = |bar: usize| bars.get(bar).map_or(canvas.quarters, |b| b.start);
    let returning = |(of, index, primes): (usize, usize, u8)| {
        let (first, section) = (&form.sections()[of], &form.sections()[index]);
        let from = start(first.start_bar)..start(first.start_bar + first.bars.min(section.bars));
        Repeat { from, to: start(section.start_bar), log_snr: RETURN_LOG_SNR[usize::from(primes.min(MOST_PRIMES))] }
    };
    request.returns().into_iter().map(returning).collect()
}

/// Sections without melody (lower-case letters) have none for certain.
fn rest_melody(request: &Request, statement: &mut Statement) {
    let bars = statement.canvas.bars();
    for quarters in request.bars_without_melody().into_iter().filter_map(|bar| bars.get(bar).cloned()) {
        for lane in lanes_of(NoteLane::Melody) {
            statement.set(quarters.clone(), lane, LaneState::Given);
        }
    }
}
