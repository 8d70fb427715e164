//! Is the yardstick true? Real music against real music, many times over, and every ceiling beside it.
//!
//!     cargo run --release -p aeolian-report --example calibration -- ../shared/data/pop909/midi [BARS [SPLITS [PIECES]]]
//!
//! Splits the songs at random into two sets of PIECES (default 200), one piece of each song (BARS: cuts of so many bars,
//! default 8; 0: whole songs), asks the classifier test of `aeolian evaluate pieces` how well it tells them apart, and
//! does so SPLITS times (default 200). You should see a mean of .5 and nearly all splits within .5 ± .06; and, over a
//! tenth as many splits, every kind of spoiled music above all of them. Tracks called CHORDS are left out: in pop909 they
//! are annotations that nobody plays.

use aeolian_metrics::ceilings::Corruption;
use aeolian_metrics::compare::classifier::{area_alone, classify};
use aeolian_metrics::compare::moments::mean_and_deviation;
use aeolian_metrics::compare::random::Draws;
use aeolian_metrics::compare::{Bootstrap, ClassifierSettings, FeatureTable, Pair};
use aeolian_metrics::{Excerpt, Piece};
use aeolian_report::pieces::choose_evenly;
use aeolian_report::table::table_of_pieces;
use aeolian_report::{Cut, read_folder};
use rayon::prelude::*;
use std::path::Path;

/// What the issue asks of real music against real music: .5 ± this.
const REACH: f64 = 0.06;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let folder = arguments.first().ok_or("usage: calibration FOLDER [BARS [SPLITS [PIECES]]]")?;
    let number = |place: usize, default| arguments.get(place).map_or(Ok(default), |text| text.parse::<usize>());
    let (bars, splits, pieces) = (number(1, 8)?, number(2, 200)?, number(3, 200)?);
    let cut = if bars == 0 { Cut::Whole } else { Cut::Bars(bars) };
    let set = read_folder(Path::new(folder), cut, None, 1)?;
    let played = |named: &aeolian_report::NamedPiece| {
        let mut score = named.piece.score.clone()?;
        score.parts.retain(|part| part.name != "CHORDS");
        Some((named.song, Piece::from_score(score).ok()?))
    };
    let (songs, music): (Vec<usize>, Vec<Piece>) = set.pieces.iter().filter_map(played).unzip();
    let table = table_of_pieces(&music.iter().collect::<Vec<_>>(), songs.clone());
    println!("{} pieces from {} songs, {}, {pieces} against {pieces}", music.len(), set.files.len(), cut.name());

    let settings = ClassifierSettings { deals: 0, ..ClassifierSettings::default() };
    let area = |reference: &FeatureTable, candidate: &FeatureTable, seed: u64| {
        area_alone(&Pair::of(reference, candidate), &settings, Draws::new(seed))
    };
    let real = (0..splits as u64).into_par_iter().filter_map(|seed| {
        let [first, second] = two_sets(&songs, pieces, seed);
        area(&table.select(&first), &table.select(&second), seed)
    });
    say("real against real", &mut real.collect::<Vec<f64>>());
    for corruption in Corruption::ALL {
        let spoiled = (0..(splits as u64).div_ceil(10)).into_par_iter().filter_map(|seed| {
            let [first, second] = two_sets(&songs, pieces, seed);
            let excerpts: Vec<Excerpt> = second.iter().map(|&row| music[row].excerpt.clone()).collect();
            let bad = corruption.of_all(&excerpts, seed).into_iter().zip(&second);
            let bad: Vec<Piece> = bad.map(|(excerpt, &row)| Piece { excerpt, ..music[row].clone() }).collect();
            let groups = second.iter().map(|&row| songs[row]).collect();
            area(&table.select(&first), &table_of_pieces(&bad.iter().collect::<Vec<_>>(), groups), seed)
        });
        say(corruption.name(), &mut spoiled.collect::<Vec<f64>>());
    }
    // How often the whole test cries wolf: its null interval and its p-value, on a quarter of the splits.
    let settings = ClassifierSettings::default();
    let tests = (0..(splits as u64).div_ceil(4)).into_par_iter().filter_map(|seed| {
        let [first, second] = two_sets(&songs, pieces, seed);
        let pair = Pair::of(&table.select(&first), &table.select(&second));
        classify(&pair, &settings, &Bootstrap::default(), Draws::new(seed))
    });
    let tests: Vec<_> = tests.collect();
    let above = tests.iter().filter(|test| test.null.is_some_and(|null| test.auc.value > null.high)).count();
    let surprised = tests.iter().filter(|test| test.p_value.is_some_and(|p| p <= 0.05)).count();
    let inside = tests.iter().filter(|test| test.auc.interval.is_some_and(|own| own.contains(0.5))).count();
    println!(
        "{} whole tests: {above} above their null interval, {surprised} with p ≤ .05, {inside} with .5 in their interval",
        tests.len()
    );
    Ok(())
}

/// Rows of two sets, one piece of each song, no song in both.
fn two_sets(songs: &[usize], pieces: usize, seed: u64) -> [Vec<usize>; 2] {
    let different = songs.iter().max().map_or(0, |last| last + 1);
    let mut chosen = choose_evenly(songs, different.min(2 * pieces), seed);
    Draws::new(seed).stream(7).shuffle(&mut chosen);
    let second = chosen.split_off(chosen.len() / 2);
    [chosen, second]
}

fn say(what: &str, areas: &mut [f64]) {
    areas.sort_by(f64::total_cmp);
    let (Some((mean, deviation)), [lowest, .., highest]) = (mean_and_deviation(areas), &areas) else {
        return println!("{what:24} undefined");
    };
    let inside = areas.iter().filter(|area| (*area - 0.5).abs() <= REACH).count();
    println!(
        "{what:24} mean {mean:.3}  sd {deviation:.3}  {lowest:.3}–{highest:.3}  {inside} of {} within .5 ± {REACH}",
        areas.len()
    );
}
