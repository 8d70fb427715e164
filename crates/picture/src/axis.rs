//! Axes: round numbers to mark, and the way from a value to a place.

/// A linear or logarithmic axis from `low` to `high`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Axis {
    low: f64,
    high: f64,
    log: bool,
}

impl Axis {
    /// An axis that holds all finite `values` (the positive ones, if logarithmic); 0 … 1 or 1 … 10 when there are none.
    pub fn holding(values: impl Iterator<Item = f64>, log: bool) -> Self {
        let usable = |v: &f64| v.is_finite() && (!log || *v > 0.0);
        let (low, high) = values.filter(usable).fold((f64::MAX, f64::MIN), |(l, h), v| (l.min(v), h.max(v)));
        let (low, high) = match (low <= high, log) {
            (false, false) => (0.0, 1.0),
            (false, true) => (1.0, 10.0),
            (true, false) if high - low < 1e-12 * high.abs().max(1e-12) => (low - 0.5, high + 0.5),
            (true, true) if high / low < 1.000_001 => (low / 2.0, high * 2.0),
            (true, _) => (low, high),
        };
        Self { low, high, log }
    }

    /// The same, widened to the next marks below and above (linear only).
    pub fn rounded(self) -> Self {
        if self.log {
            return self;
        }
        let step = self.step();
        Self { low: (self.low / step + 1e-9).floor() * step, high: (self.high / step - 1e-9).ceil() * step, ..self }
    }

    /// Where a value lies, 0 (low end) … 1 (high end); `None` if it has no place on this axis.
    pub fn place(&self, value: f64) -> Option<f64> {
        let usable = value.is_finite() && (!self.log || value > 0.0);
        let part = if self.log {
            (value / self.low).ln() / (self.high / self.low).ln()
        } else {
            (value - self.low) / (self.high - self.low)
        };
        (usable && part.is_finite()).then_some(part)
    }

    /// The values to mark, ascending, at most a dozen or so.
    pub fn marks(&self) -> Vec<f64> {
        if self.log { self.log_marks() } else { self.linear_marks() }
    }

    fn linear_marks(&self) -> Vec<f64> {
        let step = self.step();
        let first = (self.low / step - 1e-9).ceil();
        let count = ((self.high / step + 1e-9).floor() - first).clamp(0.0, 20.0) as i32;
        (0..=count).map(|i| (first + f64::from(i)) * step).collect()
    }

    fn log_marks(&self) -> Vec<f64> {
        let decades = (self.high / self.low).log10();
        let within: &[f64] = if decades > 4.0 { &[1.0] } else { &[1.0, 2.0, 5.0] };
        let every = (decades / 10.0).ceil().max(1.0) as usize;
        let exponents = (self.low.log10().floor() as i32..=self.high.log10().ceil() as i32).step_by(every);
        let marks = exponents.flat_map(|e| within.iter().map(move |m| m * 10f64.powi(e)));
        marks.filter(|v| (self.low * 0.999_999..=self.high * 1.000_001).contains(v)).collect()
    }

    /// One, two or five times a power of ten, about a sixth of the axis.
    fn step(&self) -> f64 {
        let rough = (self.high - self.low) / 6.0;
        let power = 10f64.powf(rough.log10().floor());
        [1.0, 2.0, 5.0, 10.0].map(|m| m * power).into_iter().find(|s| *s >= rough * 0.999).unwrap_or(rough)
    }
}

/// A number as a person would write it beside an axis: 0.25, 3, 20k, 1.5M.
pub fn shown(value: f64) -> String {
    let trimmed = |v: f64, decimals: usize| {
        let text = format!("{v:.decimals$}");
        let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
        if text == "-0" { "0".to_owned() } else { text.to_owned() }
    };
    match value.abs() {
        size if size >= 1e12 || (size < 1e-4 && size > 1e-15) => format!("{value:.0e}"),
        size if size >= 1e9 => trimmed(value / 1e9, 3) + "G",
        size if size >= 1e6 => trimmed(value / 1e6, 3) + "M",
        size if size >= 1e4 => trimmed(value / 1e3, 3) + "k",
        _ => trimmed(value, 5),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_round_and_inside() {
        let axis = Axis::holding([1.13, 4.87].into_iter(), false);
        assert_eq!(axis.marks(), [2.0, 3.0, 4.0]);
        assert_eq!(axis.rounded().marks(), [1.0, 2.0, 3.0, 4.0, 5.0]);
        assert_eq!(
            Axis::holding([30.0, 2_500.0].into_iter(), true).marks(),
            [50.0, 100.0, 200.0, 500.0, 1000.0, 2000.0]
        );
    }

    #[test]
    fn places_run_from_zero_to_one() {
        let axis = Axis::holding([1.0, 100.0].into_iter(), true);
        assert_eq!((axis.place(1.0), axis.place(10.0), axis.place(100.0)), (Some(0.0), Some(0.5), Some(1.0)));
        assert_eq!((axis.place(0.0), axis.place(f64::NAN)), (None, None));
    }

    #[test]
    fn nothing_or_a_single_value_still_gives_an_axis() {
        for values in [vec![], vec![f64::NAN], vec![3.0], vec![0.0], vec![-1e300, 1e300]] {
            for log in [false, true] {
                let axis = Axis::holding(values.iter().copied(), log).rounded();
                assert!(axis.marks().len() <= 40, "{values:?}");
                assert!(axis.place(3.0).is_none_or(f64::is_finite));
            }
        }
    }

    #[test]
    fn numbers_read_naturally() {
        let all = [0.0, -0.0, 0.25, 3.0, 9999.0, 20_000.0, 1_500_000.0, 1e-7, 0.1 + 0.2].map(shown);
        assert_eq!(all, ["0", "0", "0.25", "3", "9999", "20k", "1.5M", "1e-7", "0.3"]);
    }
}
