//! A line chart: training losses, likelihoods over noise levels, anything against anything.

use crate::axis::{Axis, shown};
use crate::palette;
use crate::svg::{Anchor, Svg, TextStyle, shortened};

/// One line of a chart.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Curve {
    /// What the legend calls it.
    pub name: String,
    /// (x, y), in drawing order. A point that is not finite, or not positive on a logarithmic axis, leaves a gap.
    pub points: Vec<(f64, f64)>,
}

const WIDTH: f64 = 900.0;
const LEFT: f64 = 72.0;
const RIGHT: f64 = 876.0;
const PLOT_HEIGHT: f64 = 360.0;

/// Draws `series` over shared axes; with `log_x` the x axis is logarithmic. Never fails: no points give empty axes.
pub fn curves(series: &[Curve], title: &str, x_label: &str, y_label: &str, log_x: bool) -> String {
    let drawable = |p: &&(f64, f64)| p.0.is_finite() && p.1.is_finite() && (!log_x || p.0 > 0.0);
    let points = || series.iter().flat_map(|c| &c.points).filter(drawable);
    let x_axis = Axis::holding(points().map(|p| p.0), log_x);
    let y_axis = Axis::holding(points().map(|p| p.1), false).rounded();
    let mut svg = Svg::new(WIDTH);
    let title = shortened(title, 80);
    svg.text(LEFT, 38.0, TextStyle::new(18.0, palette::INK).bold(), &title);
    let top = legend(&mut svg, series) + 22.0;
    let plot = Plot { x_axis, y_axis, top, bottom: top + PLOT_HEIGHT };
    plot.axes(&mut svg, &shortened(x_label, 80), &shortened(y_label, 50));
    for (index, curve) in series.iter().enumerate() {
        plot.curve(&mut svg, curve, palette::series(index));
    }
    svg.finish(plot.bottom + 58.0, &title)
}

/// Names in rows under the title; returns the last row's baseline.
fn legend(svg: &mut Svg, series: &[Curve]) -> f64 {
    let style = TextStyle::new(12.5, palette::INK);
    let (mut x, mut y) = (LEFT, 62.0);
    for (index, curve) in series.iter().enumerate() {
        let name = shortened(&curve.name, 40);
        let width = 24.0 + style.width_of(&name) + 18.0;
        if x > LEFT && x + width > RIGHT {
            (x, y) = (LEFT, y + 19.0);
        }
        svg.line((x, y - 4.5), (x + 17.0, y - 4.5), palette::series(index), 3.0);
        svg.text(x + 24.0, y, style, &name);
        x += width;
    }
    y
}

struct Plot {
    x_axis: Axis,
    y_axis: Axis,
    top: f64,
    bottom: f64,
}

impl Plot {
    fn x(&self, value: f64) -> Option<f64> {
        self.x_axis.place(value).map(|part| LEFT + part * (RIGHT - LEFT))
    }

    fn y(&self, value: f64) -> Option<f64> {
        self.y_axis.place(value).map(|part| self.bottom - part * (self.bottom - self.top))
    }

    fn axes(&self, svg: &mut Svg, x_label: &str, y_label: &str) {
        let marks = TextStyle::new(11.5, palette::LABEL);
        for mark in self.y_axis.marks() {
            if let Some(y) = self.y(mark) {
                svg.line((LEFT, y), (RIGHT, y), palette::BEAT_LINE, 1.0);
                svg.text(LEFT - 8.0, y + 4.0, marks.held(Anchor::End), &shown(mark));
            }
        }
        for mark in self.x_axis.marks() {
            if let Some(x) = self.x(mark) {
                svg.line((x, self.bottom), (x, self.bottom + 5.0), palette::BAR_LINE, 1.0);
                svg.text(x, self.bottom + 19.0, marks.held(Anchor::Middle), &shown(mark));
            }
        }
        svg.line((LEFT, self.bottom), (RIGHT, self.bottom), palette::BAR_LINE, 1.2);
        let names = TextStyle::new(12.5, palette::LABEL).held(Anchor::Middle);
        svg.text(0.5 * (LEFT + RIGHT), self.bottom + 42.0, names, x_label);
        let middle = 0.5 * (self.top + self.bottom);
        svg.text_with(20.0, middle, names, y_label, &format!(" transform=\"rotate(-90 20 {middle})\""));
    }

