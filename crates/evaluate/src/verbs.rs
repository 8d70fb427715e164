//! Verbs judged where the answer is known: held-out music with a part of it taken away.
//!
//! Eight bars of every held-out song. Accompany: the melody is given, with and without its chords, and the new
//! accompaniment is judged as the real one is. Infill: bars in the middle are taken away and compared with what comes
//! back, with and without their chords, beside what copying the bars before would give, and beside whoever knew how often
//! each pitch class is in the hidden bars and nothing else. Analyze: chords and key are read off the notes alone.

use crate::{Candidate, EvaluateError, Material, obedience};
use aeolian_canvas::canvas::STEPS;
use aeolian_canvas::decode::{DecodeContext, decode};
use aeolian_canvas::{Canvas, NoteLane};
use aeolian_compose::wish::{LaneSet, Regions};
use aeolian_compose::{ComposeError, Request, Source, Verb};
use aeolian_diffusion::Noise;
use aeolian_metrics::chord_tracking::track_chords;
use aeolian_metrics::conditional::accompaniment::{
    chord_similarity, chord_tone_share, downbeat_bass, labels_of_segments, only_lanes,
};
use aeolian_metrics::conditional::infill::{InfillOverlap, histogram_overlap, infill_overlap, mean_overlap};
use aeolian_metrics::conditional::key_accuracy::key_accuracy;
use aeolian_metrics::conditional::preserved::{Line, preserved};
use aeolian_metrics::conditional::seam::{Difference, Seam, SeamWindow, compare_seams, interior_seams, seam_at};
use aeolian_metrics::conditional::{ChordRecall, ChordRule, LabelledSpan, chord_recall, labels_of};
use aeolian_metrics::key::estimate_key;
use aeolian_metrics::report::{FIGURES, PieceFigures, table_of};
use aeolian_metrics::{ChordSegment, Excerpt, recognise_chords};
use aeolian_score::{Key, Note, Score};
use rayon::prelude::*;
use std::fmt::Write;
use std::ops::Range;

/// Seed of the excerpts.
const SEED: u64 = 33;
/// Deals that the luck of a few notes is averaged over.
const DEALS: usize = 50;
/// Rules of chord recall in the tables.
const RULES: [ChordRule; 3] = [ChordRule::Root, ChordRule::MajMin, ChordRule::Sevenths];
/// The lanes of an accompaniment.
const ACCOMPANIMENT: [NoteLane; 2] = [NoteLane::Counter, NoteLane::Harmony];

/// How thoroughly.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct VerbSettings {
    /// Excerpts; each song has its turn.
    pub excerpts: usize,
    /// Noise levels when composing.
    pub steps: usize,
    /// Temperature when composing.
    pub temperature: f32,
    /// Guidance by given chords; as the verbs do, if absent.
    pub chord_guidance: Option<f32>,
}

/// A held-out excerpt as a score, with its chords and key.
struct Held {
    canvas: Canvas,
    score: Score,
}

/// Every table, in Markdown. `say` is told what is being done.
pub fn tables(
    settings: VerbSettings,
    material: &Material,
    candidate: &Candidate,
    say: &mut dyn FnMut(&str),
) -> Result<String, EvaluateError> {
    let held: Vec<Held> = material.valid.spread(settings.excerpts, SEED).into_iter().map(Held::of).collect();
    let mut text = format!(
        "{} excerpts of 8 bars of held-out songs, {} steps, temperature {}.\n\n",
        held.len(),
        settings.steps,
        settings.temperature
    );
    say("accompanying melodies");
    text += &accompaniment(settings, &held, candidate)?;
    say("filling gaps");
    text += &infill(settings, &held, candidate)?;
    say("reading chords and keys");
    text += &analysis(&held, candidate)?;
    say("asking for curves");
    text += &obedience::table(settings, candidate)?;
    Ok(text)
}

impl Held {
    fn of(canvas: Canvas) -> Self {
        let score = decode(&canvas, &DecodeContext::default()).0;
        Self { canvas, score }
    }

