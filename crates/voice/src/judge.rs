//! How far an instrument is from recordings of notes it never learned from.
//!
//! Two figures a note, then their means: the multi-scale spectral distance ([`SpectralLoss`], as learned by but on other notes), and the
//! loudness error: the mean difference in dB between the two envelopes, root mean squares of 10 ms, wherever the recording is within
//! 50 dB of its loudest (softer than that counts as that soft). Instruments may be recorded at another level: one gain for all notes,
//! which makes the mean difference in dB 0, is applied before.

use crate::note::Recording;
use crate::spectral_loss::SpectralLoss;
use aeolian_diffusion::Noise;

/// Samples of an envelope's frame: 10 ms at 44,100 Hz.
const FRAME: usize = 441;
/// Below the loudest frame by this factor an envelope ends: −50 dB.
const SOFTEST: f64 = 3.16e-3;

/// How far an instrument is from recordings.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Judgement {
    /// Mean multi-scale spectral distance, ≥ 0.
    pub spectral: f64,
    /// Mean difference of the loudness envelopes in dB, ≥ 0.
    pub loudness_db: f64,
    /// Notes compared.
    pub notes: usize,
}

/// Compares notes with recordings of the same notes, in the same order; `None` if there are none or one is silent throughout.
pub fn judge(recordings: &[Recording], notes: &[Recording]) -> Option<Judgement> {
    let pairs: Vec<(&Recording, &Recording)> = recordings.iter().zip(notes).collect();
    let gain = gain(&pairs)?;
    let loss = SpectralLoss::default();
    let (mut spectral, mut loudness) = (0.0, 0.0);
    for (recording, note) in &pairs {
        let scaled: Vec<f32> = note.samples.iter().map(|x| gain as f32 * x).collect();
        spectral += loss.distance(&recording.samples, &scaled)?;
        loudness += envelope_error(&recording.samples, &scaled)?;
    }
    let count = pairs.len() as f64;
    Some(Judgement { spectral: spectral / count, loudness_db: loudness / count, notes: pairs.len() })
}

/// The gain for all notes after which the mean of the level differences is 0 dB.
fn gain(pairs: &[(&Recording, &Recording)]) -> Option<f64> {
    if pairs.is_empty() {
        return None;
    }
    let level = |r: &Recording| r.samples.iter().map(|x| f64::from(x * x)).sum::<f64>();
    let mut sum = 0.0;
    for (recording, note) in pairs {
        let (a, b) = (level(recording), level(note));
        if a <= 0.0 || b <= 0.0 {
            return None;
        }
        sum += 0.5 * (a / b).ln();
    }
    Some((sum / pairs.len() as f64).exp())
}

/// Mean difference in dB of two envelopes; `None` if the recording is silent.
pub fn envelope_error(recording: &[f32], note: &[f32]) -> Option<f64> {
    let envelope = |x: &[f32]| -> Vec<f64> {
        x.chunks_exact(FRAME).map(|c| (c.iter().map(|x| f64::from(x * x)).sum::<f64>() / FRAME as f64).sqrt()).collect()
    };
    let (a, b) = (envelope(recording), envelope(note));
    let floor = SOFTEST * a.iter().copied().fold(0.0, f64::max);
    if floor <= 0.0 {
        return None;
    }
    let heard: Vec<f64> =
        a.iter().zip(&b).filter(|(a, _)| **a >= floor).map(|(a, b)| 20.0 * (a / b.max(floor)).log10().abs()).collect();
    Some(heard.iter().sum::<f64>() / heard.len().max(1) as f64)
}

/// White noise in place of each recording, for as long as the note is held and at its mean level: what knowing nothing gets.
pub fn noise_instead(recordings: &[Recording]) -> Vec<Recording> {
    let noise = Noise::new(1).stream(7);
    let hiss = |(index, recording): (usize, &Recording)| {
        let held = (recording.release_seconds * f64::from(recording.sample_rate_hz)) as usize;
        let held = held.min(recording.samples.len());
        let power = recording.samples[..held].iter().map(|x| f64::from(x * x)).sum::<f64>() / held.max(1) as f64;
        let mut samples = vec![0.0; recording.samples.len()];
        noise.stream(index as u64).fill_normal(&mut samples[..held], 0);
        samples.iter_mut().for_each(|x| *x *= power.sqrt() as f32);
        Recording { samples, ..recording.clone() }
    };
    recordings.iter().enumerate().map(hiss).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(amplitude: f32, hz: f32) -> Recording {
        let samples =
            (0..22_050).map(|i| amplitude * (std::f32::consts::TAU * hz * i as f32 / 44_100.0).sin()).collect();
        Recording { pitch: 69.0, velocity: 100, samples, release_seconds: 0.4, sample_rate_hz: 44_100 }
    }

    #[test]
    fn the_same_notes_at_another_level_are_no_distance_away() {
        let recordings = [note(0.1, 440.0), note(0.2, 880.0)];
        let louder = [note(0.3, 440.0), note(0.6, 880.0)];
        let judgement = judge(&recordings, &louder).expect("a judgement");
        assert!(judgement.spectral < 0.02 && judgement.loudness_db < 1e-3, "{judgement:?}");
        assert_eq!(judgement.notes, 2);
    }

    #[test]
    fn a_wrong_balance_between_notes_is_an_error_of_loudness() {
        // 6 dB apart instead of 0: after the common gain each is 3 dB off.
        let judgement = judge(&[note(0.1, 440.0), note(0.1, 880.0)], &[note(0.1, 440.0), note(0.2, 880.0)]);
        assert!((judgement.expect("a judgement").loudness_db - 3.01).abs() < 0.01);
    }

    #[test]
    fn noise_is_far_and_silence_undefined() {
        let recordings = [note(0.1, 440.0)];
        let judgement = judge(&recordings, &noise_instead(&recordings)).expect("a judgement");
        assert!(judgement.spectral > 5.0, "{judgement:?}");
        assert_eq!(judge(&recordings, &[note(0.0, 440.0)]), None);
        assert_eq!(judge(&[], &[]), None);
        assert_eq!(envelope_error(&[], &[]), None);
    }
}
