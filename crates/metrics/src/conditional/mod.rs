//! Conditional figures: what was asked for or given, against what came out.
//!
//! [`compare`](mod@crate::compare) says whether a set of pieces is like human music; these say whether one piece did
//! what it was told.
//!
//! | given | figure |
//! |---|---|
//! | chord labels | [`chord_recall()`]: mir_eval's weighted chord symbol recall between two label sequences |
//! | a key | [`key_accuracy`]: exact, and the weighted score of MIREX |
//! | a lead sheet to accompany | [`accompaniment`]: recognised chords, chroma, chord tones and bass against its chords |
//! | a melody to keep | [`preserved`]: how many of its notes are there, exactly |
//! | density, polyphony, register over time | [`curves`] of what came out, [`obedience`] of got to asked |
//! | a range, a scale, a number of voices | [`limits`]: what lies outside |
//! | the bars around a gap | [`infill`] and [`bar_statistics`]: the filled bars beside the real ones; [`seam`]: the edges |
//!
//! Each is a pure function; an undefined figure is `None`. Music comes as an [`Excerpt`](crate::Excerpt) on the grid of
//! four steps a quarter, except where a note must be found again to the tick.

pub mod accompaniment;
pub mod bar_statistics;
pub mod chord_labels;
pub mod chord_recall;
pub mod curves;
pub mod infill;
pub mod key_accuracy;
pub mod limits;
pub mod obedience;
pub mod preserved;
pub mod seam;

pub use chord_labels::{ChordLabel, LabelledSpan, labels_of};
pub use chord_recall::{ChordRecall, ChordRule, chord_recall};
