//! Harmony: which pitch classes are used, how evenly, and how well they fit a key.
//!
//! Pitch-class entropy follows Wu & Yang 2020 (arXiv:2008.01307, "The Jazz Transformer on the front line", sec. 5) and
//! scale consistency Mogren 2016 (arXiv:1611.09904); keys are those of [`crate::key`].

use crate::entropy::entropy_bits;
use crate::excerpt::{Excerpt, share};
use crate::key::pitch_classes_of;
use aeolian_score::{Key, Mode};

/// Entropy of the pitch-class histogram in bits, 0 – log₂ 12 ≈ 3.58; every note counts once.
///
/// H = −Σ pᵢ log₂ pᵢ. `None` without notes.
pub fn pitch_class_entropy(excerpt: &Excerpt) -> Option<f64> {
    entropy_bits(&excerpt.pitch_class_counts())
}

/// Mean pitch-class entropy of all windows of `bars` consecutive complete bars, bits: Wu & Yang's H₁ and H₄.
///
/// Windows start at every bar; a note belongs to the bar it starts in, and silent windows are left out. `None` where no
/// window remains, as in a piece of fewer bars (their program measures the whole piece instead), and for 0 bars.
pub fn windowed_pitch_class_entropy(excerpt: &Excerpt, bars: usize) -> Option<f64> {
    if bars == 0 {
        return None;
    }
    let counts: Vec<Option<[f64; 12]>> = excerpt
        .bars
        .iter()
        .map(|bar| {
            let mut counts = [0.0; 12];
            excerpt.notes_in(bar).iter().for_each(|note| counts[note.pitch_class()] += 1.0);
            bar.is_complete().then_some(counts)
        })
        .collect();
    let entropy_of_window = |window: &[Option<[f64; 12]>]| {
        let mut sum = [0.0; 12];
        for counts in window {
            sum.iter_mut().zip((*counts)?).for_each(|(sum, count)| *sum += count);
        }
        entropy_bits(&sum)
    };
    mean(counts.windows(bars).filter_map(entropy_of_window))
}

/// Share of notes whose pitch class belongs to `key`, 0–1. `None` without notes.
///
/// In minor the raised sixth and seventh belong to the key beside the natural ones: nine pitch classes instead of
/// seven, so a minor key is the easier one to keep.
pub fn in_key_share(excerpt: &Excerpt, key: Key) -> Option<f64> {
    let inside = pitch_classes_of(key);
    share(excerpt.notes.iter().filter(|note| inside >> note.pitch_class() & 1 == 1).count(), excerpt.notes.len())
}

/// Share of the sounding steps in which a pitch class outside `key` sounds, 0–1. `None` in silence.
///
/// The key's pitch classes are those of [`in_key_share`]. A note weighs by its length here, and a step is out of key
/// however many of its notes are.
pub fn out_of_key_steps(sounding: &[u128], key: Key) -> Option<f64> {
    let outside = !pitch_classes_of(key);
    let heard = || sounding.iter().filter(|&&set| set != 0);
    share(heard().filter(|&&set| pitch_classes_in(set) & outside != 0).count(), heard().count())
}

/// The largest share of notes that one diatonic collection (the twelve major scales) holds, 0–1. `None` without notes.
pub fn scale_consistency(excerpt: &Excerpt) -> Option<f64> {
    let mut counts = [0usize; 12];
    excerpt.notes.iter().for_each(|note| counts[note.pitch_class()] += 1);
    let held = |tonic: u8| {
        let inside = pitch_classes_of(Key { tonic, mode: Mode::Major });
        (0..12).filter(|pc| inside >> pc & 1 == 1).map(|pc| counts[pc]).sum()
    };
    share((0..12).map(held).max()?, excerpt.notes.len())
}

/// Share of notes on each of the twelve degrees above the tonic of `key`, 0–1 each; index 0 is the tonic. `None`
/// without notes.
pub fn degree_shares(excerpt: &Excerpt, key: Key) -> Option<[f64; 12]> {
    let counts = excerpt.pitch_class_counts();
    let total: f64 = counts.iter().sum();
    (total > 0.0).then(|| std::array::from_fn(|degree| counts[(usize::from(key.tonic) + degree) % 12] / total))
}

