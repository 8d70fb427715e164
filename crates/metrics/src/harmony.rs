//! Harmony: pitch classes, keys and consonance.
//!
//! Pitch-class entropy and scale consistency follow Wu & Yang 2020 (arXiv:2008.01307, "The Jazz Transformer on the
//! front line") and Mogren 2016 (arXiv:1611.09904); the key is found by the Krumhansl–Schmuckler algorithm
//! (Krumhansl, *Cognitive Foundations of Musical Pitch*, 1990, ch. 4) with the Krumhansl–Kessler 1982 profiles.

use crate::chords::ChordSegment;
use crate::excerpt::{Excerpt, share};
use aeolian_score::{Key, Mode};

/// Probe-tone ratings of the twelve degrees above a major tonic (Krumhansl & Kessler 1982).
const MAJOR_PROFILE: [f64; 12] = [6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88];
/// The same above a minor tonic.
const MINOR_PROFILE: [f64; 12] = [6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17];

/// Entropy of the pitch-class histogram in bits, 0 – log₂ 12 ≈ 3.58; every note counts once.
///
/// H = −Σ pᵢ log₂ pᵢ. `None` without notes.
pub fn pitch_class_entropy(excerpt: &Excerpt) -> Option<f64> {
    let counts = excerpt.pitch_class_counts();
    let total: f64 = counts.iter().sum();
    (total > 0.0).then(|| -> f64 { counts.iter().filter(|&&c| c > 0.0).map(|c| c / total * (total / c).log2()).sum() })
}

/// The key whose Krumhansl–Kessler profile correlates best with the sounding time of the twelve pitch classes.
///
/// `None` without notes, or when all twelve sound equally long (no correlation is defined). Ties go to major, then to
/// the lower tonic.
pub fn estimate_key(excerpt: &Excerpt) -> Option<Key> {
    let durations = excerpt.pitch_class_durations();
    let mut best: Option<(f64, Key)> = None;
    for (mode, profile) in [(Mode::Major, MAJOR_PROFILE), (Mode::Minor, MINOR_PROFILE)] {
        for tonic in 0..12u8 {
            let expected: [f64; 12] = std::array::from_fn(|pc| profile[(pc + 12 - usize::from(tonic)) % 12]);
            let r = correlation(&durations, &expected)?;
            if best.is_none_or(|(highest, _)| r > highest) {
                best = Some((r, Key { tonic, mode }));
            }
        }
    }
    best.map(|(_, key)| key)
}

/// Pearson's r; `None` where either side does not vary.
fn correlation(x: &[f64; 12], y: &[f64; 12]) -> Option<f64> {
    let (mean_x, mean_y) = (x.iter().sum::<f64>() / 12.0, y.iter().sum::<f64>() / 12.0);
    let (mut xx, mut yy, mut xy) = (0.0, 0.0, 0.0);
    for (x, y) in x.iter().zip(y) {
        let (dx, dy) = (x - mean_x, y - mean_y);
        xx += dx * dx;
        yy += dy * dy;
        xy += dx * dy;
    }
    (xx > 0.0 && yy > 0.0).then(|| xy / (xx * yy).sqrt())
}

/// Share of notes whose pitch class belongs to `key`, 0–1. `None` without notes.
///
/// In minor the raised sixth and seventh belong to the key beside the natural ones: nine pitch classes instead of
/// seven, so a minor key is the easier one to keep.
pub fn in_key_share(excerpt: &Excerpt, key: Key) -> Option<f64> {
    let raised = match key.mode {
        Mode::Major => 0,
        Mode::Minor => 1 << ((key.tonic + 9) % 12) | 1 << ((key.tonic + 11) % 12),
    };
    let scale = key.scale() | raised;
    let inside = excerpt.notes.iter().filter(|note| scale >> note.pitch_class() & 1 == 1).count();
    share(inside, excerpt.notes.len())
}

/// The largest share of notes that one diatonic collection (the twelve major scales) holds, 0–1. `None` without notes.
pub fn scale_consistency(excerpt: &Excerpt) -> Option<f64> {
    let keys = (0..12).map(|tonic| Key { tonic, mode: Mode::Major });
    keys.filter_map(|key| in_key_share(excerpt, key)).reduce(f64::max)
}

/// Share of the notes' sounding time that belongs to the chord recognised where they start, 0–1.
///
/// Σ duration of notes whose pitch class is in the chord of their onset's segment / Σ duration of all notes that
/// start in a segment with a chord. `None` if there is none.
pub fn chord_tone_share(excerpt: &Excerpt, segments: &[ChordSegment]) -> Option<f64> {
    let (mut inside, mut all) = (0, 0);
    for note in &excerpt.notes {
        let segment = segments.partition_point(|segment| segment.end <= note.onset);
        if let Some(chord) = segments.get(segment).and_then(|segment| segment.chord) {
            all += note.duration();
            inside += if chord.pitch_classes() >> note.pitch_class() & 1 == 1 { note.duration() } else { 0 };
        }
    }
    share(inside, all)
}

