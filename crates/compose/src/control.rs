//! The control report: what was asked, what came of it, and whether that is proven or measured.

use crate::Request;
use crate::merge::step_of_onset;
use crate::own_rule::{Draft, OwnRule};
use crate::rhythm::grid_of_writing;
use crate::rules::{Rule, Violation, verify_parts};
use crate::soft::{Measure, SoftWish};
use crate::verbs::{Job, Outcome};
use crate::wish::lanes::lane_name;
use crate::wish::{Instrument, RhythmGrid};
use aeolian_canvas::canvas::{CELLS, LOWEST_PITCH, PITCHES, STEPS};
use aeolian_canvas::{Canvas, NoteCell, NoteLane, lanes_by_name};
use aeolian_metrics::Excerpt;
use aeolian_metrics::key::pitch_classes_of;
use aeolian_score::{GRID, Note, Score};
use serde::Serialize;

/// How a wish is known to be met.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kept {
    /// It holds, by checking every note of the result.
    Proven,
    /// A rule was broken: a bug, or given notes that break it by themselves.
    Broken,
    /// A leaning: the figure says how far it went.
    Measured,
}

/// One wish and what came of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Control {
    /// What was asked, in words.
    pub asked: String,
    /// What the piece has.
    pub got: String,
    /// How that is known.
    pub kept: Kept,
}

impl crate::Composition {
    /// The control report in words.
    pub fn report(&self) -> String {
        use std::fmt::Write;
        let request = &self.recipe.request;
        let mut text = format!("{} no. {}, {}\n", request.verb.name(), request.seed, self.key);
        for Control { asked, got, kept } in &self.controls {
            let mark = match kept {
                Kept::Proven => "proven",
                Kept::Broken => "BROKEN",
                Kept::Measured => "measured",
            };
            writeln!(text, "- {asked}: {got} ({mark})").expect("a string takes everything");
        }
        writeln!(text, "{} network evaluations.", self.evaluations).expect("a string takes everything");
        text
    }
}

/// The report of one piece.
pub fn report(request: &Request, job: &Job, canvas: &Canvas, score: &Score) -> Vec<Control> {
    let mut controls = Vec::new();
    controls.extend(unchanged(job, score));
    controls.extend(length(request, canvas));
    controls.extend(of_rules(request, job, score));
    controls.extend(of_rhythm(request, job, score));
    controls.extend(of_instruments(request, job, score));
    controls.extend(key(request, job, canvas));
    controls.extend(chords(request, canvas));
    let bars = canvas.bars();
    controls.extend(request.soft_wishes(bars.len()).iter().map(|wish| of_soft(wish, canvas, job.up)));
    controls.extend(originality(job, canvas));
    controls
}

/// How much of what is new stands in the training music. What a person brought along is theirs.
fn originality(job: &Job, canvas: &Canvas) -> Option<Control> {
    let mut new = canvas.clone();
    match &job.outcome {
        Outcome::New => {}
        Outcome::Merged { asked, .. } => asked.quarters.iter().enumerate().for_each(|(quarter, row)| {
            for lane in (0..row.len()).filter(|&lane| !row[lane]) {
                new.notes[lane][quarter * CELLS..(quarter + 1) * CELLS].fill(NoteCell::Silent);
            }
        }),
        Outcome::Performed { .. } | Outcome::Arranged { .. } => return None,
    }
    let excerpt = Excerpt::from_canvas(&new);
    if excerpt.notes.is_empty() {
        return None;
    }
    let judgement = crate::builtin::originality().judge(&excerpt);
    let warnings = judgement.warnings();
    let got = if warnings.is_empty() { judgement.sentence() } else { warnings.join(" ") };
    Some(Control { asked: "nothing copied".into(), got, kept: Kept::Measured })
}

