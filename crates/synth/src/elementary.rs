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

/// sin 2πx to 7 digits, without a division: for slow modulations and skins, where a per-sample series would cost too much.
pub fn sine(turns: f64) -> f64 {
    let x = turns - turns.round(); // −½ … ½
    // sin 2πx is mirrored about ±¼: fold there.
    let folded = if x > 0.25 {
        0.5 - x
    } else if x < -0.25 {
        -0.5 - x
    } else {
        x
    };
    let y = folded * TAU;
    let square = y * y;
    let series = -1.0 / 39_916_800.0;
    let series = 1.0 / 362_880.0 + square * series;
    let series = -1.0 / 5_040.0 + square * series;
    let series = 1.0 / 120.0 + square * series;
    let series = -1.0 / 6.0 + square * series;
    y * (1.0 + square * series)
}

/// log₂ x for finite x > 0; anything else gives −1000, the floor of [`exp2`].
pub fn log2(x: f64) -> f64 {
    if !x.is_normal() || x < 0.0 {
        return -1000.0;
    }
    let bits = x.to_bits();
    let whole = ((bits >> 52) & 0x7FF) as f64 - 1023.0;
    let mantissa = f64::from_bits((bits & 0x000F_FFFF_FFFF_FFFF) | (1023 << 52)); // 1 ≤ m < 2
    // ln m = 2 artanh((m − 1)/(m + 1)); the argument is below 1/3, so 18 terms reach 1e-17.
    let z = (mantissa - 1.0) / (mantissa + 1.0);
    let square = z * z;
    let mut sum = 0.0;
    for term in (0..18).rev() {
        sum = 1.0 / f64::from(2 * term + 1) + square * sum;
    }
    whole + 2.0 * z * sum / LN_2
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
    fn the_quick_sine_and_the_logarithm_agree_with_the_platform() {
        for i in -4000..4000 {
            let x = f64::from(i) / 331.0;
            assert!((sine(x) - (x * TAU).sin()).abs() < 1e-7, "sin {x}");
            let positive = (x * 3.0).exp2();
            assert!((log2(positive) - 3.0 * x).abs() < 1e-12, "log2 {positive}");
        }
        assert_eq!((log2(0.0), log2(-1.0), log2(f64::NAN), log2(1.0)), (-1000.0, -1000.0, -1000.0, 0.0));
    }

    #[test]
    fn extremes_stay_finite() {
        assert!(exp2(1e300).is_finite() && exp2(-1e300) >= 0.0);
        assert!((gain_from_db(-20.0) - 0.1).abs() < 1e-15);
    }
}
