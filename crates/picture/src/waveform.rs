//! A sound as its waveform: time to the right, one band an ear, how far the samples reach and how strong they are.
//!
//! Of the many samples that fall on one pixel the pale band shows the lowest and the highest, the strong band inside the root
//! of their mean square, which is nearer to what an ear calls loud.

use crate::axis::{Axis, shown};
use crate::error::Error;
use crate::palette;
use crate::svg::{Anchor, Svg, TextStyle};

const WIDTH: f64 = 1_200.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = 1_176.0;
const TOP: f64 = 24.0;
const BAND: f64 = 150.0;
const GAP: f64 = 18.0;
const COLUMNS: usize = 1_112;

/// Draws the ears' samples (full scale −1 … 1), the first at the top; what is not finite counts as silence, and what is
/// beyond full scale is drawn at its edge. Ears of different lengths share the longest one's axis.
///
/// # Errors   [`Error::SampleRate`] for a rate of 0.
pub fn waveform(ears: &[&[f32]], sample_rate_hz: u32) -> Result<String, Error> {
    if sample_rate_hz == 0 {
        return Err(Error::SampleRate { sample_rate_hz, min: 1 });
    }
    let frames = ears.iter().map(|ear| ear.len()).max().unwrap_or(0);
    let time = Axis::holding([0.0, (frames as f64 / f64::from(sample_rate_hz)).max(1e-3)].into_iter(), false);
    let mut svg = Svg::new(WIDTH);
    let mut bottom = TOP;
    for (index, ear) in ears.iter().enumerate() {
        let top = TOP + index as f64 * (BAND + GAP);
        bottom = top + BAND;
        band(&mut svg, ear, frames, top, palette::series(index));
    }
    let style = TextStyle::new(11.5, palette::LABEL);
    for mark in time.marks() {
        let x = LEFT + time.place(mark).unwrap_or(0.0) * (RIGHT - LEFT);
        svg.line((x, bottom), (x, bottom + 5.0), palette::BAR_LINE, 1.0);
        svg.text(x, bottom + 19.0, style.held(Anchor::Middle), &shown(mark));
    }
    svg.text(0.5 * (LEFT + RIGHT), bottom + 42.0, TextStyle::new(12.5, palette::LABEL).held(Anchor::Middle), "seconds");
    Ok(svg.finish(bottom + 52.0, "Waveform"))
}

fn band(svg: &mut Svg, ear: &[f32], frames: usize, top: f64, colour: &str) {
    let y = |level: f64| top + 0.5 * BAND * (1.0 - level.clamp(-1.0, 1.0));
    for level in [1.0, 0.5, 0.0, -0.5, -1.0] {
        svg.line((LEFT, y(level)), (RIGHT, y(level)), palette::BEAT_LINE, 1.0);
    }
    for level in [1.0, 0.0, -1.0] {
        svg.text(LEFT - 8.0, y(level) + 4.0, TextStyle::new(11.5, palette::LABEL).held(Anchor::End), &shown(level));
    }
    let columns = columns(ear, frames);
    outline(svg, columns.iter().map(|c| (y(c.highest), y(c.lowest))), colour, 0.35);
    outline(svg, columns.iter().map(|c| (y(c.rms), y(-c.rms))), colour, 0.85);
    svg.rect(LEFT, top, RIGHT - LEFT, BAND, format_args!("fill=\"none\" stroke=\"{}\"", palette::BAR_LINE));
}

/// A filled shape between an upper and a lower edge; at least a hair thick, so that silence is a line.
fn outline(svg: &mut Svg, edges: impl DoubleEndedIterator<Item = (f64, f64)> + Clone, colour: &str, opacity: f64) {
    let x = |column: usize| LEFT + (column as f64 + 0.5) / COLUMNS as f64 * (RIGHT - LEFT);
    let last = edges.clone().count();
    if last == 0 {
        return;
    }
    let upper = edges.clone().enumerate().map(|(i, (y, _))| format!("{:.1},{:.1}", x(i), y - 0.3));
    let lower = edges.rev().enumerate().map(|(i, (_, y))| format!("{:.1},{:.1}", x(last - 1 - i), y + 0.3));
    let points: Vec<String> = upper.chain(lower).collect();
    svg.raw(format_args!("<polygon points=\"{}\" fill=\"{colour}\" fill-opacity=\"{opacity}\"/>", points.join(" ")));
}

