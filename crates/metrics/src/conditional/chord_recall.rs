//! Weighted chord symbol recall: the share of time in which an estimated chord label agrees with the given one.
//!
//! WCSR = Σ {quarters that agree} / Σ {quarters that can be judged}, by the twelve rules of mir_eval.chord (Raffel et
//! al. 2014; Pauwels & Peeters 2013, "Evaluating automatically estimated chord sequences"). A rule reduces both labels to
//! what it looks at and does not judge references outside its vocabulary; those quarters are left out of the mean.
//!
//! Where we leave mir_eval: nothing to judge is `None`, not 0; time is in quarters, so a slow bar weighs no more; what
//! the reference leaves open between two labels is unknown (mir_eval does not accept gaps); an unknown *estimate* agrees
//! with nothing (there X equals N.C. by `root`, and everything by `mirex`).
//!
//! ```
//! use aeolian_metrics::conditional::{ChordRule, LabelledSpan, chord_recall};
//! use aeolian_score::{Chord, ChordQuality};
//!
//! let span = |start, end, quality| LabelledSpan { start, end, label: Chord::new(0, quality).into() };
//! let given = [span(0.0, 2.0, ChordQuality::Major), span(2.0, 4.0, ChordQuality::Minor7)];
//! let found = [span(0.0, 4.0, ChordQuality::Major)];
//! let recall = |rule| chord_recall(&given, &found, rule).recall();
//! assert_eq!(recall(ChordRule::Root), Some(1.0));
//! assert_eq!(recall(ChordRule::MajMin), Some(0.5));
//! ```

use super::chord_labels::{ChordLabel, LabelledSpan, in_order};
use serde::Serialize;

/// The lowest eight semitones above a root: what a triad is made of.
const TRIAD: u16 = 0xFF;
/// All twelve.
const OCTAVE: u16 = 0xFFF;
const MAJOR: u16 = 0b0000_1001_0001;
const MINOR: u16 = 0b0000_1000_1001;
const MINOR_THIRD: u16 = 1 << 3;
/// Major, minor, major seventh, dominant seventh, minor seventh.
const SEVENTHS: [u16; 5] = [MAJOR, MINOR, MAJOR | 1 << 11, MAJOR | 1 << 10, MINOR | 1 << 10];
/// Pitch classes that two chords must share by [`ChordRule::Mirex`].
const MIREX_SHARED: u32 = 3;

/// How two labels are compared. "Inverted" rules want the same bass too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub enum ChordRule {
    /// The root.
    Root,
    /// Root and third (minor third or not).
    Thirds,
    /// Thirds and bass.
    ThirdsInverted,
    /// Root and the notes up to the fifth.
    Triads,
    /// Triads and bass.
    TriadsInverted,
    /// Root and all notes.
    Tetrads,
    /// Tetrads and bass.
    TetradsInverted,
    /// As triads; judges only major, minor and N.C.
    MajMin,
    /// MajMin and bass.
    MajMinInverted,
    /// As tetrads; judges only major, minor, maj7, 7, min7 and N.C.
    Sevenths,
    /// Sevenths and bass.
    SeventhsInverted,
    /// At least three common pitch classes, whatever the root; judges only chords of three and more, and N.C.
    Mirex,
}

impl ChordRule {
    /// All rules.
    pub const ALL: [Self; 12] = [
        Self::Root,
        Self::Thirds,
        Self::ThirdsInverted,
        Self::Triads,
        Self::TriadsInverted,
        Self::Tetrads,
        Self::TetradsInverted,
        Self::MajMin,
        Self::MajMinInverted,
        Self::Sevenths,
        Self::SeventhsInverted,
        Self::Mirex,
    ];

