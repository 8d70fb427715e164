//! No parallel fifths, octaves and unisons between two lines; [`super::Rule::NoParallels`] says what counts.
//!
//! Found from left to right. The lower note of the second moment moves to the likeliest pitch near by that makes no
//! parallel, else the upper one does; where neither can, the least likely of the four notes goes.

use super::sketch::{Sketch, neighbours};
use aeolian_canvas::NoteLane;

/// How far a note may move, in semitones.
const REACH: usize = 5;

/// A step in which both lines start a note: the notes' numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Moment {
    pub step: usize,
    pub upper: usize,
    pub lower: usize,
}

/// Whether two lines go from a fifth to a fifth, or an octave to an octave, in the same direction.
pub(super) fn is_parallel((upper, lower): (usize, usize), (next_upper, next_lower): (usize, usize)) -> bool {
    let class = upper.abs_diff(lower) % 12;
    let together = next_upper.cmp(&upper) == next_lower.cmp(&lower) && next_upper != upper;
    together && matches!(class, 0 | 7) && next_upper.abs_diff(next_lower) % 12 == class
}

/// The note of a lane's line at every step.
fn line(sketch: &Sketch<'_>, lane: NoteLane, highest: bool) -> Vec<Option<usize>> {
    let mut line: Vec<Option<usize>> = vec![None; sketch.steps()];
    for number in sketch.sounding(&|l| l == lane) {
        let note = sketch.note(number);
        for slot in &mut line[note.start..note.end] {
            if slot.is_none_or(|other| (sketch.note(other).key < note.key) == highest) {
                *slot = Some(number);
            }
        }
    }
    line
}

/// The moments of two lines, in order.
pub(super) fn moments(sketch: &Sketch<'_>, upper: NoteLane, lower: NoteLane) -> Vec<Moment> {
    let uppers = line(sketch, upper, true);
    let lowers = line(sketch, lower, lower == NoteLane::Melody);
    let starts = |number: usize, step: usize| sketch.note(number).onset() == Some(step);
    let both = uppers.iter().zip(&lowers).enumerate();
    both.filter_map(|(step, (upper, lower))| Some(Moment { step, upper: (*upper)?, lower: (*lower)? }))
        .filter(|m| m.upper != m.lower && starts(m.upper, m.step) && starts(m.lower, m.step))
        .collect()
}

/// Whether two moments that follow one another are parallel.
pub(super) fn are_parallel(sketch: &Sketch<'_>, first: Moment, second: Moment) -> bool {
    let keys = |m: Moment| (sketch.note(m.upper).key, sketch.note(m.lower).key);
    is_parallel(keys(first), keys(second))
}

/// Whether anything changed.
pub(super) fn repair(
    sketch: &mut Sketch<'_>,
    upper: NoteLane,
    lower: NoteLane,
    welcome: &dyn Fn(usize, usize, usize) -> bool,
) -> bool {
    // Second moments of parallels between given notes; and notes that have moved already, so that none moves for ever.
    let (mut hopeless, mut moved) = (Vec::new(), Vec::new());
    let mut changed = false;
    loop {
        let moments = moments(sketch, upper, lower);
        let found = moments.windows(2).position(|pair| {
            let second = (pair[1].step, pair[1].upper, pair[1].lower);
            are_parallel(sketch, pair[0], pair[1]) && !hopeless.contains(&second)
        });
        let Some(at) = found else { return changed };
        let (first, second, third) = (moments[at], moments[at + 1], moments.get(at + 2).copied());
        if move_away(sketch, first, second, third, &mut moved, welcome) || drop_one(sketch, first, second) {
            changed = true;
        } else {
            hopeless.push((second.step, second.upper, second.lower));
        }
    }
}

