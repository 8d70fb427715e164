//! exp, ln, cos and the normal distribution from + − × ÷ √ alone, so that results are the same on every machine.
//!
//! IEEE 754 fixes those five operations to the last bit and Rust never fuses them; the mathematics library of an
//! operating system is fixed by nobody. A seed must mean the same piece everywhere, hence these few polynomials.

use aeolian_kernels::noise::{MIDDLE, ln_of_normal, quantile_middle, quantile_tail};
use std::f64::consts::{LN_2, LOG2_E, PI};

/// e^x in single precision, relative error below 2·10⁻⁷; 0 below −87.3, +∞ above 88.3, NaN for NaN.
///
/// x = n ln 2 + r with |r| ≤ ½ ln 2 (ln 2 in two parts, after Cody and Waite), then the Taylor series to r⁷.
#[inline]
pub fn exp(x: f32) -> f32 {
    const LN2_HIGH: f32 = 355.0 / 512.0;
    const LN2_LOW: f32 = (LN_2 - 355.0 / 512.0) as f32;
    /// Adding and subtracting 1.5·2²³ rounds to the nearest whole number.
    const ROUND: f32 = 12_582_912.0;
    if x < -87.3 {
        return 0.0;
    }
    if x > 88.3 {
        return f32::INFINITY;
    }
    let n = (x * LOG2_E as f32 + ROUND) - ROUND;
    let r = (x - n * LN2_HIGH) - n * LN2_LOW;
    let series = 1.0 / 120.0 + r * (1.0 / 720.0 + r * (1.0 / 5040.0));
    let series = 0.5 + r * (1.0 / 6.0 + r * (1.0 / 24.0 + r * series));
    let power = f32::from_bits(((n as i32 + 127) as u32) << 23);
    (1.0 + r * (1.0 + r * series)) * power
}

/// e^x in double precision, relative error below 10⁻¹⁵ × (1 + |x|); 0 below −708, +∞ above 709, NaN for NaN.
pub fn exp_f64(x: f64) -> f64 {
    const LN2_HIGH: f64 = 6_243_314_768_165_359.0 / 9_007_199_254_740_992.0;
    const LN2_LOW: f64 = 2.319_046_813_846_3e-17;
    const ROUND: f64 = 6_755_399_441_055_744.0;
    if x < -708.0 {
        return 0.0;
    }
    if x > 709.0 {
        return f64::INFINITY;
    }
    let n = (x * LOG2_E + ROUND) - ROUND;
    let r = (x - n * LN2_HIGH) - n * LN2_LOW;
    let series = (1..=14).rev().fold(1.0, |sum, k| 1.0 + sum * r / f64::from(k));
    series * f64::from_bits(((n as i64 + 1023) as u64) << 52)
}

/// Natural logarithm, relative error below 10⁻¹⁵ away from 1 and absolute error below 10⁻¹⁶ near it.
///
/// x = 2ⁿ m with m in [√½, √2), then 2 artanh((m−1)/(m+1)) as a series. −∞ at 0, NaN below, +∞ at +∞.
#[inline]
pub fn ln(x: f64) -> f64 {
    if !(x > 0.0 && x < f64::INFINITY) {
        return if x == 0.0 {
            f64::NEG_INFINITY
        } else if x == f64::INFINITY {
            x
        } else {
            f64::NAN
        };
    }
    if x < f64::MIN_POSITIVE {
        // Subnormal: scaled by 2⁵⁴ first.
        return ln(x * 18_014_398_509_481_984.0) - 54.0 * LN_2;
    }
    ln_of_normal(x)
}

/// cos x for 0 ≤ x ≤ π/2, absolute error below 10⁻¹⁵ (Taylor to x²⁴).
pub fn cos_quadrant(x: f64) -> f64 {
    (1..=12).rev().fold(1.0, |sum, k| {
        let k = f64::from(k);
        1.0 - sum * x * x / ((2.0 * k - 1.0) * 2.0 * k)
    })
}

/// Density of the standard normal.
pub fn normal_density(x: f64) -> f64 {
    exp_f64(-0.5 * x * x) / (2.0 * PI).sqrt()
}

