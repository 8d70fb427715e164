//! The key of a piece, by the Krumhansl–Schmuckler algorithm (Krumhansl, *Cognitive Foundations of Musical Pitch*,
//! 1990, ch. 4) with the profiles of Krumhansl & Kessler 1982.

use crate::excerpt::Excerpt;
use aeolian_score::{Key, Mode};

/// Probe-tone ratings of the twelve degrees above a major tonic (Krumhansl & Kessler 1982).
const MAJOR_PROFILE: [f64; 12] = [6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88];
/// The same above a minor tonic.
const MINOR_PROFILE: [f64; 12] = [6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17];

/// The key whose Krumhansl–Kessler profile correlates best with the sounding time of the twelve pitch classes.
///
/// `None` without notes, or when all twelve sound equally long (no correlation is defined). Ties go to major, then to
/// the lower tonic.
pub fn estimate_key(excerpt: &Excerpt) -> Option<Key> {
    ranked_keys(excerpt).first().copied()
}

/// All 24 keys, the best correlated first, as in [`estimate_key`]; empty where that is `None`.
pub fn ranked_keys(excerpt: &Excerpt) -> Vec<Key> {
    let durations = excerpt.pitch_class_durations();
    let mut keys: Vec<(f64, Key)> = Vec::new();
    for (mode, profile) in [(Mode::Major, MAJOR_PROFILE), (Mode::Minor, MINOR_PROFILE)] {
        for tonic in 0..12u8 {
            let expected: [f64; 12] = std::array::from_fn(|pc| profile[(pc + 12 - usize::from(tonic)) % 12]);
            let Some(r) = correlation(&durations, &expected) else { return Vec::new() };
            keys.push((r, Key { tonic, mode }));
        }
    }
    // A stable sort, so that ties stay in order.
    keys.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    keys.into_iter().map(|(_, key)| key).collect()
}

/// What belongs to a key as a 12-bit set (bit n is pitch class n): the major scale, or the natural minor scale and the
/// raised sixth and seventh.
pub fn pitch_classes_of(key: Key) -> u16 {
    let key = Key { tonic: key.tonic % 12, ..key };
    let raised = match key.mode {
        Mode::Major => 0,
        Mode::Minor => 1 << ((key.tonic + 9) % 12) | 1 << ((key.tonic + 11) % 12),
    };
    key.scale() | raised
}

/// Pearson's r; `None` where the sides differ in length or either does not vary.
pub(crate) fn correlation(x: &[f64], y: &[f64]) -> Option<f64> {
    if x.len() != y.len() {
        return None;
    }
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let (mean_x, mean_y) = (mean(x), mean(y));
    let (mut xx, mut yy, mut xy) = (0.0, 0.0, 0.0);
    for (x, y) in x.iter().zip(y) {
        let (dx, dy) = (x - mean_x, y - mean_y);
        xx += dx * dx;
        yy += dy * dy;
        xy += dx * dy;
    }
    (xx > 0.0 && yy > 0.0).then(|| xy / (xx * yy).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::excerpt::tests::excerpt;
    use crate::harmony::in_key_share;

    fn scale(tonic: u8, degrees: &[u8]) -> Excerpt {
        let notes: Vec<_> = degrees.iter().enumerate().map(|(i, d)| (i * 2, 2, tonic + d)).collect();
        excerpt(8, &notes)
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
    fn neither_silence_nor_the_chromatic_scale_has_a_key() {
        assert_eq!(estimate_key(&excerpt(4, &[])), None);
        assert_eq!(estimate_key(&scale(60, &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11])), None);
    }

    #[test]
    fn minor_has_nine_pitch_classes_and_major_seven() {
        assert_eq!(pitch_classes_of(Key { tonic: 9, mode: Mode::Minor }), 0b1010_1011_0101 | 1 << 6 | 1 << 8);
        assert_eq!(pitch_classes_of(Key { tonic: 9, mode: Mode::Minor }).count_ones(), 9);
        assert_eq!(pitch_classes_of(Key { tonic: 0, mode: Mode::Major }), 0b1010_1011_0101);
    }

    #[test]
    fn correlation_is_one_along_a_line_and_undefined_along_a_constant() {
        assert_eq!(correlation(&[1.0, 2.0, 3.0], &[2.0, 4.0, 6.0]), Some(1.0));
        assert_eq!(correlation(&[1.0, 2.0, 3.0], &[3.0, 2.0, 1.0]), Some(-1.0));
        assert_eq!(correlation(&[1.0, 2.0], &[5.0, 5.0]), None);
        assert_eq!(correlation(&[], &[]), None);
        assert_eq!(correlation(&[1.0], &[1.0, 2.0]), None);
    }
}