/// The pitch classes of a set of pitches, as a 12-bit set (bit n is pitch class n).
fn pitch_classes_in(pitches: u128) -> u16 {
    (0..11).fold(0, |set, octave| set | (pitches >> (12 * octave)) as u16 & 0xFFF)
}

/// Mean of the values; `None` where there is none.
pub(crate) fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, count) = values.fold((0.0, 0usize), |(sum, count), value| (sum + value, count + 1));
    (count > 0).then(|| sum / count as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::excerpt::tests::excerpt;

    const C_MAJOR: Key = Key { tonic: 0, mode: Mode::Major };

    #[test]
    fn entropy_of_equal_classes_is_the_logarithm_of_their_number() {
        assert_eq!(pitch_class_entropy(&excerpt(4, &[(0, 1, 60), (1, 9, 72)])), Some(0.0));
        let four = excerpt(4, &[(0, 1, 60), (1, 1, 61), (2, 1, 62), (3, 1, 63)]);
        assert_eq!(pitch_class_entropy(&four), Some(2.0));
        assert_eq!(pitch_class_entropy(&excerpt(4, &[])), None);
    }

    #[test]
    fn windows_start_at_every_bar_and_silent_ones_say_nothing() {
        // Bar 1: C D. Bar 2: silent. Bar 3: C. Entropies 1, –, 0; of two bars 1 (C D), 0 (C).
        let piece = excerpt(12, &[(0, 1, 60), (4, 1, 62), (32, 1, 60)]);
        assert_eq!(windowed_pitch_class_entropy(&piece, 1), Some(0.5));
        assert_eq!(windowed_pitch_class_entropy(&piece, 2), Some(0.5));
        assert_eq!(windowed_pitch_class_entropy(&piece, 3), pitch_class_entropy(&piece));
        assert_eq!(windowed_pitch_class_entropy(&piece, 4), None);
        assert_eq!(windowed_pitch_class_entropy(&piece, 0), None);
        assert_eq!(windowed_pitch_class_entropy(&excerpt(3, &[(0, 1, 60)]), 1), None, "no complete bar");
    }

    #[test]
    fn the_chromatic_scale_fills_seven_twelfths_of_major_and_nine_of_minor() {
        let notes: Vec<_> = (0..12).map(|i| (2 * i, 2, 60 + i as u8)).collect();
        let chromatic = excerpt(8, &notes);
        assert_eq!(scale_consistency(&chromatic), Some(7.0 / 12.0));
        assert_eq!(in_key_share(&chromatic, Key { tonic: 9, mode: Mode::Minor }), Some(9.0 / 12.0));
        assert_eq!(degree_shares(&chromatic, C_MAJOR), Some([1.0 / 12.0; 12]));
    }

    #[test]
    fn a_step_is_out_of_key_with_one_strange_note_among_many() {
        let piece = excerpt(4, &[(0, 4, 60), (0, 4, 64), (3, 1, 61)]);
        assert_eq!(out_of_key_steps(&piece.sounding(), C_MAJOR), Some(0.25));
        assert_eq!(out_of_key_steps(&excerpt(4, &[]).sounding(), C_MAJOR), None);
    }

    #[test]
    fn the_highest_pitches_have_pitch_classes_too() {
        assert_eq!(pitch_classes_in(1 << 127 | 1 << 120 | 1), 1 << 7 | 1);
    }

    #[test]
    fn degrees_are_counted_from_the_tonic() {
        let piece = excerpt(4, &[(0, 1, 62), (1, 1, 62), (2, 1, 69), (3, 1, 61)]);
        let shares = degree_shares(&piece, Key { tonic: 2, mode: Mode::Major }).unwrap();
        assert_eq!((shares[0], shares[7], shares[11]), (0.5, 0.25, 0.25));
        assert_eq!(degree_shares(&excerpt(4, &[]), C_MAJOR), None);
    }

    #[test]
    fn silence_leaves_every_figure_undefined() {
        let silence = excerpt(4, &[]);
        assert_eq!(scale_consistency(&silence), None);
        assert_eq!(in_key_share(&silence, C_MAJOR), None);
        assert_eq!(windowed_pitch_class_entropy(&silence, 1), None);
    }
}