    /// Its name in mir_eval.
    pub fn name(self) -> &'static str {
        match self {
            Self::Root => "root",
            Self::Thirds => "thirds",
            Self::ThirdsInverted => "thirds_inv",
            Self::Triads => "triads",
            Self::TriadsInverted => "triads_inv",
            Self::Tetrads => "tetrads",
            Self::TetradsInverted => "tetrads_inv",
            Self::MajMin => "majmin",
            Self::MajMinInverted => "majmin_inv",
            Self::Sevenths => "sevenths",
            Self::SeventhsInverted => "sevenths_inv",
            Self::Mirex => "mirex",
        }
    }

    /// Whether `estimate` agrees with `reference`. `None` where the rule does not judge the reference.
    pub fn agree(self, reference: ChordLabel, estimate: ChordLabel) -> Option<bool> {
        if reference == ChordLabel::Unknown || !self.judges(reference) {
            return None;
        }
        Some(match (reference, estimate) {
            (ChordLabel::NoChord, ChordLabel::NoChord) => true,
            (
                ChordLabel::Chord { root, intervals, bass },
                ChordLabel::Chord { root: other_root, intervals: other_intervals, bass: other_bass },
            ) => {
                if self == Self::Mirex {
                    let common = absolute(root, intervals) & absolute(other_root, other_intervals);
                    common.count_ones() >= MIREX_SHARED
                } else {
                    root == other_root
                        && (intervals ^ other_intervals) & self.notes_compared() == 0
                        && (bass == other_bass || !self.compares_bass())
                }
            }
            _ => false,
        })
    }

    /// Whether a reference belongs to the rule's vocabulary.
    fn judges(self, reference: ChordLabel) -> bool {
        let ChordLabel::Chord { intervals, .. } = reference else { return true };
        match self {
            Self::MajMin | Self::MajMinInverted => [MAJOR, MINOR].contains(&(intervals & TRIAD)),
            Self::Sevenths | Self::SeventhsInverted => SEVENTHS.contains(&intervals),
            Self::Mirex => intervals.count_ones() >= MIREX_SHARED,
            _ => true,
        }
    }

    fn notes_compared(self) -> u16 {
        match self {
            Self::Root | Self::Mirex => 0,
            Self::Thirds | Self::ThirdsInverted => MINOR_THIRD,
            Self::Triads | Self::TriadsInverted | Self::MajMin | Self::MajMinInverted => TRIAD,
            Self::Tetrads | Self::TetradsInverted | Self::Sevenths | Self::SeventhsInverted => OCTAVE,
        }
    }

    fn compares_bass(self) -> bool {
        matches!(
            self,
            Self::ThirdsInverted
                | Self::TriadsInverted
                | Self::TetradsInverted
                | Self::MajMinInverted
                | Self::SeventhsInverted
        )
    }
}

/// The notes of a chord as pitch classes.
fn absolute(root: u8, intervals: u16) -> u16 {
    let root = u32::from(root % 12);
    (intervals << root | intervals >> (12 - root)) & OCTAVE
}

/// Quarters that agree and quarters that could be judged. Sums over pieces give the recall of a whole set, in which
/// every quarter weighs the same (as in MIREX).
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct ChordRecall {
    /// Quarters in which the labels agree.
    pub agreeing_quarters: f64,
    /// Quarters whose reference the rule judges.
    pub judged_quarters: f64,
    /// Quarters that have a reference.
    pub quarters: f64,
}

impl ChordRecall {
    /// WCSR, 0–1. `None` where nothing is judged.
    pub fn recall(&self) -> Option<f64> {
        (self.judged_quarters > 0.0).then(|| self.agreeing_quarters / self.judged_quarters)
    }

    /// Share of the reference that the rule judges, 0–1. `None` without a reference.
    pub fn judged_share(&self) -> Option<f64> {
        (self.quarters > 0.0).then(|| self.judged_quarters / self.quarters)
    }

    fn add(&mut self, quarters: f64, agrees: Option<bool>) {
        self.quarters += quarters;
        if let Some(agrees) = agrees {
            self.judged_quarters += quarters;
            self.agreeing_quarters += if agrees { quarters } else { 0.0 };
        }
    }
}

impl std::iter::Sum for ChordRecall {
    fn sum<I: Iterator<Item = Self>>(pieces: I) -> Self {
        pieces.fold(Self::default(), |sum, piece| Self {
            agreeing_quarters: sum.agreeing_quarters + piece.agreeing_quarters,
            judged_quarters: sum.judged_quarters + piece.judged_quarters,
            quarters: sum.quarters + piece.quarters,
        })
    }
}

/// Compares two label sequences over the time of the reference.
///
/// Sequences are put in order first ([`in_order`]). What the estimate leaves open is N.C.; what it says where the
/// reference says nothing is not looked at.
pub fn chord_recall(reference: &[LabelledSpan], estimate: &[LabelledSpan], rule: ChordRule) -> ChordRecall {
    let mut recall = ChordRecall::default();
    for (quarters, reference, estimate) in side_by_side(reference, estimate) {
        recall.add(quarters, rule.agree(reference, estimate));
    }
    recall
}

