//! Melody: the line itself, its intervals, its contour and where it lies.
//!
//! Every figure looks at a line of successive notes ([`melody_line`]); its phrases are in [`crate::phrase`]. Intervals
//! are taken between all neighbours, across rests too.

use crate::entropy::entropy_bits;
use crate::excerpt::{Excerpt, ExcerptNote, share};
use crate::harmony::mean;

/// Where the melody of an excerpt is to be found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MelodySource {
    /// In this lane: of notes that start together the highest. Lane 0 of a canvas is its melody.
    Lane(usize),
    /// In the skyline: at every onset the highest note, if nothing higher sounds on (after Uitdenbogerd & Zobel 1999,
    /// "Melodic matching techniques for large music databases", who also take notes below one that sounds on).
    Skyline,
}

impl Default for MelodySource {
    /// The melody lane of a canvas.
    fn default() -> Self {
        Self::Lane(0)
    }
}

/// The melody as one line: sorted by onset, one note at a time, each cut where the next starts.
pub fn melody_line(excerpt: &Excerpt, source: MelodySource) -> Vec<ExcerptNote> {
    match source {
        MelodySource::Lane(_) => line_of(excerpt, &[], source),
        MelodySource::Skyline => line_of(excerpt, &excerpt.sounding(), source),
    }
}

/// [`melody_line`] where [`Excerpt::sounding`] is known; a lane does not need it.
pub(crate) fn line_of(excerpt: &Excerpt, sounding: &[u128], source: MelodySource) -> Vec<ExcerptNote> {
    let wanted = |note: &&ExcerptNote| match source {
        MelodySource::Lane(lane) => note.lane == lane,
        MelodySource::Skyline => sounding.get(note.onset).is_some_and(|set| set >> (note.pitch & 127) == 1),
    };
    let mut line: Vec<ExcerptNote> = Vec::new();
    for &note in excerpt.notes.iter().filter(wanted) {
        match line.last_mut() {
            // Notes are sorted by pitch within an onset: the later is the higher.
            Some(last) if last.onset == note.onset => *last = note,
            Some(last) => {
                last.end = last.end.min(note.onset);
                line.push(note);
            }
            None => line.push(note),
        }
    }
    line
}

/// Semitones between the lowest and the highest note. `None` without notes.
pub fn range(line: &[ExcerptNote]) -> Option<f64> {
    let pitches = || line.iter().map(|note| note.pitch);
    Some(f64::from(pitches().max()? - pitches().min()?))
}

/// Which intervals a line moves by. The three shares add up to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct IntervalProfile {
    /// Mean size in semitones, ≥ 0.
    pub mean: f64,
    /// The largest, in semitones.
    pub largest: f64,
    /// Share of repeated notes (0 semitones).
    pub repeats: f64,
    /// Share of steps (1 or 2 semitones).
    pub steps: f64,
    /// Share of leaps (> 2 semitones).
    pub leaps: f64,
}

/// The intervals between successive notes. `None` with fewer than two notes.
pub fn interval_profile(line: &[ExcerptNote]) -> Option<IntervalProfile> {
    let sizes: Vec<u32> = intervals(line).map(i32::unsigned_abs).collect();
    let share_of = |wanted: fn(u32) -> bool| share(sizes.iter().filter(|&&size| wanted(size)).count(), sizes.len());
    Some(IntervalProfile {
        mean: mean(sizes.iter().map(|&size| f64::from(size)))?,
        largest: f64::from(*sizes.iter().max()?),
        repeats: share_of(|size| size == 0)?,
        steps: share_of(|size| size == 1 || size == 2)?,
        leaps: share_of(|size| size > 2)?,
    })
}

/// Share of ascending intervals among all that move, 0–1. `None` where the line never moves.
pub fn ascending_share(line: &[ExcerptNote]) -> Option<f64> {
    let (up, moving) = (intervals(line).filter(|&i| i > 0).count(), intervals(line).filter(|&i| i != 0).count());
    share(up, moving)
}

/// Turning points a note, 0–1: how often the line changes direction, repeated notes passed over / its notes.
///
/// `None` without notes.
pub fn turning_points_per_note(line: &[ExcerptNote]) -> Option<f64> {
    let directions: Vec<bool> = intervals(line).filter(|&interval| interval != 0).map(|i| i > 0).collect();
    share(directions.windows(2).filter(|pair| pair[0] != pair[1]).count(), line.len())
}

/// Entropy of the Parsons code (up, down or repeated; Parsons 1975, *The Directory of Tunes and Musical Themes*) in
/// bits, 0 – log₂ 3 ≈ 1.58. `None` with fewer than two notes.
pub fn parsons_entropy(line: &[ExcerptNote]) -> Option<f64> {
    let mut counts = [0.0; 3];
    intervals(line).for_each(|interval| counts[(1 + interval.signum()) as usize] += 1.0);
    entropy_bits(&counts)
}

/// Where a line lies for most of its time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tessitura {
    /// Mean MIDI pitch, weighted by duration.
    pub mean_pitch: f64,
    /// Semitones between the 10th and the 90th percentile of the sounding time: the central 80 %.
    pub width: f64,
}

