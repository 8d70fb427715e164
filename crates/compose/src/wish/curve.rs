//! A number over time: "0.4", "0:0.2, 16:0.8", "0=0.2, 8=0.6".
//!
//! A point says a bar and a value. Bars are counted as time passed: 0 is the beginning of the piece, 16 is after sixteen
//! bars, and halves are fine. `bar:value` is reached in a straight line from the point before; at `bar=value` the value before
//! holds until that bar and then jumps. Before the first point and after the last the curve is flat.
//!
//! ```
//! use aeolian_compose::wish::Curve;
//! let rising: Curve = "0:0.2, 16:0.8".parse()?;
//! assert!((rising.at(8.0) - 0.5).abs() < 1e-12);
//! let stepped: Curve = "0=0.2, 8=0.6".parse()?;
//! assert_eq!((stepped.at(7.9), stepped.at(8.0)), (0.2, 0.6));
//! # Ok::<(), aeolian_score::TextError>(())
//! ```

use aeolian_score::TextError;
use aeolian_score::text_error::character;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

/// A value for every moment of a piece.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    /// At least one; bars strictly ascending, all numbers finite.
    points: Vec<Point>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Point {
    bar: f64,
    value: f64,
    /// The value before holds until here.
    jump: bool,
}

/// Points a curve may have.
pub const MOST_POINTS: usize = 256;
/// The last bar a point may stand at.
pub const LATEST_BAR: f64 = 100_000.0;
/// The largest value, and the smallest with a minus; what a curve is used for may allow less.
pub const LARGEST_VALUE: f64 = 1e9;

const WHAT: &str = "a curve";
const ALLOWED: &str =
    "write a number, \"0.4\", or bars and values, \"0:0.2, 16:0.8\" for lines and \"0=0.2, 8=0.6\" for steps";

impl Curve {
    /// The same value throughout; 0 for what is not finite, and no larger than [`LARGEST_VALUE`].
    pub fn constant(value: f64) -> Self {
        let value = if value.is_finite() { value.clamp(-LARGEST_VALUE, LARGEST_VALUE) } else { 0.0 };
        Self { points: vec![Point { bar: 0.0, value, jump: false }] }
    }

    /// Reads a curve whose values all lie in `range` (both ends included); `what` names it, as in "the loudness".
    pub fn parse_within(text: &str, what: &str, range: RangeInclusive<f64>) -> Result<Self, TextError> {
        let curve: Self = text.parse()?;
        curve.check(what, range)?;
        Ok(curve)
    }

    /// Checks that all values lie in `range` (both ends included); `what` names the curve, as in "the loudness".
    pub fn check(&self, what: &str, range: RangeInclusive<f64>) -> Result<(), TextError> {
        let Some(outside) = self.points.iter().find(|point| !range.contains(&point.value)) else { return Ok(()) };
        let reason = format!("{what} can be {} to {}, not {}", range.start(), range.end(), outside.value);
        Err(TextError::new("possible here", &self.to_string(), 0, reason))
    }

    /// The value when `bar` bars have passed; what is not a number counts as the beginning.
    pub fn at(&self, bar: f64) -> f64 {
        let later = self.points.partition_point(|point| point.bar <= bar);
        let Some(before) = later.checked_sub(1).map(|index| self.points[index]) else {
            return self.points[0].value;
        };
        match self.points.get(later) {
            Some(next) if !next.jump => {
                let way = (bar - before.bar) / (next.bar - before.bar);
                before.value + way * (next.value - before.value)
            }
            _ => before.value,
        }
    }

    /// The constant value, or `None` if the curve moves.
    pub fn as_constant(&self) -> Option<f64> {
        let first = self.points[0].value;
        self.points.iter().all(|point| point.value == first).then_some(first)
    }

    /// The smallest value it takes.
    pub fn lowest(&self) -> f64 {
        self.points.iter().map(|point| point.value).fold(f64::INFINITY, f64::min)
    }

