//! Floating-point samples as whole numbers, with the triangular dither of [`wav`](crate::wav).

use crate::noise::uniform;
use crate::stereo::Stereo;

/// Left, right, left, right …, each within ±2^(bits − 1), `bits` being 2 … 24; beyond full scale they are clipped.
pub fn interleaved(sound: &Stereo, bits: u32) -> Vec<i32> {
    let highest = (1i32 << (bits - 1)) - 1;
    let round = if bits <= 16 { in_single } else { in_double };
    let mut samples = Vec::with_capacity(2 * sound.frames());
    for (frame, (l, r)) in sound.left.iter().zip(&sound.right).enumerate() {
        let place = 2 * frame as u64;
        samples.extend([(*l, place), (*r, place + 1)].map(|(x, at)| round(x, triangular(at), highest)));
    }
    samples
}

fn triangular(place: u64) -> f32 {
    0.5 * (uniform(0x0D17, 2 * place) + uniform(0x0D17, 2 * place + 1))
}

/// As [`wav`](crate::wav) does it, to the last bit. `as` turns NaN into 0.
fn in_single(sample: f32, dither: f32, highest: i32) -> i32 {
    let steps = sample * highest as f32 + dither;
    // Adding the number just below a half and cutting the rest off rounds as `round` does, without a call to the library.
    let nearest = (steps + 0.499_999_97f32.copysign(steps)) as i32;
    nearest.clamp(-highest - 1, highest)
}

/// 24 bits and the dither together are more than an f32 holds.
fn in_double(sample: f32, dither: f32, highest: i32) -> i32 {
    let steps = (f64::from(sample) * f64::from(highest) + f64::from(dither)).round();
    steps.clamp(-f64::from(highest) - 1.0, f64::from(highest)) as i32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sample_is_within_a_step_and_a_half_and_wild_ones_are_clipped() {
        let left: Vec<f32> = (0..500).map(|i| (i as f32 / 250.0 - 1.0) * 0.99).collect();
        let sound = Stereo { sample_rate_hz: 44_100, right: left.iter().map(|x| -x).collect(), left };
        for bits in [16, 24] {
            let highest = f64::from((1 << (bits - 1)) - 1);
            for (frame, pair) in interleaved(&sound, bits).chunks(2).enumerate() {
                assert!((f64::from(pair[0]) - highest * f64::from(sound.left[frame])).abs() <= 1.5);
                assert!((f64::from(pair[1]) - highest * f64::from(sound.right[frame])).abs() <= 1.5);
            }
        }
        let wild = Stereo { sample_rate_hz: 8_000, left: vec![9.0, f32::NAN], right: vec![-9.0, 0.0] };
        assert_eq!(interleaved(&wild, 16)[..3], [32_767, -32_768, 0]);
        assert_eq!(interleaved(&wild, 24)[..2], [8_388_607, -8_388_608]);
    }
}
