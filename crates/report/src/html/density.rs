//! A feature as a small picture: densities of reference and candidate, their means, and the floor as a band.
//!
//! Densities are sums of Gaussians with Silverman's width, 0.9 · min(sd, quartile range / 1.34) · n^(−1/5) (Silverman
//! 1986, "Density estimation for statistics and data analysis", eq. 3.31), at least a fortieth of the axis so that a few
//! equal values still look like a hill. Each is scaled to its own area; both share one height.

use super::{CANDIDATE, FLOOR, LABEL, REFERENCE, escape};
use crate::features::FeatureRow;
use crate::text::number;
use aeolian_metrics::compare::moments::{mean_and_deviation, quantile};
use aeolian_metrics::features::SHARE;
use std::fmt::Write;

const WIDTH: f64 = 232.0;
const HEIGHT: f64 = 74.0;
const MARGIN: f64 = 4.0;
const BASE: f64 = 58.0;
const POINTS: usize = 72;

/// The picture.
pub fn density_picture(row: &FeatureRow) -> String {
    let (low, high) = axis(row);
    let x = |value: f64| MARGIN + (WIDTH - 2.0 * MARGIN) * ((value - low) / (high - low)).clamp(0.0, 1.0);
    let curves = [&row.reference.values, &row.candidate.values].map(|values| density(values, low, high));
    let peak = curves.iter().flatten().copied().fold(f64::MIN_POSITIVE, f64::max);
    let path = |curve: &[f64]| {
        let mut path = String::new();
        for (point, height) in curve.iter().enumerate() {
            let across = MARGIN + (WIDTH - 2.0 * MARGIN) * point as f64 / (POINTS - 1) as f64;
            let letter = if point == 0 { 'M' } else { 'L' };
            let _ = write!(path, "{letter}{across:.1} {:.1} ", BASE - (BASE - 6.0) * height / peak);
        }
        path
    };
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{HEIGHT}\" viewBox=\"0 0 {WIDTH} \
         {HEIGHT}\" role=\"img\" font-family=\"system-ui, 'Segoe UI', Arial, sans-serif\" font-size=\"10.5\">\
         <title>{}</title>",
        escape(&row.name)
    );
    let mean = row.reference.mean.value;
    if let (Some(floor), Some(deviation)) = (row.floor, row.reference.deviation) {
        let (left, right) = (x(mean - floor * deviation), x(mean + floor * deviation));
        let width = (right - left).max(1.5);
        let _ = write!(
            svg,
            "<rect x=\"{left:.1}\" y=\"2\" width=\"{width:.1}\" height=\"{:.1}\" fill=\"{FLOOR}\"/>",
            BASE - 2.0
        );
    }
    let (reference, candidate) = (path(&curves[0]), path(&curves[1]));
    let (left, right) = (MARGIN, WIDTH - MARGIN);
    let _ = write!(
        svg,
        "<path d=\"{reference}L{right} {BASE} L{left} {BASE} Z\" fill=\"{REFERENCE}\" fill-opacity=\"0.45\"/>\
         <path d=\"{candidate}\" fill=\"none\" stroke=\"{CANDIDATE}\" stroke-width=\"1.8\"/>\
         <line x1=\"{left}\" y1=\"{BASE}\" x2=\"{right}\" y2=\"{BASE}\" stroke=\"{REFERENCE}\"/>"
    );
    for (value, colour, dashes) in
        [(mean, LABEL, " stroke-dasharray=\"3 2\""), (row.candidate.mean.value, CANDIDATE, "")]
    {
        let at = x(value);
        let _ = write!(
            svg,
            "<line x1=\"{at:.1}\" y1=\"2\" x2=\"{at:.1}\" y2=\"{BASE}\" stroke=\"{colour}\" stroke-width=\"1.4\"{dashes}/>"
        );
    }
    let _ = write!(
        svg,
        "<text x=\"{left}\" y=\"{:.1}\" fill=\"{LABEL}\">{}</text>\
         <text x=\"{right}\" y=\"{:.1}\" fill=\"{LABEL}\" text-anchor=\"end\">{}</text></svg>",
        HEIGHT - 4.0,
        number(low, row.digits.min(2)),
        HEIGHT - 4.0,
        number(high, row.digits.min(2))
    );
    svg
}

/// The middle 98 % of both sets and a little more, with both means; shares end at 0 and 1. Never empty.
fn axis(row: &FeatureRow) -> (f64, f64) {
    let ends = [&row.reference.values, &row.candidate.values].map(|values| {
        let mut ascending = values.clone();
        ascending.sort_by(f64::total_cmp);
        quantile(&ascending, 0.01).zip(quantile(&ascending, 0.99))
    });
    let means = [row.reference.mean.value, row.candidate.mean.value].map(|mean| (mean, mean));
    let (mut low, mut high) = (f64::MAX, f64::MIN);
    for (left, right) in ends.into_iter().flatten().chain(means) {
        (low, high) = (low.min(left), high.max(right));
    }
    let more = match high > low {
        true => 0.08 * (high - low),
        false => 0.5 * low.abs().max(1.0),
    };
    (low, high) = (low - more, high + more);
    let is_share = row.unit == SHARE;
    if is_share { (low.max(0.0), high.min(1.0)) } else { (low, high) }
}

/// Heights at equal steps along the axis; all 0 without values.
fn density(values: &[f64], low: f64, high: f64) -> Vec<f64> {
    let width = width(values).max((high - low) / 40.0);
    let height = |point: usize| {
        let at = low + (high - low) * point as f64 / (POINTS - 1) as f64;
        let sum: f64 = values.iter().map(|value| (-0.5 * ((at - value) / width).powi(2)).exp()).sum();
        sum / (values.len().max(1) as f64 * width * std::f64::consts::TAU.sqrt())
    };
    (0..POINTS).map(height).collect()
}

fn width(values: &[f64]) -> f64 {
    let mut ascending = values.to_vec();
    ascending.sort_by(f64::total_cmp);
    let deviation = mean_and_deviation(values).map_or(0.0, |(_, deviation)| deviation);
    let quartiles = quantile(&ascending, 0.75).zip(quantile(&ascending, 0.25));
    let range = quartiles.map_or(0.0, |(upper, lower)| (upper - lower) / 1.34);
    let spread = if range > 0.0 { deviation.min(range) } else { deviation };
    0.9 * spread * (values.len().max(1) as f64).powf(-0.2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_density_has_its_peak_at_the_values_and_area_one() {
        let values: Vec<f64> = (0..50).map(|i| 5.0 + 0.01 * f64::from(i - 25)).collect();
        let curve = density(&values, 0.0, 10.0);
        let peak = (0..POINTS).max_by(|&a, &b| curve[a].total_cmp(&curve[b])).unwrap();
        assert!((peak as f64 / (POINTS - 1) as f64 - 0.5).abs() < 0.02, "{peak}");
        let area: f64 = curve.iter().sum::<f64>() * 10.0 / (POINTS - 1) as f64;
        assert!((area - 1.0).abs() < 0.01, "{area}");
        assert!(density(&[], 0.0, 1.0).iter().all(|height| *height == 0.0));
    }

    #[test]
    fn a_width_is_silvermans() {
        // Standard deviation √2.5 = 1.5811, quartile range 2 / 1.34 = 1.4925: the smaller counts.
        let expected = 0.9 * (2.0 / 1.34) * 5f64.powf(-0.2);
        assert!((width(&[1.0, 2.0, 3.0, 4.0, 5.0]) - expected).abs() < 1e-12);
        assert_eq!((width(&[]), width(&[3.0, 3.0])), (0.0, 0.0));
    }
}
