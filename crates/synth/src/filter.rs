//! A two-pole filter that is well behaved at every corner and sample rate.
//!
//! The state-variable filter with trapezoidal integrators (Zavalishin 2012, "The Art of VA Filter Design", chapter 4): its two
//! states are near the signal in size, so `f32` is enough even for a 40 Hz corner at 192 kHz.

use crate::elementary::sin_cos_turns;

/// One filter with its state.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StateVariable {
    /// What a step does: of the first state to itself, and of the input to each.
    keep: f32,
    first_step: f32,
    second_step: f32,
    damping: f32,
    first: f32,
    second: f32,
}

impl StateVariable {
    /// A filter with its corner at `corner_hz` (held within 5 Hz … 0.45 of the rate); `q` = √½ is maximally flat.
    pub fn new(corner_hz: f64, q: f64, sample_rate_hz: f64) -> Self {
        let corner = corner_hz.clamp(5.0, 0.45 * sample_rate_hz);
        let (sin, cos) = sin_cos_turns(0.5 * corner / sample_rate_hz);
        let g = sin / cos;
        let damping = 1.0 / q.max(0.05);
        let a1 = 1.0 / (1.0 + g * (g + damping));
        Self {
            keep: (2.0 * a1 - 1.0) as f32,
            first_step: (2.0 * g * a1) as f32,
            second_step: (2.0 * g * g * a1) as f32,
            damping: damping as f32,
            first: 0.0,
            second: 0.0,
        }
    }

    #[inline(always)]
    fn step(&mut self, x: f32) -> (f32, f32) {
        // In this form three operations lie between a state and its successor; both outputs are means of old and new.
        let apart = x - self.second;
        let first = self.keep * self.first + self.first_step * apart;
        let second = (self.second + self.first_step * self.first) + self.second_step * apart;
        let (band, low) = (0.5 * (self.first + first), 0.5 * (self.second + second));
        (self.first, self.second) = (first, second);
        (band, low)
    }

    /// What lies below the corner.
    #[inline(always)]
    pub fn low(&mut self, x: f32) -> f32 {
        self.step(x).1
    }

    /// What lies above the corner.
    #[inline(always)]
    pub fn high(&mut self, x: f32) -> f32 {
        let (band, low) = self.step(x);
        x - self.damping * band - low
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gain(hz: f64, rate: f64, mut filter: impl FnMut(f32) -> f32) -> f64 {
        let mut peak = 0.0f64;
        let frames = (rate * 0.5) as usize;
        for i in 0..frames {
            let y = filter((std::f64::consts::TAU * hz * i as f64 / rate).sin() as f32);
            if i > frames / 2 {
                peak = peak.max(f64::from(y.abs()));
            }
        }
        peak
    }

    #[test]
    fn a_flat_filter_halves_the_power_at_its_corner_and_falls_twelve_decibels_an_octave() {
        for rate in [8_000.0, 44_100.0, 192_000.0] {
            let corner = 200.0;
            let q = std::f64::consts::FRAC_1_SQRT_2;
            let mut low = StateVariable::new(corner, q, rate);
            let mut high = StateVariable::new(corner, q, rate);
            assert!((gain(corner, rate, |x| low.low(x)) - q).abs() < 0.01, "{rate}");
            assert!((gain(corner, rate, |x| high.high(x)) - q).abs() < 0.01, "{rate}");
            // Two octaves off: 1/√(1 + 4⁴) = 0.0624.
            let mut high = StateVariable::new(corner, q, rate);
            assert!((gain(0.25 * corner, rate, |x| high.high(x)) - 0.0624).abs() < 0.003, "{rate}");
        }
    }

    #[test]
    fn a_corner_out_of_range_is_held_within_it() {
        let mut filter = StateVariable::new(1e9, 0.7, 8_000.0);
        assert!((0..1_000).all(|i| filter.low(if i % 2 == 0 { 1.0 } else { -1.0 }).is_finite()));
    }
}