    /// The largest value it takes.
    pub fn highest(&self) -> f64 {
        self.points.iter().map(|point| point.value).fold(f64::NEG_INFINITY, f64::max)
    }
}

impl fmt::Display for Curve {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let [only] = self.points.as_slice() {
            return write!(f, "{}", only.value);
        }
        for (index, point) in self.points.iter().enumerate() {
            // Nothing leads to the first point: it is written like the second.
            let jump = self.points[index.max(1)].jump;
            let (comma, sign) = (if index == 0 { "" } else { ", " }, if jump { '=' } else { ':' });
            write!(f, "{comma}{}{sign}{}", point.bar, point.value)?;
        }
        Ok(())
    }
}

impl FromStr for Curve {
    type Err = TextError;

    fn from_str(text: &str) -> Result<Self, TextError> {
        if let Ok(value) = text.trim().parse::<f64>()
            && value.abs() <= LARGEST_VALUE
        {
            return Ok(Self::constant(value));
        }
        let mut points: Vec<Point> = Vec::new();
        let mut at = 0;
        for piece in text.split(',') {
            let error = |reason: &str| {
                let at = at + piece.len() - piece.trim_start().len();
                let character = character(text, at);
                TextError::new(WHAT, text, at, format!("at character {character}, {reason}; {ALLOWED}"))
            };
            let Some((sign, (bar, value))) =
                [':', '='].into_iter().find_map(|sign| Some((sign, piece.split_once(sign)?)))
            else {
                return Err(error("a bar and a value are wanted"));
            };
            let number = |text: &str, most: f64| text.trim().parse::<f64>().ok().filter(|n| n.abs() <= most);
            let Some(bar) = number(bar, LATEST_BAR).filter(|&bar| bar >= 0.0) else {
                return Err(error("the bar should be 0 to 100000"));
            };
            let Some(value) = number(value, LARGEST_VALUE) else {
                return Err(error("the value should be a number"));
            };
            if points.last().is_some_and(|last| last.bar >= bar) {
                return Err(error("every bar should come after the one before"));
            }
            if points.len() == MOST_POINTS {
                return Err(error("there are more than 256 points"));
            }
            points.push(Point { bar, value, jump: sign == '=' && !points.is_empty() });
            at += piece.len() + 1;
        }
        if let [only] = points.as_slice() {
            return Ok(Self::constant(only.value));
        }
        Ok(Self { points })
    }
}

impl Serialize for Curve {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Curve {
    /// Reads the text, or a plain number.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct CurveVisitor;

        impl de::Visitor<'_> for CurveVisitor {
            type Value = Curve;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number or a curve as text")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Curve, E> {
                text.parse().map_err(E::custom)
            }

            fn visit_f64<E: de::Error>(self, value: f64) -> Result<Curve, E> {
                self.visit_str(&value.to_string())
            }

            fn visit_i64<E: de::Error>(self, value: i64) -> Result<Curve, E> {
                self.visit_f64(value as f64)
            }

