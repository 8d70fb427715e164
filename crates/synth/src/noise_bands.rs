//! Noise in sixteen bands, half an octave apart: what a fitted voice shapes its breath, bow and hammer from.
//!
//! Every band is a loop of 32,768 samples with a root mean square of 1: sines of every whole number of cycles in it, as loud as the band's
//! filter lets through, at random phases (so it joins end to end without a seam). Filters of neighbours add up to 1 in power. A
//! decoder that gives each band an amplitude a moment has thereby filtered white noise with a frequency response that changes in time
//! (Engel et al. 2020, arXiv:2001.04643, §3.4, where the same is done with finite impulse responses).

use crate::elementary::{exp2, log2, sin_cos_turns};
use crate::noise::uniform;
use aeolian_kernels::fft::{Fft, LANES, Lanes};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Number of bands.
pub const NOISE_BANDS: usize = 16;
/// Samples of a loop.
pub const NOISE_LOOP: usize = 1 << 15;
/// Middle of the lowest band.
const LOWEST_HZ: f64 = 80.0;
/// Bands in an octave.
const PER_OCTAVE: f64 = 2.0;
/// Nothing sounds above.
const HIGHEST_HZ: f64 = 18_000.0;

/// The middle of a band in hertz: 80 · 2^(band/2), up to 14,482.
pub fn band_hz(band: usize) -> f64 {
    LOWEST_HZ * exp2(band as f64 / PER_OCTAVE)
}

/// Amplitude that a band's filter lets through at a frequency, 0 … 1; the squares of all bands add up to 1 from 40 to 18,000 Hz.
pub fn band_gain(band: usize, hz: f64) -> f64 {
    if !(40.0..=HIGHEST_HZ).contains(&hz) {
        return 0.0;
    }
    let place = (PER_OCTAVE * log2(hz / LOWEST_HZ)).clamp(0.0, (NOISE_BANDS - 1) as f64);
    let away = (place - band as f64).abs();
    // cos(π/2 · away): from 1 in its own middle to 0 in a neighbour's.
    if away >= 1.0 { 0.0 } else { sin_cos_turns(0.25 * away).1 }
}

/// The loops of one sample rate.
pub struct NoiseBands {
    loops: Vec<Vec<f32>>,
}

impl NoiseBands {
    /// Those of a sample rate, made on first use and shared from then on.
    pub fn at_rate(sample_rate_hz: u32) -> Arc<Self> {
        static MADE: Mutex<BTreeMap<u32, Arc<NoiseBands>>> = Mutex::new(BTreeMap::new());
        let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
        // Rates are few; one that asks for hundreds is testing, and memory must not grow with it.
        if made.len() > 8 {
            made.clear();
        }
        made.entry(sample_rate_hz).or_insert_with(|| Arc::new(Self::new(f64::from(sample_rate_hz.max(1))))).clone()
    }

    fn new(sample_rate_hz: f64) -> Self {
        let fft = Fft::new(NOISE_LOOP);
        let (mut re, mut im) = (vec![[0.0; LANES]; NOISE_LOOP], vec![[0.0; LANES]; NOISE_LOOP]);
        for band in 0..NOISE_BANDS {
            spectrum(band, sample_rate_hz, &mut re, &mut im);
        }
        fft.backward(&mut re, &mut im);
        Self { loops: (0..NOISE_BANDS).map(|band| re.iter().map(|x| x[band]).collect()).collect() }
    }

    /// The loop of a band, [`NOISE_LOOP`] samples.
    pub fn of(&self, band: usize) -> &[f32] {
        &self.loops[band]
    }
}

/// Writes the lower half of a band's spectrum, doubled: the real part of its transform is the loop. It takes one lane.
fn spectrum(band: usize, sample_rate_hz: f64, re: &mut [Lanes], im: &mut [Lanes]) {
    let hz = |cycles: usize| cycles as f64 * sample_rate_hz / NOISE_LOOP as f64;
    // Mean square of sines of amplitude c·gain is c²·Σ gain²/2; the sum is that of an unlimited rate, so that a band half of which
    // cannot sound is not louder in the other half.
    let last = (HIGHEST_HZ * NOISE_LOOP as f64 / sample_rate_hz) as usize + 1;
    let power: f64 = (1..=last).map(|cycles| band_gain(band, hz(cycles)).powi(2)).sum();
    let scale = (2.0 / power.max(1e-9)).sqrt();
    for cycles in 1..(NOISE_LOOP / 2).min((0.45 * NOISE_LOOP as f64) as usize) {
        let gain = scale * band_gain(band, hz(cycles));
        if gain > 0.0 {
            let (sin, cos) = sin_cos_turns(f64::from(uniform(600 + band as u64, cycles as u64)));
            re[cycles][band] = (gain * cos) as f32;
            im[cycles][band] = (gain * sin) as f32;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powers_of_the_bands_add_up_to_one() {
        for hz in [40.0, 80.0, 100.0, 440.0, 1_234.0, 9_999.0, 17_999.0] {
            let sum: f64 = (0..NOISE_BANDS).map(|b| band_gain(b, hz).powi(2)).sum();
            assert!((sum - 1.0).abs() < 1e-9, "{hz}: {sum}");
        }
        assert_eq!((band_gain(0, 39.0), band_gain(15, 18_001.0)), (0.0, 0.0));
        assert!((band_hz(2) - 160.0).abs() < 1e-9);
    }

    #[test]
    fn a_loop_has_unit_power_and_no_seam() {
        let bands = NoiseBands::at_rate(44_100);
        for band in 0..NOISE_BANDS {
            let sound = bands.of(band);
            let power = sound.iter().map(|x| f64::from(x * x)).sum::<f64>() / sound.len() as f64;
            assert!((power - 1.0).abs() < 0.02, "{band}: {power}");
            let step = |a: f32, b: f32| f64::from((a - b).abs());
            let largest = sound.windows(2).map(|w| step(w[0], w[1])).fold(0.0, f64::max);
            assert!(step(sound[0], sound[NOISE_LOOP - 1]) <= largest, "{band}");
        }
    }

    #[test]
    fn a_low_rate_has_no_noise_above_what_may_sound() {
        let bands = NoiseBands::at_rate(8_000);
        assert!(bands.of(15).iter().all(|&x| x == 0.0), "14 kHz is beyond 4 kHz");
        let power: f64 = bands.of(6).iter().map(|x| f64::from(x * x)).sum::<f64>() / NOISE_LOOP as f64;
        assert!((power - 1.0).abs() < 0.02, "640 Hz is heard as ever: {power}");
    }
}
