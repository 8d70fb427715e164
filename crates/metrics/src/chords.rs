//! Chord recognition: which chord each half bar means, by template matching smoothed with Viterbi's algorithm.
//!
//! The classical scheme (Fujishima 1999, "Realtime chord recognition of musical sound"; smoothing as in Sheh & Ellis
//! 2003): the sounding time of the twelve pitch classes, with the lowest pitch counted twice, is compared by cosine
//! with the 0/1 template of every chord. A path over the segments earns each segment's cosine, a little more where
//! the root is the most frequent bass, and pays for every change of chord:
//!
//! maximise  Σᵢ [cos(chromaᵢ, template(cᵢ)) + 0.1 · (root(cᵢ) = bassᵢ)] − 0.05 · #{i : cᵢ ≠ cᵢ₋₁}
//!
//! It sees notes only, never the labels on a canvas, so generated and human pieces are judged by the same ear. On the
//! validation songs of pop909 its root is that of the human-corrected label in 93 % of the quarters.

use crate::excerpt::{Bar, Excerpt};
use aeolian_canvas::canvas::STEPS;
use aeolian_score::{Chord, ChordQuality};

/// What can be recognised. A larger vocabulary would call almost any set of notes a chord, and chord-tone share
/// would mean nothing.
pub const VOCABULARY: [ChordQuality; 9] = [
    ChordQuality::Major,
    ChordQuality::Minor,
    ChordQuality::Diminished,
    ChordQuality::Sus2,
    ChordQuality::Sus4,
    ChordQuality::Major7,
    ChordQuality::Minor7,
    ChordQuality::Dominant7,
    ChordQuality::HalfDiminished7,
];

const BASS_IS_ROOT: f64 = 0.1;
const CHANGE: f64 = 0.05;
const HALF_NOTE: usize = 2 * STEPS;

/// A stretch under one chord.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChordSegment {
    /// First step.
    pub start: usize,
    /// First step after it.
    pub end: usize,
    /// The chord in root position; `None` where nothing sounds.
    pub chord: Option<Chord>,
}

/// The chord of every half bar.
///
/// A bar whose length is a multiple of a half note is cut into half notes (two segments in 4/4); any other bar (3/4,
/// 6/8, 7/8, a cut one) is one segment. The segments tile the excerpt's bars.
pub fn recognise_chords(excerpt: &Excerpt) -> Vec<ChordSegment> {
    chords_of(excerpt, &excerpt.sounding())
}

/// [`recognise_chords`] where [`Excerpt::sounding`] is known.
pub(crate) fn chords_of(excerpt: &Excerpt, sounding: &[u128]) -> Vec<ChordSegment> {
    let chords: Vec<Chord> =
        VOCABULARY.into_iter().flat_map(|quality| (0..12).map(move |root| Chord::new(root, quality))).collect();
    let templates: Vec<Template> = chords.iter().map(Template::of).collect();
    let mut segments: Vec<ChordSegment> = excerpt.bars.iter().flat_map(halves).collect();
    let scores: Vec<Option<Vec<f64>>> =
        segments.iter().map(|s| Heard::new(sounding.get(s.start..s.end)?)?.scores(&templates).into()).collect();
    let path = best_path(&scores, chords.len());
    for ((segment, score), choice) in segments.iter_mut().zip(&scores).zip(path) {
        segment.chord = score.as_ref().map(|_| chords[choice]);
    }
    segments
}

fn halves(bar: &Bar) -> Vec<ChordSegment> {
    let piece = if bar.length.is_multiple_of(HALF_NOTE) { HALF_NOTE } else { bar.steps() };
    // A bar cut at its beginning keeps its cuts at half notes from the bar line.
    let mut cuts = vec![bar.start];
    cuts.extend((bar.start + 1..bar.end).filter(|step| (step - bar.start + bar.missing).is_multiple_of(piece)));
    cuts.push(bar.end);
    cuts.windows(2).map(|w| ChordSegment { start: w[0], end: w[1], chord: None }).collect()
}

/// What one segment sounds like.
struct Heard {
    chroma: [f64; 12],
    bass: usize,
}

impl Heard {
    fn new(sounding: &[u128]) -> Option<Self> {
        let (mut chroma, mut basses) = ([0.0; 12], [0usize; 12]);
        for &set in sounding.iter().filter(|&&set| set != 0) {
            let bass = set.trailing_zeros() as usize % 12;
            basses[bass] += 1;
            chroma[bass] += 1.0;
            let mut left = set;
            while left != 0 {
                chroma[left.trailing_zeros() as usize % 12] += 1.0;
                left &= left - 1;
            }
        }
        let bass = (0..12).max_by_key(|&pc| (basses[pc], 12 - pc))?;
        (basses[bass] > 0).then_some(Self { chroma, bass })
    }