    /// Only some lanes, with or without the chords.
    fn only(&self, lanes: &[NoteLane], with_chords: bool) -> Score {
        let mut score = self.score.clone();
        score.parts.retain(|part| lanes.iter().any(|lane| lane.name() == part.name));
        if !with_chords {
            score.chords.clear();
        }
        score
    }
}

/// One piece a held-out excerpt, side by side; excerpts for which the verb has nothing to do are left out.
fn made(
    settings: VerbSettings,
    held: &[Held],
    candidate: &Candidate,
    verb: impl Fn(&Held) -> Option<Verb> + Sync,
) -> Result<Vec<(usize, Canvas)>, ComposeError> {
    let pieces: Result<Vec<Option<(usize, Canvas)>>, ComposeError> = held
        .par_iter()
        .enumerate()
        .map(|(index, excerpt)| {
            let Some(verb) = verb(excerpt) else { return Ok(None) };
            let VerbSettings { steps, temperature, chord_guidance, .. } = settings;
            let request =
                Request { verb, seed: index as u64 + 1, steps, temperature, chord_guidance, ..Request::default() };
            Ok(Some((index, candidate.composer.compose(&request, &mut |_, _| true)?.canvas)))
        })
        .collect();
    Ok(pieces?.into_iter().flatten().collect())
}

fn accompaniment(settings: VerbSettings, held: &[Held], candidate: &Candidate) -> Result<String, EvaluateError> {
    let verb = |with_chords: bool| {
        move |excerpt: &Held| {
            let score = excerpt.only(&[NoteLane::Melody], with_chords);
            let lanes: LaneSet = "counter,harmony".parse().expect("two lanes");
            (!score.parts.is_empty()).then(|| Verb::Accompany { source: Source::new(score), lanes })
        }
    };
    let given = made(settings, held, candidate, verb(true))?;
    let alone = made(settings, held, candidate, verb(false))?;
    let real: Vec<(usize, Canvas)> = given.iter().map(|(i, _)| (*i, held[*i].canvas.clone())).collect();
    let mut text =
        "### Accompany\n\nThe chords of the lead sheet heard in the accompaniment by our own recogniser, by \
                    mir_eval's rules; cosine of sounding and given pitch classes; share of chord tones; root or bass \
                    below on downbeats; share of the given melody's notes that are there, to the step. Given the melody with its chords; and, without them, beside the chords of the \
                    original, which it need not have had in mind.\n\n\
                    | accompaniment | root | majmin | sevenths | similarity | chord tones | bass | melody kept |\n\
                    |---|--:|--:|--:|--:|--:|--:|--:|\n"
            .to_owned();
    for (name, set) in [("real", &real), ("with chords given", &given), ("melody alone", &alone)] {
        writeln!(text, "| {name} | {} |", chord_row(held, set)).expect("a string takes everything");
    }
    let figures = |set: &[(usize, Canvas)]| -> Vec<PieceFigures> {
        set.iter().map(|(_, canvas)| PieceFigures::of(&Excerpt::from_canvas(canvas))).collect()
    };
    let rows = [("real", figures(&real)), ("with chords given", figures(&given)), ("melody alone", figures(&alone))];
    text += "\nFigures of melody and accompaniment together:\n\n";
    text += &table_of(&FIGURES, &rows);
    Ok(text + "\n")
}

fn chord_row(held: &[Held], set: &[(usize, Canvas)]) -> String {
    let accompaniments: Vec<(Excerpt, &Score)> = set
        .iter()
        .map(|(index, canvas)| {
            let lanes = ACCOMPANIMENT.map(|lane| lane as usize);
            (only_lanes(&Excerpt::from_canvas(canvas), &lanes), &held[*index].score)
        })
        .collect();
    let mean = |values: Vec<Option<f64>>| {
        let values: Vec<f64> = values.into_iter().flatten().collect();
        values.iter().sum::<f64>() / values.len().max(1) as f64
    };
    let heard: Vec<_> = accompaniments
        .iter()
        .map(|(excerpt, score)| (labels_of(score), labels_of_segments(&track_chords(excerpt))))
        .collect();
    let accuracy = |rule| mean(heard.iter().map(|(given, heard)| chord_recall(given, heard, rule).recall()).collect());
    let mut cells: Vec<f64> = RULES.into_iter().map(accuracy).collect();
    cells.push(mean(accompaniments.iter().map(|(excerpt, score)| chord_similarity(excerpt, score)).collect()));
    cells.push(mean(accompaniments.iter().map(|(excerpt, score)| chord_tone_share(excerpt, score)).collect()));
    let bass = |(excerpt, score): &(Excerpt, &Score)| downbeat_bass(excerpt, score).root_or_bass_share();
    cells.push(mean(accompaniments.iter().map(bass).collect()));
    cells.push(mean(set.iter().map(|(index, canvas)| melody_kept(&held[*index].score, canvas)).collect()));
    cells.iter().map(|x| format!("{x:.3}")).collect::<Vec<_>>().join(" | ")
}

