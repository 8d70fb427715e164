//! Noise levels, always as log snr: for sampling from noisy to clean, for training as densities.
//!
//! log snr = log ᾱ/(1−ᾱ), so ᾱ = σ(log snr) (Kingma et al. 2021, arXiv:2107.00630). Everything is f64 on the host.

use crate::Error;
use crate::math::{cos_quadrant, exp_f64, ln, normal_cdf, normal_density, normal_quantile};
use std::f64::consts::FRAC_PI_2;

/// ᾱ = 1 / (1 + e^(−log snr)).
pub fn alpha_bar(log_snr: f64) -> f64 {
    1.0 / (1.0 + exp_f64(-log_snr))
}

/// 1 − ᾱ, without the cancellation.
pub fn one_minus_alpha_bar(log_snr: f64) -> f64 {
    alpha_bar(-log_snr)
}

/// snr = e^(log snr); 0 at −∞.
pub fn snr(log_snr: f64) -> f64 {
    exp_f64(log_snr)
}

/// log snr of ᾱ in [0, 1]; −∞ at 0 and +∞ at 1.
pub fn log_snr_from_alpha_bar(alpha_bar: f64) -> f64 {
    ln(alpha_bar / (1.0 - alpha_bar))
}

/// log snr of snr ≥ 0; −∞ at 0.
pub fn log_snr_from_snr(snr: f64) -> f64 {
    ln(snr)
}

/// `n` levels from `lo` to `hi`: lo + (hi − lo) (i/(n−1))^shape, where shape is a whole number.
///
/// 1 is uniform in log snr; 2 and 3 spend more of the steps near `lo`, where large form is decided.
///
/// # Shapes   returns `[n]`, ascending
/// # Errors   `TooFewLevels` if n < 2; `Range` unless lo < hi, both finite, and 1 ≤ shape ≤ 8
pub fn log_snr_levels(n: usize, lo: f64, hi: f64, shape: u32) -> Result<Vec<f64>, Error> {
    if n < 2 {
        return Err(Error::TooFewLevels { least: 2, found: n });
    }
    check_range(lo, hi)?;
    if !(1..=8).contains(&shape) {
        return Err(Error::Range { what: "shape of the levels", value: f64::from(shape), allowed: "1 to 8" });
    }
    let level = |i: usize| {
        let place = i as f64 / (n - 1) as f64;
        let warped = (1..shape).fold(place, |power, _| power * place);
        lo + (hi - lo) * warped
    };
    Ok((0..n).map(level).collect())
}

/// `n` levels from `lo` to `hi` that lie closest around `centre`: a share `even` of each is its place on an even grid, the
/// rest the quantile of a truncated normal of this deviation.
///
/// Steps are best spent where most is decided, which is where training spends its looks (Karras et al. 2022,
/// arXiv:2206.00364, §3, for continuous data).
///
/// # Shapes   returns `[n]`, ascending
/// # Errors   `TooFewLevels` if n < 2; `Range` unless lo < hi, deviation > 0 and 0 ≤ even ≤ 1
pub fn levels_around(n: usize, lo: f64, hi: f64, centre: f64, deviation: f64, even: f64) -> Result<Vec<f64>, Error> {
    if n < 2 {
        return Err(Error::TooFewLevels { least: 2, found: n });
    }
    if !(0.0..=1.0).contains(&even) {
        return Err(Error::Range { what: "even share of the levels", value: even, allowed: "0 to 1" });
    }
    let flat = NoiseDensity::Uniform { lo, hi };
    let bell = NoiseDensity::TruncatedNormal { mean: centre, sd: deviation, lo, hi };
    flat.check()?;
    bell.check()?;
    let level = |i: usize| {
        let u = i as f64 / (n - 1) as f64;
        even * flat.quantile(u) + (1.0 - even) * bell.quantile(u)
    };
    Ok((0..n).map(level).collect())
}

