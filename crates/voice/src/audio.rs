//! Recordings as files: WAV in, one ear at 44,100 Hz out; and their notes.

use crate::note::{RATE_HZ, Recording};
use crate::pitch::{PitchTracker, notes};
use crate::synthesis::HOP;
use std::path::{Path, PathBuf};

/// The longest recording read, in seconds.
const LONGEST_SECONDS: usize = 3_600;

/// Why a recording could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AudioError {
    /// It is no WAV file, or a damaged one.
    #[error("{} is no readable WAV file", path.display())]
    Wav {
        /// The file.
        path: PathBuf,
        /// What the reader said.
        #[source]
        source: hound::Error,
    },
    /// Its head makes no sense, or it is too long.
    #[error("{} has {frames} frames at {sample_rate_hz} Hz; 4,000–384,000 Hz and an hour are the limits", path.display())]
    Size {
        /// The file.
        path: PathBuf,
        /// Frames announced.
        frames: u32,
        /// Frames a second.
        sample_rate_hz: u32,
    },
}

/// Reads a WAV file as one ear at [`RATE_HZ`], within ±1 as written.
///
/// # Errors   [`AudioError`], if it is none or is too long.
pub fn read_wav(path: &Path) -> Result<Vec<f32>, AudioError> {
    let damaged = |source| AudioError::Wav { path: path.to_owned(), source };
    let mut reader = hound::WavReader::open(path).map_err(damaged)?;
    let spec = reader.spec();
    let (rate, frames) = (spec.sample_rate, reader.duration());
    if !(4_000..=384_000).contains(&rate) || frames as usize / rate as usize > LONGEST_SECONDS || spec.channels == 0 {
        return Err(AudioError::Size { path: path.to_owned(), frames, sample_rate_hz: rate });
    }
    let samples: Vec<f32> = match spec.sample_format {
        hound::SampleFormat::Float => reader.samples::<f32>().collect::<Result<_, _>>().map_err(damaged)?,
        hound::SampleFormat::Int => {
            let full = (1u64 << (spec.bits_per_sample.clamp(1, 32) - 1)) as f32;
            reader.samples::<i32>().map(|x| x.map(|x| x as f32 / full)).collect::<Result<_, _>>().map_err(damaged)?
        }
    };
    let ears = usize::from(spec.channels);
    let mono: Vec<f32> = samples
        .chunks_exact(ears)
        .map(|frame| frame.iter().sum::<f32>() / ears as f32)
        .map(|x| if x.is_finite() { x.clamp(-8.0, 8.0) } else { 0.0 })
        .collect();
    Ok(resampled(&mono, rate))
}

/// At [`RATE_HZ`], by a sinc of 32 zero crossings under a Hann window, narrowed where frequencies must be left out.
pub fn resampled(x: &[f32], rate: u32) -> Vec<f32> {
    if rate == RATE_HZ {
        return x.to_vec();
    }
    let step = f64::from(rate) / f64::from(RATE_HZ);
    let cutoff = (1.0 / step).min(1.0) * 0.97;
    let reach = 16.0 / cutoff;
    let frames = (x.len() as f64 / step) as usize;
    (0..frames)
        .map(|n| {
            let at = n as f64 * step;
            let first = (at - reach).ceil().max(0.0) as usize;
            let last = ((at + reach).floor().max(0.0) as usize).min(x.len().saturating_sub(1));
            (first..=last)
                .map(|i| {
                    let away = i as f64 - at;
                    let angle = std::f64::consts::PI * away * cutoff;
                    let sinc = if angle.abs() < 1e-9 { 1.0 } else { angle.sin() / angle };
                    let window = 0.5 + 0.5 * (std::f64::consts::PI * away / reach).cos();
                    f64::from(x[i]) * sinc * window * cutoff
                })
                .sum::<f64>() as f32
        })
        .collect()
}