fn move_away(
    sketch: &mut Sketch<'_>,
    first: Moment,
    second: Moment,
    third: Option<Moment>,
    moved: &mut Vec<usize>,
    welcome: &dyn Fn(usize, usize, usize) -> bool,
) -> bool {
    let key = |number: usize| sketch.note(number).key;
    let before = (key(first.upper), key(first.lower));
    let after = third.map(|third| (key(third.upper), key(third.lower)));
    for number in [second.lower, second.upper] {
        let note = sketch.note(number);
        let clean = |key: usize| {
            let now = if number == second.lower {
                (sketch.note(second.upper).key, key)
            } else {
                (key, sketch.note(second.lower).key)
            };
            let parallel = is_parallel(before, now) || after.is_some_and(|after| is_parallel(now, after));
            !parallel && welcome(note.lane, note.start, key)
        };
        if moved.contains(&number) {
            continue;
        }
        if let Some((key, _)) = sketch.best_move(number, neighbours(note.key, REACH), &clean) {
            sketch.move_to(number, key);
            moved.push(number);
            return true;
        }
    }
    false
}

fn drop_one(sketch: &mut Sketch<'_>, first: Moment, second: Moment) -> bool {
    let notes = [second.lower, second.upper, first.lower, first.upper];
    let movable = notes.into_iter().filter(|&n| sketch.can_silence(n, sketch.note(n).start));
    let loss = |n: usize| sketch.loss(n, sketch.note(n).start);
    let Some(least) = movable.min_by(|&a, &b| loss(a).total_cmp(&loss(b))) else { return false };
    sketch.silence(least, sketch.note(least).start);
    true
}

#[cfg(test)]
mod tests {
    use super::super::sketch::tests::Draw;
    use super::*;
    use crate::rules::Rule;
    use NoteLane::{Harmony, Melody};
    use aeolian_canvas::NoteCell::Onset;

    #[test]
    fn only_equal_perfect_intervals_in_the_same_direction_are_parallel() {
        assert!(is_parallel((40, 33), (42, 35)), "fifths");
        assert!(is_parallel((40, 28), (38, 26)) && is_parallel((40, 40), (41, 41)), "octaves and unisons");
        assert!(is_parallel((40, 21), (42, 35)), "a twelfth and a fifth");
        assert!(!is_parallel((40, 33), (40, 33)), "repeated");
        assert!(!is_parallel((40, 33), (35, 42)), "contrary");
        assert!(!is_parallel((40, 36), (42, 38)), "thirds");
        assert!(!is_parallel((40, 33), (45, 33)), "only one moves");
    }

    fn fifths() -> Draw {
        Draw::new(2)
            .note(Melody, 67, 0, 4, 3.0)
            .note(Melody, 69, 4, 8, 3.0)
            .note(Harmony, 60, 0, 4, 3.0)
            .note(Harmony, 62, 4, 8, 3.0)
    }

    const RULE: [Rule; 1] = [Rule::NoParallels { upper: Melody, lower: Harmony }];

    #[test]
    fn the_lower_note_moves_to_the_likeliest_other_pitch() {
        let notes = fifths().odds(Harmony, 65, 4, Onset, 2.0).settled(&RULE);
        assert_eq!(notes, [(Melody, 67, 0, 4), (Melody, 69, 4, 8), (Harmony, 60, 0, 4), (Harmony, 65, 4, 8)]);
    }

    #[test]
    fn where_the_lower_note_is_given_the_upper_one_moves_and_given_parallels_stay() {
        let draw = fifths().lock(Harmony, 62, 4..8).odds(Melody, 71, 4, Onset, 2.0);
        assert_eq!(draw.settled(&RULE)[1], (Melody, 71, 4, 8));
        let draw = draw.lock(Melody, 69, 4..8).lock(Melody, 67, 0..4);
        assert_eq!(draw.settled(&RULE).len(), 3, "the first lower note is the only one to go");
        assert_eq!(draw.lock(Harmony, 60, 0..4).settled(&RULE).len(), 4);
    }

    #[test]
    fn an_inner_note_between_is_no_moment() {
        // A held bass below the struck note: the lower line does not start there.
        let draw = fifths().note(Harmony, 48, 0, 8, 3.0);
        assert_eq!(draw.settled(&RULE).len(), 5);
    }
}
