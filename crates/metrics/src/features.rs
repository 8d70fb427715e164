//! The features: every figure of a piece, by name and family, and [`measure`], which takes them all.
//!
//! One list serves every table, every comparison of sets and every classifier, so that a figure means the same wherever
//! it is read. Where ours differ from other tools on purpose:
//!
//! - Onsets are on the sixteenth grid. MusPy counts ticks, so its groove consistency tends to 1 as the resolution grows
//!   ([`crate::groove`]).
//! - Bars end with the bar in which the last note ends. MusPy's groove adds an empty bar to a piece that ends on a bar
//!   line.
//! - Two pitches at once are polyphony. MusPy's polyphony rate wants *more* than its threshold of two, and counts
//!   silent steps in the whole ([`crate::texture::polyphony_rate`]).
//! - What cannot be said is `None`, not 0, 1 or NaN: a piece of one bar has no groove.
//!
//! ```
//! use aeolian_canvas::{Canvas, NoteCell, NoteLane};
//! use aeolian_metrics::{FEATURES, Piece, measure};
//!
//! let mut canvas = Canvas::new(4);
//! *canvas.cell_mut(NoteLane::Melody, 0, 60) = NoteCell::Onset;
//! *canvas.cell_mut(NoteLane::Melody, 8, 67) = NoteCell::Onset;
//! let values = measure(&Piece::from_canvas(&canvas));
//! let range = FEATURES.iter().position(|feature| feature.name == "melody range").unwrap();
//! assert_eq!(values[range], Some(7.0));
//! ```

use crate::measured::{Measured, Piece};
use crate::{
    counterpoint, drums, durations, expression, groove, harmony, melody, mood, novelty, phrase, progression, rhythm,
    structure, swing, syncopation, texture,
};

/// What a feature speaks about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// Pitch classes, keys, chords, consonance.
    Harmony,
    /// The tune.
    Melody,
    /// When things happen.
    Rhythm,
    /// How much sounds at once.
    Texture,
    /// What comes back.
    Structure,
    /// Loudness, timing, tempo, and the mood proxies made of them.
    Expression,
    /// The drum parts.
    Drums,
}

impl Family {
    /// All of them, in the order of [`FEATURES`].
    pub const ALL: [Self; 7] =
        [Self::Harmony, Self::Melody, Self::Rhythm, Self::Texture, Self::Structure, Self::Expression, Self::Drums];

    /// Its name, as people read it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Harmony => "Harmony",
            Self::Melody => "Melody",
            Self::Rhythm => "Rhythm",
            Self::Texture => "Texture",
            Self::Structure => "Structure",
            Self::Expression => "Expression",
            Self::Drums => "Drums",
        }
    }
}

/// One figure.
#[derive(Clone, Copy, Debug)]
pub struct Feature {
    /// Its name; no two are equal.
    pub name: &'static str,
    /// What it speaks about.
    pub family: Family,
    /// Unit: [`SHARE`] lies between 0 and 1, "−1 … 1" says its range itself; the others are physical or counted.
    pub unit: &'static str,
    /// Digits after the point that are worth showing.
    pub digits: usize,
    /// The figure of a piece. The function it calls says what it means.
    pub of: fn(&Measured) -> Option<f64>,
}

/// The unit of shares, similarities and structureness: 0–1.
pub const SHARE: &str = "share";

/// Every feature of a piece, in the order of [`FEATURES`]; `None` where undefined.
pub fn measure(piece: &Piece) -> Vec<Option<f64>> {
    let measured = Measured::new(piece);
    FEATURES.iter().map(|feature| (feature.of)(&measured)).collect()
}

type Of = fn(&Measured) -> Option<f64>;

const fn feature(family: Family, name: &'static str, unit: &'static str, digits: usize, of: Of) -> Feature {
    Feature { name, family, unit, digits, of }
}

const fn harmony(name: &'static str, unit: &'static str, digits: usize, of: Of) -> Feature {
    feature(Family::Harmony, name, unit, digits, of)
}