/// Stretches in which neither label changes: quarters, reference, estimate.
fn side_by_side(reference: &[LabelledSpan], estimate: &[LabelledSpan]) -> Vec<(f64, ChordLabel, ChordLabel)> {
    let (reference, estimate) = (in_order(reference), in_order(estimate));
    let mut stretches = Vec::new();
    for span in reference {
        let mut at = span.start;
        let first = estimate.partition_point(|e| e.end <= span.start);
        for other in estimate[first..].iter().take_while(|e| e.start < span.end) {
            if other.start > at {
                stretches.push((other.start - at, span.label, ChordLabel::NoChord));
            }
            let (from, to) = (at.max(other.start), other.end.min(span.end));
            stretches.push((to - from, span.label, other.label));
            at = to;
        }
        if at < span.end {
            stretches.push((span.end - at, span.label, ChordLabel::NoChord));
        }
    }
    stretches
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conditional::chord_labels::tests::span;
    use aeolian_score::{Chord, ChordQuality};

    fn label(root: u8, quality: ChordQuality) -> ChordLabel {
        Chord::new(root, quality).into()
    }

    #[test]
    fn recall_by_hand_over_unequal_spans() {
        // C for 4 quarters, Am7 for 2, Gsus4 for 2. Found: C for 3, Am for 4, nothing for the last.
        let given = [
            span(0.0, 4.0, 0, ChordQuality::Major),
            span(4.0, 6.0, 9, ChordQuality::Minor7),
            span(6.0, 8.0, 7, ChordQuality::Sus4),
        ];
        let found = [span(0.0, 3.0, 0, ChordQuality::Major), span(3.0, 7.0, 9, ChordQuality::Minor)];
        let of = |rule| chord_recall(&given, &found, rule);
        assert_eq!(of(ChordRule::Root).recall(), Some(5.0 / 8.0));
        assert_eq!(of(ChordRule::MajMin).recall(), Some(5.0 / 6.0), "sus4 is not judged");
        assert_eq!(of(ChordRule::Sevenths).recall(), Some(3.0 / 6.0));
        assert_eq!(of(ChordRule::MajMin).judged_share(), Some(0.75));
        // C against Am: two common notes; Am7 against Am: three; sus4 against Am and nothing.
        assert_eq!(of(ChordRule::Mirex).recall(), Some(5.0 / 8.0));
    }

    #[test]
    fn every_label_agrees_with_itself_by_every_rule_that_judges_it() {
        for rule in ChordRule::ALL {
            assert_eq!(rule.agree(ChordLabel::NoChord, ChordLabel::NoChord), Some(true));
            assert_eq!(rule.agree(ChordLabel::Unknown, ChordLabel::Unknown), None);
            for quality in ChordQuality::ALL {
                let chord = label(5, quality);
                assert_ne!(rule.agree(chord, chord), Some(false), "{} {quality:?}", rule.name());
                assert_ne!(rule.agree(chord, ChordLabel::NoChord), Some(true));
                assert_ne!(rule.agree(chord, ChordLabel::Unknown), Some(true));
            }
        }
    }

    #[test]
    fn an_inversion_is_wrong_only_where_the_bass_is_asked_for() {
        let (root_position, inverted) =
            (label(0, ChordQuality::Major), ChordLabel::from(Chord { root: 0, quality: ChordQuality::Major, bass: 4 }));
        assert_eq!(ChordRule::MajMin.agree(inverted, root_position), Some(true));
        assert_eq!(ChordRule::MajMinInverted.agree(inverted, root_position), Some(false));
        let over_second = ChordLabel::from(Chord { root: 0, quality: ChordQuality::Major, bass: 2 });
        assert_eq!(ChordRule::MajMin.agree(over_second, root_position), None, "C/D is no triad");
    }

    #[test]
    fn relative_chords_share_enough_for_mirex_only_with_their_seventh() {
        let agree = |a, b| ChordRule::Mirex.agree(a, b);
        let (c, am, am7) =
            (label(0, ChordQuality::Major), label(9, ChordQuality::Minor), label(9, ChordQuality::Minor7));
        assert_eq!((agree(c, am), agree(c, am7)), (Some(false), Some(true)));
        assert_eq!(agree(label(0, ChordQuality::Power), c), None, "two notes are too few");
    }

    #[test]
    fn nothing_given_or_nothing_judged_is_undefined() {
        let c = [span(0.0, 4.0, 0, ChordQuality::Major)];
        assert_eq!(chord_recall(&[], &c, ChordRule::Root).recall(), None);
        let open = [LabelledSpan { label: ChordLabel::Unknown, ..c[0] }];
        assert_eq!(chord_recall(&open, &c, ChordRule::Root).recall(), None);
        assert_eq!(chord_recall(&open, &c, ChordRule::Root).judged_share(), Some(0.0));
        assert_eq!(chord_recall(&c, &[], ChordRule::Root).recall(), Some(0.0));
    }

    #[test]
    fn pieces_add_up_by_their_length() {
        let short = ChordRecall { agreeing_quarters: 1.0, judged_quarters: 1.0, quarters: 2.0 };
        let long = ChordRecall { agreeing_quarters: 0.0, judged_quarters: 3.0, quarters: 3.0 };
        assert_eq!([short, long].into_iter().sum::<ChordRecall>().recall(), Some(0.25));
    }
}