/// The linear schedule of DDPM: β from `beta_min` (clean end) to `beta_max` (noisy end) in `n` steps, as levels from
/// noisy to clean (Ho et al. 2020, arXiv:2006.11239, §4: n = 1000, 10⁻⁴, 0.02).
///
/// # Shapes   returns `[n]`, ascending
/// # Errors   `TooFewLevels` if n < 2; `Range` unless 0 < beta_min ≤ beta_max < 1
pub fn linear_beta(n: usize, beta_min: f64, beta_max: f64) -> Result<Vec<f64>, Error> {
    if n < 2 {
        return Err(Error::TooFewLevels { least: 2, found: n });
    }
    if !(beta_min > 0.0 && beta_min <= beta_max && beta_max < 1.0) {
        return Err(Error::Range { what: "β", value: beta_max, allowed: "0 < smallest ≤ largest < 1" });
    }
    let beta = |i: usize| beta_min + (beta_max - beta_min) * i as f64 / (n - 1) as f64;
    Ok(levels_of_betas((0..n).map(beta)))
}

/// The cosine schedule: ᾱ(t) = cos²((t + s)/(1 + s) π/2) / cos²(s/(1 + s) π/2), s = 0.008, β at most 0.999, as levels from
/// noisy to clean (Nichol and Dhariwal 2021, arXiv:2102.09672, eq. 17).
///
/// # Shapes   returns `[n]`, ascending
/// # Errors   `TooFewLevels` if n < 2
pub fn cosine_alpha_bar(n: usize) -> Result<Vec<f64>, Error> {
    const S: f64 = 0.008;
    if n < 2 {
        return Err(Error::TooFewLevels { least: 2, found: n });
    }
    let square = |i: usize| {
        let cosine = cos_quadrant((i as f64 / n as f64 + S) / (1.0 + S) * FRAC_PI_2);
        cosine * cosine
    };
    Ok(levels_of_betas((0..n).map(|i| (1.0 - square(i + 1) / square(i)).min(0.999))))
}

/// ᾱ is the product of 1 − β from the clean end; levels come back from noisy to clean.
fn levels_of_betas(betas: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut alpha_bar = 1.0;
    let mut levels: Vec<f64> = betas
        .map(|beta| {
            alpha_bar *= 1.0 - beta;
            log_snr_from_alpha_bar(alpha_bar)
        })
        .collect();
    levels.reverse();
    levels
}

fn check_range(lo: f64, hi: f64) -> Result<(), Error> {
    if lo.is_finite() && hi.is_finite() && lo < hi {
        return Ok(());
    }
    Err(Error::Range { what: "lowest log snr", value: lo, allowed: "finite and below the highest" })
}

/// How often training looks at each log snr.
#[derive(Clone, Debug, PartialEq)]
pub enum NoiseDensity {
    /// Equally often everywhere in [lo, hi].
    Uniform {
        /// Lowest log snr.
        lo: f64,
        /// Highest log snr.
        hi: f64,
    },
    /// A bell cut off at lo and hi.
    TruncatedNormal {
        /// Centre before cutting.
        mean: f64,
        /// Standard deviation before cutting.
        sd: f64,
        /// Lowest log snr.
        lo: f64,
        /// Highest log snr.
        hi: f64,
    },
    /// Parts with their weights (> 0; any sum).
    Mixture(Vec<(f64, NoiseDensity)>),
}

impl NoiseDensity {
    /// Checks the numbers.
    ///
    /// # Errors   `Range` unless every lo < hi, sd > 0, every weight > 0, and the middle of a bell's cut has mass
    pub fn check(&self) -> Result<(), Error> {
        match self {
            Self::Uniform { lo, hi } => check_range(*lo, *hi),
            Self::TruncatedNormal { mean, sd, lo, hi } => {
                check_range(*lo, *hi)?;
                if !(mean.is_finite() && *sd > 0.0 && sd.is_finite()) {
                    return Err(Error::Range { what: "width of a noise density", value: *sd, allowed: "above 0" });
                }
                let mass = normal_cdf((hi - mean) / sd) - normal_cdf((lo - mean) / sd);
                if mass < 1e-6 {
                    return Err(Error::Range { what: "mass left by the cut", value: mass, allowed: "at least 1e-6" });
                }
                Ok(())
            }
            Self::Mixture(parts) => {
                if parts.is_empty() {
                    return Err(Error::Range { what: "parts of a mixture", value: 0.0, allowed: "at least 1" });
                }
                for (weight, part) in parts {
                    if !(*weight > 0.0 && weight.is_finite()) {
                        return Err(Error::Range { what: "weight in a mixture", value: *weight, allowed: "above 0" });
                    }
                    part.check()?;
                }
                Ok(())
            }
        }
    }

