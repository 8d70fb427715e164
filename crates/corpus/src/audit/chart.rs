//! Bar charts as SVG, small enough to stand a dozen on a sheet.

use aeolian_picture::escape;
use std::fmt::Write;

/// Width of a chart in pixels.
pub(super) const WIDTH: f64 = 400.0;
/// Height of a chart in pixels.
pub(super) const HEIGHT: f64 = 190.0;

/// Colours of the roles and of no role, after Okabe & Ito 2008 ("Color universal design"); counts of one kind take the first.
pub(super) const COLOURS: [&str; 7] = ["#0072B2", "#D55E00", "#E09A00", "#5B4FA3", "#5A5A5A", "#009E73", "#B4BAC4"];
const INK: &str = "#1F2430";
const LABEL: &str = "#5C6473";
const LINE: &str = "#B4BAC4";

/// Margins around the bars.
const LEFT: f64 = 44.0;
const RIGHT: f64 = 10.0;
const TOP: f64 = 30.0;
const BOTTOM: f64 = 38.0;
/// About the width of a letter of a label, and its line height.
const LETTER: f64 = 5.6;
const LINE_HEIGHT: f64 = 12.0;

/// One chart.
pub(super) struct Chart {
    pub title: String,
    /// What stands on top of what, each with as many values as there are places.
    pub series: Vec<(&'static str, Vec<f64>)>,
    /// Places that are named below: which, and how.
    pub labels: Vec<(usize, String)>,
}

impl Chart {
    /// A chart of one kind of thing.
    pub fn single(title: impl Into<String>, values: Vec<f64>, labels: Vec<(usize, String)>) -> Self {
        Self { title: title.into(), series: vec![("", values)], labels }
    }

    fn places(&self) -> usize {
        self.series.iter().map(|(_, values)| values.len()).max().unwrap_or(0)
    }

    /// Sum of all series at a place.
    fn total_at(&self, place: usize) -> f64 {
        self.series.iter().filter_map(|(_, values)| values.get(place)).sum()
    }

    /// SVG of the chart with its upper left corner at `x`, `y`.
    pub fn draw(&self, x: f64, y: f64) -> String {
        let mut out = format!("<g transform=\"translate({x:.0} {y:.0})\">\n");
        text(&mut out, (0.0, 14.0), ("start", 13.0, INK, true), &self.title);
        let places = self.places();
        let total: f64 = (0..places).map(|place| self.total_at(place)).sum();
        let highest = (0..places).map(|place| self.total_at(place)).fold(0.0, f64::max);
        let (width, height) = (WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM);
        let base = TOP + height;
        if total > 0.0 {
            self.draw_bars(&mut out, width / places as f64, height / highest, base);
            let percent = |share: f64| {
                if share < 0.1 { format!("{:.1} %", share * 100.0) } else { format!("{:.0} %", share * 100.0) }
            };
            text(&mut out, (LEFT - 5.0, TOP + 5.0), ("end", 10.0, LABEL, false), &percent(highest / total));
            text(&mut out, (LEFT - 5.0, base), ("end", 10.0, LABEL, false), "0");
        } else {
            text(&mut out, (LEFT + width / 2.0, TOP + height / 2.0), ("middle", 12.0, LABEL, false), "nothing known");
        }
        // Writing to a String cannot fail.
        let _ = writeln!(
            out,
            "<line x1=\"{LEFT}\" y1=\"{base:.1}\" x2=\"{:.1}\" y2=\"{base:.1}\" stroke=\"{LINE}\"/>",
            LEFT + width
        );
        self.draw_labels(&mut out, width / places.max(1) as f64, base);
        self.draw_legend(&mut out);
        out.push_str("</g>\n");
        out
    }

    fn draw_bars(&self, out: &mut String, step: f64, scale: f64, base: f64) {
        let thick = (step * 0.86).max(0.6);
        for place in 0..self.places() {
            let mut top = base;
            for (index, (_, values)) in self.series.iter().enumerate() {
                let value = values.get(place).copied().unwrap_or(0.0);
                if value > 0.0 {
                    let (height, x) = (value * scale, LEFT + place as f64 * step + (step - thick) / 2.0);
                    top -= height;
                    let colour = COLOURS[index % COLOURS.len()];
                    let _ = writeln!(
                        out,
                        "<rect x=\"{x:.1}\" y=\"{top:.2}\" width=\"{thick:.1}\" height=\"{height:.2}\" fill=\"{colour}\"/>"
                    );
                }
            }
        }
    }

    /// Labels below their places, those that would run into the one before left out; a line end begins a second line.
    fn draw_labels(&self, out: &mut String, step: f64, base: f64) {
        let mut free_from = f64::MIN;
        for (place, label) in &self.labels {
            let middle = LEFT + (*place as f64 + 0.5) * step;
            let longest = label.lines().map(|line| line.chars().count()).max().unwrap_or(0);
            let half = longest as f64 * LETTER / 2.0;
            if middle - half < free_from {
                continue;
            }
            free_from = middle + half + LETTER / 2.0;
            for (line, words) in label.lines().enumerate() {
                let y = base + 14.0 + line as f64 * LINE_HEIGHT;
                text(out, (middle, y), ("middle", 10.0, LABEL, false), words);
            }
        }
    }

    /// Names of the series that have anything, from the right.
    fn draw_legend(&self, out: &mut String) {
        let mut right = WIDTH - RIGHT;
        for (index, (name, values)) in self.series.iter().enumerate().rev() {
            if name.is_empty() || values.iter().all(|v| *v == 0.0) {
                continue;
            }
            text(out, (right, 14.0), ("end", 9.5, COLOURS[index % COLOURS.len()], true), name);
            right -= 6.2 * name.len() as f64 + 6.0;
        }
    }
}

/// Text at a place: where it is held, size, colour, bold.
fn text(out: &mut String, (x, y): (f64, f64), (anchor, size, fill, bold): (&str, f64, &str, bool), content: &str) {
    let weight = if bold { " font-weight=\"600\"" } else { "" };
    let content = escape(content);
    let _ = writeln!(
        out,
        "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" font-size=\"{size}\" fill=\"{fill}\"{weight}>{content}</text>"
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_bar_fills_the_chart_and_says_its_share() {
        let svg = Chart::single("a < b", vec![1.0, 3.0, 0.0], vec![(1, "one".into())]).draw(0.0, 0.0);
        assert_eq!(svg.matches("<rect").count(), 2);
        assert!(svg.contains(&format!("height=\"{:.2}\"", HEIGHT - TOP - BOTTOM)));
        assert!(svg.contains("75 %") && svg.contains("a &lt; b") && svg.contains(">one<"));
    }

    #[test]
    fn labels_never_run_into_each_other() {
        let labels = vec![(0, "wide label".to_owned()), (1, "another".to_owned()), (99, "last\nline".to_owned())];
        let svg = Chart::single("", vec![1.0; 100], labels).draw(0.0, 0.0);
        assert!(svg.contains(">wide label<") && !svg.contains(">another<"));
        assert!(svg.contains(">last<") && svg.contains(">line<"));
    }

    #[test]
    fn nothing_is_said_to_be_nothing() {
        for values in [vec![], vec![0.0; 3]] {
            let svg = Chart::single("", values, vec![]).draw(0.0, 0.0);
            assert!(svg.contains("nothing known") && !svg.contains("NaN") && !svg.contains("inf"));
        }
    }
}
