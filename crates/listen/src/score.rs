//! Heard notes on the grid of a score: beats, bars, lengths, loudness.

use crate::beats::{Beats, EARLY, places};
use crate::notes::HeardNote;
use aeolian_score::{MeterChange, Note, Part, Score, TempoChange, Tick};

/// Ticks of a quarter in the scores that are written; each twelfth of a quarter has 40.
pub const TICKS_PER_QUARTER: u32 = 480;
const TWELFTH: u32 = TICKS_PER_QUARTER / 12;

/// How much likelier a melody begins a note on each sixteenth of a bar of 4/4 than it would by chance, by how long it lasts until the
/// next: less than 0.4, 0.9, 1.6 quarters, or more (pop909: 250 training songs).
const BEGINNINGS: [[f64; 16]; 4] = [
    [0.63, 0.55, 1.72, 1.48, 0.74, 0.51, 1.63, 1.22, 0.49, 0.38, 1.11, 0.73, 0.70, 0.64, 1.78, 1.67],
    [1.95, 0.12, 1.21, 0.39, 2.11, 0.32, 1.95, 0.25, 1.66, 0.14, 1.21, 0.38, 2.05, 0.26, 1.83, 0.18],
    [3.52, 0.08, 1.03, 0.18, 1.26, 0.03, 1.13, 0.25, 3.45, 0.15, 1.21, 0.30, 2.06, 0.05, 1.18, 0.09],
    [5.15, 0.24, 1.50, 0.45, 0.87, 0.11, 1.00, 0.76, 2.51, 0.20, 0.32, 0.16, 0.24, 0.07, 1.78, 0.62],
];
const LENGTHS: [u32; 3] = [5, 11, 19];

/// The notes as a part of a score: bars of `bar_quarters` quarters, the first of which holds the first note.
///
/// Every onset moves to the sixteenth or, where a beat is in triplets, the third of a beat it lies nearest; a note lasts to its offset
/// rounded likewise, or to the next onset if less than a sixteenth would be missing. Velocities follow the level: the middle one
/// becomes 80, and a decibel is two steps.
pub fn to_score(notes: &[HeardNote], beats: &Beats, bar_quarters: u32) -> Score {
    let mut score = Score::new(TICKS_PER_QUARTER);
    let bar = bar_quarters.clamp(1, 16);
    score.tempos.push(TempoChange { at: Tick(0), qpm: (beats.qpm * 100.0).round() / 100.0 });
    score.meters.push(MeterChange { at: Tick(0), numerator: bar as u8, denominator: 4 });
    let onsets = onset_twelfths(notes, beats);
    let shift = 12 * upbeat(&onsets, bar);
    let velocities = velocities(notes);
    let mut part = Part { name: "Melody".to_owned(), ..Part::default() };
    for (i, (note, &onset)) in notes.iter().zip(&onsets).enumerate() {
        let next = onsets.get(i + 1).copied();
        let end = end_twelfth(note, onset, next, beats);
        part.notes.push(Note {
            onset: Tick((onset + shift) * TWELFTH),
            duration: Tick((end - onset) * TWELFTH),
            pitch: note.pitch,
            velocity: velocities[i],
        });
    }
    score.parts.push(part);
    score
}

/// Onsets in twelfths of a beat from the first beat on, rising.
pub(crate) fn onset_twelfths(notes: &[HeardNote], beats: &Beats) -> Vec<u32> {
    let onsets: Vec<f64> = notes.iter().map(|n| n.onset).collect();
    let period = 60.0 / beats.qpm;
    let from = |seconds: f64| onsets.partition_point(|&o| o < seconds - EARLY * period);
    let mut twelfths: Vec<u32> = Vec::with_capacity(notes.len());
    let last = beats.times.len().saturating_sub(2);
    for (beat, t) in beats.times.windows(2).enumerate() {
        let first = if beat == 0 { 0 } else { from(t[0]) };
        let end = if beat == last { onsets.len() } else { from(t[1]) };
        for place in places(&onsets[first..end.max(first)], t[0], t[1]).0 {
            let least = twelfths.last().map_or(0, |before| before + 1);
            twelfths.push((12 * beat as u32 + place.twelfth).max(least));
        }
    }
    twelfths
}

fn end_twelfth(note: &HeardNote, onset: u32, next: Option<u32>, beats: &Beats) -> u32 {
    let at = position(note.offset, beats);
    let end = (4.0 * at).round().max(0.0) as u32 * 3;
    let end = end.max(onset + 1);
    match next {
        Some(next) if end + 3 > next => next.max(onset + 1),
        _ => end,
    }
}