/// Distribution function of the standard normal, absolute error below 10⁻¹⁴.
///
/// Φ(x) = ½ + φ(x) (x + x³/3 + x⁵/(3·5) + …)     (Marsaglia 2004, J. Stat. Software 11(4)); 0 and 1 beyond ±9.
pub fn normal_cdf(x: f64) -> f64 {
    if x.abs() > 9.0 {
        return if x < 0.0 { 0.0 } else { 1.0 };
    }
    let (mut sum, mut term, mut odd) = (x, x, 1.0);
    while term.abs() > 1e-18 * sum.abs() {
        odd += 2.0;
        term *= x * x / odd;
        sum += term;
    }
    (0.5 + sum * normal_density(x)).clamp(0.0, 1.0)
}

/// The x at which the standard normal distribution function is p, for 0 < p < 1; relative error about 10⁻⁷.
///
/// Rational approximations PPND7 of Wichura 1988 (algorithm AS 241, Applied Statistics 37, 477–484).
#[inline]
pub fn normal_quantile(p: f64) -> f64 {
    let q = p - 0.5;
    if q.abs() <= MIDDLE {
        return quantile_middle(q);
    }
    let ln_p = ln(if q < 0.0 { p } else { 1.0 - p });
    let tail = if ln_p >= -25.0 {
        quantile_tail(ln_p)
    } else {
        let r = (-ln_p).sqrt() - 5.0;
        (((0.017_337_203_997 * r + 0.428_682_943_37) * r + 3.081_226_386_0) * r + 6.657_905_115_0)
            / ((0.012_258_202_635 * r + 0.241_978_942_25) * r + 1.0)
    };
    if q < 0.0 { -tail } else { tail }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exponentials_agree_with_the_platform() {
        for i in -8700..=8800 {
            let x = i as f32 / 100.0;
            let truth = f64::from(x).exp();
            assert!((f64::from(exp(x)) / truth - 1.0).abs() < 2e-7, "{x}");
            let wide = f64::from(x) * 8.0;
            assert!((exp_f64(wide) / wide.exp() - 1.0).abs() < 1e-15 * (1.0 + wide.abs()), "{wide}");
        }
        assert_eq!((exp(0.0), exp(f32::NEG_INFINITY), exp(f32::INFINITY)), (1.0, 0.0, f32::INFINITY));
        assert!(exp(f32::NAN).is_nan() && exp_f64(f64::NAN).is_nan());
    }

    #[test]
    fn logarithm_agrees_with_the_platform() {
        for i in 1..20_000 {
            for x in [f64::from(i) * 1e-3, 1.0 + f64::from(i) * 1e-9, f64::from(i) * 1e250, f64::from(i) * 1e-300] {
                assert!((ln(x) - x.ln()).abs() <= 1e-15 * x.ln().abs() + 1e-16, "{x}");
            }
        }
        assert!((ln(5e-324) - 5e-324f64.ln()).abs() < 1e-12);
        assert_eq!((ln(0.0), ln(1.0), ln(f64::INFINITY)), (f64::NEG_INFINITY, 0.0, f64::INFINITY));
        assert!(ln(-1.0).is_nan() && ln(f64::NAN).is_nan());
    }

    #[test]
    fn cosine_agrees_with_the_platform() {
        for i in 0..=1000 {
            let x = f64::from(i) / 1000.0 * PI / 2.0;
            assert!((cos_quadrant(x) - x.cos()).abs() < 1e-15, "{x}");
        }
    }

    #[test]
    fn normal_distribution_matches_tables() {
        // Table values of Φ⁻¹.
        for (p, x) in [(0.5, 0.0), (0.975, 1.959_963_985), (0.999, 3.090_232_306), (1e-9, -5.997_807_015)] {
            assert!((normal_quantile(p) - x).abs() < 1e-6, "{p}");
            assert!((normal_cdf(x) - p).abs() < 1e-9, "{p}");
        }
        for i in -50..=50 {
            let x = f64::from(i) / 10.0;
            assert!((normal_quantile(normal_cdf(x)) - x).abs() < 1e-6 * (1.0 + x.abs()), "{x}");
        }
        assert!((normal_quantile(1e-15) + 7.941_345).abs() < 1e-5);
        assert_eq!((normal_cdf(-40.0), normal_cdf(40.0)), (0.0, 1.0));
    }
}
