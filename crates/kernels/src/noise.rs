//! Random numbers by address and the standard normal quantile, many at once.
//!
//! Only + − × ÷ √, shifts and integers, in a fixed order: the bits are the same in every width of vectors.

use crate::isa::vectorised;

/// Blocks of four numbers that are made side by side.
const BLOCKS: usize = 16;

/// Ten rounds of Philox-4x32 (Salmon et al. 2011), on N counters side by side.
#[inline(always)]
pub fn philox<const N: usize>(mut counter: [[u32; N]; 4], mut key: [u32; 2]) -> [[u32; N]; 4] {
    for _ in 0..10 {
        let [c0, c1, c2, c3] = counter;
        for i in 0..N {
            let left = u64::from(c0[i]) * 0xD251_1F53;
            let right = u64::from(c2[i]) * 0xCD9E_8D57;
            counter[0][i] = (right >> 32) as u32 ^ c1[i] ^ key[0];
            counter[1][i] = right as u32;
            counter[2][i] = (left >> 32) as u32 ^ c3[i] ^ key[1];
            counter[3][i] = left as u32;
        }
        key = [key[0].wrapping_add(0x9E37_79B9), key[1].wrapping_add(0xBB67_AE85)];
    }
    counter
}

/// The 64 random words of blocks `block`, `block + 1`, … of a key, in order.
#[inline(always)]
fn words(key: [u32; 2], block: u64) -> [u32; 4 * BLOCKS] {
    let mut counters = [[0; BLOCKS]; 4];
    for i in 0..BLOCKS {
        let counter = block.wrapping_add(i as u64);
        counters[0][i] = counter as u32;
        counters[1][i] = (counter >> 32) as u32;
    }
    let four = philox(counters, key);
    let mut words = [0; 4 * BLOCKS];
    for i in 0..BLOCKS {
        for (word, part) in words[4 * i..4 * i + 4].iter_mut().zip(&four) {
            *word = part[i];
        }
    }
    words
}

/// Defines a filler: `$one` of the word at every counter from `first` on. Not by a closure: that would be compiled for the
/// least instruction set.
macro_rules! fill {
    ($key:ident, $first:ident, $out:ident, $one:expr) => {
        let mut done = 0;
        while done < $out.len() {
            let counter = $first.wrapping_add(done as u64);
            let words = words($key, counter / 4);
            let skip = (counter % 4) as usize;
            let run = (words.len() - skip).min($out.len() - done);
            for (x, &word) in $out[done..done + run].iter_mut().zip(&words[skip..skip + run]) {
                *x = $one(word);
            }
            done += run;
        }
    };
}

#[inline(always)]
fn itself(word: u32) -> u32 {
    word
}

vectorised! {
    /// The random words at counters `first`, `first + 1`, … of a key.
    pub fn fill_words(key: [u32; 2], first: u64, out: &mut [u32]) {
        fill!(key, first, out, itself);
    }
}

vectorised! {
    /// The standard normals at counters `first`, `first + 1`, … of a key.
    pub fn fill_normals(key: [u32; 2], first: u64, out: &mut [f32]) {
        fill!(key, first, out, normal_of_word);
    }
}

/// The uniform in the open interval (0, 1) that a random word stands for: (word + ½) / 2³².
#[inline(always)]
pub fn uniform_of_word(word: u32) -> f64 {
    (f64::from(word) + 0.5) / 4_294_967_296.0
}

/// The standard normal that a random word stands for, within ±6.4.
#[inline(always)]
pub fn normal_of_word(word: u32) -> f32 {
    let p = uniform_of_word(word);
    let q = p - 0.5;
    // A word is never so far out that the third of Wichura's branches (below 10⁻¹¹) is needed.
    let tail = quantile_tail(ln_of_normal(if q < 0.0 { p } else { 1.0 - p }));
    let middle = quantile_middle(q);
    (if q.abs() <= MIDDLE {
        middle
    } else if q < 0.0 {
        -tail
    } else {
        tail
    }) as f32
}

/// Beyond this distance from ½, [`quantile_tail`] is right.
pub const MIDDLE: f64 = 0.425;

/// Normal quantile of ½ + q for |q| ≤ [`MIDDLE`]: PPND7 of Wichura 1988 (algorithm AS 241, Applied Statistics 37, 477–484).
#[inline(always)]
pub fn quantile_middle(q: f64) -> f64 {
    let r = 0.180_625 - q * q;
    let top = ((59.109_374_720 * r + 159.291_132_02) * r + 50.434_271_938) * r + 3.387_132_717_9;
    let bottom = ((67.187_563_600 * r + 78.757_757_664) * r + 17.895_169_469) * r + 1.0;
    q * top / bottom
}

