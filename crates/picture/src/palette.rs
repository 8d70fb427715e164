//! Colours that stay apart for colour-blind eyes and keep their order in grey.

/// Colours of parts and curves, after Okabe & Ito 2008 ("Color universal design"), the light ones a little darker so that
/// they stand on white.
const SERIES: [&str; 8] = ["#0072B2", "#D55E00", "#009E73", "#C9659B", "#E09A00", "#3FA0DC", "#5B4FA3", "#5A5A5A"];

/// The colour of series number `index`; after eight they repeat.
pub fn series(index: usize) -> &'static str {
    SERIES[index % SERIES.len()]
}

/// Ink for titles, for labels, and for what should stay in the background.
pub const INK: &str = "#1F2430";
/// Labels.
pub const LABEL: &str = "#5C6473";
/// Strong grid lines.
pub const BAR_LINE: &str = "#B4BAC4";
/// Faint grid lines.
pub const BEAT_LINE: &str = "#E4E7EC";
/// Rows of black keys.
pub const SHADE: &str = "#F4F5F8";
/// The page.
pub const PAPER: &str = "#FFFFFF";

/// Stops of the heat scale from silence to the loudest, lightness falling evenly.
const HEAT: [[f64; 3]; 6] = [
    [253.0, 253.0, 250.0],
    [206.0, 227.0, 232.0],
    [124.0, 184.0, 205.0],
    [58.0, 124.0, 172.0],
    [45.0, 65.0, 125.0],
    [24.0, 18.0, 54.0],
];

/// The heat scale at 0 … 1 as red, green and blue; values outside are clamped, and NaN counts as 0.
pub fn heat(value: f64) -> [u8; 3] {
    let place = if value.is_nan() { 0.0 } else { value.clamp(0.0, 1.0) } * (HEAT.len() - 1) as f64;
    let below = (place as usize).min(HEAT.len() - 2);
    let part = place - below as f64;
    std::array::from_fn(|i| (HEAT[below][i] + part * (HEAT[below + 1][i] - HEAT[below][i])).round() as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heat_grows_darker_all_the_way() {
        let lightness = |v: f64| {
            let [r, g, b] = heat(v).map(f64::from);
            0.2126 * r + 0.7152 * g + 0.0722 * b
        };
        assert!((0..100).all(|i| lightness(f64::from(i + 1) / 100.0) < lightness(f64::from(i) / 100.0)));
        assert_eq!(heat(f64::NAN), heat(0.0));
    }
}
