//! Fourier transforms of sixteen signals at once.
//!
//! Spectral losses transform thousands of short frames of one length. Laid out (n, 16), sample by sample, every butterfly is the same
//! arithmetic for sixteen frames, which compilers turn into whole vector instructions, however short the transform. Turning factors
//! are made by halving angles (square roots only), so the result is the same on every machine.

use crate::isa::vectorised;

/// Signals transformed together.
pub const LANES: usize = 16;

/// One number of each signal.
pub type Lanes = [f32; LANES];

/// The transforms of one length.
#[derive(Clone, Debug)]
pub struct Fft {
    /// e^(−2πi·k/n) for k < n/2.
    turns: Vec<[f32; 2]>,
    swaps: Vec<[u32; 2]>,
    n: usize,
}

impl Fft {
    /// For signals of `n` samples.
    ///
    /// # Panics   unless `n` is a power of two from 2 to 2²⁴.
    pub fn new(n: usize) -> Self {
        assert!(n.is_power_of_two() && (2..=1 << 24).contains(&n), "{n} is no length of this transform");
        let bits = n.trailing_zeros();
        let reversed = |i: u32| i.reverse_bits() >> (32 - bits);
        let swaps = (0..n as u32).filter(|&i| i < reversed(i)).map(|i| [i, reversed(i)]).collect();
        let turns = turns(n).into_iter().map(|[cos, sin]| [cos as f32, -sin as f32]).collect();
        Self { turns, swaps, n }
    }

    /// Samples of a signal.
    pub fn samples(&self) -> usize {
        self.n
    }

    /// X[k] = Σ x[j] · e^(−2πi·jk/n), in place; both parts (n).
    ///
    /// # Panics   if a part has another length.
    pub fn forward(&self, re: &mut [Lanes], im: &mut [Lanes]) {
        assert_eq!((re.len(), im.len()), (self.n, self.n));
        for &[a, b] in &self.swaps {
            re.swap(a as usize, b as usize);
            im.swap(a as usize, b as usize);
        }
        butterflies(&self.turns, re, im);
    }

    /// x[j] = Σ X[k] · e^(+2πi·jk/n), in place, without the division by n.
    ///
    /// # Panics   if a part has another length.
    pub fn backward(&self, re: &mut [Lanes], im: &mut [Lanes]) {
        // Exchanging the parts before and after conjugates the factors.
        self.forward(im, re);
    }
}

/// (cos, sin) of 2π·k/n for k < n/2, by angle addition from halved angles.
fn turns(n: usize) -> Vec<[f64; 2]> {
    let mut table = vec![[1.0, 0.0]];
    // The angle between neighbours of the table, as the table doubles: π, π/2, π/4, …
    let mut half = [-1.0f64, 0.0f64];
    while table.len() < n / 2 {
        // cos(a/2) = √((1 + cos a)/2), sin(a/2) = sin a / 2cos(a/2); the first is a right angle.
        let cos = (0.5 * (1.0 + half[0])).sqrt();
        half = if cos == 0.0 { [0.0, 1.0] } else { [cos, half[1] / (2.0 * cos)] };
        let between = table.iter().map(|t| [t[0] * half[0] - t[1] * half[1], t[0] * half[1] + t[1] * half[0]]);
        table = table.iter().copied().zip(between.collect::<Vec<_>>()).flat_map(|(a, b)| [a, b]).collect();
    }
    table
}

vectorised! {
    /// All stages of a transform whose input is in bit-reversed order.
    pub fn butterflies(turns: &[[f32; 2]], re: &mut [Lanes], im: &mut [Lanes]) {
        let n = re.len();
        let mut half = 1;
        while half < n {
            let stride = n / (2 * half);
            for start in (0..n).step_by(2 * half) {
                let (re_a, re_b) = re[start..start + 2 * half].split_at_mut(half);
                let (im_a, im_b) = im[start..start + 2 * half].split_at_mut(half);
                for k in 0..half {
                    let [cos, sin] = turns[k * stride];
                    for lane in 0..LANES {
                        let (x, y) = (re_b[k][lane], im_b[k][lane]);
                        let (u, v) = (x * cos - y * sin, x * sin + y * cos);
                        re_b[k][lane] = re_a[k][lane] - u;
                        im_b[k][lane] = im_a[k][lane] - v;
                        re_a[k][lane] += u;
                        im_a[k][lane] += v;
                    }
                }
            }
            half *= 2;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(n: usize, seed: u32) -> Vec<Lanes> {
        let mut state = seed;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / (1 << 23) as f32 - 1.0
        };
        (0..n).map(|_| std::array::from_fn(|_| next())).collect()
    }

    #[test]
    fn every_lane_is_the_sum_of_the_definition() {
        for n in [2, 4, 8, 64, 256] {
            let (x, y) = (numbers(n, 1), numbers(n, 2));
            let (mut re, mut im) = (x.clone(), y.clone());
            Fft::new(n).forward(&mut re, &mut im);
            for k in 0..n {
                for lane in [0, 7, 15] {
                    let (mut a, mut b) = (0.0f64, 0.0f64);
                    for j in 0..n {
                        let (sin, cos) = (-std::f64::consts::TAU * (j * k % n) as f64 / n as f64).sin_cos();
                        a += f64::from(x[j][lane]) * cos - f64::from(y[j][lane]) * sin;
                        b += f64::from(x[j][lane]) * sin + f64::from(y[j][lane]) * cos;
                    }
                    let error = (a - f64::from(re[k][lane])).abs() + (b - f64::from(im[k][lane])).abs();
                    assert!(error < 1e-5 * n as f64, "n {n}, k {k}: {error}");
                }
            }
        }
    }

    #[test]
    fn backward_after_forward_is_n_times_the_identity() {
        let n = 1024;
        let (x, y) = (numbers(n, 3), numbers(n, 4));
        let (mut re, mut im) = (x.clone(), y.clone());
        let fft = Fft::new(n);
        fft.forward(&mut re, &mut im);
        fft.backward(&mut re, &mut im);
        for (a, b) in re.iter().chain(&im).flatten().zip(x.iter().chain(&y).flatten()) {
            assert!((a / n as f32 - b).abs() < 1e-5);
        }
    }

    #[test]
    fn the_turning_factors_are_exact_to_fifteen_digits() {
        for (k, [cos, sin]) in turns(1 << 15).into_iter().enumerate() {
            let (s, c) = (std::f64::consts::TAU * k as f64 / f64::from(1 << 15)).sin_cos();
            assert!((cos - c).abs() < 1e-14 && (sin - s).abs() < 1e-14, "{k}");
        }
    }

    #[test]
    #[should_panic(expected = "no length")]
    fn a_length_that_is_no_power_of_two_is_refused() {
        Fft::new(48);
    }
}
