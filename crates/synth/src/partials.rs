//! A bank of decaying sines, the one oscillator of this crate.
//!
//! A decaying sine obeys y[n+k] = 2 rᵏ cos(kω) y[n] − r²ᵏ y[n−k] for every stride k. With k = [`LANES`] sixteen
//! neighbouring samples advance side by side, two multiplications each, which compilers turn into vector code; and the
//! long stride keeps the recurrence well conditioned at low pitch, where k = 1 would lose the tuning in `f32`. Every
//! block starts again from an exact phase, so rounding never gathers (worst case n²/2 · 2⁻²⁴ after n = 32 strides, −90 dB).

use crate::elementary::{exp2, octaves_from_db, sin_cos_turns};

/// Samples that one call of [`Oscillator::add_block`] makes.
pub const BLOCK: usize = 512;
const LANES: usize = 16;

/// A partial quieter than this is never heard again and is dropped: −90 dB of full scale.
const AUDIBLE: f64 = 3.2e-5;

/// One sine as it leaves the hammer, the bow or the pipe.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Partial {
    /// Frequency in hertz, below half the sample rate.
    pub frequency_hz: f64,
    /// Amplitude at the onset, full scale 1.
    pub amplitude: f64,
    /// Phase at the onset in whole circles; 0 starts at the crest.
    pub phase_turns: f64,
    /// How fast it dies away, dB a second, ≥ 0.
    pub decay_db_per_second: f64,
}

/// A [`Partial`] in motion.
pub struct Oscillator {
    turns_per_sample: f64,
    phase_turns: f64,
    level: f64,
    /// log₂ of the amplitude ratio from one sample to the next, ≤ 0.
    log2_ratio: f64,
    stride: Stride,
}

/// What depends on frequency and decay but not on the moment.
struct Stride {
    /// zʲ for the lanes j, where z turns and shrinks the phasor by one sample.
    cos: [f32; LANES],
    sin: [f32; LANES],
    /// z⁻ᵏ: one stride back.
    back: (f64, f64),
    /// 2 rᵏ cos kω and r²ᵏ.
    next: f32,
    last: f32,
}

impl Stride {
    fn new(turns_per_sample: f64, log2_ratio: f64) -> Self {
        let power = |n: f64| {
            let (sin, cos) = sin_cos_turns(turns_per_sample * n);
            let ratio = exp2(log2_ratio * n);
            (ratio * cos, ratio * sin)
        };
        let k = LANES as f64;
        Self {
            cos: std::array::from_fn(|j| power(j as f64).0 as f32),
            sin: std::array::from_fn(|j| power(j as f64).1 as f32),
            back: power(-k),
            next: (2.0 * power(k).0) as f32,
            last: exp2(2.0 * k * log2_ratio) as f32,
        }
    }
}

impl Oscillator {
    /// Sets a partial in motion at its onset.
    pub fn new(partial: &Partial, sample_rate_hz: f64) -> Self {
        let turns_per_sample = partial.frequency_hz / sample_rate_hz;
        let log2_ratio = -octaves_from_db(partial.decay_db_per_second) / sample_rate_hz;
        Self {
            turns_per_sample,
            phase_turns: partial.phase_turns,
            level: partial.amplitude,
            log2_ratio,
            stride: Stride::new(turns_per_sample, log2_ratio),
        }
    }

    /// From here on it dies away faster by this much; the wave itself goes on without a step.
    pub fn damp(&mut self, extra_db_per_second: f64, sample_rate_hz: f64) {
        self.log2_ratio -= octaves_from_db(extra_db_per_second) / sample_rate_hz;
        self.stride = Stride::new(self.turns_per_sample, self.log2_ratio);
    }

    /// Adds the next [`BLOCK`] samples to `out` without moving on.
    pub fn add_block(&self, out: &mut [f32; BLOCK]) {
        let (sin, cos) = sin_cos_turns(self.phase_turns);
        let here = (self.level * cos, self.level * sin);
        let (back_cos, back_sin) = self.stride.back;
        let before = (here.0 * back_cos - here.1 * back_sin, here.0 * back_sin + here.1 * back_cos);
        let mut current = self.lanes(here);
        let mut previous = self.lanes(before);
        let (next, last) = (self.stride.next, self.stride.last);
        for chunk in out.chunks_exact_mut(LANES) {
            for j in 0..LANES {
                chunk[j] += current[j];
                let following = next * current[j] - last * previous[j];
                previous[j] = current[j];
                current[j] = following;
            }
        }
    }

    /// Moves on by `samples`.
    pub fn advance(&mut self, samples: usize) {
        let n = samples as f64;
        self.phase_turns += self.turns_per_sample * n;
        self.phase_turns -= self.phase_turns.floor();
        self.level *= exp2(self.log2_ratio * n);
    }

    /// False once it has died away for good.
    pub fn is_audible(&self) -> bool {
        self.level > AUDIBLE
    }

    fn lanes(&self, (re, im): (f64, f64)) -> [f32; LANES] {
        let (re, im) = (re as f32, im as f32);
        std::array::from_fn(|j| re * self.stride.cos[j] - im * self.stride.sin[j])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: f64 = 44_100.0;

    fn worst_error(partial: &Partial, blocks: usize) -> f64 {
        let mut oscillator = Oscillator::new(partial, RATE);
        let mut worst = 0.0f64;
        for block in 0..blocks {
            let mut out = [0.0; BLOCK];
            oscillator.add_block(&mut out);
            oscillator.advance(BLOCK);
            for (i, sample) in out.iter().enumerate() {
                let seconds = (block * BLOCK + i) as f64 / RATE;
                let level = 10f64.powf(-partial.decay_db_per_second * seconds / 20.0) * partial.amplitude;
                let angle = std::f64::consts::TAU * (partial.frequency_hz * seconds + partial.phase_turns);
                worst = worst.max((f64::from(*sample) - level * angle.cos()).abs());
            }
        }
        worst
    }

    #[test]
    fn a_second_of_any_frequency_equals_the_closed_form() {
        // 2756.25 Hz is RATE/16, where one stride is a whole circle and the recurrence is at its worst.
        for frequency_hz in [27.5, 100.0, 440.0, 1378.125, 2756.25, 2756.3, 9_999.0, 19_000.0] {
            let partial = Partial { frequency_hz, amplitude: 1.0, phase_turns: 0.3, decay_db_per_second: 12.0 };
            let error = worst_error(&partial, 86);
            assert!(error < 4e-5, "{frequency_hz} Hz: {error}");
        }
    }

    #[test]
    fn damping_changes_the_slope_but_not_the_value() {
        let partial = Partial { frequency_hz: 440.0, amplitude: 0.5, phase_turns: 0.1, decay_db_per_second: 3.0 };
        let mut oscillator = Oscillator::new(&partial, RATE);
        oscillator.advance(777);
        let (mut before, mut after) = ([0.0; BLOCK], [0.0; BLOCK]);
        oscillator.add_block(&mut before);
        oscillator.damp(600.0, RATE);
        oscillator.add_block(&mut after);
        assert!((before[0] - after[0]).abs() < 1e-6);
        assert!(after[500].abs() < 0.6 * before[500].abs());
    }
}
