//! A piece as a loop: what rings on past the last bar is heard at the beginning of the next round.
//!
//! Notes, instruments and hall are linear, so a piece that has been played for ever sounds, within one round, like the sum of
//! all the rounds before it: frame i of the loop is x[i] + x[i + n] + x[i + 2n] + …, where n is its length. Nothing is
//! faded, and the end flows into the beginning as any frame into the next.

use crate::stereo::Stereo;
use aeolian_score::{Score, Tick};

/// Where a piece begins again: the first bar line at or after its last note's end; one bar for an empty piece.
pub fn loop_end(score: &Score) -> Tick {
    let end = score.end();
    // A metre change begins a bar of its own, so only the last change matters.
    let from = score.meters.iter().map(|m| m.at.0).take_while(|&at| at <= end.0).last().unwrap_or(0);
    let next_change = score.meters.iter().map(|m| m.at.0).find(|&at| at > end.0).unwrap_or(u32::MAX);
    let (numerator, denominator) = score.meter_at(Tick(from));
    let whole_note = u64::from(score.ticks_per_quarter) * 4;
    let bar = (whole_note * u64::from(numerator.max(1)) / u64::from(denominator.max(1))).max(1);
    let bars = u64::from(end.0 - from).div_ceil(bar).max(u64::from(end.0 == 0));
    let at = u64::from(from) + bars * bar;
    Tick(u32::try_from(at).unwrap_or(u32::MAX).min(next_change))
}

/// Folds everything from frame `frames` on back to the beginning; the result is `frames` long.
pub fn folded(sound: &Stereo, frames: usize) -> Stereo {
    let mut once = Stereo::silence(sound.sample_rate_hz, frames);
    for (ear, folded) in [(&sound.left, &mut once.left), (&sound.right, &mut once.right)] {
        for round in ear.chunks(frames.max(1)) {
            folded.iter_mut().zip(round).for_each(|(sum, x)| *sum += x);
        }
    }
    once
}

#[cfg(test)]
mod tests {
    use super::*;
    use aeolian_score::{MeterChange, Note, Part};

    fn ending_at(ticks: u32) -> Score {
        let mut score = Score::new(4);
        let note = Note { onset: Tick(0), pitch: 60, duration: Tick(ticks), velocity: 80 };
        score.parts.push(Part { notes: vec![note], ..Part::default() });
        score
    }

    #[test]
    fn a_loop_ends_at_a_bar_line() {
        assert_eq!(loop_end(&Score::new(4)), Tick(16));
        assert_eq!([1, 15, 16, 17].map(|t| loop_end(&ending_at(t)).0), [16, 16, 16, 32]);
    }

    #[test]
    fn the_metre_at_the_end_counts_and_a_change_cuts_a_bar_short() {
        let mut score = ending_at(30);
        let metre = |at, numerator| MeterChange { at: Tick(at), numerator, denominator: 4 };
        score.meters = vec![metre(0, 4), metre(16, 3)];
        assert_eq!(loop_end(&score), Tick(40));
        score.meters.push(metre(35, 4));
        assert_eq!(loop_end(&score), Tick(35));
        score.meters = vec![MeterChange { at: Tick(0), numerator: 0, denominator: 0 }];
        assert_eq!(loop_end(&score), Tick(32), "0/0 is read as 1/1");
        assert_eq!(loop_end(&ending_at(u32::MAX)), Tick(u32::MAX));
    }

    #[test]
    fn the_tail_comes_round() {
        let sound = Stereo { sample_rate_hz: 10, left: (1..=7).map(|x| x as f32).collect(), right: vec![1.0; 7] };
        let once = folded(&sound, 3);
        assert_eq!((once.left, once.right), (vec![12.0, 7.0, 9.0], vec![3.0, 2.0, 2.0]));
        assert_eq!(folded(&sound, 9).left, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 0.0, 0.0]);
        assert_eq!(folded(&sound, 0).frames(), 0);
    }
}