/// Every note of a source that was not asked for is in the result as it was.
fn unchanged(job: &Job, score: &Score) -> Option<Control> {
    let Outcome::Merged { source, asked } = &job.outcome else { return None };
    let resolution = source.score().ticks_per_quarter;
    let stays = |lane: Option<NoteLane>, note: &&Note| {
        lane.is_none_or(|lane| !asked.wants(lane as usize, step_of_onset(note, resolution), note.pitch))
    };
    let (mut kept, mut lost) = (0, 0);
    for ((part, lane), after) in source.score().parts.iter().zip(source.lanes()).zip(&score.parts) {
        for note in part.notes.iter().filter(|note| stays(*lane, note)) {
            if after.notes.binary_search(note).is_ok() { kept += 1 } else { lost += 1 }
        }
    }
    if kept + lost == 0 {
        return None;
    }
    Some(Control {
        asked: "every note that was not asked for stays as it is".into(),
        got: if lost == 0 { format!("all {kept} unchanged") } else { format!("{lost} of {} changed", kept + lost) },
        kept: if lost == 0 { Kept::Proven } else { Kept::Broken },
    })
}

fn length(request: &Request, canvas: &Canvas) -> Option<Control> {
    let asked = request.bars.or(request.form.as_ref().map(|f| f.num_bars()))?;
    let got = canvas.bars().len();
    let kept = if asked == got { Kept::Proven } else { Kept::Broken };
    let bars = |count: usize| if count == 1 { "1 bar".to_owned() } else { format!("{count} bars") };
    Some(Control { asked: bars(asked), got: bars(got), kept })
}

/// Every rule, checked note by note on the finished score. What a person's own notes do is told, but no rule's business.
fn of_rules(request: &Request, job: &Job, score: &Score) -> Vec<Control> {
    let rules = request.all_rules();
    let violations = verify_parts(score, &lanes_of_result(job, score), &rules);
    let of_rule = |(index, rule): (usize, &Rule)| {
        let (new, given): (Vec<&Violation>, Vec<&Violation>) =
            violations.iter().filter(|v| v.rule == index).partition(|v| is_asked_at(job, score, v));
        let (got, kept) = match (new.first(), given.len()) {
            (None, 0) => ("kept by every note".to_owned(), Kept::Proven),
            (None, given) => (format!("kept by every new note; given notes break it {given} times"), Kept::Proven),
            (Some(first), _) => (format!("broken {} times, first: {}", new.len(), first.sentence), Kept::Broken),
        };
        Control { asked: rule.to_string(), got, kept }
    };
    rules.iter().enumerate().map(of_rule).collect()
}

/// What plays the lanes for which an instrument was asked. A part of a person's own keeps its own.
fn of_instruments(request: &Request, job: &Job, score: &Score) -> Vec<Control> {
    let lanes = lanes_of_result(job, score);
    let of_lane = |(lane, instrument): (NoteLane, Instrument)| {
        let mut parts = score.parts.iter().zip(&lanes).filter(|(_, of)| **of == Some(lane)).peekable();
        parts.peek()?;
        let (asked, others) = (instrument.program(), parts.find(|(part, _)| part.program != instrument.program()));
        let (got, kept) = match others {
            None => (format!("program {} of General MIDI", asked + 1), Kept::Proven),
            Some(_) => ("the part of the file keeps its own; new notes stay in the compass".into(), Kept::Measured),
        };
        Some(Control { asked: format!("{} for {instrument}", lane_name(lane)), got, kept })
    };
    request.instruments_by_lane().into_iter().filter_map(of_lane).collect()
}

/// What a rule of one's own says of the finished piece.
pub(crate) fn of_own_rule(own: &dyn OwnRule, canvas: &Canvas, up: i32, qpm: f64) -> Control {
    let value = own.value(&Draft { canvas, up, qpm, first_quarter: 0, progress: 1.0 });
    Control { asked: own.name(), got: format!("{value:.2} (higher is better)"), kept: Kept::Measured }
}

