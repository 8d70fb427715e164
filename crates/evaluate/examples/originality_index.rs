//! Makes the originality index that is shipped with a model.
//!
//! ```sh
//! cargo run --release -p aeolian-evaluate --example originality_index -- CORPUS OUT.index [--check]
//! ```
//!
//! Training pieces become the index; held-out ones, cut into stretches of 4, 8, 16, 32 and 64 bars, its references. You
//! should see the size and a table of what human music shares with the training music. With `--check` the exact search
//! over the whole pieces judges the same stretches, and the differences are counted.

use aeolian_canvas::Canvas;
use aeolian_canvas::encode::encode;
use aeolian_corpus::{Corpus, Split};
use aeolian_metrics::Excerpt;
use aeolian_metrics::originality::index::Spread;
use aeolian_metrics::originality::{BarIndex, Index, LineIndex};
use std::error::Error;
use std::time::Instant;

const LENGTHS: [u32; 5] = [4, 8, 16, 32, 64];

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [corpus, out, rest @ ..] = &arguments[..] else {
        return Err("usage: originality_index CORPUS OUT.index [--check]".into());
    };
    let corpus = Corpus::open(corpus)?;
    let train: Vec<Excerpt> = canvases(&corpus, Split::Train)?.iter().map(Excerpt::from_canvas).collect();
    let valid = canvases(&corpus, Split::Valid)?;
    let held_out = LENGTHS.map(|bars| (bars, valid.iter().flat_map(|canvas| stretches(canvas, bars)).collect()));
    let index = held_out
        .iter()
        .fold(Index::build(&train), |index, (bars, set): &(u32, Vec<Excerpt>)| index.with_reference(*bars, set));
    let bytes = index.to_bytes();
    std::fs::write(out, &bytes)?;
    println!("{} training pieces: {} tokens, {} different bars", index.pieces(), index.tokens(), index.bar_prints());

    let start = Instant::now();
    let index = Index::from_bytes(&std::fs::read(out)?)?;
    println!("{} bytes, loaded in {:.1} ms", bytes.len(), start.elapsed().as_secs_f64() * 1e3);
    for (bars, set) in &held_out {
        let start = Instant::now();
        set.iter().take(20).for_each(|excerpt| _ = std::hint::black_box(index.judge(excerpt)));
        println!("{bars} bars: {:.1} ms a query", start.elapsed().as_secs_f64() * 1e3 / set.len().clamp(1, 20) as f64);
    }
    println!("\n| bars | excerpts | figure | mean | median | 95 % at most | largest |\n|--:|--:|---|--:|--:|--:|--:|");
    for reference in index.references() {
        let row = |name: &str, spread: Spread, unit: f64| {
            let [mean, median, at_most_95, most] =
                [spread.mean, spread.median, spread.at_most_95, spread.most].map(|value| value * unit);
            let (bars, excerpts) = (reference.bars, reference.excerpts);
            println!("| {bars} | {excerpts} | {name} | {mean:.1} | {median:.1} | {at_most_95:.1} | {most:.1} |");
        };
        row("longest run, notes", reference.notes, 1.0);
        reference.share_from_one.iter().for_each(|&spread| row("bars from one piece, %", spread, 100.0));
        reference.share_from_any.iter().for_each(|&spread| row("bars from any piece, %", spread, 100.0));
    }
    if rest.iter().any(|argument| argument == "--check") {
        check(&index, &train, held_out.iter().flat_map(|(_, set)| set));
    }
    Ok(())
}

/// The pieces that a model learns from, or is judged on: those whose bar lines can be trusted.
fn canvases(corpus: &Corpus, split: Split) -> Result<Vec<Canvas>, Box<dyn Error>> {
    let mut canvases = Vec::new();
    for piece in corpus.pieces() {
        let piece = piece?;
        if piece.split == split && piece.confident_bars {
            canvases.push(encode(&piece.score, &piece.lanes).0.to_tonic_frame().0);
        }
    }
    Ok(canvases)
}

/// All stretches of so many bars that follow one another from the first bar line, without those in which nothing plays.
fn stretches(canvas: &Canvas, bars: u32) -> Vec<Excerpt> {
    let starts: Vec<usize> = (0..canvas.quarters).filter(|&q| canvas.positions[q].eighth == 0).collect();
    let ends = starts.iter().skip(bars as usize).step_by(bars as usize);
    let cuts = starts.iter().step_by(bars as usize).zip(ends);
    let cut = |(&start, &end): (&usize, &usize)| Excerpt::from_canvas(&canvas.window(start, end - start));
    cuts.map(cut).filter(|excerpt| !excerpt.is_silent()).collect()
}

fn check<'a>(index: &Index, train: &[Excerpt], held_out: impl Iterator<Item = &'a Excerpt>) {
    let start = Instant::now();
    let (lines, bars) = (LineIndex::new(train), BarIndex::new(train));
    println!("\nexact search: built in {:.1} ms", start.elapsed().as_secs_f64() * 1e3);
    let (mut excerpts, mut runs, mut copies) = (0, 0, 0);
    for excerpt in held_out {
        let judgement = index.judge(excerpt);
        excerpts += 1;
        runs += usize::from(judgement.longest_run.notes != lines.longest_shared_run(excerpt).notes);
        copies += usize::from(judgement.copied != bars.copied_bars(excerpt));
    }
    println!("of {excerpts} excerpts, {runs} have another longest run and {copies} other copied bars than in it");
}
