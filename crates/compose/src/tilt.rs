//! Soft wishes as exact tilts of the posterior: density, polyphony, register and loudness, bar by bar.
//!
//! "About so many notes in this bar" binds the expectation of a sum over cells. Of all distributions that obey, the one
//! nearest to the model's posterior (in KL divergence) adds δ times the sum's features to the log-odds (Csiszár 1975;
//! exponential tilting), with the one δ that brings the expectation where it is asked. Cells are independent in the
//! posterior of one step, so the expectation and its derivative are plain sums and Newton's method finds δ in a few
//! iterations, without an evaluation of the network and without a step size to guess.

use crate::soft::{Measure, SoftWish};
use crate::statement::{Statement, Window};
use aeolian_canvas::NOTE_LANES;
use aeolian_canvas::canvas::{CELLS, LOWEST_PITCH, PITCHES, STEPS};
use aeolian_canvas::cells::{GROUPS, LOUDNESS_LANE, LOUDNESS_LEVELS};
use aeolian_diffusion::{Layout, Look};
use std::ops::Range;

/// The furthest a wish may lean on one cell, in nats: beyond, the model would be overruled rather than asked.
const LIMIT: f64 = 6.0;
/// Newton iterations a look; δ goes on from the last look's, so few are enough.
const ITERATIONS: usize = 6;

/// Cells with a feature f and the sum of f that is asked for.
struct Tilt {
    /// Quarters of the window.
    quarters: Range<usize>,
    lanes: Vec<usize>,
    measure: Measure,
    /// Sum of features asked for over these quarters and lanes (for registers: the mean pitch).
    target: f64,
}

/// The leans of one window.
pub struct Tilts {
    tilts: Vec<Tilt>,
    layout_bits: usize,
    loudness_bits: [usize; NOTE_LANES],
    loudness_groups: [usize; NOTE_LANES],
}

impl Tilts {
    /// From the wishes of a piece. `up`: semitones from the frame to what sounds.
    pub fn new(wishes: &[SoftWish], statement: &Statement, window: &Window, up: i32, layout: &Layout) -> Self {
        let bars = statement.canvas.bars();
        let mut tilts = Vec::new();
        for wish in wishes {
            for (bar, &value) in bars.iter().zip(&wish.values) {
                let quarters = bar.start.max(window.quarters.start)..bar.end.min(window.quarters.end);
                let open = |lane: &usize| quarters.clone().any(|q| statement.is_open(q, *lane));
                let lanes: Vec<usize> = wish.lanes.iter().map(|&lane| lane as usize).filter(open).collect();
                if lanes.is_empty() {
                    continue;
                }
                let target = match wish.measure {
                    Measure::Density => value * quarters.len() as f64,
                    Measure::Polyphony => value * (quarters.len() * STEPS) as f64,
                    Measure::Register => value - f64::from(up),
                    Measure::Loudness => value,
                };
                let local = quarters.start - window.quarters.start..quarters.end - window.quarters.start;
                tilts.push(Tilt { quarters: local, lanes, measure: wish.measure, target });
            }
        }
        let (mut loudness_bits, mut loudness_groups) = ([0; NOTE_LANES], [0; NOTE_LANES]);
        for (block, group, bit) in layout.spans() {
            if (LOUDNESS_LANE..LOUDNESS_LANE + NOTE_LANES).contains(&block.lane) {
                loudness_bits[block.lane - LOUDNESS_LANE] = bit;
                loudness_groups[block.lane - LOUDNESS_LANE] = group;
            }
        }
        Self { tilts, layout_bits: layout.bits(), loudness_bits, loudness_groups }
    }

    /// Leans the context (T, bits) so that every sum is expected to be what is asked.
    pub fn lean(&self, look: Look<'_>, context: &mut [f32]) {
        for tilt in &self.tilts {
            match tilt.measure {
                Measure::Loudness => self.lean_loudness(tilt, look, context),
                _ => self.lean_notes(tilt, look, context),
            }
        }
    }

