//! A sound as a spectrogram: time to the right, pitch upwards, loudness as darkness.
//!
//! The frequency axis is logarithmic, so that octaves are equally tall and a melody has the shape it has in a piano roll.

use crate::axis::{Axis, shown};
use crate::base64;
use crate::error::Error;
use crate::fft::Fft;
use crate::palette;
use crate::svg::{Anchor, Svg, TextStyle};

const WIDTH: f64 = 1_200.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = 1_176.0;
const TOP: f64 = 24.0;
const HEIGHT: f64 = 400.0;
/// Pixels of the image inside.
const COLUMNS: usize = 1_112;
const ROWS: usize = 400;
/// From the loudest moment down to what is drawn as silence.
const RANGE_DB: f64 = 80.0;
const LOWEST_HZ: f64 = 27.5;
const HIGHEST_HZ: f64 = 16_000.0;
/// Long enough to part semitones from the middle of the piano upwards, short enough for sixteenths.
const WINDOW_SECONDS: f64 = 0.09;
const MIN_RATE_HZ: u32 = 1_000;

/// Draws mono sound as an SVG that carries the pixels as an embedded PNG.
///
/// `pcm` is full scale −1 … 1; what is not finite counts as silence. A long sound is sampled: each of some 1,100 columns shows
/// the window (0.09 s) at its moment.
///
/// # Errors   [`Error::SampleRate`] below 1,000 Hz; [`Error::Png`] if the encoder fails.
pub fn spectrogram(pcm: &[f32], sample_rate_hz: u32) -> Result<String, Error> {
    if sample_rate_hz < MIN_RATE_HZ {
        return Err(Error::SampleRate { sample_rate_hz, min: MIN_RATE_HZ });
    }
    let rate = f64::from(sample_rate_hz);
    let seconds = (pcm.len() as f64 / rate).max(1e-3);
    let frequency = Axis::holding([LOWEST_HZ, HIGHEST_HZ.min(0.5 * rate)].into_iter(), true);
    let pixels = pixels(&levels_db(pcm, rate));
    let png = base64::encode(&png_of(&pixels)?);
    let mut svg = Svg::new(WIDTH);
    svg.raw(format_args!(
        "<image x=\"{LEFT}\" y=\"{TOP}\" width=\"{}\" height=\"{HEIGHT}\" preserveAspectRatio=\"none\" \
         href=\"data:image/png;base64,{png}\"/>",
        RIGHT - LEFT
    ));
    axes(&mut svg, frequency, Axis::holding([0.0, seconds].into_iter(), false));
    Ok(svg.finish(TOP + HEIGHT + 52.0, "Spectrogram"))
}

fn axes(svg: &mut Svg, frequency: Axis, time: Axis) {
    let (bottom, style) = (TOP + HEIGHT, TextStyle::new(11.5, palette::LABEL));
    for mark in frequency.marks() {
        let y = bottom - frequency.place(mark).unwrap_or(0.0) * HEIGHT;
        svg.line((LEFT - 5.0, y), (LEFT, y), palette::BAR_LINE, 1.0);
        svg.text(LEFT - 8.0, y + 4.0, style.held(Anchor::End), &shown(mark));
    }
    for mark in time.marks() {
        let x = LEFT + time.place(mark).unwrap_or(0.0) * (RIGHT - LEFT);
        svg.line((x, bottom), (x, bottom + 5.0), palette::BAR_LINE, 1.0);
        svg.text(x, bottom + 19.0, style.held(Anchor::Middle), &shown(mark));
    }
    svg.rect(LEFT, TOP, RIGHT - LEFT, HEIGHT, format_args!("fill=\"none\" stroke=\"{}\"", palette::BAR_LINE));
    let names = TextStyle::new(12.5, palette::LABEL).held(Anchor::Middle);
    svg.text(0.5 * (LEFT + RIGHT), bottom + 42.0, names, "seconds");
    let middle = TOP + 0.5 * HEIGHT;
    svg.text_with(18.0, middle, names, "hertz", &format!(" transform=\"rotate(-90 18 {middle})\""));
}