/// Share of a melody's notes that a canvas has, to the step; `None` without a melody.
fn melody_kept(given: &Score, canvas: &Canvas) -> Option<f64> {
    let made = decode(canvas, &DecodeContext::default()).0;
    let line = |score: &Score| -> Vec<Note> {
        let parts = score.parts.iter().filter(|part| part.name == NoteLane::Melody.name());
        parts.flat_map(|part| part.notes.clone()).collect()
    };
    let (wanted, found) = (line(given), line(&made));
    preserved(
        Line { notes: &wanted, ticks_per_quarter: given.ticks_per_quarter },
        Line { notes: &found, ticks_per_quarter: made.ticks_per_quarter },
    )
    .exact_share()
}

fn infill(settings: VerbSettings, held: &[Held], candidate: &Candidate) -> Result<String, EvaluateError> {
    let mut text = "### Infill\n\nBars in the middle beside the real ones that were taken away: what pitch-class and \
                    onset histograms have in common, over the gap and bar by bar (published figures of masked diffusion \
                    on another corpus, without their definition: .855 and .640). The lead sheet's chords stay in the gap, \
                    or go with the notes. Beside them, the bars just before the gap copied into it; and as many notes as \
                    the real bars have, drawn from their own pitch-class histogram: what the luck of so few notes leaves to \
                    somebody who knows it.\n\n\
                    | gap | pitch classes | by bar | groove | by bar | groove similarity |\n|---|--:|--:|--:|--:|--:|\n"
        .to_owned();
    let mut seams = String::new();
    for bars in [3..5, 2..6] {
        let regions: Regions = format!("{}-{}", bars.start + 1, bars.end).parse().expect("two bars");
        let verb = |with_chords: bool| {
            let regions = &regions;
            move |excerpt: &Held| {
                let source = Source::new(excerpt.only(&NoteLane::ALL, with_chords));
                Some(Verb::Infill { source, regions: regions.clone() })
            }
        };
        let filled = made(settings, held, candidate, verb(true))?;
        let without_chords = made(settings, held, candidate, verb(false))?;
        let overlap = |filled: &[(usize, Canvas)], other: &dyn Fn(usize, &Canvas) -> Excerpt| -> InfillOverlap {
            let each = |(index, canvas): &(usize, Canvas)| {
                infill_overlap(&Excerpt::from_canvas(&held[*index].canvas), &other(*index, canvas), bars.clone())
            };
            mean_overlap(&filled.iter().map(each).collect::<Vec<_>>())
        };
        let ours = |filled| overlap(filled, &|_, canvas| Excerpt::from_canvas(canvas));
        let copied = overlap(&filled, &|index, _| Excerpt::from_canvas(&repeated(&held[index].canvas, bars.clone())));
        let lucky: Vec<f64> =
            (0..held.len()).filter_map(|index| known_histogram(&held[index].canvas, &bars, index)).collect();
        let lucky = lucky.iter().sum::<f64>() / lucky.len().max(1) as f64;
        let rows = [
            ("chords given", ours(&filled)),
            ("notes alone", ours(&without_chords)),
            ("the bars before, copied", copied),
            ("drawn from the real histogram", InfillOverlap { pitch_classes: Some(lucky), ..InfillOverlap::default() }),
        ];
        for (name, o) in rows {
            let cells = [o.pitch_classes, o.pitch_classes_by_bar, o.groove, o.groove_by_bar, o.groove_similarity];
            let cells = cells.map(|x| x.map_or("–".to_owned(), |x| format!("{x:.3}")));
            writeln!(text, "| {} bars, {name} | {} |", bars.len(), cells.join(" | "))
                .expect("a string takes everything");
        }
        seams += &seam_rows(held, &filled, bars.clone());
    }
    text += "\nThe seams: the two edges of every gap, after filling, beside all bar lines of the same real excerpts.\n\n\
             | gap | figure | filled | real | difference |\n|---|---|--:|--:|--:|\n";
    Ok(text + &seams + "\n")
}