/// The notes of a recording of one voice (at [`RATE_HZ`]): a tenth of a second and longer, with what rings on for up to 0.3 s.
///
/// Velocities are loudness: the loudest note has 120, 0.35 dB less is one less, down to 20.
pub fn notes_of(samples: &[f32], tracker: &dyn PitchTracker) -> Vec<Recording> {
    let track = tracker.track(samples, RATE_HZ, HOP);
    let found = notes(&track, 17);
    let level = |first: usize, end: usize| {
        let stretch = &samples[(first * HOP).min(samples.len())..(end * HOP).min(samples.len())];
        10.0 * (stretch.iter().map(|x| f64::from(x * x)).sum::<f64>() / stretch.len().max(1) as f64).max(1e-12).log10()
    };
    let levels: Vec<f64> = found.iter().map(|n| level(n.first, n.end)).collect();
    let loudest = levels.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let ringing = (0.3 * f64::from(RATE_HZ)) as usize;
    found
        .iter()
        .enumerate()
        .map(|(index, note)| {
            let next = found.get(index + 1).map_or(samples.len(), |n| n.first * HOP);
            let (from, to) = (note.first * HOP, (note.end * HOP + ringing).min(next).min(samples.len()));
            let mut pitches = note.pitches.clone();
            pitches.sort_by(f64::total_cmp);
            Recording {
                pitch: pitches[pitches.len() / 2],
                velocity: (120.0 + (levels[index] - loudest) / 0.35).clamp(20.0, 120.0) as u8,
                samples: samples[from.min(to)..to].to_vec(),
                release_seconds: ((note.end - note.first) * HOP) as f64 / f64::from(RATE_HZ),
                sample_rate_hz: RATE_HZ,
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pitch::Yin;

    fn sine(hz: f64, rate: f64, seconds: f64) -> Vec<f32> {
        (0..(seconds * rate) as usize)
            .map(|n| (0.3 * (std::f64::consts::TAU * hz * n as f64 / rate).sin()) as f32)
            .collect()
    }

    #[test]
    fn resampling_keeps_what_can_be_kept() {
        for rate in [22_050, 48_000, 96_000] {
            let out = resampled(&sine(1_000.0, f64::from(rate), 0.2), rate);
            let expected = sine(1_000.0, 44_100.0, 0.2);
            for n in 500..8_000 {
                assert!((out[n] - expected[n]).abs() < 3e-3, "{rate}: {} {}", out[n], expected[n]);
            }
        }
        // 30 kHz cannot sound at 44,100 Hz.
        let gone = resampled(&sine(30_000.0, 96_000.0, 0.2), 96_000);
        assert!(gone[500..8_000].iter().all(|x| x.abs() < 3e-3));
    }

    #[test]
    fn notes_of_a_melody_are_found_with_their_loudness() {
        let mut sound = sine(440.0, 44_100.0, 0.4);
        sound.extend(vec![0.0; 8_000]);
        sound.extend(sine(660.0, 44_100.0, 0.4).iter().map(|x| 0.25 * x));
        let found = notes_of(&sound, &Yin::default());
        assert_eq!(found.len(), 2);
        assert!((found[0].pitch - 69.0).abs() < 0.1 && (found[1].pitch - 76.02).abs() < 0.1);
        // A quarter is −12 dB.
        assert!(found[0].velocity >= 119 && (84..=90).contains(&found[1].velocity), "{}", found[1].velocity);
        assert!(notes_of(&[], &Yin::default()).is_empty());
    }

    #[test]
    fn files_that_are_no_sound_are_refused_in_a_sentence() {
        let path = std::env::temp_dir().join(format!("aeolian-voice-{}.wav", std::process::id()));
        std::fs::write(&path, b"RIFF\x10\0\0\0WAVEfmt nonsense").expect("a writable folder");
        let told = read_wav(&path).expect_err("no WAV").to_string();
        std::fs::remove_file(&path).expect("removable");
        assert!(told.contains("is no readable WAV file"), "{told}");
        assert!(read_wav(Path::new("/nowhere.wav")).is_err());
    }
}