/// What the samples of one pixel do.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Column {
    lowest: f64,
    highest: f64,
    rms: f64,
}

/// One for each pixel up to the ear's own end. A sound of fewer samples than pixels holds each of them for several.
fn columns(ear: &[f32], frames: usize) -> Vec<Column> {
    let place = |column: usize| (column as u128 * frames as u128 / COLUMNS as u128) as usize;
    let finite = |x: &f32| if x.is_finite() { f64::from(*x) } else { 0.0 };
    let column = |index: usize| {
        let start = place(index);
        let samples = ear.get(start..place(index + 1).max(start + 1).min(ear.len())).filter(|s| !s.is_empty())?;
        let values = samples.iter().map(finite);
        let (lowest, highest) = values.clone().fold((f64::MAX, f64::MIN), |(l, h), x| (l.min(x), h.max(x)));
        Some(Column { lowest, highest, rms: (values.map(|x| x * x).sum::<f64>() / samples.len() as f64).sqrt() })
    };
    (0..COLUMNS).map_while(column).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::svg::tests::well_formed;

    #[test]
    fn a_column_knows_its_extremes_and_its_strength() {
        // Four samples a pixel: −0.6, 0.2, 0, 0.6, again and again.
        let ear: Vec<f32> = [-0.6, 0.2, 0.0, 0.6].into_iter().cycle().take(4 * COLUMNS).collect();
        let columns = columns(&ear, ear.len());
        assert_eq!(columns.len(), COLUMNS);
        for column in columns {
            assert!((column.lowest + 0.6).abs() < 1e-6 && (column.highest - 0.6).abs() < 1e-6);
            // √((0.36 + 0.04 + 0 + 0.36) / 4) = √0.19.
            assert!((column.rms - 0.19f64.sqrt()).abs() < 1e-6);
        }
    }

    #[test]
    fn few_samples_fill_the_width_and_a_short_ear_ends_early() {
        let few = columns(&[0.5, -0.5], 2);
        assert_eq!((few.len(), few[0].highest, few[COLUMNS - 1].lowest), (COLUMNS, 0.5, -0.5));
        let half = columns(&[0.1; 1_000], 2_000).len();
        assert!((COLUMNS / 2 - 1..=COLUMNS / 2 + 1).contains(&half), "{half}");
        assert!(columns(&[], 0).is_empty() && columns(&[], 100).is_empty());
    }

    #[test]
    fn every_ear_has_a_band_and_nonsense_is_drawn_as_silence() {
        let loud = [3.0, f32::NAN, f32::NEG_INFINITY, -3.0];
        for (ears, bands) in [(vec![&loud[..], &loud[..]], 2), (vec![&loud[..2]], 1), (vec![], 0), (vec![&[][..]], 0)] {
            let svg = waveform(&ears, 8_000).expect("a picture");
            assert_eq!(well_formed(&svg).get("polygon").copied().unwrap_or(0), 2 * bands);
            assert!(!svg.contains("NaN") && !svg.contains("inf"));
        }
    }

    #[test]
    fn a_long_sound_is_still_a_small_picture() {
        let long: Vec<f32> = (0..2_000_000).map(|i| ((i % 977) as f32 / 488.5 - 1.0) * 0.9).collect();
        let svg = waveform(&[&long, &long], 44_100).expect("a picture");
        assert!(svg.len() < 150_000, "{} bytes", svg.len());
    }

    #[test]
    fn a_sound_without_time_is_refused() {
        assert!(matches!(waveform(&[&[0.0]], 0), Err(Error::SampleRate { sample_rate_hz: 0, min: 1 })));
    }
}
