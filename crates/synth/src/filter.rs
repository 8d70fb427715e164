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

/// Samples that a [`Band`] passes together.
pub(crate) const TOGETHER: usize = 8;

/// What lies between two corners: a high-pass and a low-pass filter in a row, eight samples at a time.
///
/// One by one, every sample waits for the one before it. But both filters are linear, so eight outputs are a matrix times the four
/// states plus another times the eight inputs, and so are the states eight samples later. The columns are what the two filters do from
/// each unit state, and with a single 1 at each place of the input.
pub(crate) struct Band {
    states: [f32; STATES],
    output_of_state: [[f32; TOGETHER]; STATES],
    output_of_input: [[f32; TOGETHER]; TOGETHER],
    state_of_state: [[f32; STATES]; STATES],
    state_of_input: [[f32; STATES]; TOGETHER],
}

/// Two of each filter.
const STATES: usize = 4;

impl Band {
    /// Lets through what lies between the corners; both are held within the range of [`StateVariable::new`].
    pub fn new(low_hz: f64, high_hz: f64, q: f64, sample_rate_hz: f64) -> Self {
        let high_pass = StateVariable::new(low_hz, q, sample_rate_hz);
        let low_pass = StateVariable::new(high_hz, q, sample_rate_hz);
        let run = |states: [f32; STATES], pulse: usize| {
            let mut high_pass = StateVariable { first: states[0], second: states[1], ..high_pass };
            let mut low_pass = StateVariable { first: states[2], second: states[3], ..low_pass };
            let input = |i: usize| if i == pulse { 1.0 } else { 0.0 };
            let output: [f32; TOGETHER] = std::array::from_fn(|i| low_pass.low(high_pass.high(input(i))));
            (output, [high_pass.first, high_pass.second, low_pass.first, low_pass.second])
        };
        let unit = |state: usize| std::array::from_fn(|i| if i == state { 1.0 } else { 0.0 });
        Self {
            states: [0.0; STATES],
            output_of_state: std::array::from_fn(|state| run(unit(state), TOGETHER).0),
            output_of_input: std::array::from_fn(|pulse| run([0.0; STATES], pulse).0),
            state_of_state: std::array::from_fn(|state| run(unit(state), TOGETHER).1),
            state_of_input: std::array::from_fn(|pulse| run([0.0; STATES], pulse).1),
        }
    }

    /// The next samples.
    #[inline(always)]
    pub fn pass(&mut self, input: [f32; TOGETHER]) -> [f32; TOGETHER] {
        let (mut output, mut states) = ([0.0; TOGETHER], [0.0; STATES]);
        for (x, (to_output, to_state)) in input.iter().zip(self.output_of_input.iter().zip(&self.state_of_input)) {
            add_times(&mut output, to_output, *x);
            add_times(&mut states, to_state, *x);
        }
        for (x, (to_output, to_state)) in self.states.iter().zip(self.output_of_state.iter().zip(&self.state_of_state))
        {
            add_times(&mut output, to_output, *x);
            add_times(&mut states, to_state, *x);
        }
        self.states = states;
        output
    }
}

#[inline(always)]
fn add_times<const N: usize>(sum: &mut [f32; N], column: &[f32; N], x: f32) {
    for i in 0..N {
        sum[i] += column[i] * x;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eight_at_a_time_are_the_two_filters_one_by_one() {
        for (low_hz, high_hz, rate) in
            [(300.0, 4_000.0, 44_100.0), (40.0, 9_000.0, 192_000.0), (900.0, 3_000.0, 8_000.0)]
        {
            let mut band = Band::new(low_hz, high_hz, 0.9, rate);
            let mut high_pass = StateVariable::new(low_hz, 0.9, rate);
            let mut low_pass = StateVariable::new(high_hz, 0.9, rate);
            for block in 0..2_000u64 {
                let input: [f32; TOGETHER] = std::array::from_fn(|i| crate::noise::uniform(5, 8 * block + i as u64));
                let together = band.pass(input);
                let by_ones = input.map(|x| low_pass.low(high_pass.high(x)));
                assert!(together.iter().zip(&by_ones).all(|(a, b)| (a - b).abs() < 1e-4), "{together:?} {by_ones:?}");
            }
        }
    }

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
