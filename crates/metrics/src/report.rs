//! The report: all figures of a piece, their means over many pieces, and a Markdown table of several sets.

use crate::excerpt::Excerpt;
use crate::{chords, counterpoint, durations, groove, harmony, key, onsets, progression, rhythm, structure, texture};
use std::fmt::Write;

/// Every figure of one piece; each is `None` where undefined. The functions of the same names say what they mean.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PieceFigures {
    /// [`harmony::pitch_class_entropy`], bits.
    pub pitch_class_entropy: Option<f64>,
    /// [`harmony::in_key_share`] of the *estimated* key, so that all sets are treated alike, labelled or not.
    pub in_key_share: Option<f64>,
    /// [`progression::chord_tone_share`] of the chords that [`chords::recognise_chords`] hears.
    pub chord_tone_share: Option<f64>,
    /// [`rhythm::notes_per_bar`].
    pub notes_per_bar: Option<f64>,
    /// [`texture::polyphony`].
    pub polyphony: Option<f64>,
    /// [`structure::bar_similarity`] at lag 4.
    pub bar_similarity_4: Option<f64>,
    /// [`harmony::scale_consistency`].
    pub scale_consistency: Option<f64>,
    /// [`counterpoint::dissonant_pair_share`].
    pub dissonant_pair_share: Option<f64>,
    /// [`texture::silent_share`].
    pub silent_share: Option<f64>,
    /// [`rhythm::on_beat_share`].
    pub on_beat_share: Option<f64>,
    /// [`rhythm::sixteenth_share`].
    pub sixteenth_share: Option<f64>,
    /// [`groove::groove_consistency`].
    pub groove_consistency: Option<f64>,
    /// [`durations::mean_duration`], steps.
    pub mean_duration: Option<f64>,
    /// [`structure::bar_similarity`] at lag 1.
    pub bar_similarity_1: Option<f64>,
    /// [`structure::repeated_bar_share`].
    pub repeated_bar_share: Option<f64>,
}

impl PieceFigures {
    /// Measures a piece.
    pub fn of(excerpt: &Excerpt) -> Self {
        let (sounding, bars) = (excerpt.sounding(), onsets::onsets_by_bar(excerpt));
        Self {
            pitch_class_entropy: harmony::pitch_class_entropy(excerpt),
            in_key_share: key::estimate_key(excerpt).and_then(|key| harmony::in_key_share(excerpt, key)),
            chord_tone_share: progression::chord_tone_share(excerpt, &chords::recognise_chords(excerpt)),
            notes_per_bar: rhythm::notes_per_bar(excerpt),
            polyphony: texture::polyphony(&sounding),
            bar_similarity_4: structure::bar_similarity(&bars, 4),
            scale_consistency: harmony::scale_consistency(excerpt),
            dissonant_pair_share: counterpoint::dissonant_pair_share(&counterpoint::interval_class_counts(&sounding)),
            silent_share: texture::silent_share(&sounding),
            on_beat_share: rhythm::on_beat_share(excerpt),
            sixteenth_share: rhythm::sixteenth_share(excerpt),
            groove_consistency: groove::groove_consistency(&bars),
            mean_duration: durations::mean_duration(excerpt),
            bar_similarity_1: structure::bar_similarity(&bars, 1),
            repeated_bar_share: structure::repeated_bar_share(&bars),
        }
    }
}

/// A column of the report.
#[derive(Clone, Copy, Debug)]
pub struct Figure {
    /// Its heading.
    pub name: &'static str,
    /// Digits after the point.
    pub digits: usize,
    /// Where to find it.
    pub of: fn(&PieceFigures) -> Option<f64>,
}

const fn figure(name: &'static str, digits: usize, of: fn(&PieceFigures) -> Option<f64>) -> Figure {
    Figure { name, digits, of }
}

/// Every figure; the first [`MAIN_FIGURES`] are the main table.
pub const FIGURES: [Figure; 15] = [
    figure("pitch-class entropy (bits)", 2, |f| f.pitch_class_entropy),
    figure("in key", 3, |f| f.in_key_share),
    figure("chord tones", 3, |f| f.chord_tone_share),
    figure("notes a bar", 1, |f| f.notes_per_bar),
    figure("polyphony", 2, |f| f.polyphony),
    figure("bar similarity, lag 4", 3, |f| f.bar_similarity_4),
    figure("best diatonic scale", 3, |f| f.scale_consistency),
    figure("dissonant pairs", 3, |f| f.dissonant_pair_share),
    figure("silent steps", 3, |f| f.silent_share),
    figure("on the beat", 3, |f| f.on_beat_share),
    figure("off-beat sixteenths", 3, |f| f.sixteenth_share),
    figure("groove", 3, |f| f.groove_consistency),
    figure("note length (steps)", 2, |f| f.mean_duration),
    figure("bar similarity, lag 1", 3, |f| f.bar_similarity_1),
    figure("repeated bars", 3, |f| f.repeated_bar_share),
];

