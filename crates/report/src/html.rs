//! The evaluation as one page of HTML that needs nothing else: style and pictures inside, no script, no network.
//!
//! Read in a minute: the headline, the scale, the tells. All else is folded away or below. The reference is a grey
//! area, the candidate an orange line, the floor a blue band: three shapes, so that the page can be read in print and by
//! colour-blind eyes (colours after Okabe & Ito 2008).

mod density;
mod scale_picture;

use crate::Evaluation;
use crate::evaluation::SetSummary;
use crate::features::FeatureRow;
use crate::originality::Originality;
use crate::pictures::ShownPiece;
use crate::sentences::counted;
use crate::text::{FIGURES_NOTE, comparison_figures, copy_digits, interval, number, short_name, shown, signed};
use aeolian_metrics::Family;
use aeolian_metrics::compare::{Comparison, Estimate};
use aeolian_picture::{RollStyle, escape, piano_roll};
use aeolian_score::Score;
use std::fmt::Write;

pub(crate) const REFERENCE: &str = "#8A919E";
pub(crate) const CANDIDATE: &str = "#C44E00";
pub(crate) const FLOOR: &str = "#BFDDF2";
pub(crate) const INK: &str = "#1F2430";
pub(crate) const LABEL: &str = "#5C6473";
pub(crate) const GRID: &str = "#E4E7EC";

/// Bars of a piano roll at most.
const ROLL_BARS: usize = 16;
/// More files left out for one reason are folded away.
const OPEN_FILES: usize = 12;
/// Features of a family that are always shown.
const FEWEST_SHOWN: usize = 4;
/// Features of a family that are shown at most before the others are folded away.
const MOST_SHOWN: usize = 8;