/// Distance of the quantile from 0 where the smaller of p and 1 − p has this logarithm, at least −25: PPND7 as above.
#[inline(always)]
pub fn quantile_tail(ln_p: f64) -> f64 {
    let r = (-ln_p).sqrt() - 1.6;
    (((0.170_238_211_03 * r + 1.306_728_481_6) * r + 2.756_815_390_0) * r + 1.423_437_277_7)
        / ((0.120_211_329_75 * r + 0.737_001_642_50) * r + 1.0)
}

/// Natural logarithm of a positive, finite number that is not subnormal: relative error below 10⁻¹⁵ away from 1 and
/// absolute error below 10⁻¹⁶ near it.
///
/// x = 2ⁿ m with m in [√½, √2), then 2 artanh((m−1)/(m+1)) as a series.
#[inline(always)]
pub fn ln_of_normal(x: f64) -> f64 {
    use std::f64::consts::{LN_2, SQRT_2};
    // The exponent as a double without a conversion: 2⁵² + e, less 2⁵².
    const WHOLE: f64 = 4_503_599_627_370_496.0;
    let exponent = f64::from_bits(x.to_bits() >> 52 | WHOLE.to_bits()) - WHOLE;
    let m = f64::from_bits(x.to_bits() & ((1 << 52) - 1) | 1023 << 52);
    let over = m >= SQRT_2;
    let n = exponent - if over { 1022.0 } else { 1023.0 };
    let m = if over { m * 0.5 } else { m };
    let s = (m - 1.0) / (m + 1.0);
    let z = s * s;
    let high = 1.0 / 13.0 + z * (1.0 / 15.0 + z * (1.0 / 17.0 + z * (1.0 / 19.0 + z * (1.0 / 21.0))));
    let low = 1.0 / 3.0 + z * (1.0 / 5.0 + z * (1.0 / 7.0 + z * (1.0 / 9.0 + z * (1.0 / 11.0 + z * high))));
    n * LN_2 + 2.0 * (s + s * z * low)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn philox_gives_the_published_answers_side_by_side() {
        // Known-answer vectors published with Random123.
        let counters = [[0, 0x243f_6a88], [0, 0x85a3_08d3], [0, 0x1319_8a2e], [0, 0x0370_7344]];
        let zero = philox(counters, [0, 0]).map(|word| word[0]);
        assert_eq!(zero, [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]);
        let pi = philox(counters, [0xa409_3822, 0x299f_31d0]).map(|word| word[1]);
        assert_eq!(pi, [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]);
    }

    #[test]
    fn a_word_depends_only_on_its_address() {
        let key = [17, 23];
        let mut whole = vec![0; 300];
        fill_words(key, 0, &mut whole);
        for (block, four) in whole.chunks(4).enumerate() {
            let alone = philox([[block as u32], [0], [0], [0]], key);
            assert_eq!(four, alone.map(|word| word[0]));
        }
        for (first, len) in [(0, 0), (1, 1), (3, 70), (63, 66), (200, 100)] {
            let mut part = vec![0; len];
            fill_words(key, first as u64, &mut part);
            assert_eq!(part, whole[first..first + len]);
            let mut normals = vec![0.0; len];
            fill_normals(key, first as u64, &mut normals);
            assert!(normals.iter().zip(&part).all(|(x, &word)| *x == normal_of_word(word)));
        }
        let mut far = [0; 8];
        fill_words(key, (1 << 34) - 4, &mut far); // the counter's high half begins here
        let alone = philox([[0], [1], [0], [0]], key);
        assert_eq!(far[4..], alone.map(|word| word[0]));
    }

    #[test]
    fn quantiles_of_words_match_tables() {
        let word = |p: f64| (p * 4_294_967_296.0) as u32;
        for (p, x) in [(0.5, 0.0), (0.975, 1.959_963_985), (0.999, 3.090_232_306), (0.025, -1.959_963_985)] {
            assert!((f64::from(normal_of_word(word(p))) - x).abs() < 2e-6, "{p}");
        }
        // The ends: p = 2⁻³³.
        assert!((normal_of_word(0) + 6.338).abs() < 1e-3 && normal_of_word(u32::MAX) == -normal_of_word(0));
    }

    #[test]
    fn logarithm_agrees_with_the_platform() {
        for i in 1..20_000 {
            for x in [f64::from(i) * 1e-3, 1.0 + f64::from(i) * 1e-9, f64::from(i) * 1e250, f64::from(i) * 1e-300] {
                assert!((ln_of_normal(x) - x.ln()).abs() <= 1e-15 * x.ln().abs() + 1e-16, "{x}");
            }
        }
    }
}
