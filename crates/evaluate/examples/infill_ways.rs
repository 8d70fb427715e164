//! Fills gaps of held-out music in several ways and says which comes nearest to the real bars.
//!
//! cargo run --release -p aeolian-evaluate --example infill_ways -- CORPUS [excerpts, 37] [steps, 16] [ways …]
//!
//! A way is a temperature, or a temperature and a guidance by chords: "1", "0.7", "0.7/1". With an n behind it ("1n") the
//! lead sheet's chords are taken away with the notes; else they stay in the gap. Of every gap four candidates are
//! drawn. Their mean, the likeliest (as the verbs rank them), the one that has most in common with the others'
//! pitch classes, and the notes of all four together are judged; differences from the first way's mean are paired, with their standard errors.

use aeolian_canvas::Canvas;
use aeolian_canvas::canvas::STEPS;
use aeolian_canvas::decode::{DecodeContext, decode};
use aeolian_compose::rank::order;
use aeolian_compose::{Composer, Request, Source, Verb};
use aeolian_corpus::Split;
use aeolian_evaluate::WINDOW;
use aeolian_metrics::Excerpt;
use aeolian_metrics::conditional::infill::{InfillOverlap, histogram_overlap, infill_overlap};
use aeolian_metrics::conditional::seam::{SeamWindow, compare_seams, interior_seams, seam_at};
use aeolian_train::Dataset;
use rayon::prelude::*;
use std::ops::Range;

const CANDIDATES: u64 = 4;
/// As the tables of `aeolian evaluate verbs` choose their excerpts.
const SEED: u64 = 33;
const PICKS: [&str; 4] = ["mean of all", "likeliest", "most agreed", "all four as one"];

/// One way to fill.
#[derive(Clone, Copy)]
struct Way {
    temperature: f32,
    guidance: Option<f32>,
    has_chords: bool,
}

impl Way {
    fn named(name: &str) -> Result<Self, std::num::ParseFloatError> {
        let bare = name.strip_suffix('n');
        let (temperature, guidance) = match bare.unwrap_or(name).split_once('/') {
            Some((temperature, guidance)) => (temperature.parse()?, Some(guidance.parse()?)),
            None => (bare.unwrap_or(name).parse()?, None),
        };
        Ok(Self { temperature, guidance, has_chords: bare.is_none() })
    }
}

/// What one way made of one gap: of each pick the overlap of pitch classes and of groove, and its canvases.
struct Filled {
    pitch_classes: [f64; 4],
    /// Of several as one it would be something else: every step has an onset in one of them.
    groove: [f64; 3],
    canvases: [Vec<Canvas>; 4],
}

fn fill(
    composer: &Composer,
    real: &Canvas,
    bars: &Range<usize>,
    seed: u64,
    steps: usize,
    way: Way,
) -> Result<Filled, aeolian_compose::ComposeError> {
    let mut score = decode(real, &DecodeContext::default()).0;
    if !way.has_chords {
        score.chords.clear();
    }
    let source = Source::new(score);
    let regions: aeolian_compose::wish::Regions = format!("{}-{}", bars.start + 1, bars.end).parse().expect("two bars");
    let mut pieces = Vec::new();
    let mut marks = Vec::new();
    for candidate in 0..CANDIDATES {
        let verb = Verb::Infill { source: source.clone(), regions: regions.clone() };
        let seed = seed + 1000 * candidate;
        let request = Request {
            verb,
            seed,
            steps,
            temperature: way.temperature,
            chord_guidance: way.guidance,
            ..Request::default()
        };
        let piece = composer.compose(&request, &mut |_, _| true)?;
        marks.push(composer.marks(&piece)?);
        pieces.push(piece.canvas);
    }
    let excerpts: Vec<Excerpt> = pieces.iter().map(Excerpt::from_canvas).collect();
    let common = |a: &Excerpt, b: &Excerpt| infill_overlap(a, b, bars.clone()).pitch_classes.unwrap_or(0.0);
    let agreed = |i: usize| -> f64 { excerpts.iter().map(|other| common(&excerpts[i], other)).sum() };
    let most_agreed = (0..excerpts.len()).max_by(|&a, &b| agreed(a).total_cmp(&agreed(b))).unwrap_or(0);
    let picks: [Vec<usize>; 3] = [(0..pieces.len()).collect(), vec![order(&marks)[0]], vec![most_agreed]];
    let real = Excerpt::from_canvas(real);
    let overlaps: Vec<InfillOverlap> = excerpts.iter().map(|e| infill_overlap(&real, e, bars.clone())).collect();
    let of = |figure: fn(&InfillOverlap) -> Option<f64>| {
        picks.clone().map(|pick| {
            let values: Vec<f64> = pick.iter().map(|&i| figure(&overlaps[i]).unwrap_or(0.0)).collect();
            mean(&values).0
        })
    };
    let counts = |excerpts: &[&Excerpt]| {
        let mut counts = [0.0; 12];
        let bars = excerpts.iter().flat_map(|e| e.bars[bars.clone()].iter().map(|bar| e.notes_in(bar)));
        bars.flatten().for_each(|note| counts[note.pitch_class()] += 1.0);
        counts
    };
    let as_one = histogram_overlap(&counts(&[&real]), &counts(&excerpts.iter().collect::<Vec<_>>())).unwrap_or(0.0);
    let [all, likeliest, agreed] = of(|o| o.pitch_classes);
    let groove = of(|o| o.groove);
    let [every, first, middle] = picks.map(|pick| pick.into_iter().map(|i| pieces[i].clone()).collect::<Vec<_>>());
    let canvases = [every.clone(), first, middle, every];
    Ok(Filled { pitch_classes: [all, likeliest, agreed, as_one], groove, canvases })
}

