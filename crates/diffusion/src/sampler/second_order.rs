//! Deterministic sampling of second order: DPM-Solver++(2M) in x̂₀ form (Lu et al. 2022, arXiv:2211.01095, algorithm 2).
//!
//! λ = ½ log snr, h = λ_b − λ_a, r = h_before/h:
//!
//! x_b = √((1−ᾱ_b)/(1−ᾱ_a)) x_a − √ᾱ_b (e^(−h) − 1) D,   D = (1 + 1/(2r)) x̂₀ − 1/(2r) x̂₀_before.
//!
//! One evaluation a level. The first step of a lane is of first order (DDIM). One deviation: D is clipped to [−1, 1],
//! where every expected cell lies; it acts only where the extrapolation overshoots.

use super::walk::{Begin, Cell, Leg, Walk};
use super::{Levels, OnProgress, Settings};
use crate::evidence::evidence_per_x;
use crate::math::exp_f64;
use crate::schedule::{alpha_bar, one_minus_alpha_bar};
use crate::{Denoiser, Error, Task};

/// Samples along the deterministic path; returns each item's choices (T, groups).
///
/// # Errors   what [`Task::check`] finds, tasks of different lengths, `Range` for the settings or a weak lane below the
/// first level, `NotANumber`, `Cancelled`
pub fn second_order(
    denoiser: &(impl Denoiser + ?Sized),
    tasks: &[Task],
    levels: &Levels,
    settings: Settings<'_>,
    progress: OnProgress<'_>,
) -> Result<Vec<Vec<u8>>, Error> {
    let mut walk = Walk::begin(denoiser, tasks, levels, settings, Begin::PureNoise, progress)?;
    for stop in 1..levels.len() {
        walk.look(stop)?;
        walk.estimate();
        walk.advance(stop, false, |leg: Leg| {
            let (from_evidence, to_evidence) = (1.0 / evidence_per_x(leg.from), evidence_per_x(leg.to));
            let next = multistep(leg.earlier, leg.from, leg.to);
            move |cell: Cell| {
                let x = f64::from(cell.evidence) * from_evidence;
                (next(x, f64::from(cell.denoised), f64::from(cell.denoised_before)) * to_evidence) as f32
            }
        });
    }
    walk.finish()
}

/// (x, x̂₀, x̂₀ before) at one level to x at the next.
fn multistep(earlier: Option<f64>, from: f64, to: f64) -> impl Fn(f64, f64, f64) -> f64 {
    let h = 0.5 * (to - from);
    let h_before = earlier.map_or(0.0, |earlier| 0.5 * (from - earlier));
    // 1/(2r); a lane that did not move before has no earlier guess.
    let lookahead = if h_before > 0.0 { 0.5 * h / h_before } else { 0.0 };
    let kept = (one_minus_alpha_bar(to) / one_minus_alpha_bar(from)).sqrt();
    let pull = alpha_bar(to).sqrt() * (1.0 - exp_f64(-h));
    move |x, denoised, before| {
        let ahead = denoised + lookahead * (denoised - before);
        kept * x + pull * ahead.clamp(-1.0, 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sampler::ddim::reverse;

    #[test]
    fn first_step_is_ddim() {
        for (from, to) in [(-4.0, -3.0), (0.0, 2.0)] {
            let (a, b) = (multistep(None, from, to), reverse(from, to, 0.0));
            assert!((a(0.3, -0.6, 9.0) - b(0.3, -0.6, 0.0)).abs() < 1e-12);
        }
    }

    /// Follows one fair cell, x̂₀ = tanh(e/2), from −2 to 2 in n steps.
    fn follow(n: usize, second_order: bool) -> f64 {
        let level = |i: usize| -2.0 + 4.0 * i as f64 / n as f64;
        let (mut x, mut before) = (0.4, 0.0);
        for i in 0..n {
            let denoised = (0.5 * evidence_per_x(level(i)) * x).tanh();
            let earlier = (second_order && i > 0).then(|| level(i.max(1) - 1));
            x = multistep(earlier, level(i), level(i + 1))(x, denoised, before);
            before = denoised;
        }
        x
    }

    #[test]
    fn halving_the_step_quarters_the_error() {
        let truth = follow(100_000, true);
        let error = |n, second_order| (follow(n, second_order) - truth).abs();
        for n in [40, 80] {
            let (first, second) = (error(n, false) / error(2 * n, false), error(n, true) / error(2 * n, true));
            assert!((1.8..2.2).contains(&first), "first order: {first}");
            assert!((3.4..4.8).contains(&second), "second order: {second}");
        }
        assert!(error(40, true) < 0.2 * error(40, false));
    }
}
