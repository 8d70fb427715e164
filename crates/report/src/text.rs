//! The evaluation for a terminal: plain text, at most [`WIDTH`] columns.

use crate::Evaluation;
use crate::evaluation::SetSummary;
use crate::features::FeatureRow;
use crate::originality::{CopyFigure, Originality};
use crate::sentences::counted;
use aeolian_metrics::Family;
use aeolian_metrics::ceilings::Corruption;
use aeolian_metrics::compare::{Comparison, Estimate};
use std::fmt::Write;

/// Columns at most.
pub const WIDTH: usize = 110;
/// Files left out that are named for each reason; the others are counted.
const NAMED_FILES: usize = 5;
/// Reasons that are told.
const TOLD_REASONS: usize = 20;

/// The whole evaluation.
pub fn terminal(evaluation: &Evaluation) -> String {
    let mut text = String::new();
    let sentences: Vec<String> = evaluation.sentences().iter().map(|sentence| wrapped(sentence, WIDTH)).collect();
    text.push_str(&sentences.join("\n"));
    figures(&mut text, evaluation);
    features(&mut text, evaluation);
    if let Some(found) = &evaluation.originality {
        originality(&mut text, found);
    }
    for set in [&evaluation.candidate, &evaluation.reference] {
        left_out(&mut text, set);
    }
    text
}

/// A heading of a few letters for a column.
pub fn short_name(corruption: Corruption) -> &'static str {
    match corruption {
        Corruption::ShuffledPitches => "pitches",
        Corruption::ShuffledTimes => "times",
        Corruption::GluedBars => "glued",
        Corruption::WrongNotes => "wrong",
        Corruption::ReorderedBars => "reorder",
        Corruption::ThreeGram => "3-gram",
    }
}

/// Takes a figure from a comparison; `None` where it is undefined.
pub type Of = dyn Fn(&Comparison) -> Option<Estimate>;

/// A line of figures: what it is called, and how to take it from a comparison.
pub struct Figure {
    /// Its name.
    pub name: String,
    /// Digits after the point.
    pub digits: usize,
    /// The figure.
    pub of: Box<Of>,
}

/// The areas of all features and of every family, the distances between the sets, and what they have in common.
pub fn comparison_figures() -> Vec<Figure> {
    fn figure(name: &str, digits: usize, of: impl Fn(&Comparison) -> Option<Estimate> + 'static) -> Figure {
        Figure { name: name.to_owned(), digits, of: Box::new(of) }
    }
    let mut figures = vec![figure("AUC, all features", 2, |c| Some(c.classifier.as_ref()?.auc))];
    figures.extend(Family::ALL.into_iter().map(|family| {
        figure(&format!("AUC, {}", family.name()), 2, move |c| {
            let families = &c.classifier.as_ref()?.families;
            Some(families.iter().find(|of| of.family == family.name())?.auc)
        })
    }));
    figures.extend([
        figure("Fréchet distance²", 1, |c| c.frechet),
        figure("MMD²", 4, |c| Some(c.mmd.as_ref()?.squared)),
        figure("MMD p-value", 3, |c| Some(Estimate { value: c.mmd.as_ref()?.p_value, interval: None })),
        figure("coverage", 2, |c| Some(c.coverage.as_ref()?.coverage)),
        figure("density", 2, |c| Some(c.coverage.as_ref()?.density)),
        figure("precision", 2, |c| Some(c.coverage.as_ref()?.precision)),
        figure("recall", 2, |c| Some(c.coverage.as_ref()?.recall)),
        figure("overlap with real", 2, |c| Some(c.overlaps.as_ref()?.mean_reference_area)),
        figure("overlap with own", 2, |c| Some(c.overlaps.as_ref()?.mean_candidate_area)),
        figure("KL from real, nats", 3, |c| Some(c.overlaps.as_ref()?.mean_reference_divergence_nats)),
        figure("KL from own, nats", 3, |c| Some(c.overlaps.as_ref()?.mean_candidate_divergence_nats)),
        figure("pitch consistency", 2, |c| c.self_similarity?.pitch?.consistency),
        figure("pitch variance", 2, |c| c.self_similarity?.pitch?.variance),
        figure("length consistency", 2, |c| c.self_similarity?.duration?.consistency),
        figure("length variance", 2, |c| c.self_similarity?.duration?.variance),
        figure("diversity, nearest", 2, |c| Some(c.candidate_diversity?.nearest)),
        figure("diversity, pairs", 2, |c| Some(c.candidate_diversity?.all_pairs)),
    ]);
    figures
}