            fn visit_u64<E: de::Error>(self, value: u64) -> Result<Curve, E> {
                self.visit_f64(value as f64)
            }
        }

        deserializer.deserialize_any(CurveVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> Curve {
        text.parse().unwrap_or_else(|error| panic!("{error}"))
    }

    #[test]
    fn lines_are_straight_and_flat_outside() {
        let curve = read("4:1, 8:3, 10:2");
        assert_eq!([0.0, 4.0, 6.0, 8.0, 9.0, 10.0, 99.0].map(|bar| curve.at(bar)), [1.0, 1.0, 2.0, 3.0, 2.5, 2.0, 2.0]);
        assert_eq!([-1.0, f64::NAN, f64::NEG_INFINITY, f64::INFINITY].map(|bar| curve.at(bar)), [1.0, 1.0, 1.0, 2.0]);
        assert_eq!((curve.lowest(), curve.highest(), curve.as_constant()), (1.0, 3.0, None));
    }

    #[test]
    fn steps_jump_at_their_bar() {
        let curve = read("0=0.2,8=0.6,12:1");
        assert_eq!([0.0, 7.99, 8.0, 10.0, 12.0].map(|bar| curve.at(bar)), [0.2, 0.2, 0.6, 0.8, 1.0]);
    }

    #[test]
    fn a_number_is_a_curve_that_does_not_move() {
        for text in ["0.4", " .4", "4e-1", "7:0.4", "7=0.4"] {
            let curve = read(text);
            assert_eq!(curve, Curve::constant(0.4));
            assert_eq!((curve.as_constant(), curve.to_string().as_str()), (Some(0.4), "0.4"));
        }
        assert_eq!(Curve::constant(f64::NAN), Curve::constant(0.0));
    }

    #[test]
    fn ranges_include_their_ends() {
        assert!(Curve::parse_within("0:0, 8:1", "the density", 0.0..=1.0).is_ok());
        let error = Curve::parse_within("0:0, 8:1.5", "the density", 0.0..=1.0).expect_err("too dense");
        assert_eq!(error.to_string(), "\"0:0, 8:1.5\" is not possible here: the density can be 0 to 1, not 1.5");
    }

    #[test]
    fn what_is_no_curve_is_refused_with_its_place() {
        for (text, character) in [
            ("", 1),
            ("x", 1),
            ("NaN", 1),
            ("inf", 1),
            ("0:1, 8", 6),
            ("0:1,8:", 5),
            ("0:1,0:2", 5),
            ("8:1, 4:2", 6),
            ("-1:0", 1),
            ("0:nan", 1),
            ("0:1,", 5),
            ("é:1", 1),
            ("1e10", 1),
        ] {
            let error = text.parse::<Curve>().expect_err(text);
            assert!(error.to_string().ends_with(ALLOWED), "{error}");
            assert_eq!(error.character(), character, "{error}");
        }
        let points = |count: usize| (0..count).map(|bar| format!("{bar}:0")).collect::<Vec<_>>().join(",");
        assert!(points(256).parse::<Curve>().is_ok() && points(257).parse::<Curve>().is_err());
    }

    #[test]
    fn numbers_in_files_are_curves_too() {
        for text in ["0.5", "\"0.5\""] {
            assert_eq!(serde_json::from_str::<Curve>(text).expect("a curve"), Curve::constant(0.5));
        }
        assert_eq!(serde_json::from_str::<Curve>("-1").expect("a curve"), Curve::constant(-1.0));
        assert!(
            serde_json::from_str::<Curve>("\"0:1,0:2\"").is_err() && serde_json::from_str::<Curve>("true").is_err()
        );
        assert_eq!(serde_json::to_string(&read("0=1,8=2")).expect("text"), "\"0=1, 8=2\"");
    }

    proptest! {
        #[test]
        fn a_curve_is_read_back(start in 0.0f64..9.0, points in prop::collection::vec((0.001f64..50.0, -9.0f64..9.0, any::<bool>()), 1..9)) {
            let mut bar = start;
            let mut text = Vec::new();
            for (step, value, jump) in points {
                text.push(format!("{bar}{}{value}", if jump { '=' } else { ':' }));
                bar += step;
            }
            let curve = read(&text.join(","));
            prop_assert_eq!(curve.to_string().parse(), Ok(curve.clone()));
            for bar in 0..500 {
                let value = curve.at(f64::from(bar));
                prop_assert!((curve.lowest() - 1e-9..=curve.highest() + 1e-9).contains(&value));
            }
        }

        #[test]
        fn reading_never_panics(text in "\\PC{0,30}", near in "[0-9:=,.e -]{0,20}") {
            for text in [text, near] {
                let _ = text.parse::<Curve>().map(|curve| curve.at(3.0));
            }
        }
    }
}
