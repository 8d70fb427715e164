//! The scale as a picture: candidate, floor and ceilings, a row each, over one axis of areas under the curve.
//!
//! Lines are intervals of confidence; that of the floor is the range of its random splits, its circle their mean.

use super::{CANDIDATE, FLOOR, GRID, INK, LABEL, REFERENCE, escape};
use crate::Evaluation;
use crate::scale::Splits;
use crate::sentences::ascending;
use aeolian_metrics::compare::{Estimate, Interval};
use std::fmt::Write;

const WIDTH: f64 = 860.0;
/// Left of the axis: the names.
const NAMES: f64 = 190.0;
const RIGHT: f64 = 60.0;
const ROW: f64 = 27.0;
const TOP: f64 = 24.0;
/// The left end of the axis; what is less is drawn there, with its number.
const LEAST: f64 = 0.4;

struct Row {
    name: String,
    area: Estimate,
    mark: Mark,
}

/// Shapes say what a row is, for those who do not see the colour.
enum Mark {
    Candidate,
    Floor,
    /// The floor of the row before, without a name or a number.
    Behind,
    Ceiling,
}

/// `None` without a classifier test.
pub fn scale_picture(evaluation: &Evaluation) -> Option<String> {
    let test = evaluation.comparison.classifier.as_ref()?;
    let mut rows = vec![Row { name: evaluation.candidate.name.clone(), area: test.auc, mark: Mark::Candidate }];
    if let Some(scale) = &evaluation.scale {
        let split = |splits: &Splits| Estimate {
            value: splits.mean,
            interval: Some(Interval { low: splits.lowest, high: splits.highest }),
        };
        let floor = scale.splits.as_ref().map(split).or(scale.floor.classifier.as_ref().map(|test| test.auc));
        rows.extend(floor.map(|area| Row { name: "floor: real, half and half".to_owned(), area, mark: Mark::Floor }));
        let ceilings = ascending(scale).into_iter().filter_map(|(_, ceiling)| {
            let area = ceiling.comparison.classifier.as_ref()?.auc;
            Some(Row { name: ceiling.corruption.name().to_owned(), area, mark: Mark::Ceiling })
        });
        rows.extend(ceilings);
    }
    Some(picture(&rows, test.null, "Areas under the curve of candidate, floor and ceilings"))
}

/// The areas of every family of features alone, the candidate's and the floor's, the most telling first. `None` without
/// a classifier test.
pub fn family_picture(evaluation: &Evaluation) -> Option<String> {
    let test = evaluation.comparison.classifier.as_ref()?;
    let floor = evaluation.scale.as_ref().and_then(|scale| scale.floor.classifier.as_ref());
    let mut rows = Vec::new();
    for family in &test.families {
        rows.push(Row { name: family.family.clone(), area: family.auc, mark: Mark::Candidate });
        let same = floor.and_then(|test| test.families.iter().find(|other| other.family == family.family));
        rows.extend(same.map(|same| Row { name: String::new(), area: same.auc, mark: Mark::Behind }));
    }
    (!rows.is_empty()).then(|| picture(&rows, None, "Areas under the curve, by family of features alone"))
}

