//! DDIM: follow the expected cells, putting back as much noise as asked (Song et al. 2020, arXiv:2010.02502, eq. 12 and 16).
//!
//! x_b = √ᾱ_b x̂₀ + √(1−ᾱ_b−σ²) ε̂ + σ ε,   σ = η √((1−ᾱ_b)/(1−ᾱ_a)) √(1−ᾱ_a/ᾱ_b).

use super::walk::{Begin, Cell, Leg, Walk};
use super::{Levels, OnProgress, Settings};
use crate::evidence::evidence_per_x;
use crate::schedule::{alpha_bar, one_minus_alpha_bar};
use crate::{Denoiser, Error, Task};

/// Samples by DDIM; `eta` 0 is deterministic given the start, 1 is DDPM. Returns each item's choices (T, groups).
///
/// # Errors   what [`Task::check`] finds, tasks of different lengths, `Range` for eta outside [0, 1], the settings or a weak
/// lane below the first level, `NotANumber`, `Cancelled`
pub fn ddim(
    denoiser: &(impl Denoiser + ?Sized),
    tasks: &[Task],
    levels: &Levels,
    eta: f64,
    settings: Settings<'_>,
    progress: OnProgress<'_>,
) -> Result<Vec<Vec<u8>>, Error> {
    if !(0.0..=1.0).contains(&eta) {
        return Err(Error::Range { what: "eta", value: eta, allowed: "0 to 1" });
    }
    let mut walk = Walk::begin(denoiser, tasks, levels, settings, Begin::PureNoise, progress)?;
    for stop in 1..levels.len() {
        walk.look(stop)?;
        walk.estimate();
        walk.advance(stop, eta > 0.0, |leg: Leg| {
            let (from_evidence, to_evidence) = (1.0 / evidence_per_x(leg.from), evidence_per_x(leg.to));
            let next = reverse(leg.from, leg.to, eta);
            move |cell: Cell| {
                let x = f64::from(cell.evidence) * from_evidence;
                (next(x, f64::from(cell.denoised), f64::from(cell.normal)) * to_evidence) as f32
            }
        });
    }
    walk.finish()
}

/// (x, x̂₀, ε) at one level to x at the next.
pub(super) fn reverse(from: f64, to: f64, eta: f64) -> impl Fn(f64, f64, f64) -> f64 {
    let (signal_a, noise_a) = (alpha_bar(from).sqrt(), one_minus_alpha_bar(from).sqrt());
    let (signal_b, variance_b) = (alpha_bar(to).sqrt(), one_minus_alpha_bar(to));
    let fresh = eta * (variance_b.sqrt() / noise_a) * (1.0 - alpha_bar(from) / alpha_bar(to)).max(0.0).sqrt();
    let kept = (variance_b - fresh * fresh).max(0.0).sqrt();
    move |x, denoised, normal| {
        let epsilon = (x - signal_a * denoised) / noise_a;
        signal_b * denoised + kept * epsilon + fresh * normal
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::{evidence_from_x, evidence_step, x_from_evidence};

    #[test]
    fn eta_one_is_the_evidence_step() {
        for (from, to) in [(-5.0, -4.5), (-0.3, 0.2), (1.0, 4.0)] {
            let next = reverse(from, to, 1.0);
            for (x, guess, normal) in [(0.4, 0.3, 0.0), (-1.7, -0.9, 0.7), (0.0, 1.0, -2.0)] {
                let e = evidence_step(evidence_from_x(x, from), guess, from.exp(), to.exp(), normal);
                assert!((next(x, guess, normal) - x_from_evidence(e, to)).abs() < 1e-9, "{from} {to}");
            }
        }
    }

    #[test]
    fn eta_zero_adds_no_noise_and_keeps_a_perfect_guess() {
        // If x̂₀ is the truth, x stays on the line √ᾱ s + √(1−ᾱ) ε with the same ε.
        let (from, to, s, epsilon) = (-1.0, 1.0, -1.0, 0.6);
        let x = |level: f64| alpha_bar(level).sqrt() * s + one_minus_alpha_bar(level).sqrt() * epsilon;
        for normal in [0.0, 3.0] {
            assert!((reverse(from, to, 0.0)(x(from), s, normal) - x(to)).abs() < 1e-12);
        }
    }
}
