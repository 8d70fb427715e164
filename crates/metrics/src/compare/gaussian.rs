//! The normal distribution: how much lies below a point, and how much two of them have in common.

/// Φ(x): the share of a standard normal below x, 0–1. Relative error below 10⁻¹³ in both tails.
pub fn normal_cdf(x: f64) -> f64 {
    let tail = upper_tail(x.abs());
    if x < 0.0 { tail } else { 1.0 - tail }
}

/// 1 − Φ(x) for x ≥ 0.
fn upper_tail(x: f64) -> f64 {
    let density = (-0.5 * x * x).exp() / std::f64::consts::TAU.sqrt();
    if x < 3.0 {
        // Φ(x) − 1/2 = φ(x) (x + x³/3 + x⁵/(3·5) + …)   (Abramowitz & Stegun 26.2.11)
        let (mut term, mut sum, mut odd) = (x, x, 1.0);
        while term > 1e-17 * sum {
            odd += 2.0;
            term *= x * x / odd;
            sum += term;
        }
        0.5 - density * sum
    } else {
        // φ(x) / (x + 1/(x + 2/(x + 3/(x + …))))   (Abramowitz & Stegun 26.2.14)
        density / (1..=60).rev().fold(x, |below, k| x + f64::from(k) / below)
    }
}

/// ∫ min(p, q) of N(m₁, s₁²) and N(m₂, s₂²), 0–1.
///
/// The densities cross once where s₁ = s₂, at the middle of the means: 2Φ(−|m₁ − m₂| / 2s). Else twice, and the
/// narrower is the higher one between the crossings. A distribution without spread has everything in common with itself
/// and nothing with any other.
pub fn overlap_of_gaussians(first: (f64, f64), second: (f64, f64)) -> f64 {
    let ((m, s), (m_wide, s_wide)) = if first.1 <= second.1 { (first, second) } else { (second, first) };
    let apart = m_wide - m;
    if s <= 0.0 {
        return if s_wide <= 0.0 && apart == 0.0 { 1.0 } else { 0.0 };
    }
    if s_wide - s <= 1e-7 * s {
        return 2.0 * normal_cdf(-apart.abs() / (2.0 * s));
    }
    // y²/s² − (y − d)²/S² + 2 ln(s/S) = 0 with y counted from the narrower mean: a y² + 2 b y + c = 0, c < 0 < a.
    let a = 1.0 / (s * s) - 1.0 / (s_wide * s_wide);
    let b = apart / (s_wide * s_wide);
    let c = -b * apart + 2.0 * (s / s_wide).ln();
    let q = -(b + (b * b - a * c).sqrt().copysign(b));
    let (left, right) = if q < 0.0 { (q / a, c / q) } else { (c / q, q / a) };
    let wide_between = normal_cdf((right - apart) / s_wide) - normal_cdf((left - apart) / s_wide);
    (wide_between + normal_cdf(left / s) + normal_cdf(-right / s)).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_normal_distribution_has_its_tabled_values() {
        // To 15 digits, from tables of erfc.
        for (x, expected) in [
            (0.0, 0.5),
            (1.0, 0.841_344_746_068_543),
            (-1.0, 0.158_655_253_931_457),
            (-1.959_963_984_540_054, 0.025),
            (-2.999, 0.001_354_336_533_727),
            (-6.0, 9.865_876_450_377e-10),
            (-20.0, 2.753_624_118_606_2e-89),
        ] {
            let found = normal_cdf(x);
            assert!((found / expected - 1.0f64).abs() < 1e-9, "{x}: {found}");
        }
        let (below, above) = (upper_tail(3.0 - 1e-9), upper_tail(3.0));
        assert!((below / above - 1.0).abs() < 1e-8, "the two formulas meet");
        assert_eq!((normal_cdf(-400.0), normal_cdf(400.0)), (0.0, 1.0));
    }

    #[test]
    fn overlap_of_gaussians_agrees_with_adding_up() {
        let density =
            |x: f64, (m, s): (f64, f64)| (-0.5 * ((x - m) / s).powi(2)).exp() / (s * std::f64::consts::TAU.sqrt());
        for (p, q) in
            [((0.0, 1.0), (1.0, 1.0)), ((0.0, 1.0), (0.0, 2.0)), ((3.0, 2.0), (-1.0, 0.5)), ((0.0, 1.0), (9.0, 1.001))]
        {
            let steps = (0..400_000).map(|i| -30.0 + f64::from(i) * 1.5e-4);
            let sum: f64 = steps.map(|x| density(x, p).min(density(x, q)) * 1.5e-4).sum();
            assert!((overlap_of_gaussians(p, q) - sum).abs() < 1e-7, "{p:?} {q:?}: {sum}");
            assert!((overlap_of_gaussians(p, q) - overlap_of_gaussians(q, p)).abs() < 1e-15);
        }
    }

    #[test]
    fn a_point_has_all_in_common_with_itself_only() {
        assert_eq!(overlap_of_gaussians((1.0, 0.0), (1.0, 0.0)), 1.0);
        assert_eq!(overlap_of_gaussians((1.0, 0.0), (2.0, 0.0)), 0.0);
        assert_eq!(overlap_of_gaussians((1.0, 0.0), (1.0, 1.0)), 0.0);
        assert_eq!(overlap_of_gaussians((1.0, 3.0), (1.0, 3.0)), 1.0);
    }
}
