//! Rhythm: how much happens, and where in the bar.

use crate::excerpt::{Bar, Excerpt, Walk, share};
use aeolian_canvas::canvas::STEPS;

/// Steps of a bar of 4/4.
const PLACES: usize = 4 * STEPS;

/// Mean number of notes that start in a complete bar, all lanes together. `None` without a complete bar.
pub fn notes_per_bar(excerpt: &Excerpt) -> Option<f64> {
    let complete = || excerpt.bars.iter().filter(|bar| bar.is_complete());
    share(complete().map(|bar| excerpt.notes_in(bar).len()).sum(), complete().count())
}

/// Share of notes that start on a quarter of the bar, 0–1. `None` without notes.
pub fn on_beat_share(excerpt: &Excerpt) -> Option<f64> {
    share_of_places(excerpt, |place| place % STEPS == 0)
}

/// Share of notes that start on the off-beat eighth, halfway through a quarter of the bar, 0–1. `None` without notes.
pub fn off_beat_share(excerpt: &Excerpt) -> Option<f64> {
    share_of_places(excerpt, |place| place % STEPS == STEPS / 2)
}

/// Share of notes that start on the second or fourth sixteenth of a quarter, 0–1. `None` without notes.
pub fn sixteenth_share(excerpt: &Excerpt) -> Option<f64> {
    share_of_places(excerpt, |place| place % 2 == 1)
}

fn share_of_places(excerpt: &Excerpt, wanted: impl Fn(usize) -> bool) -> Option<f64> {
    share(places(excerpt).filter(|&place| wanted(place)).count(), excerpt.notes.len())
}

/// Share of notes that start at each of the sixteen sixteenths of a bar, 0–1 each; index 0 is the downbeat.
///
/// The places are musical, whatever the ticks of the file. A bar of 3/4 leaves the last four empty; what starts beyond
/// the sixteenth sixteenth of a longer bar is in no class, so the shares add up to at most 1. `None` without notes.
pub fn onset_places(excerpt: &Excerpt) -> Option<[f64; 16]> {
    let mut counts = [0usize; PLACES];
    places(excerpt).filter(|&place| place < PLACES).for_each(|place| counts[place] += 1);
    let all = excerpt.notes.len();
    (all > 0).then(|| counts.map(|count| count as f64 / all as f64))
}

/// The place in its bar of every note's start; of one outside all bars, its step.
fn places(excerpt: &Excerpt) -> impl Iterator<Item = usize> + '_ {
    let mut walk = Walk::new(&excerpt.bars, |bar: &Bar| bar.end);
    excerpt
        .notes
        .iter()
        .map(move |note| excerpt.bars.get(walk.find(note.onset)).map_or(note.onset, |bar| bar.place_of(note.onset)))
}

/// Share of quarters in which nothing sounds at all, 0–1.
///
/// Quarters are counted from the bar line, and only whole ones. MusPy's `empty_beat_rate` (arXiv:2008.01951) also
/// touches the beat after a note that ends on the beat. `None` without a whole quarter.
pub fn empty_beat_share(excerpt: &Excerpt, sounding: &[u128]) -> Option<f64> {
    let (mut empty, mut beats) = (0, 0);
    for bar in &excerpt.bars {
        let first = bar.start + (STEPS - bar.missing % STEPS) % STEPS;
        for beat in sounding.get(first..bar.end).unwrap_or_default().chunks_exact(STEPS) {
            beats += 1;
            empty += usize::from(beat.iter().all(|&set| set == 0));
        }
    }
    share(empty, beats)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::excerpt::tests::excerpt;
    use aeolian_canvas::{BarPosition, Canvas};

    #[test]
    fn notes_are_counted_by_the_bar() {
        let two_bars = excerpt(8, &[(0, 1, 60), (0, 1, 64), (31, 1, 60)]);
        assert_eq!(notes_per_bar(&two_bars), Some(1.5));
        assert_eq!(notes_per_bar(&excerpt(3, &[(0, 1, 60)])), None, "three quarters are no bar of 4/4");
    }

    #[test]
    fn places_in_the_beat_add_up() {
        let notes = excerpt(4, &[(0, 1, 60), (4, 1, 60), (6, 1, 60), (9, 1, 60), (11, 1, 60)]);
        assert_eq!(on_beat_share(&notes), Some(0.4));
        assert_eq!(off_beat_share(&notes), Some(0.2));
        assert_eq!(sixteenth_share(&notes), Some(0.4));
        assert_eq!(on_beat_share(&excerpt(4, &[])), None);
    }

    #[test]
    fn places_in_the_bar_are_counted_from_the_bar_line() {
        let places = onset_places(&excerpt(8, &[(0, 1, 60), (16, 1, 60), (31, 1, 60), (31, 1, 62)])).unwrap();
        assert_eq!((places[0], places[15], places[1]), (0.5, 0.5, 0.0));
        assert_eq!(onset_places(&excerpt(8, &[])), None);
    }

    #[test]
    fn what_lies_beyond_sixteen_sixteenths_is_in_no_place() {
        let mut canvas = crate::excerpt::tests::canvas(5, &[(0, 1, 60), (17, 1, 60)]);
        canvas.positions = (0..5).map(|q| BarPosition { eighth: 2 * q, bar_eighths: 10 }).collect();
        assert_eq!(onset_places(&Excerpt::from_canvas(&canvas)).unwrap().iter().sum::<f64>(), 0.5);
    }

    #[test]
    fn a_beat_is_empty_only_if_nothing_sounds_on_in_it() {
        let piece = excerpt(4, &[(0, 5, 60)]);
        assert_eq!(empty_beat_share(&piece, &piece.sounding()), Some(0.5));
        let ends_on_the_beat = excerpt(4, &[(0, 4, 60)]);
        assert_eq!(empty_beat_share(&ends_on_the_beat, &ends_on_the_beat.sounding()), Some(0.75));
        assert_eq!(empty_beat_share(&excerpt(0, &[]), &[]), None);
    }

    #[test]
    fn beats_of_a_cut_bar_are_counted_from_its_bar_line() {
        let mut canvas = Canvas::new(2);
        canvas.positions = vec![BarPosition { eighth: 5, bar_eighths: 7 }, BarPosition { eighth: 0, bar_eighths: 7 }];
        let piece = Excerpt::from_canvas(&canvas);
        // The first quarter holds the end of beat 3 and the half beat that 7/8 has left: no whole quarter.
        assert_eq!(empty_beat_share(&piece, &piece.sounding()), Some(1.0));
        assert_eq!(piece.bars[0].steps(), 4);
    }
}