/// Mean and standard error.
fn mean(values: &[f64]) -> (f64, f64) {
    let n = values.len().max(1) as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0).max(1.0);
    (mean, (variance / n).sqrt())
}

/// Interval of the tune across the edges, and how much wider it is than at real bar lines.
fn leap(held: &[Canvas], filled: &[&Vec<Canvas>], bars: &Range<usize>) -> String {
    let window = SeamWindow::default();
    let mut edges = Vec::new();
    let mut interior = Vec::new();
    for (real, canvases) in held.iter().zip(filled) {
        for canvas in *canvases {
            let spans = canvas.bars();
            let ends = [spans[bars.start].start * STEPS, spans[bars.end - 1].end * STEPS];
            let excerpt = Excerpt::from_canvas(canvas);
            edges.extend(ends.into_iter().filter_map(|step| seam_at(&excerpt, step, window)));
        }
        interior.extend(interior_seams(&Excerpt::from_canvas(real), window));
    }
    let difference = compare_seams(&edges, &interior).melodic_leap;
    difference.map_or("–".to_owned(), |d| format!("{:.1} ({:+.1} ± {:.1})", d.edges, d.difference, d.standard_error))
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let argument = |n: usize, usual: &str| arguments.get(n).cloned().unwrap_or_else(|| usual.to_owned());
    let valid = Dataset::load(&[argument(0, "work/pop909.corpus").into()], Split::Valid, WINDOW)?;
    let excerpts: usize = argument(1, "37").parse()?;
    let steps: usize = argument(2, "16").parse()?;
    let ways: Vec<String> =
        if arguments.len() > 3 { arguments[3..].to_vec() } else { ["1", "0.8", "0.6"].map(String::from).to_vec() };
    let composer = Composer::builtin("transformer")?;
    let held: Vec<Canvas> = valid.spread(excerpts, SEED);
    println!("{} excerpts, {steps} steps, {CANDIDATES} candidates\n", held.len());
    println!(
        "| gap | temperature/guidance | pick | pitch classes | against the first row | groove | tune across the edge |"
    );
    println!("|---|---|---|--:|--:|--:|--:|");
    for bars in [3..5, 2..6] {
        let mut baseline: Option<Vec<f64>> = None;
        for name in &ways {
            let way = Way::named(name)?;
            let filled: Vec<Filled> = held
                .par_iter()
                .enumerate()
                .map(|(i, real)| fill(&composer, real, &bars, i as u64 + 1, steps, way))
                .collect::<Result<_, _>>()?;
            for (pick, called) in PICKS.iter().enumerate() {
                let overlaps: Vec<f64> = filled.iter().map(|f| f.pitch_classes[pick]).collect();
                let base = baseline.get_or_insert_with(|| overlaps.clone());
                let differences: Vec<f64> = overlaps.iter().zip(base.iter()).map(|(a, b)| a - b).collect();
                let (difference, error) = mean(&differences);
                let grooves: Option<Vec<f64>> = filled.iter().map(|f| f.groove.get(pick).copied()).collect();
                let groove = grooves.map_or("–".to_owned(), |grooves| format!("{:.3}", mean(&grooves).0));
                let canvases: Vec<&Vec<Canvas>> = filled.iter().map(|f| &f.canvases[pick]).collect();
                println!(
                    "| {} bars | {name} | {called} | {:.3} | {difference:+.3} ± {error:.3} | {groove} | {} |",
                    bars.len(),
                    mean(&overlaps).0,
                    leap(&held, &canvases, &bars)
                );
            }
        }
    }
    Ok(())
}
