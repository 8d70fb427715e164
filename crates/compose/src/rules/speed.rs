//! No faster than a player can: onsets of a lane far enough apart in seconds, the likeliest of them kept.

use super::sketch::Sketch;
use aeolian_canvas::NoteLane;
use aeolian_canvas::canvas::STEPS;

/// A time this much too short, in seconds, is only rounding.
pub(super) const ROUNDING_SECONDS: f64 = 1e-9;
/// An onset is worth something, however unlikely.
const LEAST: f64 = 1e-3;

/// How many steps apart two onsets must be at the least, ≥ 1: the fewest that last 1 / `most_per_second` seconds or more.
pub(super) fn fewest_steps(most_per_second: f64, qpm: f64) -> usize {
    let step_seconds = 60.0 / qpm / STEPS as f64;
    // A cast of nonsense gives 0, and of infinity the largest number; a day of steps is enough.
    let apart = ((1.0 / most_per_second - ROUNDING_SECONDS) / step_seconds).ceil();
    (apart as usize).clamp(1, 1 << 24)
}

/// Keeps those onset times that together are likeliest; whether anything changed.
pub(super) fn repair(sketch: &mut Sketch<'_>, lane: NoteLane, apart: usize) -> bool {
    let mut starting: Vec<Vec<usize>> = vec![Vec::new(); sketch.steps()];
    for number in sketch.sounding(&|l| l == lane) {
        if let Some(onset) = sketch.note(number).onset() {
            starting[onset].push(number);
        }
    }
    let given = |step: usize| starting[step].iter().any(|&n| !sketch.can_silence(n, step));
    let times: Vec<usize> = (0..starting.len()).filter(|&step| !starting[step].is_empty()).collect();
    let (given, free): (Vec<usize>, Vec<usize>) = times.into_iter().partition(|&step| given(step));
    let near_given = |step: usize| given.iter().any(|&g| g.abs_diff(step) < apart);
    let (lost, open): (Vec<usize>, Vec<usize>) = free.into_iter().partition(|&step| near_given(step));
    let worth = |&step: &usize| starting[step].iter().map(|&n| sketch.loss(n, step)).sum::<f64>().max(LEAST);
    let kept = likeliest(&open, &open.iter().map(worth).collect::<Vec<_>>(), apart);
    let gone: Vec<usize> = lost.into_iter().chain(open.into_iter().filter(|step| !kept.contains(step))).collect();
    for &step in &gone {
        for &number in &starting[step] {
            sketch.silence(number, step);
        }
    }
    !gone.is_empty()
}

/// Of ascending times those that are at least `apart` from one another and worth the most together.
fn likeliest(times: &[usize], worth: &[f64], apart: usize) -> Vec<usize> {
    // best[i] of the first i times; each either stays out, or comes in after the last one far enough before it.
    let mut best = vec![0.0; times.len() + 1];
    let before = |i: usize| times[..i].partition_point(|&t| t + apart <= times[i]);
    for i in 0..times.len() {
        best[i + 1] = f64::max(best[i], worth[i] + best[before(i)]);
    }
    let mut kept = Vec::new();
    let mut i = times.len();
    while i > 0 {
        if best[i] > best[i - 1] {
            kept.push(times[i - 1]);
            i = before(i - 1);
        } else {
            i -= 1;
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::super::sketch::tests::Draw;
    use super::*;
    use crate::rules::Rule;
    use NoteLane::Melody;

    #[test]
    fn the_fewest_steps_last_long_enough() {
        // At 60 quarters a minute a step lasts a quarter of a second.
        assert_eq!([4.0, 4.1, 3.9, 2.0, 1.0, 1e9].map(|most| fewest_steps(most, 60.0)), [1, 1, 2, 2, 4, 1]);
        assert_eq!(fewest_steps(6.0, 90.0), 1);
        for nonsense in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(fewest_steps(nonsense, 90.0) >= 1 && fewest_steps(2.0, nonsense) >= 1);
        }
    }

    #[test]
    fn the_likeliest_times_are_kept() {
        assert_eq!(likeliest(&[0, 1, 2], &[1.0, 1.5, 1.0], 2), [2, 0]);
        assert_eq!(likeliest(&[0, 1, 2], &[1.0, 2.5, 1.0], 2), [1]);
        assert!(likeliest(&[], &[], 3).is_empty());
    }

    #[test]
    fn onsets_too_close_to_a_given_one_go_and_chords_count_once() {
        let draw = Draw::new(1).note(Melody, 60, 0, 1, 5.0).note(Melody, 64, 0, 1, 5.0).note(Melody, 62, 1, 2, 1.0);
        let four = [Rule::Speed { lane: Melody, most_per_second: 4.0 }];
        let two = [Rule::Speed { lane: Melody, most_per_second: 2.0 }];
        assert_eq!(draw.settled(&four).len(), 3);
        assert_eq!(draw.settled(&two), [(Melody, 60, 0, 1), (Melody, 64, 0, 1)]);
        assert_eq!(draw.lock(Melody, 62, 1..2).settled(&two), [(Melody, 62, 1, 2)]);
    }
}
