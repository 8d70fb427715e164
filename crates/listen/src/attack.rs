//! How strongly something begins in each moment: spectral flux that vibrato does not fool.
//!
//! SuperFlux (Böck & Widmer 2013, "Maximum filter vibrato suppression for onset detection", DAFx): the growth of the logarithmic
//! spectrum in bands of a quarter of a whole tone or so, each band compared with the loudest of its neighbours a little earlier, so that
//! a partial that only slides next door is not taken for a new one.

use crate::decode::{ANALYSIS_RATE_HZ, Recording};
use crate::fft::RealFft;
use crate::pitch_track::HOP;

/// Samples one spectrum is taken from, 46 ms.
const WINDOW: usize = 1_024;
/// Compared with the spectrum this many moments earlier, 23 ms.
const EARLIER: usize = 4;
/// Bands of an octave.
const BANDS_PER_OCTAVE: f64 = 12.0;
/// The lowest band's middle.
const LOWEST_HZ: f64 = 80.0;
/// The highest band's middle.
const HIGHEST_HZ: f64 = 9_500.0;
/// What lies this far below the loudest band of the recording counts as silence, in dB.
const FLOOR_DB: f32 = 65.0;

/// What begins, and how loud it is, moment by moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Attack {
    /// Mean growth of the bands over 23 ms, in dB; 0 where nothing grows.
    pub flux: Vec<f32>,
    /// Power in the 23 ms around each moment, in dB relative to full scale; at least −100.
    pub level_db: Vec<f32>,
}

/// One value for each frame of [`pitch_track`](crate::pitch_track::pitch_track).
pub fn attack(recording: &Recording) -> Attack {
    let samples = &recording.samples;
    if samples.is_empty() {
        return Attack::default();
    }
    let count = samples.len() / HOP + 1;
    Attack { flux: flux(samples, count), level_db: (0..count).map(|frame| level_db(samples, frame * HOP)).collect() }
}

/// Samples a level is taken from.
const LEVEL_WINDOW: usize = 512;

fn level_db(samples: &[f32], centre: usize) -> f32 {
    let from = centre.saturating_sub(LEVEL_WINDOW / 2).min(samples.len());
    let around = &samples[from..(centre + LEVEL_WINDOW / 2).min(samples.len())];
    let power = around.iter().map(|x| f64::from(x * x)).sum::<f64>() / LEVEL_WINDOW as f64;
    (10.0 * power.max(1e-10).log10()) as f32
}

fn flux(samples: &[f32], count: usize) -> Vec<f32> {
    let bands = bands();
    let spectra = spectra(samples, count, &bands);
    let loudest = spectra.iter().flatten().copied().fold(f32::MIN, f32::max);
    let floor = loudest - FLOOR_DB;
    let growth = |frame: usize| {
        let Some(before) = frame.checked_sub(EARLIER).map(|f| &spectra[f]) else { return 0.0 };
        let now = &spectra[frame];
        let grown = (0..bands.len()).map(|b| {
            let near = &before[b.saturating_sub(1)..(b + 2).min(bands.len())];
            let loudest = near.iter().copied().fold(floor, f32::max);
            (now[b].max(floor) - loudest).max(0.0)
        });
        grown.sum::<f32>() / bands.len() as f32
    };
    // Centred between the two spectra that are compared.
    (0..count).map(|frame| growth((frame + EARLIER / 2).min(count - 1))).collect()
}

/// Power of every band in dB, for each frame.
fn spectra(samples: &[f32], count: usize, bands: &[std::ops::Range<usize>]) -> Vec<Vec<f32>> {
    let (mut fft, mut input, mut spectrum) = (RealFft::new(WINDOW), vec![0.0; WINDOW], Vec::new());
    let hann: Vec<f32> = (0..WINDOW)
        .map(|i| (0.5 - 0.5 * (std::f64::consts::TAU * (i as f64 + 0.5) / WINDOW as f64).cos()) as f32)
        .collect();
    let frame = |frame: usize| -> Vec<f32> {
        for (i, value) in input.iter_mut().enumerate() {
            let at = (frame * HOP + i).checked_sub(WINDOW / 2);
            *value = hann[i] * at.and_then(|at| samples.get(at)).copied().unwrap_or(0.0);
        }
        fft.forward(&input, &mut spectrum);
        let power =
            |band: &std::ops::Range<usize>| spectrum[band.clone()].iter().map(|c| c.norm_squared()).sum::<f32>();
        bands.iter().map(|band| 10.0 * power(band).max(1e-12).log10()).collect()
    };
    (0..count).map(frame).collect()
}

/// Bins of each band; below some 300 Hz, where bins are wider than bands, each bin is a band once.
fn bands() -> Vec<std::ops::Range<usize>> {
    let bin_hz = f64::from(ANALYSIS_RATE_HZ) / WINDOW as f64;
    let edge = |band: f64| (LOWEST_HZ * ((band - 0.5) / BANDS_PER_OCTAVE).exp2() / bin_hz).round() as usize;
    let count = ((HIGHEST_HZ / LOWEST_HZ).log2() * BANDS_PER_OCTAVE) as usize;
    let all = (0..count).map(|band| edge(band as f64)..edge(band as f64 + 1.0));
    all.filter(|bins| !bins.is_empty() && bins.end <= WINDOW / 2 + 1).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::TAU;

    fn recording(seconds: f64, value: impl Fn(f64) -> f64) -> Recording {
        let rate = f64::from(ANALYSIS_RATE_HZ);
        Recording { samples: (0..(seconds * rate) as usize).map(|i| value(i as f64 / rate) as f32).collect() }
    }

    #[test]
    fn a_beginning_is_where_the_flux_is_highest() {
        let heard = attack(&recording(2.0, |t| if t < 1.0 { 0.0 } else { 0.3 * (TAU * 500.0 * t).sin() }));
        let highest = (0..heard.flux.len()).max_by(|&a, &b| heard.flux[a].total_cmp(&heard.flux[b])).unwrap();
        let seconds = crate::pitch_track::seconds_of(highest);
        assert!((seconds - 1.0).abs() < 0.02, "{seconds}");
        assert!((heard.level_db[250] + 13.5).abs() < 0.3 && heard.level_db[50] == -100.0);
    }

    #[test]
    fn vibrato_begins_nothing() {
        let swaying = |t: f64| 0.3 * (TAU * 500.0 * t + 4.0 * (TAU * 6.0 * t).sin()).sin();
        let heard = attack(&recording(2.0, swaying));
        let steady = heard.flux[20..320].iter().copied().fold(0.0, f32::max);
        assert!(steady < 2.0, "{steady}");
    }

    #[test]
    fn bands_cover_the_spectrum_without_overlap() {
        let bands = bands();
        assert!(bands.windows(2).all(|pair| pair[0].end == pair[1].start));
        assert!(bands.len() > 50 && bands.iter().all(|b| b.end <= WINDOW / 2 + 1));
    }

    #[test]
    fn nothing_gives_nothing_and_a_sample_gives_a_frame() {
        assert_eq!(attack(&Recording::default()), Attack::default());
        let heard = attack(&Recording { samples: vec![0.5] });
        assert_eq!((heard.flux, heard.level_db.len()), (vec![0.0], 1));
    }
}