const STYLE: &str = "
body { font: 16px/1.5 system-ui, -apple-system, 'Segoe UI', 'Helvetica Neue', Arial, sans-serif; color: #1F2430;
  background: #fff; max-width: 62rem; margin: 2rem auto; padding: 0 1.2rem; }
h1 { font-size: 1.1rem; font-weight: 600; color: #5C6473; margin: 0; }
h2 { font-size: 1.25rem; margin: 2.4rem 0 .6rem; border-bottom: 1px solid #B4BAC4; padding-bottom: .2rem; }
h3 { font-size: 1.02rem; margin: 1.4rem 0 .4rem; }
h3 span { font-weight: 400; color: #5C6473; }
p { margin: .5rem 0; max-width: 52rem; }
.headline { font-size: 1.55rem; line-height: 1.3; font-weight: 600; margin: .3rem 0 1rem; }
.note { color: #5C6473; font-size: .9rem; }
table { border-collapse: collapse; font-size: .88rem; font-variant-numeric: tabular-nums; margin: .6rem 0; }
th, td { padding: .16rem .6rem; text-align: right; border-bottom: 1px solid #E4E7EC; }
th:first-child, td:first-child { text-align: left; padding-left: 0; }
th { color: #5C6473; font-weight: 600; }
td.own { font-weight: 700; color: #C44E00; }
td.interval, th.interval { color: #5C6473; text-align: left; padding-left: 0; font-size: .8rem; }
.grid { display: grid; grid-template-columns: repeat(auto-fill, minmax(14.5rem, 1fr)); gap: .7rem 1.1rem; }
figure { margin: 0; break-inside: avoid; }
figcaption { font-size: .82rem; line-height: 1.3; }
figcaption b { font-weight: 600; }
figcaption em { font-style: normal; color: #C44E00; }
figcaption span { color: #5C6473; }
figure.wide { margin: 1rem 0; }
svg { max-width: 100%; height: auto; display: block; }
details { margin: .6rem 0; }
summary { cursor: pointer; color: #5C6473; font-size: .9rem; }
ul { font-size: .88rem; padding-left: 1.2rem; }
@media print { body { margin: 0; max-width: none; font-size: 12px; } }
";

/// The page.
pub fn page(evaluation: &Evaluation) -> String {
    let title = format!("{} against {}", evaluation.candidate.name, evaluation.reference.name);
    let mut page = String::new();
    let sentences = evaluation.sentences();
    let (headline, rest) = sentences.split_first().map_or(("", &[][..]), |(first, rest)| (first.as_str(), rest));
    add(&mut page, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n");
    add(&mut page, "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n");
    add(&mut page, &format!("<title>{}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n", escape(&title)));
    add(&mut page, &format!("<h1>{}</h1>\n<p class=\"headline\">{}</p>\n", escape(&title), escape(headline)));
    if let Some(picture) = scale_picture::scale_picture(evaluation) {
        add(&mut page, &format!("<figure class=\"wide\">{picture}</figure>\n"));
        add(&mut page, SCALE_NOTE);
    }
    if let Some(picture) = scale_picture::family_picture(evaluation) {
        add(&mut page, FAMILY_NOTE);
        add(&mut page, &format!("<figure class=\"wide\">{picture}</figure>\n"));
    }
    rest.iter().for_each(|sentence| add(&mut page, &format!("<p>{}</p>\n", escape(sentence))));
    features(&mut page, evaluation);
    pieces(&mut page, evaluation);
    if let Some(found) = &evaluation.originality {
        originality(&mut page, found);
    }
    figures(&mut page, evaluation);
    left_out(&mut page, evaluation);
    add(&mut page, "</body>\n</html>\n");
    page
}

const SCALE_NOTE: &str = "<p class=\"note\">AUC: how often a classifier ranks a piece of the one set before a piece of \
    the other. 0.5 is a guess, 1 means that every piece gives itself away. Lines are 95 % intervals over songs, and the \
    range of several random splits at the floor; the blue band is where the candidate would lie by chance.</p>\n";

const FAMILY_NOTE: &str = "<p class=\"note\">By what? The same with the features of one family alone; circles are one half of \
    the reference against the other.</p>\n";

fn add(page: &mut String, markup: &str) {
    page.push_str(markup);
}

/// Families in the order of how much they tell, in each the features outside the floor first, the others folded away.
fn features(page: &mut String, evaluation: &Evaluation) {
    if evaluation.features.is_empty() {
        return;
    }
    add(page, "<h2>Feature by feature</h2>\n");
    add(
        page,
        &format!(
            "<p class=\"note\">{} Grey area: the reference. Orange line: the candidate. Vertical lines: the means. Blue \
             band: where the mean of real music may lie (the floor). Differences are in standard deviations (sd) of the \
             reference, orange where they are outside the floor.</p>\n",
            legend()
        ),
    );
    for (family, area) in families(evaluation) {
        let mut rows: Vec<&FeatureRow> = evaluation.features.iter().filter(|row| row.family == family).collect();
        rows.sort_by_key(|row| row.outside == Some(false));
        if rows.is_empty() {
            continue;
        }
        // At least a row of pictures for every family: where nothing tells, that is worth seeing too. And at most two:
        // the strongest say it, and a page of the others is read by nobody.
        let outside = rows.iter().filter(|row| row.outside != Some(false)).count();
        let (open, folded) = rows.split_at(outside.clamp(FEWEST_SHOWN, MOST_SHOWN).min(rows.len()));
        add(page, &format!("<h3>{} <span>{}</span></h3>\n{}", escape(family), escape(&area), grid(open)));
        if !folded.is_empty() {
            let more = outside.saturating_sub(open.len());
            let summary = match (more, folded.len() - more) {
                (0, inside) => format!("{} inside the floor", counted(inside, "more feature")),
                (more, 0) => format!("{} outside the floor", counted(more, "more feature")),
                (more, inside) => format!("{} outside the floor, {inside} inside", counted(more, "more feature")),
            };
            add(page, &format!("<details><summary>{summary}</summary>\n{}</details>\n", grid(folded)));
        }
    }
}

fn legend() -> String {
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"64\" height=\"14\" viewBox=\"0 0 64 14\" \
         style=\"display:inline-block;vertical-align:-2px\" role=\"img\"><title>Legend</title>\
         <rect x=\"0\" y=\"1\" width=\"18\" height=\"12\" fill=\"{REFERENCE}\" fill-opacity=\"0.45\"/>\
         <line x1=\"23\" y1=\"7\" x2=\"41\" y2=\"7\" stroke=\"{CANDIDATE}\" stroke-width=\"2.5\"/>\
         <rect x=\"46\" y=\"1\" width=\"18\" height=\"12\" fill=\"{FLOOR}\"/></svg>"
    )
}

/// Every family with its areas in words, the most telling first.
fn families(evaluation: &Evaluation) -> Vec<(&str, String)> {
    let Some(test) = &evaluation.comparison.classifier else {
        return Family::ALL.iter().map(|family| (family.name(), String::new())).collect();
    };
    let floor = evaluation.scale.as_ref().and_then(|scale| scale.floor.classifier.as_ref());
    let area = |of: &aeolian_metrics::compare::classifier::FamilyAuc| {
        let floor = floor.and_then(|test| test.families.iter().find(|other| other.family == of.family));
        let floor = floor.map_or(String::new(), |floor| format!(", floor {:.2}", floor.auc.value));
        format!("alone: AUC {:.2}{floor}", of.auc.value)
    };
    test.families.iter().map(|of| (of.family.as_str(), area(of))).collect()
}

fn grid(rows: &[&FeatureRow]) -> String {
    let mut grid = "<div class=\"grid\">\n".to_owned();
    for row in rows {
        let undefined = match row.reference.undefined.max(row.candidate.undefined) >= 0.01 {
            true => format!(
                "; undefined in {:.0} % of the candidate, {:.0} % of the reference",
                100.0 * row.candidate.undefined,
                100.0 * row.reference.undefined
            ),
            false => String::new(),
        };
        let means = format!(
            "{} against {} {}{undefined}",
            number(row.candidate.mean.value, row.digits),
            number(row.reference.mean.value, row.digits),
            row.unit
        );
        let difference = format!("{}\u{a0}sd", signed(row.difference.value));
        // Writing to a String cannot fail.
        let _ = writeln!(
            grid,
            "<figure>{}<figcaption><b>{}</b>{}<br/><span>{}</span></figcaption></figure>",
            density::density_picture(row),
            escape(&row.name),
            match row.outside {
                Some(false) => format!(" <span>{difference}</span>"),
                _ => format!(" <em>{difference}</em>"),
            },
            escape(&means)
        );
    }
    grid + "</div>\n"
}

fn pieces(page: &mut String, evaluation: &Evaluation) {
    if evaluation.shown.is_empty() {
        return;
    }
    add(page, "<h2>Pieces to look at</h2>\n");
    add(
        page,
        "<p class=\"note\">Distance: the root mean square of a piece's features in standard deviations of the \
         reference, whose own pieces have about 1.</p>\n",
    );
    for (is_typical, heading) in [(true, "Most typical of the reference"), (false, "Least typical")] {
        let chosen: Vec<&ShownPiece> = evaluation.shown.iter().filter(|piece| piece.is_typical == is_typical).collect();
        if !chosen.is_empty() {
            add(page, &format!("<h3>{heading}</h3>\n"));
        }
        chosen.into_iter().for_each(|piece| add(page, &shown_piece(piece)));
    }
}

fn shown_piece(piece: &ShownPiece) -> String {
    let style = RollStyle { width_px: 980.0, bars_per_system: 8, max_bars: ROLL_BARS, ..RollStyle::default() };
    // A cut has the title of its file, or none; a heading that says where it comes from serves better.
    let titled = |score: &Score| Score { title: format!("{}, bar {}", piece.file, piece.start_bar), ..score.clone() };
    let roll = piece.score.as_ref().map_or(String::new(), |score| piano_roll(&titled(score), &style));
    let unusual: Vec<String> =
        piece.unusual.iter().map(|of| format!("{} {} sd", of.name, signed(of.deviations))).collect();
    format!(
        "<figure class=\"wide\">{roll}<figcaption>Distance {:.2}. <span>Most unusual: {}.</span></figcaption></figure>\n",
        piece.distance,
        escape(&unusual.join("; "))
    )
}

fn originality(page: &mut String, found: &Originality) {
    add(page, "<h2>Copying</h2>\n<table>\n<tr><th></th><th>candidate</th><th>most</th><th>reference</th><th>most</th>");
    add(page, "<th>95 % of the reference</th><th>candidate above that</th></tr>\n");
    for figure in &found.figures {
        let number = |value| number(value, copy_digits(figure));
        add(
            page,
            &format!(
                "<tr><td>{} ({})</td><td class=\"own\">{}</td><td>{}</td><td>{}</td><td>{}</td><td>{} – {}</td>\
                 <td>{:.1} %</td></tr>\n",
                escape(figure.name),
                escape(figure.unit),
                number(figure.candidate.mean),
                number(figure.candidate.most),
                number(figure.reference.mean),
                number(figure.reference.most),
                number(figure.band.low),
                number(figure.band.high),
                100.0 * figure.beyond
            ),
        );
    }
    add(page, "</table>\n");
    let mut note = format!(
        "Means over pieces (for the cardinality score: over windows); looked for in the {} of {}",
        counted(found.training_files, "file"),
        found.training
    );
    if found.training_files_left_out > 0 {
        note += &format!(" ({} could not be read)", found.training_files_left_out);
    }
    note += ". Of the candidate, 2.5 % would lie above the reference's 95 % by chance.";
    if let Some(closest) = &found.closest {
        note += &format!(
            " Closest: {} (from bar {}) shares {} notes in a row with {}.",
            closest.file, closest.start_bar, closest.notes, closest.training_file
        );
    }
    add(page, &format!("<p class=\"note\">{}</p>\n", escape(&note)));
}

fn figures(page: &mut String, evaluation: &Evaluation) {
    add(page, "<h2>Figures</h2>\n<table>\n<tr><th></th><th>candidate</th><th class=\"interval\">95 %</th>");
    let scale = evaluation.scale.as_ref();
    let mut columns: Vec<&Comparison> = vec![&evaluation.comparison];
    if let Some(scale) = scale {
        add(page, "<th>floor</th>");
        columns.push(&scale.floor);
        for ceiling in &scale.ceilings {
            let (short, name) = (short_name(ceiling.corruption), escape(ceiling.corruption.name()));
            add(page, &format!("<th title=\"{name}\">{short}</th>"));
            columns.push(&ceiling.comparison);
        }
    }
    add(page, "</tr>\n");
    for figure in comparison_figures() {
        let values: Vec<Option<Estimate>> = columns.iter().map(|comparison| (figure.of)(comparison)).collect();
        if values.iter().all(Option::is_none) {
            continue;
        }
        add(page, &format!("<tr><td>{}</td>", escape(&figure.name)));
        for (column, value) in values.into_iter().enumerate() {
            let cell = shown(value.map(|value| value.value), figure.digits);
            if column > 0 {
                add(page, &format!("<td>{cell}</td>"));
                continue;
            }
            let interval = value.and_then(|value| interval(&value, figure.digits)).unwrap_or_default();
            add(page, &format!("<td class=\"own\">{cell}</td><td class=\"interval\">{interval}</td>"));
        }
        add(page, "</tr>\n");
    }
    add(page, &format!("</table>\n<p class=\"note\">{}</p>\n", escape(FIGURES_NOTE)));
    if let Some(scale) = scale {
        let names: Vec<String> = scale
            .ceilings
            .iter()
            .map(|ceiling| format!("{}: {}", short_name(ceiling.corruption), ceiling.corruption.name()))
            .collect();
        let note = format!(
            "Floor: one half of the reference against the other. Ceilings: against the other half spoiled; {}. Loudness, \
             timing, tempo and drums stay real there.",
            names.join("; ")
        );
        add(page, &format!("<p class=\"note\">{}</p>\n", escape(&note)));
    }
    let unused: Vec<&str> = evaluation.comparison.left_out.iter().map(|left_out| left_out.name.as_str()).collect();
    if !unused.is_empty() {
        let note = format!("Undefined or constant, and so not compared: {}.", unused.join("; "));
        add(page, &format!("<p class=\"note\">{}</p>\n", escape(&note)));
    }
}

fn left_out(page: &mut String, evaluation: &Evaluation) {
    let sets: [(&str, &SetSummary); 2] = [("candidate", &evaluation.candidate), ("reference", &evaluation.reference)];
    if sets.iter().all(|(_, set)| set.left_out.is_empty()) {
        return;
    }
    add(page, "<h2>Left out</h2>\n");
    for (role, set) in sets.into_iter().filter(|(_, set)| !set.left_out.is_empty()) {
        add(page, &format!("<h3>{} of the {role}</h3>\n", counted(set.left_out.len(), "file")));
        for (reason, files) in set.reasons() {
            let open = if files.len() <= OPEN_FILES { " open=\"open\"" } else { "" };
            let summary = format!("{}: {reason}", counted(files.len(), "file"));
            add(page, &format!("<details{open}><summary>{}</summary>\n<ul>\n", escape(&summary)));
            for file in files {
                add(page, &format!("<li>{}</li>\n", escape(&file.display().to_string())));
            }
            add(page, "</ul>\n</details>\n");
        }
    }
}
