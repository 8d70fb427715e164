//! From one sample rate to another by a windowed sinc, block by block.
//!
//! y(n) = Σₖ x(k)·h(n·in/out − k), h the ideal low-pass under a Kaiser window (Smith, "Digital Audio Resampling Home Page", CCRMA,
//! 2002). What would fold back lies at least 70 dB lower (measured below); the pass band reaches 4/5 of the lower rate's half.

use std::f64::consts::PI;

/// Zero crossings of the sinc on each side.
const CROSSINGS: usize = 24;
/// Values of the kernel kept for each zero crossing; between them it is read off a straight line.
const PER_CROSSING: usize = 256;
/// Kaiser's β: about 80 dB of attenuation.
const BETA: f64 = 8.0;
/// Where the low-pass has fallen to a half, as a share of the lower rate's half.
const CUTOFF: f64 = 0.95;

/// A stream of samples on its way to another rate.
pub struct Resampler {
    /// Input samples from one output sample to the next, as a fraction.
    in_rate: u64,
    out_rate: u64,
    /// The kernel's reach to one side, in input samples, and its values from the middle outwards.
    reach: usize,
    kernel: Vec<f32>,
    per_input: f64,
    /// Input not yet done with; the first is input sample `start`, which may lie before 0.
    pending: Vec<f32>,
    start: i64,
    received: u64,
    produced: u64,
}

impl Resampler {
    /// Both rates must be above 0 (a rate of 0 is taken for 1).
    pub fn new(in_rate_hz: u32, out_rate_hz: u32) -> Self {
        let (in_rate, out_rate) = (u64::from(in_rate_hz.max(1)), u64::from(out_rate_hz.max(1)));
        // Cycles a zero crossing pair, relative to the input's half rate.
        let cutoff = CUTOFF * (out_rate as f64 / in_rate as f64).min(1.0);
        let reach = (CROSSINGS as f64 / cutoff).ceil() as usize;
        let length = CROSSINGS * PER_CROSSING;
        let value = |i: usize| {
            let x = i as f64 / PER_CROSSING as f64;
            let sinc = if i == 0 { 1.0 } else { (PI * x).sin() / (PI * x) };
            let inside = 1.0 - (i as f64 / length as f64).powi(2);
            (cutoff * sinc * bessel_i0(BETA * inside.max(0.0).sqrt()) / bessel_i0(BETA)) as f32
        };
        let mut kernel: Vec<f32> = (0..=length).map(value).collect();
        kernel.extend([0.0, 0.0]);
        let per_input = cutoff * PER_CROSSING as f64;
        let pending = vec![0.0; reach];
        Self { in_rate, out_rate, reach, kernel, per_input, pending, start: -(reach as i64), received: 0, produced: 0 }
    }

    /// Takes more input and appends what output can be told from it.
    pub fn push(&mut self, input: &[f32], output: &mut Vec<f32>) {
        self.received += input.len() as u64;
        if self.in_rate == self.out_rate {
            output.extend_from_slice(input);
            return;
        }
        self.pending.extend_from_slice(input);
        self.run(output);
    }

    /// The rest; in all there are ⌈input · out/in⌉ samples.
    pub fn finish(&mut self, output: &mut Vec<f32>) {
        if self.in_rate == self.out_rate {
            return;
        }
        let wanted = (self.received as u128 * u128::from(self.out_rate)).div_ceil(u128::from(self.in_rate)) as u64;
        self.pending.resize(self.pending.len() + self.reach + 2, 0.0);
        let before = output.len() as u64;
        let had = self.produced;
        self.run(output);
        output.truncate((before + wanted.saturating_sub(had)) as usize);
    }

    fn run(&mut self, output: &mut Vec<f32>) {
        loop {
            let at = u128::from(self.produced) * u128::from(self.in_rate);
            let whole = (at / u128::from(self.out_rate)) as i64;
            let part = (at % u128::from(self.out_rate)) as f64 / self.out_rate as f64;
            let first = whole - self.reach as i64 + 1 - self.start;
            let Ok(first) = usize::try_from(first) else { break };
            let Some(inputs) = self.pending.get(first..first + 2 * self.reach) else { break };
            output.push(self.value(inputs, part));
            self.produced += 1;
        }
        self.forget();
    }