/// Share of dissonant pairs among all pairs of pitches that sound in the same step, 0–1. `None` where no two
/// sound together.
///
/// Dissonant are the interval classes 1, 2 and 6: seconds, sevenths and the tritone, as in two-part counterpoint;
/// the fourth counts as consonant.
pub fn dissonant_pair_share(excerpt: &Excerpt) -> Option<f64> {
    let (mut dissonant, mut pairs) = (0, 0);
    for set in excerpt.sounding() {
        let voices = set.count_ones() as usize;
        pairs += voices * voices.saturating_sub(1) / 2;
        // Pitches that lie `interval` apart are the bits that survive a shift by it.
        let apart = |interval: usize| (set & set >> interval).count_ones() as usize;
        dissonant += (1..128).filter(|i| matches!(i % 12, 1 | 2 | 6 | 10 | 11)).map(apart).sum::<usize>();
    }
    share(dissonant, pairs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::excerpt::tests::excerpt;

    fn scale(tonic: u8, degrees: &[u8]) -> Excerpt {
        let notes: Vec<_> = degrees.iter().enumerate().map(|(i, d)| (i * 2, 2, tonic + d)).collect();
        excerpt(8, &notes)
    }

    #[test]
    fn entropy_of_equal_classes_is_the_logarithm_of_their_number() {
        assert_eq!(pitch_class_entropy(&excerpt(4, &[(0, 1, 60), (1, 9, 72)])), Some(0.0));
        let four = excerpt(4, &[(0, 1, 60), (1, 1, 61), (2, 1, 62), (3, 1, 63)]);
        assert_eq!(pitch_class_entropy(&four), Some(2.0));
        assert_eq!(pitch_class_entropy(&excerpt(4, &[])), None);
    }

    #[test]
    fn scales_that_start_and_end_on_the_tonic_find_their_key() {
        for tonic in 0..12 {
            let major = scale(60 + tonic, &[0, 2, 4, 5, 7, 9, 11, 12, 7, 4, 0]);
            let minor = scale(60 + tonic, &[0, 2, 3, 5, 7, 8, 11, 12, 7, 3, 0]);
            let (in_major, in_minor) = (Key { tonic, mode: Mode::Major }, Key { tonic, mode: Mode::Minor });
            assert_eq!(estimate_key(&major), Some(in_major));
            assert_eq!(estimate_key(&minor), Some(in_minor));
            assert_eq!(in_key_share(&major, in_major), Some(1.0));
            assert_eq!(in_key_share(&minor, in_minor), Some(1.0), "the raised seventh belongs");
        }
    }

    #[test]
    fn the_chromatic_scale_has_no_key() {
        let chromatic = scale(60, &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
        assert_eq!(estimate_key(&chromatic), None);
        assert_eq!(scale_consistency(&chromatic), Some(7.0 / 12.0));
        assert_eq!(in_key_share(&chromatic, Key { tonic: 9, mode: Mode::Minor }), Some(9.0 / 12.0));
    }

    #[test]
    fn silence_leaves_every_figure_undefined() {
        let silence = excerpt(4, &[]);
        assert_eq!(estimate_key(&silence), None);
        assert_eq!(scale_consistency(&silence), None);
        assert_eq!(chord_tone_share(&silence, &[]), None);
        assert_eq!(dissonant_pair_share(&silence), None);
    }

    #[test]
    fn dissonance_counts_pairs_step_by_step() {
        // C–E–B for one step: a third (consonant), a seventh and a fifth (E–B); then C–E for one more.
        let chord = excerpt(1, &[(0, 2, 60), (0, 2, 64), (0, 1, 71)]);
        assert_eq!(dissonant_pair_share(&chord), Some(1.0 / 4.0));
        // A minor ninth is as dissonant as a second; a lone note makes no pair.
        assert_eq!(dissonant_pair_share(&excerpt(1, &[(0, 1, 60), (0, 1, 73)])), Some(1.0));
        assert_eq!(dissonant_pair_share(&excerpt(1, &[(0, 1, 60)])), None);
    }

    #[test]
    fn chord_tones_weigh_by_duration() {
        let melody = excerpt(4, &[(0, 3, 60), (3, 1, 62)]);
        let chord = aeolian_score::Chord::new(0, aeolian_score::ChordQuality::Major);
        let segments = [ChordSegment { start: 0, end: 16, chord: Some(chord) }];
        assert_eq!(chord_tone_share(&melody, &segments), Some(0.75));
        assert_eq!(chord_tone_share(&melody, &[ChordSegment { chord: None, ..segments[0] }]), None);
    }
}