    /// Open note cells of a tilt: (bit of the onset, key).
    fn open_cells<'a>(&'a self, tilt: &'a Tilt, look: Look<'a>) -> impl Iterator<Item = (usize, usize)> + 'a {
        tilt.quarters.clone().flat_map(move |quarter| {
            tilt.lanes.iter().flat_map(move |&lane| {
                (0..CELLS).filter_map(move |within| {
                    let group = lane * CELLS + within;
                    let allowed = look.allowed[quarter * GROUPS + group];
                    let open = allowed.within(2).single().is_none();
                    open.then_some((quarter * self.layout_bits + 2 * group, within % PITCHES))
                })
            })
        })
    }

    fn lean_notes(&self, tilt: &Tilt, look: Look<'_>, context: &mut [f32]) {
        // Odds of onset and hold against silence, and the onset's feature.
        let cells: Vec<(usize, f64, f64, f64)> = self
            .open_cells(tilt, look)
            .map(|(bit, key)| {
                let odds = |bit: usize| {
                    f64::from((look.evidence[bit] + context[bit]) / look.temperature).clamp(-60.0, 60.0).exp()
                };
                let feature = match tilt.measure {
                    Measure::Register => (f64::from(LOWEST_PITCH) + key as f64 - tilt.target) / 12.0,
                    _ => 1.0,
                };
                (bit, odds(bit), odds(bit + 1), feature)
            })
            .collect();
        let with_holds = tilt.measure == Measure::Polyphony;
        let target = if tilt.measure == Measure::Register { 0.0 } else { tilt.target - certain(tilt, look) };
        let moments = |delta: f64| -> (f64, f64) {
            cells.iter().fold((0.0, 0.0), |(mean, variance), &(_, onset, hold, feature)| {
                let factor = (delta * feature).clamp(-LIMIT, LIMIT).exp();
                let (onset, hold) = (onset * factor, hold * if with_holds { factor } else { 1.0 });
                let on = if with_holds { onset + hold } else { onset };
                let p = on / (1.0 + onset + hold);
                (mean + feature * p, variance + feature * feature * p * (1.0 - p))
            })
        };
        let delta = solve(target, moments);
        for &(bit, _, _, feature) in &cells {
            let lean = ((delta * feature).clamp(-LIMIT, LIMIT) * f64::from(look.temperature)) as f32;
            context[bit] += lean;
            if with_holds {
                context[bit + 1] += lean;
            }
        }
    }

    fn lean_loudness(&self, tilt: &Tilt, look: Look<'_>, context: &mut [f32]) {
        let level = tilt.target / (128.0 / LOUDNESS_LEVELS as f64) + 0.5;
        let mut groups: Vec<usize> = Vec::new();
        for quarter in tilt.quarters.clone() {
            for &lane in &tilt.lanes {
                for step in 0..STEPS {
                    let allowed = look.allowed[quarter * GROUPS + self.loudness_groups[lane] + step];
                    if allowed.within(LOUDNESS_LEVELS).single().is_none() {
                        groups.push(quarter * self.layout_bits + self.loudness_bits[lane] + step * LOUDNESS_LEVELS);
                    }
                }
            }
        }
        let logits: Vec<[f64; LOUDNESS_LEVELS]> = groups
            .iter()
            .map(|&bit| {
                std::array::from_fn(|l| f64::from((look.evidence[bit + l] + context[bit + l]) / look.temperature))
            })
            .collect();
        // Of the steps in which something starts, the mean level shall be the one asked for.
        let feature = |l: usize| l as f64 + 1.0 - level;
        let moments = |delta: f64| -> (f64, f64) {
            logits.iter().fold((0.0, 0.0), |(mean, variance), logits| {
                let tilted: [f64; LOUDNESS_LEVELS] = std::array::from_fn(|l| logits[l] + delta * feature(l));
                let largest = tilted.iter().fold(0.0f64, |a, &b| a.max(b));
                let weights = tilted.map(|x| (x - largest).exp());
                let total = (-largest).exp() + weights.iter().sum::<f64>();
                let first: f64 = weights.iter().enumerate().map(|(l, w)| w * feature(l)).sum::<f64>() / total;
                let second: f64 = weights.iter().enumerate().map(|(l, w)| w * feature(l).powi(2)).sum::<f64>() / total;
                (mean + first, variance + second - first * first)
            })
        };
        let delta = solve(0.0, moments).clamp(-1.5, 1.5);
        for &bit in &groups {
            for l in 0..LOUDNESS_LEVELS {
                context[bit + l] += (delta * feature(l) * f64::from(look.temperature)) as f32;
            }
        }
    }
}

/// What certain cells contribute to the sum already.
fn certain(tilt: &Tilt, look: Look<'_>) -> f64 {
    let mut sum = 0.0;
    for quarter in tilt.quarters.clone() {
        for &lane in &tilt.lanes {
            for group in lane * CELLS..(lane + 1) * CELLS {
                match look.allowed[quarter * GROUPS + group].within(2).single() {
                    Some(1) => sum += 1.0,
                    Some(2) if tilt.measure == Measure::Polyphony => sum += 1.0,
                    _ => {}
                }
            }
        }
    }
    sum
}

/// The δ whose expectation is the target, by damped Newton steps within ±[`LIMIT`]; the expectation grows with δ.
pub(crate) fn solve(target: f64, moments: impl Fn(f64) -> (f64, f64)) -> f64 {
    let mut delta = 0.0f64;
    for _ in 0..ITERATIONS {
        let (mean, variance) = moments(delta);
        if (mean - target).abs() < 1e-3 {
            break;
        }
        let step = ((target - mean) / variance.max(1e-9)).clamp(-1.5, 1.5);
        delta = (delta + step).clamp(-LIMIT, LIMIT);
    }
    delta
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn newton_finds_the_tilt_of_a_sum_of_coins() {
        // Ten coins of odds 1/4: mean 2. Asked for 5, the tilt is ln 4.
        let moments = |delta: f64| {
            let odds = 0.25 * delta.exp();
            let p = odds / (1.0 + odds);
            (10.0 * p, 10.0 * p * (1.0 - p))
        };
        assert!((solve(5.0, moments) - 4f64.ln()).abs() < 1e-2);
        assert_eq!(solve(2.0, moments), 0.0);
        assert!(solve(11.0, moments) <= LIMIT, "what cannot be has a limit");
    }
}