/// How many of [`FIGURES`] make the main table.
pub const MAIN_FIGURES: usize = 6;

/// A figure over many pieces.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Summary {
    /// Pieces for which it is defined, ≥ 1.
    pub count: usize,
    /// Their mean.
    pub mean: f64,
    /// Standard error of the mean, √(Σ(x − mean)² / (n − 1) / n); `None` for a single piece.
    pub standard_error: Option<f64>,
}

impl Summary {
    /// Over the pieces for which the figure is defined; `None` where it never is.
    pub fn of(values: impl IntoIterator<Item = Option<f64>>) -> Option<Self> {
        let values: Vec<f64> = values.into_iter().flatten().collect();
        let count = values.len();
        if count == 0 {
            return None;
        }
        let mean = values.iter().sum::<f64>() / count as f64;
        let squares: f64 = values.iter().map(|x| (x - mean) * (x - mean)).sum();
        let standard_error = (count > 1).then(|| (squares / (count - 1) as f64 / count as f64).sqrt());
        Some(Self { count, mean, standard_error })
    }
}

/// A Markdown table of the six main figures: one row a set, "mean ± standard error", "–" where undefined.
pub fn table(rows: &[(&str, Vec<PieceFigures>)]) -> String {
    table_of(&FIGURES[..MAIN_FIGURES], rows)
}

/// The same for any figures.
pub fn table_of(figures: &[Figure], rows: &[(&str, Vec<PieceFigures>)]) -> String {
    let mut text = String::from("| set | pieces |");
    figures.iter().for_each(|figure| _ = write!(text, " {} |", figure.name));
    text += "\n|---|--:|";
    figures.iter().for_each(|_| text += "--:|");
    text += "\n";
    for (name, pieces) in rows {
        _ = write!(text, "| {} | {} |", name.replace('|', "\\|"), pieces.len());
        for figure in figures {
            _ = write!(text, " {} |", entry(figure, Summary::of(pieces.iter().map(figure.of))));
        }
        text += "\n";
    }
    text
}

fn entry(figure: &Figure, summary: Option<Summary>) -> String {
    let digits = figure.digits;
    match summary {
        None => "–".into(),
        Some(Summary { mean, standard_error: None, .. }) => format!("{mean:.digits$}"),
        // The error gets a digit more: it is meant to be compared with differences of the last digit shown.
        Some(Summary { mean, standard_error: Some(error), .. }) => format!("{mean:.digits$} ± {error:.0$}", digits + 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::excerpt::tests::excerpt;

    #[test]
    fn summary_by_hand() {
        let summary = Summary::of([Some(1.0), None, Some(3.0)]).unwrap();
        assert_eq!((summary.count, summary.mean, summary.standard_error), (2, 2.0, Some(1.0)));
        assert_eq!(Summary::of([Some(5.0)]).unwrap().standard_error, None);
        assert_eq!(Summary::of([None]), None);
    }

    #[test]
    fn the_table_has_a_row_a_set_and_a_column_a_figure() {
        let piece = PieceFigures::of(&excerpt(8, &[(0, 4, 60), (16, 4, 67)]));
        let text = table(&[("human", vec![piece, piece]), ("none|at all", vec![])]);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 4);
        assert_eq!(
            lines[2],
            "| human | 2 | 1.00 ± 0.000 | 1.000 ± 0.0000 | 1.000 ± 0.0000 | 1.0 ± 0.00 | 1.00 ± 0.000 | – |"
        );
        assert_eq!(lines[3], "| none\\|at all | 0 | – | – | – | – | – | – |");
    }

    #[test]
    fn silence_is_measured_without_a_panic() {
        let silence = PieceFigures::of(&excerpt(32, &[]));
        assert_eq!(silence.notes_per_bar, Some(0.0));
        assert_eq!(silence.silent_share, Some(1.0));
        assert_eq!(silence.pitch_class_entropy, None);
        assert_eq!(PieceFigures::of(&Excerpt::default()), PieceFigures::default());
    }
}
