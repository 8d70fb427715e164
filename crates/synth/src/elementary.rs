//! Sine, cosine and power of two from additions and multiplications alone.
//!
//! The standard library leaves `sin` and `exp2` to the platform, whose last bits differ from system to system. Taylor
//! series on a reduced range are exact to about one unit in the last place of an `f64`, and equal everywhere.

use std::f64::consts::{LN_2, TAU};

/// Decibels in one doubling of amplitude: 20 log₁₀ 2.
const DB_PER_OCTAVE: f64 = 6.020_599_913_279_624;

/// 2^x, for x clamped to −1000 … 1000.
pub fn exp2(x: f64) -> f64 {
    let x = x.clamp(-1000.0, 1000.0);
    let whole = x.round();
    let y = (x - whole) * LN_2; // |y| ≤ 0.347, so the term of order 14 is below 1e-17
    let mut sum = 1.0;
    for order in (1..14).rev() {
        sum = 1.0 + sum * y / f64::from(order);
    }
    sum * f64::from_bits(((whole as i64 + 1023) as u64) << 52)
}

/// The amplitude ratio of a level difference in decibels.
pub fn gain_from_db(db: f64) -> f64 {
    exp2(db / DB_PER_OCTAVE)
}

/// log₂ of the amplitude ratio of a level difference in decibels.
pub fn octaves_from_db(db: f64) -> f64 {
    db / DB_PER_OCTAVE
}

/// (sin 2πt, cos 2πt): `turns` counts whole circles, which keeps phases exact over hours.
pub fn sin_cos_turns(turns: f64) -> (f64, f64) {
    let quarters = (turns * 4.0).round();
    let y = (turns - quarters * 0.25) * TAU; // |y| ≤ π/4
    let square = y * y;
    let (mut sin, mut cos) = (1.0, 1.0);
    for pair in (1..9).rev() {
        let even = f64::from(2 * pair);
        sin = 1.0 - sin * square / (even * (even + 1.0));
        cos = 1.0 - cos * square / (even * (even - 1.0));
    }
    sin *= y;
    match quarters.rem_euclid(4.0) as u8 {
        0 => (sin, cos),
        1 => (cos, -sin),
        2 => (-sin, -cos),
        _ => (-cos, sin),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_the_platform_to_fifteen_digits() {
        for i in -4000..4000 {
            let x = f64::from(i) / 331.0;
            assert!((exp2(x) / x.exp2() - 1.0).abs() < 1e-14, "2^{x}");
            let (sin, cos) = sin_cos_turns(x);
            assert!((sin - (x * TAU).sin()).abs() < 1e-13, "sin {x}");
            assert!((cos - (x * TAU).cos()).abs() < 1e-13, "cos {x}");
        }
    }

    #[test]
    fn extremes_stay_finite() {
        assert!(exp2(1e300).is_finite() && exp2(-1e300) >= 0.0);
        assert!((gain_from_db(-20.0) - 0.1).abs() < 1e-15);
    }
}