/// Whether every new note begins where the asked grid lets it.
fn of_rhythm(request: &Request, job: &Job, score: &Score) -> Option<Control> {
    let asked = request.rhythm.filter(|&grid| grid != RhythmGrid::Free)?;
    let resolution = score.ticks_per_quarter;
    let is_new = |lane: NoteLane, note: &Note| match &job.outcome {
        Outcome::New => true,
        Outcome::Merged { asked, .. } => asked.wants(lane as usize, step_of_onset(note, resolution), note.pitch),
        Outcome::Performed { .. } | Outcome::Arranged { .. } => false,
    };
    let played = if job.outcome == Outcome::New { asked } else { grid_of_writing(asked) };
    let is_there = |note: &&Note| {
        let twelfths = u64::from(note.onset.0) * u64::from(GRID);
        twelfths.is_multiple_of(u64::from(resolution)) && played.allows((twelfths / u64::from(resolution)) as u32)
    };
    let lanes = lanes_of_result(job, score);
    let of_lanes = score.parts.iter().zip(&lanes).filter_map(|(part, lane)| Some((part, (*lane)?)));
    let new: Vec<&Note> =
        of_lanes.flat_map(|(part, lane)| part.notes.iter().filter(move |n| is_new(lane, n))).collect();
    let there = new.iter().copied().filter(is_there).count();
    if new.is_empty() {
        return None;
    }
    let (got, kept) = if there == new.len() {
        ("every new note begins there".to_owned(), Kept::Proven)
    } else {
        // A new note waits for a given one that sounds on the same key.
        (format!("{there} of {} new notes begin there", new.len()), Kept::Measured)
    };
    Some(Control { asked: format!("rhythm: {asked}"), got, kept })
}

/// The lane of every part of a result.
pub(crate) fn lanes_of_result(job: &Job, score: &Score) -> Vec<Option<NoteLane>> {
    let mut lanes = lanes_by_name(score);
    if let Outcome::Merged { source, .. } | Outcome::Performed { source } = &job.outcome {
        lanes[..source.lanes().len()].copy_from_slice(source.lanes());
    }
    lanes
}

/// Whether something new was asked for at the time of a violation.
fn is_asked_at(job: &Job, score: &Score, violation: &Violation) -> bool {
    match &job.outcome {
        Outcome::New => true,
        Outcome::Merged { asked, .. } => {
            let quarter = violation.tick.0 / score.ticks_per_quarter.max(1);
            asked.quarters.get(quarter as usize).is_some_and(|row| row.contains(&true))
        }
        Outcome::Performed { .. } | Outcome::Arranged { .. } => false,
    }
}

fn key(request: &Request, job: &Job, canvas: &Canvas) -> Option<Control> {
    let key = request.key?;
    let scale = pitch_classes_of(key);
    let pitches = onsets(canvas, &NoteLane::PITCHED, 0..canvas.quarters).map(|(_, pitch)| i32::from(pitch) + job.up);
    let (mut inside, mut all) = (0, 0);
    for pitch in pitches {
        all += 1;
        inside += usize::from(scale >> pitch.rem_euclid(12) & 1 == 1);
    }
    let share = 100.0 * inside as f64 / all.max(1) as f64;
    Some(Control {
        asked: format!("in {key}"),
        got: format!("{share:.0} % of {all} notes in the key"),
        kept: Kept::Measured,
    })
}

/// Asked chords are certain on the chord lane; whether the notes follow is measured.
fn chords(request: &Request, canvas: &Canvas) -> Option<Control> {
    request.chords.as_ref()?;
    if !canvas.notes[NoteLane::Harmony as usize].contains(&NoteCell::Onset) {
        return None;
    }
    let (mut inside, mut all, mut basses, mut right) = (0usize, 0usize, 0usize, 0usize);
    for (quarter, chord) in canvas.chords.iter().enumerate() {
        let Some(chord) = chord.filter(|c| c.root.is_some()) else { continue };
        let set = chord.pitch_classes | chord.bass.map_or(0, |bass| 1 << bass);
        let sounding = canvas.notes[NoteLane::Harmony as usize][quarter * CELLS..][..CELLS].iter().enumerate();
        for (cell, _) in sounding.filter(|(_, c)| **c != NoteCell::Silent) {
            let pitch_class = (usize::from(LOWEST_PITCH) + cell % PITCHES) % 12;
            all += 1;
            inside += usize::from(set >> pitch_class & 1 == 1);
        }
        let changes = quarter == 0 || canvas.chords[quarter - 1].and_then(|c| c.root) != chord.root;
        let lowest = onsets(canvas, &[NoteLane::Harmony, NoteLane::Bass], quarter..quarter + 1)
            .filter(|(step, _)| step % STEPS == 0);
        if let (true, Some(lowest)) = (changes, lowest.map(|(_, pitch)| pitch).min()) {
            basses += 1;
            right += usize::from([chord.bass, chord.root].contains(&Some(lowest % 12)));
        }
    }
    let share = 100.0 * inside as f64 / all.max(1) as f64;
    Some(Control {
        asked: "these chords".into(),
        got: format!(
            "{share:.0} % of the harmony's sound are chord tones; root or bass below {right} of {basses} changes"
        ),
        kept: Kept::Measured,
    })
}