    /// Carries u in (0, 1) to a log snr with this density; feed it u = (k + U)/n for stratified draws.
    ///
    /// The quantile function, except that a mixture gives each part its own stretch of u (so it is monotone only within
    /// a part): even draws of u still land in every part in proportion. Meaningful only if [`Self::check`] is content.
    pub fn quantile(&self, u: f64) -> f64 {
        let u = u.clamp(0.0, 1.0);
        match self {
            Self::Uniform { lo, hi } => lo + u * (hi - lo),
            Self::TruncatedNormal { mean, sd, lo, hi } => {
                let (below, above) = (normal_cdf((lo - mean) / sd), normal_cdf((hi - mean) / sd));
                let p = (below + u * (above - below)).clamp(1e-300, 1.0 - f64::EPSILON);
                (mean + sd * normal_quantile(p)).clamp(*lo, *hi)
            }
            Self::Mixture(parts) => {
                let mut left = u * parts.iter().map(|(weight, _)| weight).sum::<f64>();
                for (i, (weight, part)) in parts.iter().enumerate() {
                    if left <= *weight || i + 1 == parts.len() {
                        return part.quantile(left / weight);
                    }
                    left -= weight;
                }
                f64::NAN
            }
        }
    }

    /// Probability per unit of log snr; 0 outside.
    pub fn density(&self, log_snr: f64) -> f64 {
        match self {
            Self::Uniform { lo, hi } | Self::TruncatedNormal { lo, hi, .. } if log_snr < *lo || log_snr > *hi => 0.0,
            Self::Uniform { lo, hi } => 1.0 / (hi - lo),
            Self::TruncatedNormal { mean, sd, lo, hi } => {
                let mass = normal_cdf((hi - mean) / sd) - normal_cdf((lo - mean) / sd);
                normal_density((log_snr - mean) / sd) / (sd * mass)
            }
            Self::Mixture(parts) => {
                let total: f64 = parts.iter().map(|(weight, _)| weight).sum();
                parts.iter().map(|(weight, part)| weight / total * part.density(log_snr)).sum()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conversions_are_inverse() {
        for log_snr in [-12.0, -3.0, 0.0, 2.5, 12.0] {
            assert!((log_snr_from_alpha_bar(alpha_bar(log_snr)) - log_snr).abs() < 1e-9);
            assert!((log_snr_from_snr(snr(log_snr)) - log_snr).abs() < 1e-12);
            assert!((alpha_bar(log_snr) + one_minus_alpha_bar(log_snr) - 1.0).abs() < 1e-15);
        }
        assert_eq!((snr(f64::NEG_INFINITY), log_snr_from_snr(0.0)), (0.0, f64::NEG_INFINITY));
        assert_eq!(log_snr_from_alpha_bar(1.0), f64::INFINITY);
    }

    #[test]
    fn levels_ascend_between_their_ends() {
        assert_eq!(log_snr_levels(3, -4.0, 2.0, 1).unwrap(), [-4.0, -1.0, 2.0]);
        assert_eq!(log_snr_levels(3, -4.0, 4.0, 2).unwrap(), [-4.0, -2.0, 4.0]);
        assert!(log_snr_levels(1, -4.0, 4.0, 1).is_err());
        assert!(log_snr_levels(5, 4.0, 4.0, 1).is_err() && log_snr_levels(5, f64::NAN, 4.0, 1).is_err());
        assert!(log_snr_levels(5, -4.0, 4.0, 0).is_err());
    }

    #[test]
    fn classical_schedules_end_where_published() {
        let linear = linear_beta(1000, 1e-4, 0.02).unwrap();
        // ᾱ_1 = 0.9999 and ᾱ_1000 ≈ 4.036·10⁻⁵.
        assert!((alpha_bar(linear[999]) - 0.9999).abs() < 1e-12);
        assert!((alpha_bar(linear[0]) - 4.036e-5).abs() < 1e-8);
        let cosine = cosine_alpha_bar(1000).unwrap();
        assert!((alpha_bar(cosine[500]) - 0.4938).abs() < 1e-3, "half way: {}", alpha_bar(cosine[500]));
        for levels in [linear, cosine] {
            assert!(levels.windows(2).all(|w| w[0] < w[1]));
        }
        assert!(linear_beta(10, 0.0, 0.1).is_err() && linear_beta(10, 0.1, 1.0).is_err());
    }

    #[test]
    fn quantiles_have_their_density() {
        let bell = NoiseDensity::TruncatedNormal { mean: -1.5, sd: 2.0, lo: -6.0, hi: 3.0 };
        let flat = NoiseDensity::Uniform { lo: -6.0, hi: 3.0 };
        let both = NoiseDensity::Mixture(vec![(1.0, bell.clone()), (3.0, flat.clone())]);
        for density in [bell, flat, both] {
            density.check().unwrap();
            // An even grid of u: the share below a level is its distribution function (midpoint rule over 9,000 slices).
            const N: usize = 40_000;
            let draws: Vec<f64> = (0..N).map(|k| density.quantile((k as f64 + 0.5) / N as f64)).collect();
            for level in [-4.0, -1.5, 1.0, 3.0] {
                let share = draws.iter().filter(|&&d| d <= level).count() as f64 / N as f64;
                let slices = ((level + 6.0) * 1000.0) as usize;
                let area = (0..slices).map(|i| density.density(-6.0 + (i as f64 + 0.5) / 1000.0) / 1000.0).sum::<f64>();
                assert!((share - area).abs() < 2e-4, "{density:?} at {level}: {share} {area}");
            }
            assert_eq!(density.density(3.1), 0.0);
        }
    }

    #[test]
    fn levels_around_a_centre_ascend_from_end_to_end_and_lie_closest_there() {
        for even in [0.0, 0.4, 1.0] {
            let levels = levels_around(33, -7.0, 4.5, -1.0, 1.5, even).unwrap();
            assert!((levels[0] + 7.0).abs() < 1e-6 && (levels[32] - 4.5).abs() < 1e-6, "{levels:?}");
            assert!(levels.is_sorted_by(|a, b| a < b));
            let gap = |level: f64| {
                let above = levels.partition_point(|&l| l < level);
                levels[above] - levels[above - 1]
            };
            assert!(even == 1.0 || gap(-1.0) < 0.7 * gap(-6.0) && gap(-1.0) < 0.7 * gap(4.0), "{levels:?}");
        }
        assert_eq!(levels_around(5, -2.0, 2.0, 0.0, 1.0, 1.0).unwrap(), [-2.0, -1.0, 0.0, 1.0, 2.0]);
        assert!(
            levels_around(1, -2.0, 2.0, 0.0, 1.0, 1.0).is_err() && levels_around(5, 2.0, 2.0, 0.0, 1.0, 1.0).is_err()
        );
        assert!(
            levels_around(5, -2.0, 2.0, 0.0, 0.0, 0.5).is_err() && levels_around(5, -2.0, 2.0, 0.0, 1.0, 1.5).is_err()
        );
    }

    #[test]
    fn impossible_densities_are_refused() {
        for bad in [
            NoiseDensity::Uniform { lo: 1.0, hi: 1.0 },
            NoiseDensity::TruncatedNormal { mean: 0.0, sd: 0.0, lo: -1.0, hi: 1.0 },
            NoiseDensity::TruncatedNormal { mean: 0.0, sd: 0.1, lo: 5.0, hi: 6.0 },
            NoiseDensity::Mixture(vec![]),
            NoiseDensity::Mixture(vec![(-1.0, NoiseDensity::Uniform { lo: 0.0, hi: 1.0 })]),
        ] {
            assert!(bad.check().is_err(), "{bad:?}");
        }
    }
}