/// What the lines of [`comparison_figures`] are, in a few words each.
pub const FIGURES_NOTE: &str = "AUC: of the classifier test, with one family of features alone. Fréchet, MMD, coverage, \
    density, precision, recall: of the standardised features. Overlap and KL: how distances between the sets are spread \
    beside those within the real and within the own set, mean of all features (Yang & Lerch 2018, on one grid). \
    Consistency and variance: framewise self-similarity (Mittal et al. 2021), which hears little. Diversity: distance to \
    the nearest piece, and of all pairs, in sd.";

/// A number, or a dash for what is undefined.
pub fn shown(value: Option<f64>, digits: usize) -> String {
    value.map_or("–".to_owned(), |value| number(value, digits))
}

/// A number without "-0".
pub fn number(value: f64, digits: usize) -> String {
    let text = format!("{value:.digits$}");
    let is_nothing = text.starts_with('-') && text.chars().all(|c| matches!(c, '-' | '0' | '.'));
    if is_nothing { text[1..].to_owned() } else { text.replacen('-', "−", 1) }
}

fn figures(text: &mut String, evaluation: &Evaluation) {
    heading(text, "Figures");
    let scale = evaluation.scale.as_ref();
    let mut columns: Vec<(&str, &Comparison)> = vec![("candidate", &evaluation.comparison)];
    columns.extend(scale.map(|scale| ("floor", &scale.floor)));
    let ceilings = scale.into_iter().flat_map(|scale| &scale.ceilings);
    columns.extend(ceilings.map(|ceiling| (short_name(ceiling.corruption), &ceiling.comparison)));
    let cells = |cells: Vec<String>, interval: &str| {
        let (own, others) = cells.split_first().map_or(("", &[][..]), |(own, others)| (own.as_str(), others));
        format!("{own:>10} {interval:14}{}", others.iter().map(|cell| format!("{cell:>9}")).collect::<String>())
    };
    let names = columns.iter().map(|(name, _)| name.to_string()).collect();
    line(text, &format!("{:19}{}", "", cells(names, "95 %")));
    for figure in comparison_figures() {
        let values: Vec<Option<Estimate>> = columns.iter().map(|(_, comparison)| (figure.of)(comparison)).collect();
        if values.iter().any(Option::is_some) {
            let interval = values[0].and_then(|own| interval(&own, figure.digits)).unwrap_or_default();
            let shown = values.iter().map(|value| shown(value.map(|value| value.value), figure.digits)).collect();
            line(text, &format!("{:19}{}", figure.name, cells(shown, &interval)));
        }
    }
    text.push_str(&wrapped(FIGURES_NOTE, WIDTH));
    if scale.is_some() {
        let names = Corruption::ALL.map(|corruption| format!("{}: {}", short_name(corruption), corruption.name()));
        let note = format!("floor: half of the reference against the other; ceilings: {}.", names.join("; "));
        text.push_str(&wrapped(&note, WIDTH));
    }
}

/// "0.43–0.58".
pub fn interval(estimate: &Estimate, digits: usize) -> Option<String> {
    estimate.interval.map(|ends| format!("{}–{}", number(ends.low, digits), number(ends.high, digits)))
}

fn features(text: &mut String, evaluation: &Evaluation) {
    heading(text, "Features, those that tell most first (* outside the floor, differences in sd of the reference)");
    let head = format!(
        "  {:31} {:15} {:>20} {:>10} {:>11} {:>8}",
        "", "unit", "reference mean ± sd", "candidate", "difference", "floor ±"
    );
    line(text, &head);
    for row in &evaluation.features {
        line(text, &feature_line(row));
    }
    let unused: Vec<&str> = evaluation.comparison.left_out.iter().map(|left_out| left_out.name.as_str()).collect();
    if !unused.is_empty() {
        let note = format!("Undefined or constant, and so not compared: {}.", unused.join("; "));
        text.push_str(&wrapped(&note, WIDTH));
    }
}

fn feature_line(row: &FeatureRow) -> String {
    let marker = match row.outside {
        Some(true) => "*",
        Some(false) => " ",
        None => "?",
    };
    let spread = row.reference.deviation.map_or(String::new(), |sd| format!(" ± {}", number(sd, row.digits)));
    format!(
        "{marker} {:31} {:15} {:>20} {:>10} {:>11} {:>8}",
        row.name,
        row.unit,
        format!("{}{spread}", number(row.reference.mean.value, row.digits)),
        number(row.candidate.mean.value, row.digits),
        signed(row.difference.value),
        shown(row.floor, 2)
    )
}

