//! The key that notes sound like, by how often songs use each degree.
//!
//! A multinomial classifier over sounding time: log p = Σ d(pitch class) · log p(degree | mode). The shares of the degrees
//! are counted over the 676 training songs of pop909 (every song weighing the same, 2026-11-24). On 148 excerpts of 8
//! bars of held-out songs it finds 121 keys, the probe-tone profiles of Krumhansl & Kessler 91
//! (`aeolian_metrics::key`, which stays the measure of the evaluation); asking the network to choose between the relative
//! keys found 3 more, which is within the error, and is not done.

use aeolian_metrics::Excerpt;
use aeolian_score::{Key, Mode};

/// Share of the sounding time of each degree above the tonic, in semitones: major, minor.
const SHARES: [[f64; 12]; 2] = [
    [0.2031, 0.0108, 0.1293, 0.0086, 0.1411, 0.0858, 0.0100, 0.1967, 0.0134, 0.1235, 0.0119, 0.0657],
    [0.2215, 0.0075, 0.0813, 0.1439, 0.0086, 0.1215, 0.0056, 0.1905, 0.0676, 0.0106, 0.1277, 0.0137],
];

/// The likeliest key of an excerpt; `None` without notes. Of equals the major one, then the lower tonic.
pub fn likely_key(excerpt: &Excerpt) -> Option<Key> {
    let durations = excerpt.pitch_class_durations();
    if durations.iter().sum::<f64>() <= 0.0 {
        return None;
    }
    let log_likelihood = |key: Key| -> f64 {
        let shares = SHARES[usize::from(key.mode == Mode::Minor)];
        (0..12).map(|degree| durations[(degree + usize::from(key.tonic)) % 12] * shares[degree].ln()).sum()
    };
    let keys = [Mode::Major, Mode::Minor].into_iter().flat_map(|mode| (0..12).map(move |tonic| Key { tonic, mode }));
    let mut best: Option<(f64, Key)> = None;
    for key in keys {
        let value = log_likelihood(key);
        if best.is_none_or(|(highest, _)| value > highest) {
            best = Some((value, key));
        }
    }
    best.map(|(_, key)| key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use aeolian_canvas::{Canvas, NoteCell, NoteLane};

    fn key_of(pitches: &[u8]) -> Option<Key> {
        let mut canvas = Canvas::new(pitches.len().div_ceil(4));
        for (step, &pitch) in pitches.iter().enumerate() {
            *canvas.cell_mut(NoteLane::Melody, step, pitch) = NoteCell::Onset;
        }
        likely_key(&Excerpt::from_canvas(&canvas))
    }

    #[test]
    fn shares_add_up() {
        for shares in SHARES {
            assert!((shares.iter().sum::<f64>() - 1.0).abs() < 2e-3);
        }
    }

    #[test]
    fn a_tune_is_in_the_key_of_its_triad_and_scale_in_every_transposition() {
        let major = [60u8, 64, 67, 69, 67, 65, 64, 62, 60];
        let minor = [57u8, 60, 64, 65, 64, 62, 60, 59, 57];
        for up in 0..12 {
            let moved = |tune: [u8; 9]| key_of(&tune.map(|p| p + up));
            assert_eq!(moved(major), Some(Key { tonic: up % 12, mode: Mode::Major }));
            assert_eq!(moved(minor), Some(Key { tonic: (up + 9) % 12, mode: Mode::Minor }));
        }
        assert_eq!(key_of(&[]), None);
    }
}
