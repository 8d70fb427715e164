//! Texture: how many pitches sound, how often none does, and how wide they lie.

use crate::excerpt::{Excerpt, share};

/// Mean number of different pitches that sound, over the steps where something sounds; ≥ 1. `None` in silence.
pub fn polyphony(excerpt: &Excerpt) -> Option<f64> {
    let sounding = excerpt.sounding();
    let pitches: u32 = sounding.iter().map(|set| set.count_ones()).sum();
    share(pitches as usize, sounding.iter().filter(|&&set| set != 0).count())
}

/// Share of steps in which nothing sounds, 0–1. `None` for an excerpt of no length.
pub fn silent_share(excerpt: &Excerpt) -> Option<f64> {
    let sounding = excerpt.sounding();
    share(sounding.iter().filter(|&&set| set == 0).count(), sounding.len())
}

/// Semitones between the lowest and the highest pitch. `None` without notes.
pub fn pitch_range(excerpt: &Excerpt) -> Option<f64> {
    let pitches = || excerpt.notes.iter().map(|note| note.pitch);
    Some(f64::from(pitches().max()? - pitches().min()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::excerpt::tests::{canvas, excerpt};
    use aeolian_canvas::{NoteCell, NoteLane};

    #[test]
    fn silence_does_not_thin_the_polyphony() {
        let piece = excerpt(1, &[(0, 2, 60), (0, 1, 64)]);
        assert_eq!(polyphony(&piece), Some(1.5));
        assert_eq!(silent_share(&piece), Some(0.5));
        assert_eq!(pitch_range(&piece), Some(4.0));
    }

    #[test]
    fn a_pitch_doubled_in_two_lanes_sounds_once() {
        let mut canvas = canvas(1, &[(0, 4, 60)]);
        *canvas.cell_mut(NoteLane::Harmony, 0, 60) = NoteCell::Onset;
        assert_eq!(polyphony(&Excerpt::from_canvas(&canvas)), Some(1.0));
    }

    #[test]
    fn nothing_has_no_texture() {
        assert_eq!(polyphony(&excerpt(1, &[])), None);
        assert_eq!(silent_share(&excerpt(1, &[])), Some(1.0));
        assert_eq!(silent_share(&excerpt(0, &[])), None);
        assert_eq!(pitch_range(&excerpt(1, &[])), None);
    }
}
