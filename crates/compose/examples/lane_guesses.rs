//! Takes the names off the parts of real pieces and looks whether each part still finds its lane, beside a plain guess.
//!
//! cargo run --release -p aeolian-compose --example lane_guesses -- ../shared/data [pieces a set, 100]
//!
//! You should see the share of notes whose part has the lane that its name tells, for every set of pieces in parts.

use aeolian_canvas::NoteLane;
use aeolian_compose::source::assign_lanes;
use aeolian_score::{Part, Score, midi};
use std::path::{Path, PathBuf};

/// Sets whose parts are named, and where their files lie.
const SETS: [(&str, &str); 6] = [
    ("pop909", "pop909/midi"),
    ("mma_band, pop909", "mma_band/pop909"),
    ("mma_band, openewld", "mma_band/openewld"),
    ("openscore_lieder", "openscore_lieder"),
    ("openscore_quartets", "openscore_quartets"),
    ("bach_chorales_music21", "bach_chorales_music21"),
];

/// A plain guess: the highest line is the melody, further high lines are counter-melodies, all else harmony.
fn by_texture(score: &Score) -> Vec<Option<NoteLane>> {
    let is_line = |part: &Part| {
        let moments = 1 + part.notes.windows(2).filter(|pair| pair[0].onset != pair[1].onset).count();
        (part.notes.len() as f64) < 1.25 * moments as f64
    };
    let mean = |part: &Part| part.notes.iter().map(|n| f64::from(n.pitch)).sum::<f64>() / part.notes.len() as f64;
    let pitched = |part: &&Part| !part.is_drum && !part.notes.is_empty();
    let highest = score.parts.iter().filter(pitched).filter(|part| is_line(part)).map(mean).reduce(f64::max);
    let lane = |part: &Part| {
        let part = Some(part).filter(pitched)?;
        Some(match () {
            () if is_line(part) && Some(mean(part)) == highest => NoteLane::Melody,
            () if is_line(part) && mean(part) >= 52.0 => NoteLane::Counter,
            () => NoteLane::Harmony,
        })
    };
    score.parts.iter().map(lane).collect()
}

/// MIDI files of a folder and the folders in it, at most so many, spread evenly.
fn files(folder: &Path, most: usize) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|ending| ending == "mid") {
                found.push(path);
            }
        }
    }
    found.sort();
    let step = found.len().div_ceil(most.max(1)).max(1);
    found.into_iter().step_by(step).collect()
}

/// Notes, and those in the right lane by ours and by the plain guess; then the same of melodies alone.
fn count(path: &Path, counts: &mut [[usize; 3]; 2]) -> Option<()> {
    let mut score = midi::read(&std::fs::read(path).ok()?).ok()?.score;
    score.parts.retain(|part| part.name != "CHORDS");
    // What its name tells of each part is taken for true.
    let roles = aeolian_score::role::by_name(&score);
    let truth: Vec<Option<NoteLane>> =
        assign_lanes(&score).into_iter().zip(&roles).map(|(lane, role)| lane.filter(|_| role.is_some())).collect();
    score.parts.iter_mut().for_each(|part| part.name.clear());
    let (ours, plain) = (assign_lanes(&score), by_texture(&score));
    for (index, part) in score.parts.iter().enumerate().filter(|(index, _)| truth[*index].is_some()) {
        let of = [true, ours[index] == truth[index], plain[index] == truth[index]];
        for (row, counts) in counts.iter_mut().enumerate() {
            if row == 0 || truth[index] == Some(NoteLane::Melody) {
                counts.iter_mut().zip(of).for_each(|(count, is)| *count += part.notes.len() * usize::from(is));
            }
        }
    }
    Some(())
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let data = PathBuf::from(arguments.next().unwrap_or_else(|| "../shared/data".to_owned()));
    let most: usize = arguments.next().map_or(Ok(100), |n| n.parse())?;
    println!("| set | pieces | notes in their lane | plain guess | of the melody | plain guess |");
    println!("|---|--:|--:|--:|--:|--:|");
    for (name, folder) in SETS {
        let mut counts = [[0; 3]; 2];
        let read = files(&data.join(folder), most).iter().filter_map(|path| count(path, &mut counts)).count();
        let share = |row: usize, of: usize| counts[row][of] as f64 / counts[row][0].max(1) as f64;
        println!(
            "| {name} | {read} | {:.3} | {:.3} | {:.3} | {:.3} |",
            share(0, 1),
            share(0, 2),
            share(1, 1),
            share(1, 2)
        );
    }
    Ok(())
}