    /// One polyline for each unbroken run; a run of a single point becomes a dot.
    fn curve(&self, svg: &mut Svg, curve: &Curve, colour: &'static str) {
        let places = curve.points.iter().map(|&(x, y)| self.x(x).zip(self.y(y))).collect::<Vec<_>>();
        for run in places.split(Option::is_none) {
            match thinned(&run.iter().copied().flatten().collect::<Vec<_>>()).as_slice() {
                [] => {}
                [(x, y)] => svg.raw(format_args!("<circle cx=\"{x:.2}\" cy=\"{y:.2}\" r=\"3\" fill=\"{colour}\"/>")),
                points => svg.polyline(points, colour, 1.8),
            }
        }
    }
}

/// Of the points in one column of pixels only the first, lowest, highest and last: all that can be seen of them.
fn thinned(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let mut kept = Vec::new();
    for column in points.chunk_by(|a, b| a.0.floor() == b.0.floor()) {
        let by_height = |a: &usize, b: &usize| column[*a].1.total_cmp(&column[*b].1);
        let extremes = [(0..column.len()).min_by(by_height), (0..column.len()).max_by(by_height)];
        let mut keep: Vec<usize> = extremes.into_iter().flatten().chain([0, column.len() - 1]).collect();
        keep.sort_unstable();
        keep.dedup();
        kept.extend(keep.into_iter().map(|i| column[i]));
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::svg::tests::well_formed;

    fn curve(name: &str, points: &[(f64, f64)]) -> Curve {
        Curve { name: name.to_owned(), points: points.to_vec() }
    }

    #[test]
    fn no_curves_and_no_points_give_empty_axes() {
        for series in [vec![], vec![curve("nothing", &[]), curve("nowhere", &[(f64::NAN, 1.0), (1.0, f64::INFINITY)])]]
        {
            let tags = well_formed(&curves(&series, "Empty", "x", "y", false));
            assert_eq!((tags.get("polyline"), tags.get("circle")), (None, None));
        }
    }

    #[test]
    fn a_gap_breaks_the_line_and_a_lone_point_is_a_dot() {
        let series =
            [curve("a", &[(1.0, 1.0), (2.0, 2.0), (3.0, f64::NAN), (4.0, 1.0), (5.0, 2.0)]), curve("b", &[(2.0, 1.5)])];
        let tags = well_formed(&curves(&series, "Gaps", "x", "y", false));
        assert_eq!((tags["polyline"], tags["circle"]), (2, 1));
    }

    #[test]
    fn on_a_logarithmic_axis_zero_has_no_place() {
        let series = [curve("a", &[(0.0, 9.0), (10.0, 3.0), (1000.0, 1.0)])];
        let svg = curves(&series, "Loss", "examples", "nats", true);
        assert_eq!(well_formed(&svg)["polyline"], 1);
        assert!(svg.contains(">100</text>") && svg.contains(">1000</text>"));
    }

    #[test]
    fn names_are_escaped() {
        let svg = curves(&[curve("a<b & c", &[(0.0, 1.0)])], "<t>", "&x", "\"y\"", false);
        well_formed(&svg);
        assert!(svg.contains("a&lt;b &amp; c") && svg.contains("&amp;x"));
    }

    #[test]
    fn a_million_points_are_thinned_to_what_is_seen() {
        let points: Vec<(f64, f64)> = (0..1_000_000).map(|i| (f64::from(i), f64::from(i % 97))).collect();
        let svg = curves(&[curve("many", &points)], "Many", "x", "y", false);
        assert!(svg.len() < 100_000, "{} bytes", svg.len());
        assert_eq!(
            thinned(&[(0.0, 1.0), (0.1, 5.0), (0.2, 0.0), (0.3, 2.0), (0.4, 3.0)]),
            [(0.0, 1.0), (0.1, 5.0), (0.2, 0.0), (0.4, 3.0)]
        );
    }
}
