//! Curves: density, polyphony and register of a piece over time, in windows of whole quarters.
//!
//! A control asks for such a curve ("four notes a quarter in the first bar, then two"); these functions take the same
//! curve of what came out, and [`obedience`](super::obedience) compares the two. Windows tile the excerpt from its
//! first step; a last window that is cut off counts by what there is of it.

use crate::excerpt::{Excerpt, ExcerptNote};
use crate::harmony::mean;
use aeolian_canvas::canvas::STEPS;
use std::ops::Range;

/// A value for every window; `None` where it is undefined.
pub type Curve = Vec<Option<f64>>;

/// Which notes are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lanes {
    /// All of them.
    All,
    /// One lane or part.
    One(usize),
}

impl Lanes {
    /// Whether a note is looked at.
    pub fn hold(self, note: &ExcerptNote) -> bool {
        self == Self::All || self == Self::One(note.lane)
    }
}

/// Steps of every window of `quarters` quarters; none for 0 quarters.
fn windows(excerpt: &Excerpt, quarters: usize) -> Vec<Range<usize>> {
    let width = quarters.saturating_mul(STEPS);
    if width == 0 {
        return Vec::new();
    }
    (0..excerpt.steps).step_by(width).map(|start| start..start.saturating_add(width).min(excerpt.steps)).collect()
}

/// The notes that start in a window.
fn starting<'a>(excerpt: &'a Excerpt, lanes: Lanes, window: &'a Range<usize>) -> impl Iterator<Item = &'a ExcerptNote> {
    let place = |step: usize| excerpt.notes.partition_point(|note| note.onset < step);
    let notes = excerpt.notes.get(place(window.start)..place(window.end)).unwrap_or_default();
    notes.iter().filter(move |note| lanes.hold(note))
}

/// Notes that start a quarter, ≥ 0; 0 in silence.
pub fn density_curve(excerpt: &Excerpt, lanes: Lanes, window_quarters: usize) -> Curve {
    let density = |window: &Range<usize>| {
        let quarters = window.len() as f64 / STEPS as f64;
        Some(starting(excerpt, lanes, window).count() as f64 / quarters)
    };
    windows(excerpt, window_quarters).iter().map(density).collect()
}

/// Mean number of different pitches that sound, over the steps where something sounds, ≥ 1; `None` in silence.
pub fn polyphony_curve(excerpt: &Excerpt, lanes: Lanes, window_quarters: usize) -> Curve {
    let mut chosen = excerpt.clone();
    chosen.notes.retain(|note| lanes.hold(note));
    let sounding = chosen.sounding();
    windows(excerpt, window_quarters).into_iter().map(|window| crate::texture::polyphony(&sounding[window])).collect()
}

/// Mean MIDI pitch of the notes that start, each weighing the same; `None` where none starts.
pub fn pitch_curve(excerpt: &Excerpt, lanes: Lanes, window_quarters: usize) -> Curve {
    let pitch = |window: &Range<usize>| mean(starting(excerpt, lanes, window).map(|note| f64::from(note.pitch)));
    windows(excerpt, window_quarters).iter().map(pitch).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::excerpt::tests::excerpt;

    #[test]
    fn curves_by_hand() {
        // Two quarters a window: C3 with E3 and G3 on it; nothing; then one quarter with a C5 that rings out of it.
        let piece = excerpt(5, &[(0, 8, 48), (0, 4, 52), (4, 2, 55), (18, 2, 72)]);
        assert_eq!(density_curve(&piece, Lanes::All, 2), [Some(1.5), Some(0.0), Some(1.0)]);
        // Two pitches in steps 0–5, one in 6–7.
        assert_eq!(polyphony_curve(&piece, Lanes::All, 2), [Some(14.0 / 8.0), None, Some(1.0)]);
        let pitches = pitch_curve(&piece, Lanes::All, 2);
        assert_eq!((pitches[1], pitches[2]), (None, Some(72.0)));
        assert!((pitches[0].unwrap() - 155.0 / 3.0).abs() < 1e-12);
    }

    #[test]
    fn a_lane_is_heard_alone() {
        let mut piece = excerpt(2, &[(0, 4, 60), (4, 4, 72)]);
        piece.notes[1].lane = 5;
        assert_eq!(density_curve(&piece, Lanes::One(5), 1), [Some(0.0), Some(1.0)]);
        assert_eq!(polyphony_curve(&piece, Lanes::One(5), 1), [None, Some(1.0)]);
        assert_eq!(pitch_curve(&piece, Lanes::One(7), 1), [None, None]);
    }

    #[test]
    fn no_window_and_no_music_have_no_curve() {
        assert!(density_curve(&excerpt(4, &[]), Lanes::All, 0).is_empty());
        assert!(pitch_curve(&Excerpt::default(), Lanes::All, 4).is_empty());
        assert_eq!(density_curve(&excerpt(4, &[]), Lanes::All, usize::MAX), [Some(0.0)]);
    }
}
