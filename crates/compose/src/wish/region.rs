//! Parts of a piece as bars and lanes: "5-8", "5-8:melody,harmony", "12:melody; 17-".
//!
//! Bars are counted as musicians count: the first is 1, and both ends belong to the region. "17-" goes on to the end of the
//! piece, "melody" alone is that lane throughout. Several regions stand between `;` and mean all of them together.
//!
//! ```
//! use aeolian_canvas::NoteLane;
//! use aeolian_compose::wish::Regions;
//! let regions: Regions = "5-8:melody; 12".parse()?;
//! assert!(regions.contains(7, NoteLane::Melody)); // bar 8
//! assert!(!regions.contains(7, NoteLane::Harmony));
//! assert!(regions.contains(11, NoteLane::Harmony)); // bar 12
//! # Ok::<(), aeolian_score::TextError>(())
//! ```

use super::LaneSet;
use aeolian_canvas::NoteLane;
use aeolian_score::text_error::character;
use aeolian_score::{TextError, serde_as_text};
use std::fmt;
use std::ops::Range;
use std::str::FromStr;

/// Some bars of some lanes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Region {
    /// 1-based, ≥ 1.
    first: usize,
    /// 1-based, included; `None` is the end of the piece.
    last: Option<usize>,
    lanes: LaneSet,
}

/// Several regions, all of them together; at least one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Regions(Vec<Region>);

/// The last bar that can be named.
pub const LATEST_BAR: usize = 100_000;
/// Regions that can be named together.
pub const MOST_REGIONS: usize = 256;

const WHAT: &str = "a region";
const ALLOWED: &str = "write bars counted from 1, and lanes if not all are meant, as in \"5-8\", \"12:melody\" or \
                       \"5-8:melody,harmony; 17-\"";

impl Region {
    /// The first bar, counted from 1.
    pub fn first_bar(self) -> usize {
        self.first
    }

    /// The last bar, counted from 1 and included; `None` is the end of the piece.
    pub fn last_bar(self) -> Option<usize> {
        self.last
    }

    /// Its lanes.
    pub fn lanes(self) -> LaneSet {
        self.lanes
    }

    /// Its bars counted from 0, in a piece of `num_bars`: cut at the end of the piece, and so perhaps empty.
    pub fn bars(self, num_bars: usize) -> Range<usize> {
        let end = self.last.unwrap_or(num_bars).min(num_bars);
        (self.first - 1).min(end)..end
    }

    /// True if it holds this bar (counted from 0) of this lane.
    pub fn contains(self, bar: usize, lane: NoteLane) -> bool {
        bar + 1 >= self.first && self.last.is_none_or(|last| bar < last) && self.lanes.contains(lane)
    }
}

impl Regions {
    /// The regions, in the order they were named; at least one.
    pub fn iter(&self) -> impl Iterator<Item = Region> {
        self.0.iter().copied()
    }

    /// True if one of them holds this bar (counted from 0) of this lane.
    pub fn contains(&self, bar: usize, lane: NoteLane) -> bool {
        self.0.iter().any(|region| region.contains(bar, lane))
    }

    /// Checks that every region lies in a piece of `num_bars`.
    pub fn check(&self, num_bars: usize) -> Result<(), TextError> {
        let outside = |region: &&Region| region.last.unwrap_or(region.first) > num_bars;
        let Some(region) = self.0.iter().find(outside) else { return Ok(()) };
        let bars = if num_bars == 1 { "1 bar".to_owned() } else { format!("{num_bars} bars") };
        let reason = format!("\"{region}\" goes beyond the piece, which has {bars}");
        Err(TextError::new("a region of this piece", &self.to_string(), 0, reason))
    }
}

impl From<Region> for Regions {
    fn from(region: Region) -> Self {
        Self(vec![region])
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bars = match self.last {
            None => format!("{}-", self.first),
            Some(last) if last == self.first => last.to_string(),
            Some(last) => format!("{}-{last}", self.first),
        };
        f.pad(&if self.lanes == LaneSet::ALL { bars } else { format!("{bars}:{}", self.lanes) })
    }
}

impl fmt::Display for Regions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))
    }
}

impl FromStr for Region {
    type Err = TextError;

    fn from_str(typed: &str) -> Result<Self, TextError> {
        let text = typed.trim();
        let error = |at: usize, reason: &str| {
            let character = character(text, at);
            TextError::new(WHAT, text, at, format!("at character {character}, {reason}; {ALLOWED}"))
        };
        let (bars, lanes) = match text.split_once(':') {
            Some((bars, lanes)) => (bars.trim_end(), Some(lanes)),
            None if text.starts_with(|c: char| c.is_alphabetic()) => ("1-", Some(text)),
            None => (text, None),
        };
        let lanes = match lanes.map(|lanes| (lanes, lanes.parse::<LaneSet>())) {
            None => LaneSet::ALL,
            Some((_, Ok(lanes))) => lanes,
            Some((lanes, Err(_))) => {
                let at = text.len() - lanes.trim_start().len();
                let reason = format!("\"{}\" names no lanes", aeolian_score::text_error::shown(lanes.trim()));
                return Err(error(at, &reason));
            }
        };
        let number = |digits: &str, at: usize| -> Result<usize, TextError> {
            let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
            let bar = digits.parse().ok().filter(|bar| plain && (1..=LATEST_BAR).contains(bar));
            bar.ok_or_else(|| error(at, "a bar is a number from 1 to 100000"))
        };
        let (first, last) = match bars.split_once(['-', '–', '—']) {
            None => {
                let bar = number(bars, 0)?;
                (bar, Some(bar))
            }
            Some((first, last)) => {
                let at = bars.len() - last.trim_start().len();
                let last = last.trim_start();
                let last = if last.is_empty() { None } else { Some(number(last, at)?) };
                let first = number(first.trim_end(), 0)?;
                if last.is_some_and(|last| last < first) {
                    return Err(error(at, "the last bar comes before the first"));
                }
                (first, last)
            }
        };
        Ok(Self { first, last, lanes })
    }
}