/// "+0.50", "−0.50".
pub fn signed(value: f64) -> String {
    let text = number(value, 2);
    if text.starts_with('−') { text } else { format!("+{text}") }
}

fn originality(text: &mut String, found: &Originality) {
    heading(text, &format!("Copying from {} ({} files)", found.training, found.training_files));
    let head = format!(
        "{:40} {:>9} {:>9} {:>9} {:>9} {:>16} {:>8}",
        "", "candidate", "most", "reference", "most", "95 % of the ref.", "above"
    );
    line(text, &head);
    for figure in &found.figures {
        let number = |value| number(value, copy_digits(figure));
        line(
            text,
            &format!(
                "{:40} {:>9} {:>9} {:>9} {:>9} {:>16} {:>8}",
                figure.name,
                number(figure.candidate.mean),
                number(figure.candidate.most),
                number(figure.reference.mean),
                number(figure.reference.most),
                format!("{} – {}", number(figure.band.low), number(figure.band.high)),
                format!("{:.1} %", 100.0 * figure.beyond)
            ),
        );
    }
    if let Some(closest) = &found.closest {
        let note = format!(
            "Closest: {} (from bar {}) shares {} notes in a row with {}.",
            closest.file, closest.start_bar, closest.notes, closest.training_file
        );
        text.push_str(&wrapped(&note, WIDTH));
    }
}

/// Notes are counted, shares need three digits.
pub fn copy_digits(figure: &CopyFigure) -> usize {
    if figure.unit == "share" { 3 } else { 1 }
}

fn left_out(text: &mut String, set: &SetSummary) {
    if set.left_out.is_empty() {
        return;
    }
    heading(text, &format!("Left out of {}", set.name));
    let reasons = set.reasons();
    for (reason, files) in reasons.iter().take(TOLD_REASONS) {
        let mut names: Vec<String> = files.iter().take(NAMED_FILES).map(|file| file.display().to_string()).collect();
        if files.len() > NAMED_FILES {
            names.push(format!("… and {} more", files.len() - NAMED_FILES));
        }
        text.push_str(&wrapped(&format!("{}: {reason} ({})", counted(files.len(), "file"), names.join(", ")), WIDTH));
    }
    if reasons.len() > TOLD_REASONS {
        line(
            text,
            &format!(
                "… and {} more, in the JSON file and on the page.",
                counted(reasons.len() - TOLD_REASONS, "reason")
            ),
        );
    }
}

fn heading(text: &mut String, heading: &str) {
    text.push('\n');
    line(text, heading);
    line(text, &"─".repeat(heading.chars().count().min(WIDTH)));
}

fn line(text: &mut String, content: &str) {
    // Writing to a String cannot fail.
    let _ = writeln!(text, "{}", content.trim_end());
}

/// Lines of at most `width` characters, broken at blanks, or inside a word that is longer than a line.
fn wrapped(content: &str, width: usize) -> String {
    let (mut text, mut used) = (String::new(), 0);
    for word in content.split_whitespace() {
        let letters: Vec<char> = word.chars().filter(|letter| !letter.is_control()).collect();
        for (number, piece) in letters.chunks(width).enumerate() {
            if used > 0 && (number > 0 || used + 1 + piece.len() > width) {
                text.push('\n');
                used = 0;
            }
            if used > 0 {
                text.push(' ');
                used += 1;
            }
            text.extend(piece);
            used += piece.len();
        }
    }
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_broken_at_blanks_and_long_words_anywhere() {
        assert_eq!(wrapped("one two three", 7), "one two\nthree\n");
        assert_eq!(wrapped("abcdefghij", 4), "abcd\nefgh\nij\n");
        assert_eq!(wrapped("", 4), "\n");
    }

    #[test]
    fn numbers_have_no_negative_nothing() {
        assert_eq!((number(-0.001, 2), number(-0.5, 1), number(0.5, 1)), ("0.00".into(), "−0.5".into(), "0.5".into()));
        assert_eq!((signed(0.5), signed(-0.5), signed(-0.001)), ("+0.50".into(), "−0.50".into(), "+0.00".into()));
        assert_eq!(shown(None, 2), "–");
    }
}