/// The tessitura. A percentile is the lowest pitch at or below which at least that share of the time is spent. `None`
/// without notes.
pub fn tessitura(line: &[ExcerptNote]) -> Option<Tessitura> {
    let mut steps_at = [0usize; 256];
    line.iter().for_each(|note| steps_at[usize::from(note.pitch)] += note.duration());
    let total: usize = steps_at.iter().sum();
    let weighted: usize = steps_at.iter().enumerate().map(|(pitch, steps)| pitch * steps).sum();
    let percentile = |percent: usize| {
        let mut below = 0;
        (0..256).find(|&pitch| {
            below += steps_at[pitch];
            below * 100 >= total * percent
        })
    };
    Some(Tessitura { mean_pitch: share(weighted, total)?, width: (percentile(90)? - percentile(10)?) as f64 })
}

/// Signed semitones from each note to the next.
fn intervals(line: &[ExcerptNote]) -> impl Iterator<Item = i32> + '_ {
    line.windows(2).map(|pair| i32::from(pair[1].pitch) - i32::from(pair[0].pitch))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::excerpt::tests::{canvas, excerpt};
    use aeolian_canvas::{NoteCell, NoteLane};

    fn line(pitches: &[u8]) -> Vec<ExcerptNote> {
        let note = |(i, &pitch): (usize, &u8)| ExcerptNote { onset: 4 * i, pitch, end: 4 * i + 4, lane: 0 };
        pitches.iter().enumerate().map(note).collect()
    }

    #[test]
    fn a_lane_gives_its_tops_and_the_skyline_what_nothing_covers() {
        let mut canvas = canvas(2, &[(0, 4, 60), (0, 8, 55), (4, 2, 62)]);
        *canvas.cell_mut(NoteLane::Harmony, 2, 72) = NoteCell::Onset;
        *canvas.cell_mut(NoteLane::Harmony, 6, 40) = NoteCell::Onset;
        let excerpt = Excerpt::from_canvas(&canvas);
        let found = |source| -> Vec<(usize, usize, u8)> {
            melody_line(&excerpt, source).iter().map(|note| (note.onset, note.end, note.pitch)).collect()
        };
        assert_eq!(found(MelodySource::default()), [(0, 4, 60), (4, 6, 62)]);
        assert_eq!(found(MelodySource::Skyline), [(0, 2, 60), (2, 3, 72), (4, 6, 62)], "40 lies under 55");
        assert_eq!(found(MelodySource::Lane(7)), []);
    }

    #[test]
    fn a_held_note_is_cut_where_the_next_starts() {
        let held = melody_line(&excerpt(4, &[(0, 16, 60), (4, 4, 62)]), MelodySource::Lane(0));
        assert_eq!(held.iter().map(|note| note.end).collect::<Vec<_>>(), [4, 8]);
    }

    #[test]
    fn intervals_by_hand() {
        // 0, +2, +1, −3, +12
        let profile = interval_profile(&line(&[60, 60, 62, 63, 60, 72])).unwrap();
        assert_eq!(profile, IntervalProfile { mean: 3.6, largest: 12.0, repeats: 0.2, steps: 0.4, leaps: 0.4 });
        assert_eq!(interval_profile(&line(&[60])), None);
        assert_eq!(range(&line(&[60, 48, 67])), Some(19.0));
        assert_eq!(range(&[]), None);
    }

    #[test]
    fn contour_by_hand() {
        // up, same, up, down, up: two turns among six notes.
        let melody = line(&[60, 62, 62, 64, 60, 61]);
        assert_eq!(ascending_share(&melody), Some(0.75));
        assert_eq!(turning_points_per_note(&melody), Some(2.0 / 6.0));
        assert_eq!(parsons_entropy(&line(&[60, 62, 60, 62, 60])), Some(1.0));
        assert_eq!(parsons_entropy(&line(&[60, 60])), Some(0.0));
    }

    #[test]
    fn a_line_that_never_moves_has_no_direction() {
        assert_eq!(ascending_share(&line(&[60, 60, 60])), None);
        assert_eq!(turning_points_per_note(&line(&[60])), Some(0.0));
        assert_eq!(turning_points_per_note(&[]), None);
        assert_eq!(parsons_entropy(&line(&[60])), None);
    }

    #[test]
    fn the_tessitura_weighs_by_time() {
        // Ten notes of a quarter: one 40, eight 60, one 80. The 10th percentile is reached by the lowest, the 90th
        // by the ninth.
        let melody = line(&[60, 60, 60, 60, 40, 80, 60, 60, 60, 60]);
        assert_eq!(tessitura(&melody), Some(Tessitura { mean_pitch: 60.0, width: 20.0 }));
        let long = ExcerptNote { onset: 0, pitch: 72, end: 12, lane: 0 };
        let short = ExcerptNote { onset: 12, pitch: 60, end: 16, lane: 0 };
        assert_eq!(tessitura(&[long, short]), Some(Tessitura { mean_pitch: 69.0, width: 12.0 }));
        assert_eq!(tessitura(&[]), None);
    }
}
