//! Texture: how many pitches and parts sound, how often none does, how densely they start and how wide they lie.

use crate::excerpt::{Excerpt, share};
use aeolian_canvas::canvas::STEPS;

/// Mean number of different pitches that sound, over the steps where something sounds; ≥ 1. `None` in silence.
pub fn polyphony(sounding: &[u128]) -> Option<f64> {
    let pitches: u32 = sounding.iter().map(|set| set.count_ones()).sum();
    share(pitches as usize, sounding.iter().filter(|&&set| set != 0).count())
}

/// Share of the sounding steps in which at least two pitches sound, 0–1. `None` in silence.
///
/// MusPy's `polyphony_rate` (arXiv:2008.01951) has a threshold of 2 and asks for *more* than it, so that two voices are
/// not polyphonic there, and it divides by all steps, silent ones too.
pub fn polyphony_rate(sounding: &[u128]) -> Option<f64> {
    let at_least = |pitches: u32| sounding.iter().filter(|set| set.count_ones() >= pitches).count();
    share(at_least(2), at_least(1))
}

/// Share of steps in which nothing sounds, 0–1. `None` for an excerpt of no length.
pub fn silent_share(sounding: &[u128]) -> Option<f64> {
    share(sounding.iter().filter(|&&set| set == 0).count(), sounding.len())
}

/// Semitones between the lowest and the highest pitch. `None` without notes.
pub fn pitch_range(excerpt: &Excerpt) -> Option<f64> {
    let pitches = || excerpt.notes.iter().map(|note| note.pitch);
    Some(f64::from(pitches().max()? - pitches().min()?))
}

/// Density: notes that start a quarter, all lanes together, ≥ 0. `None` for an excerpt of no length.
pub fn notes_per_quarter(excerpt: &Excerpt) -> Option<f64> {
    Some(share(excerpt.notes.len(), excerpt.steps)? * STEPS as f64)
}

/// Mean number of notes that start together, over the moments at which something starts; ≥ 1. `None` without notes.
pub fn simultaneous_onsets(excerpt: &Excerpt) -> Option<f64> {
    share(excerpt.notes.len(), excerpt.onset_steps().len())
}

/// Lanes or parts that have a note. `None` without notes.
pub fn parts(excerpt: &Excerpt) -> Option<f64> {
    let parts = steps_by_lane(excerpt).len();
    (parts > 0).then_some(parts as f64)
}

/// Mean number of lanes or parts that sound, over the steps where something sounds; ≥ 1. `None` in silence.
pub fn parts_at_once(excerpt: &Excerpt, sounding: &[u128]) -> Option<f64> {
    share(steps_by_lane(excerpt).iter().sum(), sounding.iter().filter(|&&set| set != 0).count())
}

/// In how many steps each lane with a note sounds.
fn steps_by_lane(excerpt: &Excerpt) -> Vec<usize> {
    struct Lane {
        lane: usize,
        steps: usize,
        covered_until: usize,
    }
    let mut lanes: Vec<Lane> = Vec::new();
    for note in &excerpt.notes {
        // A piece has a handful of lanes: looking through them is quicker than hashing.
        let place = lanes.iter().position(|lane| lane.lane == note.lane).unwrap_or_else(|| {
            lanes.push(Lane { lane: note.lane, steps: 0, covered_until: 0 });
            lanes.len() - 1
        });
        let lane = &mut lanes[place];
        let end = note.end.min(excerpt.steps);
        // Notes are sorted by onset: what a lane has covered so far ends at one step.
        lane.steps += end.saturating_sub(note.onset.max(lane.covered_until));
        lane.covered_until = end.max(lane.covered_until);
    }
    lanes.into_iter().map(|lane| lane.steps).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::excerpt::tests::{canvas, excerpt};
    use aeolian_canvas::{NoteCell, NoteLane};

    #[test]
    fn silence_does_not_thin_the_polyphony() {
        let piece = excerpt(1, &[(0, 2, 60), (0, 1, 64)]);
        let sounding = piece.sounding();
        assert_eq!(polyphony(&sounding), Some(1.5));
        assert_eq!(silent_share(&sounding), Some(0.5));
        assert_eq!(pitch_range(&piece), Some(4.0));
    }

    #[test]
    fn two_voices_are_polyphonic_and_one_is_not() {
        let two = excerpt(1, &[(0, 4, 60), (0, 2, 64)]).sounding();
        assert_eq!(polyphony_rate(&two), Some(0.5));
        assert_eq!(polyphony_rate(&excerpt(1, &[(0, 4, 60)]).sounding()), Some(0.0));
    }

    #[test]
    fn a_pitch_doubled_in_two_lanes_sounds_once_in_two_parts() {
        let mut canvas = canvas(1, &[(0, 4, 60)]);
        *canvas.cell_mut(NoteLane::Harmony, 0, 60) = NoteCell::Onset;
        let piece = Excerpt::from_canvas(&canvas);
        assert_eq!(polyphony(&piece.sounding()), Some(1.0));
        assert_eq!(parts(&piece), Some(2.0));
        assert_eq!(parts_at_once(&piece, &piece.sounding()), Some(1.25));
        assert_eq!(simultaneous_onsets(&piece), Some(2.0));
    }

    #[test]
    fn a_chord_in_one_lane_is_one_part() {
        let piece = excerpt(2, &[(0, 4, 60), (0, 8, 64), (2, 2, 67)]);
        assert_eq!(parts_at_once(&piece, &piece.sounding()), Some(1.0));
        assert_eq!(notes_per_quarter(&piece), Some(1.5));
        assert_eq!(simultaneous_onsets(&piece), Some(1.5));
    }

    #[test]
    fn nothing_has_no_texture() {
        let (silence, nothing) = (excerpt(1, &[]), excerpt(0, &[]));
        assert_eq!(polyphony(&silence.sounding()), None);
        assert_eq!(polyphony_rate(&silence.sounding()), None);
        assert_eq!(silent_share(&silence.sounding()), Some(1.0));
        assert_eq!(silent_share(&nothing.sounding()), None);
        assert_eq!(pitch_range(&silence), None);
        assert_eq!(parts(&silence), None);
        assert_eq!(parts_at_once(&silence, &silence.sounding()), None);
        assert_eq!(notes_per_quarter(&silence), Some(0.0));
        assert_eq!(notes_per_quarter(&nothing), None);
    }
}
