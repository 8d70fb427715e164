//! What hands can hold: notes that sound together, divided among one or two hands.
//!
//! Notes in order of pitch can be divided if and only if they can be cut once, the lower ones to the left hand: of any
//! division, moving the lowest notes to the hand that has the lowest leaves both spans no wider. So the best to keep is
//! found by trying every cut and, on each side, every lowest note with the five best within its span.

use super::FINGERS;
use super::sketch::Sketch;
use aeolian_canvas::NoteLane;

/// Weight of a note that cannot be taken away, and of one that starts here: held notes are let go first.
const GIVEN: f64 = 1e15;
const STARTS: f64 = 1e9;
/// Every note is worth something, however unlikely: none is let go without need.
const LEAST: f64 = 1e-3;

/// Goes through the steps in order; whether anything changed.
pub(super) fn repair(sketch: &mut Sketch<'_>, lane: NoteLane, semitones: u8, hands: u8) -> bool {
    let mut steps = sketch.by_step(&|l| l == lane);
    let mut changed = false;
    for step in 0..steps.len() {
        let mut here = std::mem::take(&mut steps[step]);
        here.retain(|&n| sketch.note(n).sounds_at(step));
        here.sort_by_key(|&n| sketch.note(n).key);
        let keys: Vec<usize> = here.iter().map(|&n| sketch.note(n).key).collect();
        if can_hold(&keys, usize::from(semitones), hands) {
            continue;
        }
        let weights: Vec<f64> = here.iter().map(|&n| weight(sketch, n, step)).collect();
        let mut keep = best_hold(&keys, &weights, usize::from(semitones), hands);
        if here.iter().zip(&keep).any(|(&n, &kept)| !kept && !sketch.can_silence(n, step)) {
            // What is given cannot be held by itself: nothing is added to it.
            keep = vec![false; here.len()];
        }
        for (&number, _) in here.iter().zip(&keep).filter(|(_, kept)| !**kept) {
            if sketch.can_silence(number, step) {
                if let Some(rest) = sketch.silence(number, step) {
                    sketch.list(rest, &mut steps);
                }
                changed = true;
            }
        }
    }
    changed
}

fn weight(sketch: &Sketch<'_>, number: usize, step: usize) -> f64 {
    let bonus = match sketch.note(number).onset() {
        _ if !sketch.can_silence(number, step) => GIVEN,
        Some(onset) if onset == step => STARTS,
        _ => 0.0,
    };
    bonus + sketch.loss(number, step).max(LEAST)
}

/// Whether keys, ascending, can be held.
pub(super) fn can_hold(keys: &[usize], semitones: usize, hands: u8) -> bool {
    let one = |keys: &[usize]| {
        keys.len() <= FINGERS && keys.last().zip(keys.first()).is_none_or(|(last, first)| last - first <= semitones)
    };
    one(keys) || hands > 1 && (1..keys.len()).any(|cut| one(&keys[..cut]) && one(&keys[cut..]))
}

/// Which keys, ascending, to keep so that they can be held and weigh the most.
fn best_hold(keys: &[usize], weights: &[f64], semitones: usize, hands: u8) -> Vec<bool> {
    let n = keys.len();
    let cuts = if hands > 1 { 0..=n } else { n..=n };
    let mut best = (f64::NEG_INFINITY, Vec::new());
    for cut in cuts {
        let mut total = 0.0;
        let mut kept = Vec::new();
        for side in [0..cut, cut..n] {
            let (value, chosen) = best_hand(keys, weights, side, semitones);
            total += value;
            kept.extend(chosen);
        }
        if total > best.0 {
            best = (total, kept);
        }
    }
    (0..n).map(|i| best.1.contains(&i)).collect()
}

/// The best that one hand can hold of a side: its weight, and which.
fn best_hand(keys: &[usize], weights: &[f64], side: std::ops::Range<usize>, semitones: usize) -> (f64, Vec<usize>) {
    let mut best = (0.0, Vec::new());
    for lowest in side.clone() {
        let mut reach: Vec<usize> = (lowest..side.end).filter(|&i| keys[i] - keys[lowest] <= semitones).collect();
        reach.sort_by(|&a, &b| weights[b].total_cmp(&weights[a]));
        reach.truncate(FINGERS);
        let total = reach.iter().map(|&i| weights[i]).sum();
        if total > best.0 {
            best = (total, reach);
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::super::sketch::tests::Draw;
    use super::*;
    use crate::rules::Rule;
    use NoteLane::Harmony;

    #[test]
    fn a_span_and_five_fingers_are_the_limit() {
        assert!(can_hold(&[0, 16], 16, 1) && !can_hold(&[0, 17], 16, 1) && can_hold(&[0, 17], 16, 2));
        assert!(can_hold(&[0, 1, 2, 3, 4], 12, 1) && !can_hold(&[0, 1, 2, 3, 4, 5], 12, 1));
        assert!(can_hold(&(0..10).collect::<Vec<_>>(), 12, 2) && !can_hold(&(0..11).collect::<Vec<_>>(), 12, 2));
        assert!(!can_hold(&[0, 20, 40], 12, 2));
        assert!(can_hold(&[], 0, 1));
    }

    #[test]
    fn a_hold_is_found_by_weight() {
        assert_eq!(best_hold(&[0, 20, 40], &[3.0, 1.0, 2.0], 12, 2), [true, false, true]);
        assert_eq!(best_hold(&[0, 20, 40], &[3.0, 1.0, 2.0], 12, 1), [true, false, false]);
        assert_eq!(best_hold(&[0, 1, 2, 3, 4, 5], &[1.0; 6], 12, 1).iter().filter(|&&k| k).count(), 5);
    }

    #[test]
    fn held_notes_are_let_go_before_new_ones_are_dropped() {
        let draw = Draw::new(2).note(Harmony, 36, 0, 8, 9.0).note(Harmony, 64, 4, 8, 0.5);
        let one = [Rule::HandSpan { lane: Harmony, semitones: 16, hands: 1 }];
        assert_eq!(draw.settled(&one), [(Harmony, 36, 0, 4), (Harmony, 64, 4, 8)]);
        let draw = draw.lock(Harmony, 36, 0..8);
        assert_eq!(draw.settled(&one), [(Harmony, 36, 0, 8)]);
    }
}