/// What the pitch classes of these bars have in common with as many drawn from their own histogram, one by one: the mean of
/// [`DEALS`] deals, 0–1, 1 in the limit of many notes. `None` where nothing starts.
fn known_histogram(canvas: &Canvas, bars: &Range<usize>, seed: usize) -> Option<f64> {
    let excerpt = Excerpt::from_canvas(canvas);
    let classes: Vec<usize> = excerpt.bars[bars.clone()]
        .iter()
        .flat_map(|bar| excerpt.notes_in(bar).iter().map(|note| note.pitch_class()))
        .collect();
    let histogram = |classes: &mut dyn Iterator<Item = usize>| {
        classes.fold([0.0; 12], |mut counts, class| {
            counts[class] += 1.0;
            counts
        })
    };
    let real = histogram(&mut classes.iter().copied());
    let noise = Noise::new(seed as u64);
    let deal = |deal: usize| {
        let drawn = |note: usize| {
            let at = noise.uniform((deal * classes.len() + note) as u64) * classes.len() as f64;
            classes[(at as usize).min(classes.len() - 1)]
        };
        histogram_overlap(&real, &histogram(&mut (0..classes.len()).map(drawn)))
    };
    let overlaps: Vec<f64> = (0..DEALS).filter_map(deal).collect();
    (!overlaps.is_empty()).then(|| overlaps.iter().sum::<f64>() / overlaps.len() as f64)
}

/// The excerpt with the bars before a range copied into it.
fn repeated(canvas: &Canvas, bars: Range<usize>) -> Canvas {
    let spans = canvas.bars();
    let mut copy = canvas.clone();
    let cells = aeolian_canvas::CELLS;
    for bar in bars.clone() {
        // The bars of the gap, as far before it as the gap is long (or as there is room).
        let from = bar - bars.len().min(bars.start);
        for (to, from) in spans[bar].clone().zip(spans[from].clone()) {
            for lane in 0..copy.notes.len() {
                let cells_of = copy.notes[lane][from * cells..][..cells].to_vec();
                copy.notes[lane][to * cells..][..cells].copy_from_slice(&cells_of);
            }
        }
    }
    copy
}

fn seam_rows(held: &[Held], filled: &[(usize, Canvas)], bars: Range<usize>) -> String {
    let window = SeamWindow::default();
    let mut edges: Vec<Seam> = Vec::new();
    let mut interior: Vec<Seam> = Vec::new();
    for (index, canvas) in filled {
        let spans = canvas.bars();
        let (start, end) = (spans[bars.start].start * STEPS, spans[bars.end - 1].end * STEPS);
        let excerpt = Excerpt::from_canvas(canvas);
        edges.extend([start, end].into_iter().filter_map(|step| seam_at(&excerpt, step, window)));
        interior.extend(interior_seams(&Excerpt::from_canvas(&held[*index].canvas), window));
    }
    let compared = compare_seams(&edges, &interior);
    let row = |name: &str, difference: Option<Difference>| {
        let Some(d) = difference else { return String::new() };
        let gap = bars.len();
        format!(
            "| {gap} bars | {name} | {:.2} | {:.2} | {:+.2} ± {:.2} |\n",
            d.edges, d.interior, d.difference, d.standard_error
        )
    };
    row("density ratio (log₂)", compared.log_density_ratio)
        + &row("density jump (log₂)", compared.density_jump)
        + &row("melodic interval (semitones)", compared.melodic_leap)
        + &row("notes held through", compared.held)
}

