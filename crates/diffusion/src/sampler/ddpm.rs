//! The classical reverse process of Ho et al. 2020 (arXiv:2006.11239, algorithm 2).
//!
//! x_b = (x_a − β/√(1−ᾱ_a) ε̂) / √α + √variance ε,   ε̂ = (x_a − √ᾱ_a x̂₀)/√(1−ᾱ_a),   α = ᾱ_a/ᾱ_b,   β = 1 − α.
//!
//! It is √(1−ᾱ_a) in the mean; sources on music that print √(1−β) there are wrong, and a test below tells them apart.

use super::walk::{Begin, Cell, Leg, Walk};
use super::{Levels, OnProgress, Settings};
use crate::evidence::evidence_per_x;
use crate::schedule::{alpha_bar, one_minus_alpha_bar};
use crate::{Denoiser, Error, Task};

/// The variance of a reverse step (Ho et al. 2020, §3.2); right for data that are certain, or pure noise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ReverseVariance {
    /// β̃ = β (1−ᾱ_b)/(1−ᾱ_a), the smaller.
    #[default]
    Posterior,
    /// β, the larger.
    Beta,
}

/// Samples by the classical reverse process; returns each item's choices (T, groups).
///
/// # Errors   what [`Task::check`] finds, tasks of different lengths, `Range` for the settings or a weak lane below the
/// first level, `NotANumber`, `Cancelled`
pub fn ddpm(
    denoiser: &(impl Denoiser + ?Sized),
    tasks: &[Task],
    levels: &Levels,
    variance: ReverseVariance,
    settings: Settings<'_>,
    progress: OnProgress<'_>,
) -> Result<Vec<Vec<u8>>, Error> {
    let mut walk = Walk::begin(denoiser, tasks, levels, settings, Begin::PureNoise, progress)?;
    for stop in 1..levels.len() {
        walk.look(stop)?;
        walk.estimate();
        walk.advance(stop, true, |leg: Leg| {
            let reverse = Reverse::new(leg.from, leg.to, variance);
            let (x_per_evidence, per_x) = (1.0 / evidence_per_x(leg.from), evidence_per_x(leg.to));
            move |cell: Cell| {
                let x = f64::from(cell.evidence) * x_per_evidence;
                let next = reverse.mean(x, f64::from(cell.denoised)) + reverse.deviation * f64::from(cell.normal);
                (next * per_x) as f32
            }
        });
    }
    walk.finish()
}

/// One reverse step between two levels.
#[derive(Clone, Copy)]
struct Reverse {
    /// √ᾱ and √(1−ᾱ) of the noisier level.
    signal: f64,
    noise: f64,
    alpha: f64,
    beta: f64,
    deviation: f64,
}

impl Reverse {
    fn new(from: f64, to: f64, variance: ReverseVariance) -> Self {
        let alpha = alpha_bar(from) / alpha_bar(to);
        let beta = 1.0 - alpha;
        let variance = match variance {
            ReverseVariance::Posterior => beta * one_minus_alpha_bar(to) / one_minus_alpha_bar(from),
            ReverseVariance::Beta => beta,
        };
        let (signal, noise) = (alpha_bar(from).sqrt(), one_minus_alpha_bar(from).sqrt());
        Self { signal, noise, alpha, beta, deviation: variance.max(0.0).sqrt() }
    }

    /// Ho et al. 2020, eq. 11.
    fn mean(&self, x: f64, denoised: f64) -> f64 {
        let epsilon = (x - self.signal * denoised) / self.noise;
        (x - self.beta / self.noise * epsilon) / self.alpha.sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::{evidence_from_x, evidence_step, x_from_evidence};

    #[test]
    fn reverse_mean_and_posterior_variance_are_the_evidence_step() {
        for (from, to) in [(-5.0, -4.5), (-0.3, 0.2), (1.0, 4.0)] {
            let reverse = Reverse::new(from, to, ReverseVariance::Posterior);
            for (x, guess) in [(0.4, 0.3), (-1.7, -0.9), (0.0, 1.0)] {
                let stepped = |epsilon| {
                    let e = evidence_step(evidence_from_x(x, from), guess, from.exp(), to.exp(), epsilon);
                    x_from_evidence(e, to)
                };
                assert!((reverse.mean(x, guess) - stepped(0.0)).abs() < 1e-9, "{from} {to}");
                assert!((reverse.deviation - (stepped(1.0) - stepped(0.0))).abs() < 1e-9, "{from} {to}");
            }
        }
    }

    #[test]
    fn the_misprinted_mean_is_told_apart() {
        let (from, to, x, guess) = (-0.3, 0.2, 0.4, 0.3);
        let reverse = Reverse::new(from, to, ReverseVariance::Posterior);
        let epsilon = (x - reverse.signal * guess) / reverse.noise;
        let misprint = (x - reverse.beta / (1.0 - reverse.beta).sqrt() * epsilon) / reverse.alpha.sqrt();
        assert!((misprint - reverse.mean(x, guess)).abs() > 1e-2);
    }

    #[test]
    fn the_larger_variance_is_beta() {
        let (from, to) = (-1.0, 0.0);
        let small = Reverse::new(from, to, ReverseVariance::Posterior);
        let large = Reverse::new(from, to, ReverseVariance::Beta);
        assert!((large.deviation.powi(2) - large.beta).abs() < 1e-12 && small.deviation < large.deviation);
    }
}