/// Beats from the first one to a moment; past the last beat they go on as it was.
fn position(seconds: f64, beats: &Beats) -> f64 {
    let times = &beats.times;
    let beat = times.partition_point(|&t| t <= seconds).saturating_sub(1).min(times.len().saturating_sub(2));
    match times.get(beat..beat + 2) {
        Some(pair) => beat as f64 + (seconds - pair[0]) / (pair[1] - pair[0]),
        None => 0.0,
    }
}

/// How many beats of the first bar lie before the first beat with a note.
fn upbeat(onsets: &[u32], bar: u32) -> u32 {
    let value = |shift: u32| -> f64 {
        onsets
            .iter()
            .enumerate()
            .map(|(i, &onset)| {
                let lasts = onsets.get(i + 1).map_or(u32::MAX, |next| next - onset);
                let class = LENGTHS.iter().filter(|&&length| lasts >= length).count();
                beginning(class, (onset / 3 + 4 * shift) % (4 * bar), bar).ln()
            })
            .sum()
    };
    // Of equals the fewest beats of silence.
    let mut best = (f64::NEG_INFINITY, 0);
    for shift in 0..bar {
        let value = value(shift);
        if value > best.0 + 1e-9 {
            best = (value, shift);
        }
    }
    best.1
}

/// In bars other than 4/4 the first beat is like theirs, and all others are like their second.
fn beginning(class: usize, sixteenth: u32, bar: u32) -> f64 {
    let at = if bar == 4 || sixteenth < 4 { sixteenth } else { 4 + sixteenth % 4 };
    BEGINNINGS[class][at as usize]
}

fn velocities(notes: &[HeardNote]) -> Vec<u8> {
    let mut levels: Vec<f64> = notes.iter().map(|n| n.level_db).collect();
    levels.sort_by(f64::total_cmp);
    let middle = levels.get(levels.len() / 2).copied().unwrap_or(0.0);
    notes.iter().map(|n| (80.0 + 2.0 * (n.level_db - middle)).round().clamp(20.0, 120.0) as u8).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(onset: f64, offset: f64, pitch: u8, level_db: f64) -> HeardNote {
        HeardNote { onset, offset, pitch, cents: 0.0, level_db }
    }

    fn beats(count: u32) -> Beats {
        Beats { times: (0..count).map(|i| 1.0 + 0.5 * f64::from(i)).collect(), qpm: 120.0 }
    }

    #[test]
    fn notes_land_on_the_grid_and_small_gaps_close() {
        // A long note on the first beat of a bar, then an eighth with a gap of a tenth of a quarter, then a last one.
        let notes = [heard(1.02, 1.98, 60, -20.0), heard(1.99, 2.20, 62, -26.0), heard(2.26, 3.0, 64, -14.0)];
        let score = to_score(&notes, &beats(6), 4);
        let at: Vec<_> = score.parts[0].notes.iter().map(|n| (n.onset.0, n.duration.0, n.velocity)).collect();
        let shift = at[0].0;
        assert_eq!(shift % 480, 0);
        assert_eq!(at, [(shift, 960, 80), (shift + 960, 240, 68), (shift + 1_200, 720, 92)]);
        assert_eq!((score.tempos[0].qpm, score.meters[0].numerator), (120.0, 4));
    }

    #[test]
    fn long_notes_begin_bars() {
        // Quarter, quarter, then a note of two bars, and again: the long ones are on the first beat.
        let onsets = [0, 12, 24, 120, 132, 144, 216];
        assert_eq!(upbeat(&onsets, 4), 2);
        assert_eq!(upbeat(&[0, 48, 96], 4), 0);
        assert_eq!(upbeat(&[], 3), 0);
    }

    #[test]
    fn two_onsets_never_share_a_place() {
        let notes: Vec<_> = (0..9).map(|i| heard(1.0 + 0.001 * f64::from(i), 1.5, 60, -20.0)).collect();
        let score = to_score(&notes, &beats(3), 4);
        assert_eq!(score.parts[0].notes.len(), 9);
        assert!(score.parts[0].notes.windows(2).all(|pair| pair[0].offset() <= pair[1].onset));
        assert!(score.parts[0].notes.iter().all(|n| n.duration.0 > 0));
    }
}
