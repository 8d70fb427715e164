//! [`Measured`]: a piece and everything that more than one figure needs of it, computed once.

use crate::chords::{ChordSegment, chords_of};
use crate::counterpoint::{interval_class_counts, interval_class_shares};
use crate::excerpt::{Excerpt, ExcerptNote};
use crate::expression::{Loudness, TempoCurve, loudness, loudness_by_bar, tempo_curve};
use crate::fitness::{Structureness, structureness};
use crate::harmony::{degree_shares, mean};
use crate::key::estimate_key;
use crate::melody::{MelodySource, line_of};
use crate::mood::MoodCues;
use crate::onsets::{BarOnsets, onsets_by_bar};
use crate::rhythm::onset_places;
use crate::self_similarity::SelfSimilarity;
use crate::{Error, texture};
use aeolian_canvas::Canvas;
use aeolian_score::{Key, Score};

/// A piece to be measured.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Piece {
    /// Its notes on the step grid.
    pub excerpt: Excerpt,
    /// The same music as a score, where there is one: without it expression, swing, drums and mood are undefined.
    pub score: Option<Score>,
    /// Where its melody is.
    pub melody: MelodySource,
}

impl Piece {
    /// A canvas; its melody is lane 0. It has no score: give it the decoded one if loudness or timing matter.
    pub fn from_canvas(canvas: &Canvas) -> Self {
        Self { excerpt: Excerpt::from_canvas(canvas), score: None, melody: MelodySource::Lane(0) }
    }

    /// A score; its melody is the skyline, since its first part need not be the tune.
    ///
    /// # Errors   as [`Excerpt::from_score`]
    pub fn from_score(score: Score) -> Result<Self, Error> {
        Ok(Self { excerpt: Excerpt::from_score(&score)?, score: Some(score), melody: MelodySource::Skyline })
    }
}

/// What the figures of one piece share.
#[derive(Clone, Debug)]
pub struct Measured<'a> {
    /// The notes.
    pub excerpt: &'a Excerpt,
    /// The score, if there is one.
    pub score: Option<&'a Score>,
    /// [`Excerpt::sounding`].
    pub sounding: Vec<u128>,
    /// [`onsets_by_bar`].
    pub bars: Vec<BarOnsets>,
    /// [`crate::melody::melody_line`].
    pub melody: Vec<ExcerptNote>,
    /// [`estimate_key`].
    pub key: Option<Key>,
    /// [`crate::recognise_chords`].
    pub chords: Vec<ChordSegment>,
    /// [`degree_shares`] of the estimated key.
    pub degrees: Option<[f64; 12]>,
    /// [`onset_places`].
    pub places: Option<[f64; 16]>,
    /// [`interval_class_counts`].
    pub interval_class_counts: [usize; 7],
    /// [`interval_class_shares`].
    pub interval_classes: Option<[f64; 7]>,
    /// How alike the bars are.
    pub similarity: SelfSimilarity,
    /// [`structureness`].
    pub structureness: Structureness,
    /// [`loudness`] of the score.
    pub loudness: Option<Loudness>,
    /// [`loudness_by_bar`] of the score; empty without one.
    pub loudness_by_bar: Vec<Option<f64>>,
    /// [`tempo_curve`] of the score.
    pub tempo: Option<TempoCurve>,
    /// The bars of the score's drums; empty without a score.
    pub drums: Vec<BarOnsets>,
}

impl<'a> Measured<'a> {
    /// Looks at a piece.
    pub fn new(piece: &'a Piece) -> Self {
        let (excerpt, score) = (&piece.excerpt, piece.score.as_ref());
        let (sounding, bars, key) = (excerpt.sounding(), onsets_by_bar(excerpt), estimate_key(excerpt));
        let similarity = SelfSimilarity::new(excerpt, &sounding, &bars);
        let pairs = interval_class_counts(&sounding);
        let drums = score.and_then(|score| Excerpt::of_drums(score).ok());
        Self {
            excerpt,
            score,
            melody: line_of(excerpt, &sounding, piece.melody),
            key,
            chords: chords_of(excerpt, &sounding),
            degrees: key.and_then(|key| degree_shares(excerpt, key)),
            places: onset_places(excerpt),
            interval_class_counts: pairs,
            interval_classes: interval_class_shares(&pairs),
            structureness: structureness(&similarity),
            similarity,
            loudness: score.and_then(loudness),
            loudness_by_bar: score.map(loudness_by_bar).unwrap_or_default(),
            tempo: score.and_then(tempo_curve),
            drums: drums.map(|drums| onsets_by_bar(&drums)).unwrap_or_default(),
            sounding,
            bars,
        }
    }

    /// What the mood proxies listen to. `None` without a score, pitched notes or an estimated key.
    pub fn mood_cues(&self) -> Option<MoodCues> {
        let qpm = self.tempo?.mean_qpm;
        Some(MoodCues {
            mode: self.key?.mode,
            qpm,
            notes_per_second: texture::notes_per_quarter(self.excerpt)? * qpm / 60.0,
            mean_pitch: mean(self.excerpt.notes.iter().map(|note| f64::from(note.pitch)))?,
            mean_velocity: self.loudness?.mean,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::excerpt::tests::canvas;
    use crate::timeline::tests::score;
    use aeolian_score::Mode;

    #[test]
    fn a_canvas_has_no_score_and_a_score_has_a_skyline() {
        let canvas = canvas(4, &[(0, 4, 60), (4, 4, 64)]);
        let piece = Piece::from_canvas(&canvas);
        let measured = Measured::new(&piece);
        assert_eq!((measured.melody.len(), measured.mood_cues()), (2, None));
        let drums_first = {
            let mut score = score(&[(0.0, 1.0, 60, 80)]);
            score.parts.insert(0, aeolian_score::Part { is_drum: true, ..score.parts[0].clone() });
            score
        };
        let piece = Piece::from_score(drums_first).unwrap();
        let measured = Measured::new(&piece);
        assert_eq!(measured.melody.len(), 1, "part 0 is a drum; the tune is found all the same");
        assert_eq!(measured.drums[0].notes, [(0, 60)]);
    }

    #[test]
    fn mood_cues_by_hand() {
        let triad: Vec<_> = [60, 64, 67].map(|pitch| (0.0, 4.0, pitch, 70)).to_vec();
        let piece = Piece::from_score(score(&triad)).unwrap();
        let cues = Measured::new(&piece).mood_cues().unwrap();
        assert_eq!((cues.mode, cues.qpm, cues.mean_velocity), (Mode::Major, 120.0, 70.0));
        assert!((cues.notes_per_second - 1.5).abs() < 1e-12, "three notes in two seconds");
        assert!((cues.mean_pitch - 191.0 / 3.0).abs() < 1e-12);
    }
}