/// One row after another; what is behind shares the row before.
fn picture(rows: &[Row], null: Option<Interval>, title: &str) -> String {
    let places = rows.iter().scan(0, |place, row| {
        *place += usize::from(!matches!(row.mark, Mark::Behind));
        Some(*place)
    });
    let places: Vec<usize> = places.collect();
    let bottom = TOP + ROW * places.last().copied().unwrap_or(0) as f64;
    let height = bottom + 34.0;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" viewBox=\"0 0 {WIDTH} \
         {height}\" role=\"img\" font-family=\"system-ui, 'Segoe UI', Arial, sans-serif\" font-size=\"13\">\
         <title>{title}</title>\n"
    );
    if let Some(null) = null {
        let (left, right) = (x(null.low), x(null.high));
        let width = (right - left).max(1.0);
        let _ = writeln!(
            svg,
            "<rect x=\"{left:.1}\" y=\"{TOP}\" width=\"{width:.1}\" height=\"{:.1}\" fill=\"{FLOOR}\" \
             fill-opacity=\"0.7\"/>\n<text x=\"{:.1}\" y=\"{:.1}\" fill=\"{LABEL}\" font-size=\"11\" \
             text-anchor=\"middle\">chance</text>",
            bottom - TOP,
            (left + right) / 2.0,
            TOP - 7.0
        );
    }
    for tenth in 4..=10 {
        let at = x(f64::from(tenth) / 10.0);
        let _ = writeln!(
            svg,
            "<line x1=\"{at:.1}\" y1=\"{TOP}\" x2=\"{at:.1}\" y2=\"{bottom:.1}\" stroke=\"{}\"/>\n\
             <text x=\"{at:.1}\" y=\"{:.1}\" fill=\"{LABEL}\" font-size=\"12\" text-anchor=\"middle\">{:.1}</text>",
            if tenth == 5 { REFERENCE } else { GRID },
            bottom + 16.0,
            f64::from(tenth) / 10.0
        );
    }
    let _ = writeln!(
        svg,
        "<text x=\"{:.1}\" y=\"{:.1}\" fill=\"{LABEL}\" font-size=\"11\">cannot be told apart</text>\n\
         <text x=\"{:.1}\" y=\"{:.1}\" fill=\"{LABEL}\" font-size=\"11\" text-anchor=\"end\">every piece gives itself \
         away</text>",
        x(0.5) - 4.0,
        bottom + 30.0,
        x(1.0) + 8.0,
        bottom + 30.0
    );
    let y = |place: usize| TOP + ROW * (place as f64 - 0.5);
    // First what is behind.
    for behind in [true, false] {
        let now = rows.iter().zip(&places).filter(|(row, _)| matches!(row.mark, Mark::Behind) == behind);
        now.for_each(|(row, &place)| draw(&mut svg, row, y(place)));
    }
    svg.push_str("</svg>");
    svg
}

fn x(area: f64) -> f64 {
    let place = (area.clamp(LEAST, 1.0) - LEAST) / (1.0 - LEAST);
    NAMES + place * (WIDTH - NAMES - RIGHT)
}

fn draw(svg: &mut String, row: &Row, y: f64) {
    let (colour, weight) = match row.mark {
        Mark::Candidate => (CANDIDATE, "700"),
        Mark::Floor | Mark::Behind => ("#0072B2", "400"),
        Mark::Ceiling => (INK, "400"),
    };
    let name: String = match row.name.chars().count() > 28 {
        true => row.name.chars().take(27).chain(['…']).collect(),
        false => row.name.clone(),
    };
    let baseline = y + 4.5;
    let _ = writeln!(
        svg,
        "<text x=\"{:.1}\" y=\"{baseline:.1}\" fill=\"{colour}\" font-weight=\"{weight}\" \
         text-anchor=\"end\">{}</text>",
        NAMES - 12.0,
        escape(&name)
    );
    if let Some(interval) = row.area.interval {
        let _ = writeln!(
            svg,
            "<line x1=\"{:.1}\" y1=\"{y:.1}\" x2=\"{:.1}\" y2=\"{y:.1}\" stroke=\"{colour}\" stroke-width=\"2\"/>",
            x(interval.low),
            x(interval.high)
        );
    }
    let at = x(row.area.value);
    let _ = match row.mark {
        Mark::Candidate => writeln!(
            svg,
            "<path d=\"M {:.1} {y:.1} L {at:.1} {:.1} L {:.1} {y:.1} L {at:.1} {:.1} Z\" fill=\"{colour}\"/>",
            at - 8.0,
            y - 8.0,
            at + 8.0,
            y + 8.0
        ),
        Mark::Floor | Mark::Behind => writeln!(
            svg,
            "<circle cx=\"{at:.1}\" cy=\"{y:.1}\" r=\"5\" fill=\"#FFFFFF\" stroke=\"{colour}\" stroke-width=\"2\"/>"
        ),
        Mark::Ceiling => {
            writeln!(
                svg,
                "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"8\" height=\"8\" fill=\"{colour}\"/>",
                at - 4.0,
                y - 4.0
            )
        }
    };
    if matches!(row.mark, Mark::Behind) {
        return;
    }
    let end = row.area.interval.map_or(at, |interval| x(interval.high).max(at));
    let _ = writeln!(
        svg,
        "<text x=\"{:.1}\" y=\"{baseline:.1}\" fill=\"{colour}\" font-weight=\"{weight}\">{:.2}</text>",
        end + 13.0,
        row.area.value
    );
}
