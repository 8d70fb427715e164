//! Chord labels as mir_eval reads them: a root, the set of semitones above it, and a bass, over a stretch of time.
//!
//! Raffel et al. 2014 ("mir_eval: a transparent implementation of common MIR metrics"), after the syntax of Harte et
//! al. 2005 ("Symbolic representation of musical chords"). A ninth lies beyond the octave and takes no part: C9 is read
//! as C7, C(add9) as C. The bass belongs to the set even where it is foreign to the chord.
//!
//! ```
//! use aeolian_metrics::conditional::ChordLabel;
//! use aeolian_score::{Chord, ChordQuality};
//!
//! let c9 = ChordLabel::from(Chord::new(0, ChordQuality::Dominant9));
//! assert_eq!(c9, ChordLabel::from(Chord::new(0, ChordQuality::Dominant7)));
//! ```

use aeolian_score::{Chord, ChordQuality, Score};
use serde::Serialize;

/// What a moment is labelled with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub enum ChordLabel {
    /// N.C.: it is known that there is no chord.
    NoChord,
    /// It is not known what the chord is (X). As a reference it is never judged, as an estimate it is always wrong.
    Unknown,
    /// A chord.
    Chord {
        /// Root pitch class, 0–11.
        root: u8,
        /// The notes: bit n stands for n semitones above the root, bits 0–11. Root and bass are always there.
        intervals: u16,
        /// Semitones from the root up to the bass, 0–11; 0 in root position.
        bass: u8,
    },
}

impl ChordLabel {
    /// From pitch classes: the root, the bass, and a 12-bit set (bit n is pitch class n) to which both are added.
    /// Numbers beyond 11 are taken modulo 12, bits beyond 11 are dropped.
    pub fn from_pitch_classes(root: u8, bass: u8, pitch_classes: u16) -> Self {
        let (root, bass) = (root % 12, bass % 12);
        let set = (pitch_classes & 0xFFF) | 1 << root | 1 << bass;
        let intervals = (set >> root | set << (12 - root)) & 0xFFF;
        Self::Chord { root, intervals, bass: (bass + 12 - root) % 12 }
    }
}

impl From<Chord> for ChordLabel {
    fn from(chord: Chord) -> Self {
        let has_ninth = matches!(
            chord.quality,
            ChordQuality::Major9 | ChordQuality::Minor9 | ChordQuality::Dominant9 | ChordQuality::Add9
        );
        let heard = chord.quality.intervals().iter().filter(|&&interval| !(has_ninth && interval == 2));
        let root = chord.root % 12;
        let set = heard.fold(0u16, |set, interval| set | 1 << ((root + interval) % 12));
        Self::from_pitch_classes(root, chord.bass, set)
    }
}

/// `None` is N.C., as in a [`ChordEvent`](aeolian_score::ChordEvent).
impl From<Option<Chord>> for ChordLabel {
    fn from(chord: Option<Chord>) -> Self {
        chord.map_or(Self::NoChord, Self::from)
    }
}

/// A label and the time it holds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct LabelledSpan {
    /// Where it begins, in quarters.
    pub start: f64,
    /// Where it ends, in quarters.
    pub end: f64,
    /// The label.
    pub label: ChordLabel,
}

impl LabelledSpan {
    /// How long it holds, in quarters.
    pub fn quarters(&self) -> f64 {
        self.end - self.start
    }
}

/// The chords written in a score, in order. Empty where a quarter has no ticks.
pub fn labels_of(score: &Score) -> Vec<LabelledSpan> {
    if score.ticks_per_quarter == 0 {
        return Vec::new();
    }
    let quarters = |tick: aeolian_score::Tick| f64::from(tick.0) / f64::from(score.ticks_per_quarter);
    let span = |event: &aeolian_score::ChordEvent| LabelledSpan {
        start: quarters(event.at),
        end: quarters(event.end),
        label: event.chord.into(),
    };
    in_order(&score.chords.iter().map(span).collect::<Vec<_>>())
}

/// Spans sorted by start, each cut where the next begins; empty and impossible ones (a time that is no finite number)
/// are left out.
pub fn in_order(spans: &[LabelledSpan]) -> Vec<LabelledSpan> {
    let possible = |span: &&LabelledSpan| span.start < span.end && (span.end - span.start).is_finite();
    let mut spans: Vec<LabelledSpan> = spans.iter().filter(possible).copied().collect();
    spans.sort_by(|a, b| a.start.total_cmp(&b.start));
    for next in 1..spans.len() {
        spans[next - 1].end = spans[next - 1].end.min(spans[next].start);
    }
    spans.retain(|span| span.start < span.end);
    spans
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use aeolian_score::{ChordEvent, Tick};

    /// A span of a chord in root position.
    pub(crate) fn span(start: f64, end: f64, root: u8, quality: ChordQuality) -> LabelledSpan {
        LabelledSpan { start, end, label: Chord::new(root, quality).into() }
    }

    #[test]
    fn a_label_is_the_same_from_a_chord_and_from_its_pitch_classes() {
        for quality in ChordQuality::ALL.into_iter().filter(|quality| !quality.intervals().contains(&2)) {
            for (root, bass) in [(0, 0), (11, 3), (7, 2)] {
                let chord = Chord { root, quality, bass };
                assert_eq!(ChordLabel::from(chord), ChordLabel::from_pitch_classes(root, bass, chord.pitch_classes()));
            }
        }
        assert_eq!(
            ChordLabel::from(Chord::new(2, ChordQuality::Sus2)),
            ChordLabel::Chord { root: 2, intervals: 0b1000_0101, bass: 0 },
            "a second is not a ninth"
        );
    }

    #[test]
    fn ninths_are_not_read_but_a_bass_is() {
        let add9 = |bass| ChordLabel::from(Chord { root: 0, quality: ChordQuality::Add9, bass });
        assert_eq!(add9(0), ChordLabel::Chord { root: 0, intervals: 0b1001_0001, bass: 0 });
        assert_eq!(add9(2), ChordLabel::Chord { root: 0, intervals: 0b1001_0101, bass: 2 });
    }

    #[test]
    fn numbers_that_no_chord_has_are_read_modulo_twelve() {
        assert_eq!(
            ChordLabel::from_pitch_classes(13, 255, 0xF000),
            ChordLabel::Chord { root: 1, intervals: 0b101, bass: 2 }
        );
        let impossible = Chord { root: 200, quality: ChordQuality::Major, bass: 200 };
        assert_eq!(ChordLabel::from(impossible), ChordLabel::from(Chord::new(200 % 12, ChordQuality::Major)));
    }

    #[test]
    fn spans_come_in_order_without_overlap() {
        let c = |start, end| span(start, end, 0, ChordQuality::Major);
        let tidy = in_order(&[c(4.0, 8.0), c(0.0, 6.0), c(9.0, 9.0), c(f64::NAN, 1.0), c(0.0, f64::INFINITY)]);
        assert_eq!(tidy.iter().map(|s| (s.start, s.end)).collect::<Vec<_>>(), [(0.0, 4.0), (4.0, 8.0)]);
        assert!(in_order(&[]).is_empty());
    }

    #[test]
    fn a_score_says_its_chords_in_quarters() {
        let mut score = Score::new(12);
        score.chords.push(ChordEvent { at: Tick(6), end: Tick(24), chord: None });
        assert_eq!(labels_of(&score), [LabelledSpan { start: 0.5, end: 2.0, label: ChordLabel::NoChord }]);
        score.ticks_per_quarter = 0;
        assert!(labels_of(&score).is_empty());
    }
}
