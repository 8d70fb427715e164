//! The forward process in evidence coordinates: what a noisy look at a cell is worth.
//!
//! A cell s = ±1 seen as x = √ᾱ s + √(1−ᾱ) ε (Ho et al. 2020, arXiv:2006.11239, eq. 4) has log-likelihood ratio
//!
//! e = log q(x | +1) − log q(x | −1) = 2 √ᾱ x / (1−ᾱ),     e | s ~ N(2 snr s, 4 snr),   snr = ᾱ / (1−ᾱ).
//!
//! Evidence adds up: another look worth snr b − a turns e_a into e_b. Bayesian flow networks (Graves 2023,
//! arXiv:2308.07037, §6) accumulate the same sums.

use crate::math::exp_f64;
use crate::schedule::{alpha_bar, one_minus_alpha_bar};
use crate::{Layout, Noise, Observation, UNKNOWN};

/// e per x at this log snr: e = 2 √ᾱ x / (1−ᾱ).
pub fn evidence_per_x(log_snr: f64) -> f64 {
    2.0 * alpha_bar(log_snr).sqrt() / one_minus_alpha_bar(log_snr)
}

/// Evidence of a noisy cell x at this log snr.
pub fn evidence_from_x(x: f64, log_snr: f64) -> f64 {
    x * evidence_per_x(log_snr)
}

/// The noisy cell x whose evidence is e at this (finite) log snr: the inverse of [`evidence_from_x`].
pub fn x_from_evidence(e: f64, log_snr: f64) -> f64 {
    e / evidence_per_x(log_snr)
}

/// One look at the cell s = ±1 at this snr (≥ 0): 2 snr s + 2 √snr ε.
pub fn evidence_of(s: f64, snr: f64, epsilon: f64) -> f64 {
    evidence_step(0.0, s, 0.0, snr, epsilon)
}

/// More evidence for the cell s = ±1, from snr a to snr b ≥ a: e_b = e_a + 2 (b − a) s + 2 √(b − a) ε.
///
/// Equals the posterior q(x_b | x_a, x₀ = s) of DDPM (Ho et al. 2020, eq. 6 and 7) exactly.
pub fn evidence_step(e: f64, s: f64, a: f64, b: f64, epsilon: f64) -> f64 {
    e + 2.0 * (b - a) * s + 2.0 * (b - a).sqrt() * epsilon
}

/// Looks at a whole item through noise.
///
/// `choices` (T, groups), `log_snr` (T, lanes), `out` (T, bits). Lanes at or above [`Observation::LOG_SNR_CERTAIN`] get
/// ±[`Observation::CERTAIN`]; lanes at or below [`Observation::LOG_SNR_NOTHING`] and [`UNKNOWN`] groups get 0; all else is
/// drawn from N(2 snr s, 4 snr) and clipped to ±`CERTAIN`. Cell number i of the item uses the normal at counter i of
/// `noise`, whatever the other cells do.
///
/// # Panics   on arrays of the wrong length, or a choice that its group does not have.
pub fn noise_evidence(layout: &Layout, choices: &[u8], log_snr: &[f32], noise: Noise, out: &mut [f32]) {
    let tokens = choices.len() / layout.groups();
    assert_eq!(choices.len(), tokens * layout.groups(), "choices");
    assert_eq!(log_snr.len(), tokens * layout.lanes(), "log snr");
    assert_eq!(out.len(), tokens * layout.bits(), "evidence");
    for token in 0..tokens {
        for (block, first_group, first_bit) in layout.spans() {
            let level = log_snr[token * layout.lanes() + block.lane];
            let first = token * layout.bits() + first_bit;
            let cells = &mut out[first..first + block.groups * block.choices];
            let here = &choices[token * layout.groups() + first_group..][..block.groups];
            if level <= Observation::LOG_SNR_NOTHING {
                cells.fill(0.0);
                continue;
            }
            let (signal, scatter) = if level >= Observation::LOG_SNR_CERTAIN {
                cells.fill(0.0);
                (Observation::CERTAIN, 0.0)
            } else {
                noise.fill_normal(cells, first as u64);
                let snr = exp_f64(f64::from(level));
                ((2.0 * snr) as f32, (2.0 * snr.sqrt()) as f32)
            };
            for (cells, &choice) in cells.chunks_exact_mut(block.choices).zip(here) {
                look(cells, choice, signal, scatter);
            }
        }
    }
}