impl FromStr for Regions {
    type Err = TextError;

    fn from_str(text: &str) -> Result<Self, TextError> {
        let mut regions = Vec::new();
        let mut at = 0;
        for piece in text.split([';', '\n']) {
            if !piece.trim().is_empty() {
                let start = at + piece.len() - piece.trim_start().len();
                let region = piece.parse().map_err(|error: TextError| {
                    let seen = aeolian_score::text_error::shown(piece.trim());
                    TextError::new("a list of regions", text, start, format!("\"{seen}\": {}", error.reason()))
                })?;
                if regions.len() == MOST_REGIONS {
                    let reason = format!("there are more than {MOST_REGIONS}");
                    return Err(TextError::new("a list of regions", text, start, reason));
                }
                regions.push(region);
            }
            at += piece.len() + 1;
        }
        if regions.is_empty() {
            return Err(TextError::new("a list of regions", text, 0, ALLOWED));
        }
        Ok(Self(regions))
    }
}

serde_as_text!(Region);
serde_as_text!(Regions);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> Regions {
        text.parse().unwrap_or_else(|error| panic!("{error}"))
    }

    #[test]
    fn both_ends_belong_and_the_first_bar_is_one() {
        let region: Region = "5-8:melody".parse().expect("a region");
        assert_eq!([3, 4, 7, 8].map(|bar| region.contains(bar, NoteLane::Melody)), [false, true, true, false]);
        assert!(!region.contains(4, NoteLane::Counter));
        assert_eq!([16, 8, 6, 4, 0].map(|bars| region.bars(bars)), [4..8, 4..8, 4..6, 4..4, 0..0]);
        assert_eq!((region.first_bar(), region.last_bar()), (5, Some(8)));
    }

    #[test]
    fn regions_may_be_typed_in_many_ways() {
        for (typed, written) in [
            ("5-8", "5-8"),
            (" 5 – 8 : tune , piano ;; 12", "5-8:melody,harmony; 12"),
            ("12:melody", "12:melody"),
            ("17-", "17-"),
            ("melody", "1-:melody"),
            ("all", "1-"),
            ("3-3:melody,counter,harmony,bass,drums,sustained", "3"),
            ("1\n2", "1; 2"),
        ] {
            assert_eq!(read(typed).to_string(), written);
            assert_eq!(read(written), read(typed));
        }
    }

    #[test]
    fn several_regions_are_taken_together() {
        let regions = read("1-2:melody; 2-3:harmony");
        let bars = |lane| (0..4).filter(|&bar| regions.contains(bar, lane)).collect::<Vec<_>>();
        assert_eq!(
            (bars(NoteLane::Melody), bars(NoteLane::Counter), bars(NoteLane::Harmony)),
            (vec![0, 1], vec![], vec![1, 2])
        );
        assert_eq!(regions.iter().count(), 2);
    }

    #[test]
    fn regions_must_lie_in_the_piece() {
        assert!(read("5-8; 8").check(8).is_ok());
        let error = read("1; 5-9").check(8).expect_err("too far").to_string();
        assert!(error.ends_with("\"5-9\" goes beyond the piece, which has 8 bars"), "{error}");
        assert!(read("8-").check(8).is_ok() && read("9-").check(8).is_err());
    }

    #[test]
    fn what_is_no_region_is_refused_with_its_place() {
        for (text, character) in [
            ("", 1),
            (";", 1),
            ("0", 1),
            ("1; 5-4", 4),
            ("5-8:kazoo", 1),
            ("x-3", 1),
            ("100001", 1),
            ("-5", 1),
            ("1; é", 4),
            ("5:", 1),
            ("1--2", 1),
        ] {
            let error = text.parse::<Regions>().expect_err(text);
            assert!(error.to_string().ends_with(ALLOWED), "{error}");
            assert_eq!(error.character(), character, "{error}");
        }
        assert_eq!("5-8: kazoo".parse::<Region>().expect_err("no lane").character(), 6);
        assert!("1;".repeat(256).parse::<Regions>().is_ok() && "1;".repeat(257).parse::<Regions>().is_err());
    }

    proptest! {
        #[test]
        fn regions_are_read_back(text in "([1-9][0-9]?(-([1-9][0-9])?)?(:(tune|melody,harmony|counter|all))?;?){1,6}") {
            if let Ok(regions) = text.parse::<Regions>() {
                prop_assert_eq!(regions.to_string().parse(), Ok(regions));
            }
        }

        #[test]
        fn bars_of_a_region_are_the_bars_it_contains(first in 1usize..20, length in 0usize..20, num_bars in 0usize..40) {
            let region: Region = format!("{first}-{}", first + length).parse().expect("a region");
            let contained: Vec<_> = (0..num_bars).filter(|&bar| region.contains(bar, NoteLane::Counter)).collect();
            prop_assert_eq!(region.bars(num_bars).collect::<Vec<_>>(), contained);
        }

        #[test]
        fn reading_never_panics(text in "\\PC{0,30}", near in "[0-9a-z:;, é–-]{0,20}") {
            for text in [text, near] {
                let _ = text.parse::<Regions>().map(|regions| regions.check(8));
            }
        }
    }
}