const fn melody(name: &'static str, unit: &'static str, digits: usize, of: Of) -> Feature {
    feature(Family::Melody, name, unit, digits, of)
}

const fn rhythm(name: &'static str, unit: &'static str, digits: usize, of: Of) -> Feature {
    feature(Family::Rhythm, name, unit, digits, of)
}

const fn texture(name: &'static str, unit: &'static str, digits: usize, of: Of) -> Feature {
    feature(Family::Texture, name, unit, digits, of)
}

const fn structure(name: &'static str, unit: &'static str, digits: usize, of: Of) -> Feature {
    feature(Family::Structure, name, unit, digits, of)
}

const fn expression(name: &'static str, unit: &'static str, digits: usize, of: Of) -> Feature {
    feature(Family::Expression, name, unit, digits, of)
}

const fn drums(name: &'static str, of: Of) -> Feature {
    feature(Family::Drums, name, SHARE, 3, of)
}

/// The share of one degree above the tonic of the estimated key.
const fn degree<const DEGREE: usize>(name: &'static str) -> Feature {
    harmony(name, SHARE, 3, |m| m.degrees.map(|shares| shares[DEGREE]))
}

/// The share of one sixteenth of the bar.
const fn place<const PLACE: usize>(name: &'static str) -> Feature {
    rhythm(name, SHARE, 3, |m| m.places.map(|shares| shares[PLACE]))
}