/// Turns a group's normals into evidence for its choice.
fn look(cells: &mut [f32], choice: u8, signal: f32, scatter: f32) {
    if choice == UNKNOWN {
        cells.fill(0.0);
        return;
    }
    assert!(choice as usize <= cells.len(), "choice {choice} of {}", cells.len());
    for (k, cell) in cells.iter_mut().enumerate() {
        let s = if k + 1 == choice as usize { signal } else { -signal };
        *cell = (s + scatter * *cell).clamp(-Observation::CERTAIN, Observation::CERTAIN);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Block;

    #[test]
    fn forward_process_has_the_stated_mean_and_variance() {
        // N = 200,000 cells at snr 1.5; mean ±2 snr, variance 4 snr; bounds are five standard errors.
        const N: usize = 200_000;
        let layout = Layout::new(vec![Block { lane: 0, groups: 1, choices: 2 }]);
        let snr = 1.5f64;
        let mut evidence = vec![0.0; 2 * N];
        noise_evidence(&layout, &vec![2; N], &vec![snr.ln() as f32; N], Noise::new(4), &mut evidence);
        for (cell, s) in [(0, -1.0), (1, 1.0)] {
            let values = || evidence.iter().skip(cell).step_by(2).map(|&e| f64::from(e));
            let mean = values().sum::<f64>() / N as f64;
            let variance = values().map(|e| (e - mean).powi(2)).sum::<f64>() / N as f64;
            assert!((mean - 2.0 * snr * s).abs() < 5.0 * (4.0 * snr / N as f64).sqrt(), "{mean}");
            assert!((variance - 4.0 * snr).abs() < 5.0 * 4.0 * snr * (2.0 / N as f64).sqrt(), "{variance}");
        }
    }

    #[test]
    fn evidence_is_the_log_likelihood_ratio() {
        for log_snr in [-6.0, -1.0, 0.0, 3.0] {
            for x in [-2.0, 0.3, 1.1] {
                let (mean, variance) = (alpha_bar(log_snr).sqrt(), one_minus_alpha_bar(log_snr));
                let log_density = |s: f64| -(x - mean * s).powi(2) / (2.0 * variance);
                let e = evidence_from_x(x, log_snr);
                assert!((e - (log_density(1.0) - log_density(-1.0))).abs() < 1e-9 * (1.0 + e.abs()));
                assert!((x_from_evidence(e, log_snr) - x).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn evidence_step_is_the_ddpm_posterior() {
        // Ho et al. 2020, eq. 7, written in x; both are linear in (x, s, ε), so three points decide.
        for (from, to) in [(-4.0, -3.9), (-1.0, 0.5), (0.0, 4.0)] {
            let (bar_a, bar_b) = (alpha_bar(from), alpha_bar(to));
            let alpha = bar_a / bar_b;
            let beta = 1.0 - alpha;
            let variance = beta * (1.0 - bar_b) / (1.0 - bar_a);
            for (x, s, epsilon) in [(0.7, 1.0, 0.0), (-1.3, -1.0, 0.0), (0.2, 1.0, 1.0)] {
                let mean = bar_b.sqrt() * beta / (1.0 - bar_a) * s + alpha.sqrt() * (1.0 - bar_b) / (1.0 - bar_a) * x;
                let classical = mean + variance.sqrt() * epsilon;
                let stepped = evidence_step(evidence_from_x(x, from), s, from.exp(), to.exp(), epsilon);
                assert!((x_from_evidence(stepped, to) - classical).abs() < 1e-9, "{from} {to}");
            }
        }
        assert_eq!(evidence_of(-1.0, 2.0, 0.0), -4.0);
    }

    #[test]
    fn certain_nothing_and_unknown() {
        let layout =
            Layout::new(vec![Block { lane: 0, groups: 2, choices: 2 }, Block { lane: 1, groups: 2, choices: 1 }]);
        let mut out = [9.0; 6];
        let levels = [Observation::LOG_SNR_CERTAIN, Observation::LOG_SNR_NOTHING];
        noise_evidence(&layout, &[2, UNKNOWN, 1, 0], &levels, Noise::new(0), &mut out);
        let sure = Observation::CERTAIN;
        assert_eq!(out, [-sure, sure, 0.0, 0.0, 0.0, 0.0]);
        noise_evidence(&layout, &[0, 0, 1, UNKNOWN], &[5.9, 0.0], Noise::new(0), &mut out);
        assert_eq!(out[..4], [-sure; 4], "clipped");
        assert_eq!(out[5], 0.0);
    }

    #[test]
    fn a_cells_noise_does_not_depend_on_its_neighbours() {
        let layout =
            Layout::new(vec![Block { lane: 0, groups: 3, choices: 1 }, Block { lane: 1, groups: 2, choices: 2 }]);
        let (mut a, mut b) = ([0.0; 7], [0.0; 7]);
        noise_evidence(&layout, &[0, 1, 0, 1, 2], &[0.0, 0.0], Noise::new(7), &mut a);
        noise_evidence(&layout, &[0, 1, 0, 1, 2], &[-10.0, 0.0], Noise::new(7), &mut b);
        assert_eq!(a[3..], b[3..]);
    }
}