/// Level of each pixel in dB, columns after one another, lowest frequency first.
fn levels_db(pcm: &[f32], rate: f64) -> Vec<f64> {
    let fft = Fft::at_least((WINDOW_SECONDS * rate) as usize);
    let length = fft.length();
    let hann: Vec<f64> =
        (0..length).map(|i| 0.5 - 0.5 * (std::f64::consts::TAU * i as f64 / length as f64).cos()).collect();
    let highest = HIGHEST_HZ.min(0.5 * rate);
    let bins: Vec<f64> = (0..ROWS)
        .map(|row| LOWEST_HZ * (highest / LOWEST_HZ).powf(row as f64 / (ROWS - 1) as f64) / rate * length as f64)
        .collect();
    let mut levels = Vec::with_capacity(COLUMNS * ROWS);
    let (mut re, mut im) = (vec![0.0; length], vec![0.0; length]);
    for column in 0..COLUMNS {
        let middle = (column as f64 + 0.5) / COLUMNS as f64 * pcm.len() as f64;
        let start = middle as i64 - length as i64 / 2;
        for i in 0..length {
            let sample = usize::try_from(start + i as i64).ok().and_then(|at| pcm.get(at)).copied().unwrap_or(0.0);
            re[i] = if sample.is_finite() { f64::from(sample) * hann[i] } else { 0.0 };
        }
        im.fill(0.0);
        fft.transform(&mut re, &mut im);
        let power = |bin: usize| re[bin] * re[bin] + im[bin] * im[bin];
        levels.extend(
            bins.windows(2)
                .chain([&bins[ROWS - 2..]])
                .map(|b| 10.0 * (peak(power, b[0], b[1], length) + 1e-12).log10()),
        );
    }
    levels
}

/// The power between two fractional bins: the highest inside, or where bins are wider than rows, between their neighbours.
fn peak(power: impl Fn(usize) -> f64, from: f64, to: f64, length: usize) -> f64 {
    let last = length / 2;
    let below = (from as usize).min(last - 1);
    let part = (from - below as f64).min(1.0);
    let between = power(below) * (1.0 - part) + power(below + 1) * part;
    (below + 1..=(to as usize).min(last)).map(&power).fold(between, f64::max)
}

/// Levels as colours, row by row from the top.
fn pixels(levels: &[f64]) -> Vec<u8> {
    let loudest = levels.iter().copied().fold(f64::MIN, f64::max);
    // A silent sound has no loudest moment to measure from.
    let loudest = if loudest < -110.0 { 0.0 } else { loudest };
    let colour = |row: usize, column: usize| palette::heat((levels[column * ROWS + row] - loudest) / RANGE_DB + 1.0);
    (0..ROWS).rev().flat_map(|row| (0..COLUMNS).flat_map(move |column| colour(row, column))).collect()
}

fn png_of(pixels: &[u8]) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, COLUMNS as u32, ROWS as u32);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header().map_err(Error::Png)?;
    writer.write_image_data(pixels).map_err(Error::Png)?;
    writer.finish().map_err(Error::Png)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::svg::tests::well_formed;

    #[test]
    fn a_sine_is_darkest_at_its_own_height() {
        let rate = 44_100.0;
        let sine: Vec<f32> =
            (0..44_100).map(|i| (std::f64::consts::TAU * 440.0 * f64::from(i) / rate).sin() as f32).collect();
        let levels = levels_db(&sine, rate);
        let column = &levels[COLUMNS / 2 * ROWS..][..ROWS];
        let strongest = (0..ROWS).max_by(|a, b| column[*a].total_cmp(&column[*b])).expect("rows");
        // (ln 440 − ln 27.5) / (ln 16000 − ln 27.5) = 0.4356 of the height; a bin of 10.8 Hz is about two rows there.
        assert!((strongest as f64 - 0.4356 * (ROWS - 1) as f64).abs() <= 3.0, "row {strongest}");
        assert!(column[ROWS - 20] < column[strongest] - RANGE_DB);
    }

    #[test]
    fn silence_nothing_and_nonsense_are_white() {
        for sound in [vec![], vec![0.0; 500], vec![f32::NAN; 500]] {
            well_formed(&spectrogram(&sound, 8_000).expect("a picture"));
            let pixels = pixels(&levels_db(&sound, 8_000.0));
            assert!(pixels.chunks(3).all(|p| p == palette::heat(0.0)));
        }
    }

    #[test]
    fn a_sound_without_time_is_refused() {
        assert!(matches!(spectrogram(&[0.0], 999), Err(Error::SampleRate { sample_rate_hz: 999, .. })));
        assert!(spectrogram(&[0.0], 1_000).is_ok());
    }
}