    /// The kernel's middle lies `part` after the `reach`-th of these inputs.
    fn value(&self, inputs: &[f32], part: f64) -> f32 {
        let mut sum = 0.0;
        for (i, &x) in inputs.iter().enumerate() {
            let distance = (i as f64 + 1.0 - self.reach as f64 - part).abs() * self.per_input;
            let below = distance as usize;
            let Some(pair) = self.kernel.get(below..below + 2) else { continue };
            let between = (distance - below as f64) as f32;
            sum += x * (pair[0] + between * (pair[1] - pair[0]));
        }
        sum
    }

    /// Drops input that no later output needs.
    fn forget(&mut self) {
        let next = (u128::from(self.produced) * u128::from(self.in_rate) / u128::from(self.out_rate)) as i64;
        let unneeded = (next - self.reach as i64 - self.start).max(0) as usize;
        let unneeded = unneeded.min(self.pending.len());
        self.pending.drain(..unneeded);
        self.start += unneeded as i64;
    }
}

/// The modified Bessel function of order 0, by its series (Abramowitz & Stegun 1964, 9.6.12).
fn bessel_i0(x: f64) -> f64 {
    let quarter = x * x / 4.0;
    let (mut term, mut sum) = (1.0, 1.0);
    for k in 1..64 {
        term *= quarter / f64::from(k * k);
        sum += term;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(hz: f64, rate: u32, count: usize) -> Vec<f32> {
        (0..count).map(|i| (2.0 * PI * hz * i as f64 / f64::from(rate)).sin() as f32).collect()
    }

    fn resampled(input: &[f32], from: u32, to: u32, block: usize) -> Vec<f32> {
        let (mut resampler, mut output) = (Resampler::new(from, to), Vec::new());
        input.chunks(block).for_each(|block| resampler.push(block, &mut output));
        resampler.finish(&mut output);
        output
    }

    fn level_db(samples: &[f32]) -> f64 {
        10.0 * (samples.iter().map(|x| f64::from(x * x)).sum::<f64>() / samples.len() as f64).log10()
    }

    #[test]
    fn a_tone_stays_the_same_tone_at_the_same_time() {
        for from in [8_000, 16_000, 44_100, 48_000, 96_000, 192_000] {
            for hz in [60.0, 1_000.0, 3_200.0] {
                let heard = resampled(&tone(hz, from, from as usize / 2), from, 22_050, 4_096);
                let wanted = tone(hz, 22_050, 11_025);
                assert_eq!(heard.len(), 11_025, "{from}");
                let error: Vec<f32> = heard.iter().zip(&wanted).map(|(h, w)| h - w).collect();
                let error_db = level_db(&error[500..10_500]);
                assert!(error_db < -60.0, "{hz} Hz from {from}: {error_db}");
            }
        }
    }

    #[test]
    fn what_would_fold_back_is_gone() {
        for hz in [12_000.0, 15_000.0, 20_000.0] {
            let heard = resampled(&tone(hz, 48_000, 24_000), 48_000, 22_050, 1_000);
            let level = level_db(&heard[500..10_500]);
            assert!(level < -73.0, "{hz}: {level}");
        }
    }

    #[test]
    fn blocks_do_not_show() {
        let input = tone(440.0, 48_000, 5_000);
        let whole = resampled(&input, 48_000, 22_050, 5_000);
        for block in [1, 7, 997] {
            assert_eq!(resampled(&input, 48_000, 22_050, block), whole);
        }
    }

    #[test]
    fn lengths_are_exact_even_when_tiny() {
        for (count, from, wanted) in [(0, 44_100, 0), (1, 44_100, 1), (2, 44_100, 1), (3, 44_100, 2), (1, 4_000, 6)] {
            assert_eq!(resampled(&vec![0.5; count], from, 22_050, 64).len(), wanted, "{count} at {from}");
        }
        assert_eq!(resampled(&[0.25, -0.5], 22_050, 22_050, 1), [0.25, -0.5]);
    }
}