fn analysis(held: &[Held], candidate: &Candidate) -> Result<String, EvaluateError> {
    let analyzed: Result<Vec<(Vec<LabelledSpan>, Key, Score)>, ComposeError> = held
        .par_iter()
        .enumerate()
        .map(|(index, excerpt)| {
            // Every excerpt in another key, so that the model's own frame gives nothing away.
            let moved = excerpt.score.transposed(index as i32 * 5 % 12 - 6);
            let bare = Score { keys: Vec::new(), chords: Vec::new(), sections: Vec::new(), ..moved.clone() };
            let analysis = candidate.composer.analyze(&Source::new(bare), None, &mut |_, _| true)?;
            let labelled = Score { chords: analysis.chords, ..moved.clone() };
            Ok((labels_of(&labelled), analysis.key, moved))
        })
        .collect();
    let analyzed = analyzed?;
    let mut text =
        "### Analyze\n\nChords against the human labels, by mir_eval's rules, every quarter weighing the same, \
                    and keys; all read off the notes alone.\n\n\
                    | reader | root | majmin | sevenths |\n|---|--:|--:|--:|\n"
            .to_owned();
    let heard = |recogniser: fn(&Excerpt) -> Vec<ChordSegment>| -> Vec<Vec<LabelledSpan>> {
        let excerpts = analyzed.iter().map(|(_, _, score)| Excerpt::from_score(score));
        excerpts.map(|e| e.map_or_else(|_| Vec::new(), |e| labels_of_segments(&recogniser(&e)))).collect()
    };
    let by_model: Vec<Vec<LabelledSpan>> = analyzed.iter().map(|(labels, ..)| labels.clone()).collect();
    let readers = [
        ("the model", by_model),
        ("chord tracking by rules", heard(track_chords)),
        ("half-bar templates", heard(recognise_chords)),
    ];
    for (name, labels) in &readers {
        let recall = |rule: ChordRule| -> f64 {
            let each =
                analyzed.iter().zip(labels).map(|((_, _, score), read)| chord_recall(&labels_of(score), read, rule));
            each.sum::<ChordRecall>().recall().unwrap_or(0.0)
        };
        let cells = RULES.map(|rule| format!("{:.3}", recall(rule)));
        writeln!(text, "| {name} | {} |", cells.join(" | ")).expect("a string takes everything");
    }
    let krumhansl = analyzed.iter().filter_map(|(_, _, score)| {
        let heard = Excerpt::from_score(score).ok().and_then(|excerpt| estimate_key(&excerpt));
        Some((score.keys.first()?.key, heard))
    });
    let krumhansl = key_accuracy(krumhansl);
    let pairs = analyzed.iter().filter_map(|(_, key, score)| Some((score.keys.first()?.key, Some(*key))));
    if let Some(keys) = key_accuracy(pairs) {
        writeln!(text, "\nKey: {:.3} exact, {:.3} by the weighted score of MIREX.", keys.exact, keys.weighted)
            .expect("a string takes everything");
    }
    if let Some(keys) = krumhansl {
        writeln!(text, "By Krumhansl and Kessler's profiles: {:.3} and {:.3}.", keys.exact, keys.weighted)
            .expect("a string takes everything");
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use aeolian_canvas::NoteCell;

    /// A bar of sixteenths on these keys in turn.
    fn bar(keys: &[usize]) -> Canvas {
        let mut canvas = Canvas::new(4);
        for step in 0..16 {
            *canvas.cell_mut(NoteLane::Melody, step, 60 + keys[step % keys.len()] as u8) = NoteCell::Onset;
        }
        canvas
    }

    #[test]
    fn luck_leaves_all_of_one_pitch_class_and_less_of_many() {
        let of = |keys: &[usize]| known_histogram(&bar(keys), &(0..1), 7);
        assert_eq!(of(&[0]), Some(1.0));
        let (two, eight) = (of(&[0, 4]).unwrap(), of(&[0, 1, 2, 3, 4, 5, 6, 7]).unwrap());
        // Sixteen coins: E|heads − 8| = 8·C(16, 8)/2^16 = 1.571, and 1 − 1.571/16 = .902.
        assert!((two - 0.902).abs() < 0.04, "{two}");
        assert!(eight < two);
        assert_eq!(known_histogram(&Canvas::new(4), &(0..1), 7), None);
    }
}