fn of_soft(wish: &SoftWish, canvas: &Canvas, up: i32) -> Control {
    let got: Vec<Option<f64>> = canvas.bars().into_iter().map(|bar| measured(wish, canvas, bar, up)).collect();
    let pairs: Vec<(f64, f64)> = wish.values.iter().zip(&got).filter_map(|(a, g)| Some((*a, (*g)?))).collect();
    let mean = |f: fn(&(f64, f64)) -> f64| pairs.iter().map(f).sum::<f64>() / pairs.len().max(1) as f64;
    let off = mean(|(asked, got)| (asked - got).abs());
    let (what, unit) = match wish.measure {
        Measure::Density => ("density", "notes a quarter"),
        Measure::Polyphony => ("polyphony", "notes at once"),
        Measure::Register => ("register", "mean pitch"),
        Measure::Loudness => ("loudness", "mean velocity"),
    };
    let whose = match wish.lanes.as_slice() {
        [lane] => format!("{} ", lane_name(*lane)),
        _ => String::new(),
    };
    Control {
        asked: format!("{whose}{what}: {:.2} {unit} on average", mean(|p| p.0)),
        got: format!("{:.2}; a bar is {off:.2} off on average", mean(|p| p.1)),
        kept: Kept::Measured,
    }
}

/// A soft wish's figure in one bar, or `None` where nothing sounds that could have it.
fn measured(wish: &SoftWish, canvas: &Canvas, bar: std::ops::Range<usize>, up: i32) -> Option<f64> {
    let quarters = bar.len() as f64;
    let starts: Vec<(usize, u8)> = onsets(canvas, &wish.lanes, bar.clone()).collect();
    let mean = |values: &[f64]| (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64);
    match wish.measure {
        Measure::Density => Some(starts.len() as f64 / quarters),
        Measure::Polyphony => {
            let sounding =
                wish.lanes.iter().flat_map(|&l| &canvas.notes[l as usize][bar.start * CELLS..bar.end * CELLS]);
            Some(sounding.filter(|c| **c != NoteCell::Silent).count() as f64 / (quarters * STEPS as f64))
        }
        Measure::Register => mean(&starts.iter().map(|(_, p)| f64::from(*p) + f64::from(up)).collect::<Vec<_>>()),
        Measure::Loudness => {
            let steps = wish.lanes.iter().flat_map(|&l| &canvas.steps[l as usize][bar.start * STEPS..bar.end * STEPS]);
            mean(&steps.filter_map(|info| info.loudness.map(f64::from)).collect::<Vec<_>>())
        }
    }
}

/// (step, canvas pitch) of every onset of some lanes in some quarters.
fn onsets<'a>(
    canvas: &'a Canvas,
    lanes: &'a [NoteLane],
    quarters: std::ops::Range<usize>,
) -> impl Iterator<Item = (usize, u8)> + 'a {
    lanes.iter().flat_map(move |&lane| {
        let first = quarters.start * CELLS;
        let cells = canvas.notes[lane as usize][first..quarters.end * CELLS].iter().enumerate();
        cells
            .filter(|(_, cell)| **cell == NoteCell::Onset)
            .map(move |(i, _)| ((first + i) / PITCHES, LOWEST_PITCH + (i % PITCHES) as u8))
    })
}