/// Every feature, family by family. Some say the same in other words (dissonant pairs are the classes 1, 2 and 6; the
/// twelve degrees add up to 1): whoever inverts their covariance must expect it to be singular.
pub const FEATURES: &[Feature] = &[
    harmony("pitch-class entropy", "bits", 2, |m| harmony::pitch_class_entropy(m.excerpt)),
    harmony("pitch-class entropy of 1 bar", "bits", 2, |m| harmony::windowed_pitch_class_entropy(m.excerpt, 1)),
    harmony("pitch-class entropy of 4 bars", "bits", 2, |m| harmony::windowed_pitch_class_entropy(m.excerpt, 4)),
    harmony("best diatonic scale", SHARE, 3, |m| harmony::scale_consistency(m.excerpt)),
    harmony("in key", SHARE, 3, |m| harmony::in_key_share(m.excerpt, m.key?)),
    harmony("out-of-key steps", SHARE, 3, |m| harmony::out_of_key_steps(&m.sounding, m.key?)),
    harmony("chord tones", SHARE, 3, |m| progression::chord_tone_share(m.excerpt, &m.chords)),
    harmony("chords in 8 bars", "chords", 1, |m| progression::chord_coverage(&m.chords, &m.excerpt.bars)),
    harmony("chord irregularity", SHARE, 3, |m| progression::trigram_irregularity(&m.chords)),
    harmony("chord changes", "a bar", 2, |m| progression::chord_changes_per_bar(m.excerpt, &m.chords)),
    harmony("roots by fifths", SHARE, 3, |m| progression::root_motion(&m.chords).map(|roots| roots.fifths)),
    harmony("roots by thirds", SHARE, 3, |m| progression::root_motion(&m.chords).map(|roots| roots.thirds)),
    harmony("roots by seconds", SHARE, 3, |m| progression::root_motion(&m.chords).map(|roots| roots.seconds)),
    harmony("dissonant pairs", SHARE, 3, |m| counterpoint::dissonant_pair_share(&m.interval_class_counts)),
    harmony("pairs of interval class 1", SHARE, 3, |m| m.interval_classes.map(|shares| shares[1])),
    harmony("pairs of interval class 2", SHARE, 3, |m| m.interval_classes.map(|shares| shares[2])),
    harmony("pairs of interval class 6", SHARE, 3, |m| m.interval_classes.map(|shares| shares[6])),
    harmony("parallels", "a bar", 2, |m| counterpoint::parallels_per_bar(m.excerpt, &m.sounding)),
    degree::<0>("degree 1"),
    degree::<1>("degree ♭2"),
    degree::<2>("degree 2"),
    degree::<3>("degree ♭3"),
    degree::<4>("degree 3"),
    degree::<5>("degree 4"),
    degree::<6>("degree ♯4"),
    degree::<7>("degree 5"),
    degree::<8>("degree ♭6"),
    degree::<9>("degree 6"),
    degree::<10>("degree ♭7"),
    degree::<11>("degree 7"),
    melody("melody range", "semitones", 1, |m| melody::range(&m.melody)),
    melody("melody interval", "semitones", 2, |m| melody::interval_profile(&m.melody).map(|p| p.mean)),
    melody("melody largest leap", "semitones", 1, |m| melody::interval_profile(&m.melody).map(|p| p.largest)),
    melody("melody repeats", SHARE, 3, |m| melody::interval_profile(&m.melody).map(|p| p.repeats)),
    melody("melody steps", SHARE, 3, |m| melody::interval_profile(&m.melody).map(|p| p.steps)),
    melody("melody leaps", SHARE, 3, |m| melody::interval_profile(&m.melody).map(|p| p.leaps)),
    melody("melody ascending", SHARE, 3, |m| melody::ascending_share(&m.melody)),
    melody("melody turning points", "a note", 3, |m| melody::turning_points_per_note(&m.melody)),
    melody("melody contour entropy", "bits", 2, |m| melody::parsons_entropy(&m.melody)),
    melody("melody phrase length", "quarters", 1, |m| phrase::mean_phrase_length(&m.melody)),
    melody("melody mean pitch", "MIDI pitch", 1, |m| melody::tessitura(&m.melody).map(|t| t.mean_pitch)),
    melody("melody central width", "semitones", 1, |m| melody::tessitura(&m.melody).map(|t| t.width)),
    rhythm("notes a bar", "a bar", 1, |m| rhythm::notes_per_bar(m.excerpt)),
    rhythm("note length", "sixteenths", 2, |m| durations::mean_duration(m.excerpt)),
    rhythm("note length entropy", "bits", 2, |m| durations::duration_entropy(m.excerpt)),
    rhythm("note length transition entropy", "bits", 2, |m| durations::duration_transition_entropy(m.excerpt)),
    rhythm("inter-onset entropy", "bits", 2, |m| durations::inter_onset_entropy(m.excerpt)),
    rhythm("on the beat", SHARE, 3, |m| rhythm::on_beat_share(m.excerpt)),
    rhythm("off-beat eighths", SHARE, 3, |m| rhythm::off_beat_share(m.excerpt)),
    rhythm("off-beat sixteenths", SHARE, 3, |m| rhythm::sixteenth_share(m.excerpt)),
    rhythm("syncopation", "a bar", 2, |m| syncopation::syncopation_per_bar(&m.excerpt.onset_steps(), &m.excerpt.bars)),
    rhythm("melody syncopation", "a bar", 2, |m| {
        let onsets: Vec<usize> = m.melody.iter().map(|note| note.onset).collect();
        syncopation::syncopation_per_bar(&onsets, &m.excerpt.bars)
    }),
    rhythm("groove", SHARE, 3, |m| groove::groove_consistency(&m.bars)),
    rhythm("groove of all bars", SHARE, 3, |m| groove::groove_of_all_pairs(&m.bars)),
    rhythm("swing", "ratio", 2, |m| swing::swing_ratio(m.score?)),
    rhythm("empty beats", SHARE, 3, |m| rhythm::empty_beat_share(m.excerpt, &m.sounding)),
    place::<0>("onsets on 1"),
    place::<1>("onsets on 1e"),
    place::<2>("onsets on 1&"),
    place::<3>("onsets on 1a"),
    place::<4>("onsets on 2"),
    place::<5>("onsets on 2e"),
    place::<6>("onsets on 2&"),
    place::<7>("onsets on 2a"),
    place::<8>("onsets on 3"),
    place::<9>("onsets on 3e"),
    place::<10>("onsets on 3&"),
    place::<11>("onsets on 3a"),
    place::<12>("onsets on 4"),
    place::<13>("onsets on 4e"),
    place::<14>("onsets on 4&"),
    place::<15>("onsets on 4a"),
    texture("polyphony", "pitches", 2, |m| texture::polyphony(&m.sounding)),
    texture("polyphony rate", SHARE, 3, |m| texture::polyphony_rate(&m.sounding)),
    texture("silent steps", SHARE, 3, |m| texture::silent_share(&m.sounding)),
    texture("pitch range", "semitones", 1, |m| texture::pitch_range(m.excerpt)),
    texture("density", "notes a quarter", 2, |m| texture::notes_per_quarter(m.excerpt)),
    texture("parts", "parts", 1, |m| texture::parts(m.excerpt)),
    texture("parts at once", "parts", 2, |m| texture::parts_at_once(m.excerpt, &m.sounding)),
    texture("simultaneous onsets", "notes", 2, |m| texture::simultaneous_onsets(m.excerpt)),
    structure("bar similarity, lag 1", SHARE, 3, |m| structure::bar_similarity(&m.bars, 1)),
    structure("bar similarity, lag 2", SHARE, 3, |m| structure::bar_similarity(&m.bars, 2)),
    structure("bar similarity, lag 4", SHARE, 3, |m| structure::bar_similarity(&m.bars, 4)),
    structure("bar similarity, lag 8", SHARE, 3, |m| structure::bar_similarity(&m.bars, 8)),
    structure("bar similarity, lag 16", SHARE, 3, |m| structure::bar_similarity(&m.bars, 16)),
    structure("nearest bar", SHARE, 3, |m| structure::nearest_bar_similarity(&m.bars)),
    structure("repeated bars", SHARE, 3, |m| structure::repeated_bar_share(&m.bars)),
    structure("repeated rhythms", SHARE, 3, |m| structure::repeated_rhythm_share(&m.bars)),
    structure("structureness, short", SHARE, 3, |m| m.structureness.short),
    structure("structureness, mid", SHARE, 3, |m| m.structureness.mid),
    structure("structureness, long", SHARE, 3, |m| m.structureness.long),
    structure("section length", "bars", 1, |m| novelty::mean_section_length(m.excerpt, &m.bars)),
    expression("loudness", "velocity", 1, |m| m.loudness.map(|loudness| loudness.mean)),
    expression("loudness range", "velocity", 1, |m| m.loudness.map(|loudness| loudness.range)),
    expression("loudness change", "velocity a bar", 1, |m| expression::loudness_change(&m.loudness_by_bar)),
    expression("loudness trend", "−1 … 1", 2, |m| expression::loudness_trend(&m.loudness_by_bar)),
    expression("loudness arch", "velocity", 1, |m| expression::loudness_arch(&m.loudness_by_bar)),
    expression("timing deviation", "quarters", 4, |m| expression::timing_deviation(m.score?)),
    expression("tempo", "quarters a minute", 1, |m| m.tempo.map(|tempo| tempo.mean_qpm)),
    expression("tempo variation", "of the mean", 3, |m| m.tempo.map(|tempo| tempo.variation)),
    expression("tempo changes", "a minute", 1, |m| m.tempo.map(|tempo| tempo.changes_per_minute)),
    expression("valence proxy", "−1 … 1", 2, |m| m.mood_cues().map(|cues| mood::valence(&cues))),
    expression("arousal proxy", "−1 … 1", 2, |m| m.mood_cues().map(|cues| mood::arousal(&cues))),
    drums("drum pattern consistency", |m| drums::pattern_consistency(&m.drums)),
    drums("kick on the downbeat", |m| drums::kick_on_downbeat_share(&m.drums)),
    drums("backbeat", |m| drums::backbeat_share(&m.drums)),
];

#[cfg(test)]
mod tests;