    fn scores(&self, templates: &[Template]) -> Vec<f64> {
        let norm = self.chroma.iter().map(|c| c * c).sum::<f64>().sqrt();
        let score = |template: &Template| {
            let inside: f64 = template.pitch_classes.iter().map(|&pc| self.chroma[pc]).sum();
            let bass = if template.root == self.bass { BASS_IS_ROOT } else { 0.0 };
            inside / (norm * template.norm) + bass
        };
        templates.iter().map(score).collect()
    }
}

/// What a chord should sound like.
struct Template {
    root: usize,
    /// Ascending.
    pitch_classes: Vec<usize>,
    /// √ of their number.
    norm: f64,
}

impl Template {
    fn of(chord: &Chord) -> Self {
        let set = chord.pitch_classes();
        let pitch_classes: Vec<usize> = (0..12).filter(|pc| set >> pc & 1 == 1).collect();
        Self { root: chord.root.into(), norm: (pitch_classes.len() as f64).sqrt(), pitch_classes }
    }
}

/// Viterbi with one price for every change; a silent segment (`None`) earns the same with every chord.
fn best_path(scores: &[Option<Vec<f64>>], chords: usize) -> Vec<usize> {
    let mut value = vec![0.0; chords];
    let mut came_from: Vec<Vec<usize>> = Vec::with_capacity(scores.len());
    for score in scores {
        let best = highest(&value);
        let from = |chord: usize| if value[chord] >= value[best] - CHANGE { chord } else { best };
        let origin: Vec<usize> = (0..chords).map(from).collect();
        value = (0..chords)
            .map(|chord| {
                let before = value[origin[chord]] - if origin[chord] == chord { 0.0 } else { CHANGE };
                before + score.as_ref().map_or(0.0, |s| s[chord])
            })
            .collect();
        came_from.push(origin);
    }
    let mut chord = highest(&value);
    let mut path = vec![0; scores.len()];
    for (i, origin) in came_from.iter().enumerate().rev() {
        path[i] = chord;
        chord = origin[chord];
    }
    path
}

/// Index of the first maximum.
fn highest(values: &[f64]) -> usize {
    (0..values.len()).fold(0, |best, i| if values[i] > values[best] { i } else { best })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::excerpt::tests::excerpt;

    fn chords_of(notes: &[(usize, usize, u8)], quarters: usize) -> Vec<Option<Chord>> {
        recognise_chords(&excerpt(quarters, notes)).iter().map(|segment| segment.chord).collect()
    }

    #[test]
    fn every_chord_of_the_vocabulary_is_recognised_in_root_position() {
        for quality in VOCABULARY {
            for root in 0..12 {
                let notes: Vec<_> = quality.intervals().iter().map(|i| (0, 16, 48 + root + i)).collect();
                assert_eq!(chords_of(&notes, 4), [Some(Chord::new(root, quality)); 2]);
            }
        }
    }

    #[test]
    fn a_cadence_changes_chord_every_half_bar() {
        let chord = |start: usize, pitches: [u8; 3]| pitches.map(|pitch| (start, 8, pitch));
        let notes = [chord(0, [48, 64, 67]), chord(8, [53, 60, 69]), chord(16, [43, 62, 71])].concat();
        let expected = [0, 5, 7].map(|root| Some(Chord::new(root, ChordQuality::Major)));
        assert_eq!(chords_of(&notes, 8)[..3], expected);
        assert_eq!(chords_of(&notes, 8)[3], None, "silence has no chord");
    }

    #[test]
    fn a_bare_tone_does_not_break_the_harmony_around_it() {
        let triad = [(0, 8, 48), (0, 8, 52), (0, 8, 55)];
        let notes = [&triad[..], &[(8, 8, 52)], &triad.map(|(s, d, p)| (s + 16, d, p))].concat();
        assert_eq!(chords_of(&notes, 8)[..3], [Some(Chord::new(0, ChordQuality::Major)); 3]);
    }

    #[test]
    fn segments_tile_bars_of_any_metre() {
        let mut canvas = aeolian_canvas::Canvas::new(7);
        canvas.positions = [2, 4, 6, 0, 2, 4, 0]
            .iter()
            .zip([8, 8, 8, 6, 6, 6, 8])
            .map(|(&eighth, bar_eighths)| aeolian_canvas::BarPosition { eighth, bar_eighths })
            .collect();
        let segments = recognise_chords(&Excerpt::from_canvas(&canvas));
        let bounds: Vec<_> = segments.iter().map(|s| (s.start, s.end)).collect();
        assert_eq!(bounds, [(0, 4), (4, 12), (12, 24), (24, 28)]);
    }
}
