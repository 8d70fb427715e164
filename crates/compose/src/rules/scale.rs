//! A scale with some tension: the likeliest foreign notes stay, up to the share allowed; the others move by a semitone or
//! a whole tone, or go. (Without tension the posterior forbids foreign pitches altogether.)

use super::sketch::{Sketch, neighbours};
use aeolian_canvas::NoteLane;

/// How far a foreign note may move, in semitones.
const REACH: usize = 2;

/// Whether anything changed.
pub(super) fn repair(
    sketch: &mut Sketch<'_>,
    concerned: &dyn Fn(NoteLane) -> bool,
    in_scale: &dyn Fn(usize) -> bool,
    tension: f64,
    welcome: &dyn Fn(usize, usize, usize) -> bool,
) -> bool {
    let notes = sketch.sounding(concerned).into_iter().filter(|&n| sketch.note(n).onset().is_some());
    let (drawn, given): (Vec<usize>, Vec<usize>) = notes.partition(|&n| sketch.is_removable(n));
    let foreign = |n: &usize| !in_scale(sketch.note(*n).key);
    let most = most_foreign(tension, drawn.len(), given.len(), given.iter().filter(|n| foreign(n)).count());
    let mut foreign: Vec<usize> = drawn.into_iter().filter(foreign).collect();
    if foreign.len() <= most {
        return false;
    }
    let best = |sketch: &Sketch<'_>, n: usize| {
        let note = sketch.note(n);
        let welcome = |key: usize| in_scale(key) && welcome(note.lane, note.start, key);
        sketch.best_move(n, neighbours(note.key, REACH), &welcome)
    };
    // What a change would cost: those that would cost most stay.
    let cost = |n: usize| sketch.loss(n, sketch.note(n).start) - best(sketch, n).map_or(0.0, |(_, odds)| odds);
    let mut costs: Vec<(f64, usize)> = foreign.drain(..).map(|n| (cost(n), n)).collect();
    costs.sort_by(|a, b| b.0.total_cmp(&a.0));
    for &(_, number) in &costs[most..] {
        match best(sketch, number) {
            Some((key, _)) => sketch.move_to(number, key),
            None => _ = sketch.silence(number, sketch.note(number).start),
        }
    }
    true
}

/// How many of the drawn notes may be foreign: neither more than their own share, nor so many that with the given ones
/// the whole exceeds it.
fn most_foreign(tension: f64, drawn: usize, given: usize, given_foreign: usize) -> usize {
    let own = tension * drawn as f64;
    let whole = tension * (drawn + given) as f64 - given_foreign as f64;
    // A cast of a negative number is 0. The tiny amount undoes rounding: a tenth of 10 notes is one note.
    (own.min(whole) + 1e-9) as usize
}

#[cfg(test)]
mod tests {
    use super::super::sketch::tests::Draw;
    use super::*;
    use crate::rules::Rule;
    use NoteLane::Melody;
    use aeolian_canvas::NoteCell::Onset;

    const C_MAJOR: u16 = 0b1010_1011_0101;

    #[test]
    fn the_share_is_that_of_the_drawn_notes_and_of_all() {
        assert_eq!(most_foreign(0.1, 10, 0, 0), 1);
        assert_eq!(most_foreign(0.1, 9, 0, 0), 0);
        assert_eq!(most_foreign(0.1, 10, 100, 0), 1, "given notes lend nothing");
        assert_eq!(most_foreign(0.5, 4, 4, 3), 1);
        assert_eq!(most_foreign(0.5, 4, 4, 4), 0);
        assert_eq!(most_foreign(1.0, 3, 0, 0), 3);
        assert_eq!(most_foreign(0.5, 0, 0, 0), 0);
    }

    #[test]
    fn the_likeliest_foreign_notes_stay_and_others_move_to_the_likeliest_neighbour() {
        let draw = Draw::new(1)
            .note(Melody, 61, 0, 1, 5.0)
            .note(Melody, 66, 1, 2, 2.0)
            .note(Melody, 67, 2, 3, 2.0)
            .note(Melody, 69, 3, 4, 2.0)
            .odds(Melody, 65, 1, Onset, 1.5);
        let quarter = [Rule::Scale { pitch_classes: C_MAJOR, tension: 0.25, lanes: None }];
        let pitches = |notes: Vec<(NoteLane, u8, usize, usize)>| notes.iter().map(|n| n.1).collect::<Vec<_>>();
        assert_eq!(pitches(draw.settled(&quarter)), [61, 65, 67, 69]);
        let half = [Rule::Scale { pitch_classes: C_MAJOR, tension: 0.5, lanes: None }];
        assert_eq!(pitches(draw.settled(&half)), [61, 66, 67, 69], "obedient draws come back");
    }

    #[test]
    fn a_foreign_note_without_a_way_out_goes() {
        let draw = [59, 60, 61, 62].iter().fold(Draw::new(1), |draw, &pitch| draw.note(Melody, pitch, 0, 4, 1.0));
        let rule = [Rule::Scale { pitch_classes: C_MAJOR, tension: 0.2, lanes: Some(vec![Melody]) }];
        let left = |draw: &Draw| draw.settled(&rule).iter().map(|n| n.1).collect::<Vec<_>>();
        assert_eq!(left(&draw), [59, 60, 62], "its neighbours are in use, and E flat is no way out");
        assert_eq!(left(&draw.lock(Melody, 61, 0..4)), [59, 60, 61, 62]);
    }
}
