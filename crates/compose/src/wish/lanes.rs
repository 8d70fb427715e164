//! Lanes by the names musicians use, sets of lanes, and a value for each: "melody", "melody, harmony",
//! "melody:C4-C6; harmony:A1-C5".
//!
//! ```
//! use aeolian_canvas::NoteLane;
//! use aeolian_compose::wish::LaneValues;
//! use aeolian_score::PitchRange;
//! let ranges: LaneValues<PitchRange> = "tune:C4-C6, left hand:A1-C5".parse()?;
//! assert_eq!(ranges.of(NoteLane::Harmony).map(ToString::to_string).as_deref(), Some("A1-C5"));
//! assert_eq!(ranges.of(NoteLane::Counter), None);
//! # Ok::<(), aeolian_score::TextError>(())
//! ```

use aeolian_canvas::{Ensemble, NOTE_LANES, NoteLane};
use aeolian_score::text_error::character;
use aeolian_score::{TextError, serde_as_text};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::fmt;
use std::str::FromStr;

/// Each lane's canonical name first, then what else people call it; pop909 calls the second voice "bridge".
const NAMES: [(NoteLane, &[&str]); NOTE_LANES] = [
    (
        NoteLane::Melody,
        &[
            "melody",
            "tune",
            "voice",
            "vocal",
            "vocals",
            "singer",
            "song",
            "lead",
            "soprano",
            "first voice",
            "right hand",
            "rh",
        ],
    ),
    (
        NoteLane::Counter,
        &[
            "counter",
            "counter melody",
            "countermelody",
            "second voice",
            "second melody",
            "bridge",
            "descant",
            "obbligato",
        ],
    ),
    (
        NoteLane::Harmony,
        &["harmony", "accompaniment", "accomp", "backing", "comping", "comp", "piano", "left hand", "lh"],
    ),
    (NoteLane::Bass, &["bass", "bass line", "bassline", "bass guitar", "double bass", "lowest voice"]),
    (NoteLane::Drums, &["drums", "drum", "percussion", "drum kit", "kit", "beat"]),
    (NoteLane::Sustained, &["sustained", "pad", "pads", "strings", "choir", "background"]),
];

/// Characters a list of lanes or of their values may have.
pub const LONGEST_LANES: usize = 50_000;

const ALLOWED: &str = "say melody, counter, harmony, bass, drums or sustained";

/// The name a lane is written with: "melody", "counter", "harmony", "bass", "drums", "sustained".
pub fn lane_name(lane: NoteLane) -> &'static str {
    NAMES[lane as usize].1[0]
}

/// Reads "melody", "Tune", "counter-melody", "left hand" …; capitals, dashes and a "the" do not matter.
///
/// # Errors   any other word
pub fn read_lane(text: &str) -> Result<NoteLane, TextError> {
    find_lane(text).ok_or_else(|| {
        TextError::new("a lane", text.trim(), 0, format!("{ALLOWED} (or tune, second voice, left hand …)"))
    })
}

fn find_lane(text: &str) -> Option<NoteLane> {
    // No name is longer; a long text need not be copied to see that.
    if text.len() > 60 {
        return None;
    }
    let words = text.to_lowercase().replace(['-', '_'], " ");
    let words = words.split_whitespace().filter(|&word| word != "the").collect::<Vec<_>>().join(" ");
    NAMES.into_iter().find(|(_, names)| names.contains(&words.as_str())).map(|(lane, _)| lane)
}

/// Some of the six lanes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LaneSet(Ensemble);

impl LaneSet {
    /// Every lane.
    pub const ALL: Self = Self([true; NOTE_LANES]);

    /// True if the lane is one of them.
    pub fn contains(self, lane: NoteLane) -> bool {
        self.0[lane as usize]
    }

    /// The lanes, in canvas order.
    pub fn lanes(self) -> impl Iterator<Item = NoteLane> {
        NoteLane::ALL.into_iter().filter(move |lane| self.contains(*lane))
    }
}

impl From<Ensemble> for LaneSet {
    fn from(ensemble: Ensemble) -> Self {
        Self(ensemble)
    }
}

impl From<LaneSet> for Ensemble {
    fn from(lanes: LaneSet) -> Self {
        lanes.0
    }
}

impl From<NoteLane> for LaneSet {
    fn from(lane: NoteLane) -> Self {
        Self(NoteLane::ALL.map(|other| other == lane))
    }
}

impl fmt::Display for LaneSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::ALL {
            return f.pad("all");
        }
        f.pad(&self.lanes().map(lane_name).collect::<Vec<_>>().join(","))
    }
}

impl FromStr for LaneSet {
    type Err = TextError;

    /// Reads "melody", "melody, harmony", "tune and counter" or "all".
    fn from_str(text: &str) -> Result<Self, TextError> {
        let text = text.trim();
        if text.len() <= LONGEST_LANES && ["all", "everything", "*"].contains(&text.to_lowercase().as_str()) {
            return Ok(Self::ALL);
        }
        let mut set = [false; NOTE_LANES];
        let mut at = 0;
        for piece in text.split([',', '+', '&']) {
            let mut word_at = at;
            for word in piece.split(" and ") {
                let Some(lane) = find_lane(word) else {
                    let at = word_at + word.len() - word.trim_start().len();
                    let character = character(text, at);
                    let seen = aeolian_score::text_error::shown(word.trim());
                    let reason = format!("at character {character}, \"{seen}\" is no lane; {ALLOWED}, or all");
                    return Err(TextError::new("a list of lanes", text, at, reason));
                };
                set[lane as usize] = true;
                word_at += word.len() + " and ".len();
            }
            at += piece.len() + 1;
        }
        Ok(Self(set))
    }
}

serde_as_text!(LaneSet);

/// A value for some lanes, and perhaps one for the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LaneValues<T> {
    others: Option<T>,
    lanes: [Option<T>; NOTE_LANES],
}

impl<T> Default for LaneValues<T> {
    fn default() -> Self {
        Self { others: None, lanes: std::array::from_fn(|_| None) }
    }
}

impl<T> LaneValues<T> {
    /// The same value for every lane.
    pub fn everywhere(value: T) -> Self {
        Self { others: Some(value), ..Self::default() }
    }

    /// The same values with another for one lane.
    pub fn with(mut self, lane: NoteLane, value: T) -> Self {
        self.lanes[lane as usize] = Some(value);
        self
    }

    /// The value that was said for this lane alone.
    pub fn own(&self, lane: NoteLane) -> Option<&T> {
        self.lanes[lane as usize].as_ref()
    }

    /// The value for all lanes that have none of their own.
    pub fn others(&self) -> Option<&T> {
        self.others.as_ref()
    }

    /// The lane's own value, or the one for all others; `None` if nothing was said about it.
    pub fn of(&self, lane: NoteLane) -> Option<&T> {
        self.lanes[lane as usize].as_ref().or(self.others.as_ref())
    }

    /// True if nothing was said about any lane.
    pub fn is_empty(&self) -> bool {
        NoteLane::ALL.iter().all(|lane| self.of(*lane).is_none())
    }
}

impl<T: fmt::Display> fmt::Display for LaneValues<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let others = self.others.iter().map(ToString::to_string);
        let own = NoteLane::ALL
            .into_iter()
            .filter_map(|lane| self.lanes[lane as usize].as_ref().map(|value| format!("{}:{value}", lane_name(lane))));
        f.write_str(&others.chain(own).collect::<Vec<_>>().join("; "))
    }
}

impl<T: FromStr> FromStr for LaneValues<T>
where
    T::Err: fmt::Display,
{
    type Err = TextError;

    /// Reads `lane:value` pairs with `;` or `,` between them; a value without a lane is for all others. The empty text says
    /// nothing about any lane. Values may contain commas, but no `;`.
    fn from_str(text: &str) -> Result<Self, TextError> {
        let error = |at: usize, reason: String| {
            let character = character(text, at);
            TextError::new("a list of lanes and their values", text, at, format!("at character {character}, {reason}"))
        };
        if text.chars().count() > LONGEST_LANES {
            return Err(error(0, format!("it is longer than {LONGEST_LANES} characters")));
        }
        let mut values = Self::default();
        for (at, pair) in pairs(text) {
            let (lane, value) = match head(pair) {
                Some((Some(lane), value)) => (Some(lane), value),
                Some((None, _)) => {
                    let name = pair.split(':').next().unwrap_or(pair).trim();
                    return Err(error(
                        at,
                        format!("\"{}\" is no lane; {ALLOWED}", aeolian_score::text_error::shown(name)),
                    ));
                }
                None => (None, pair),
            };
            let value_at = at + pair.len() - value.len();
            let value = value.trim().parse::<T>().map_err(|reason| error(value_at, reason.to_string()))?;
            let slot = lane.map_or(&mut values.others, |lane| &mut values.lanes[lane as usize]);
            if slot.replace(value).is_some() {
                let whose = lane.map_or("all lanes", lane_name);
                return Err(error(at, format!("the value for {whose} is said twice")));
            }
        }
        Ok(values)
    }
}

/// A lane and what follows its colon; `None` as lane for a word that names none; `None` at all where no word leads.
fn head(piece: &str) -> Option<(Option<NoteLane>, &str)> {
    let (name, value) = piece.split_once(':')?;
    let is_word = name.trim().len() > 1 && name.chars().all(|c| c.is_alphabetic() || matches!(c, ' ' | '-' | '_'));
    is_word.then(|| (find_lane(name), value))
}

/// The pairs of a text and where each begins, without the spaces before. A comma parts them only where a word and a colon
/// follow.
fn pairs(text: &str) -> Vec<(usize, &str)> {
    let mut pairs: Vec<(usize, usize)> = Vec::new();
    let mut at = 0;
    for part in text.split(';') {
        let mut open = false;
        let part_at = at;
        for piece in text[part_at..part_at + part.len()].split(',') {
            match pairs.last_mut() {
                Some(last) if open && head(piece).is_none() => last.1 = at + piece.len(),
                _ => pairs.push((at, at + piece.len())),
            }
            open = true;
            at += piece.len() + 1;
        }
    }
    let trimmed = pairs.into_iter().map(|(start, end)| {
        let pair = text[start..end].trim_start();
        (end - pair.len(), pair.trim_end())
    });
    trimmed.filter(|(_, pair)| !pair.is_empty()).collect()
}

impl<T: fmt::Display> Serialize for LaneValues<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de, T: FromStr> Deserialize<'de> for LaneValues<T>
where
    T::Err: fmt::Display,
{
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wish::Curve;
    use aeolian_score::PitchRange;
    use proptest::prelude::*;

    #[test]
    fn lanes_have_many_names() {
        for (lane, names) in NAMES {
            for name in names {
                assert_eq!(read_lane(name), Ok(lane));
            }
            assert_eq!(read_lane(lane.name()), Ok(lane), "the name people see is understood");
        }
        assert_eq!(read_lane(" The Right-Hand "), Ok(NoteLane::Melody));
        let error = read_lane("kazoo").expect_err("no lane").to_string();
        assert!(
            error.starts_with("\"kazoo\" is not a lane: say melody, counter, harmony, bass, drums or sustained"),
            "{error}"
        );
    }

    #[test]
    fn sets_of_lanes_are_read_and_written() {
        for (typed, written) in [
            ("melody", "melody"),
            ("harmony, tune", "melody,harmony"),
            ("the left hand and the tune", "melody,harmony"),
            ("bass+kit+pads", "bass,drums,sustained"),
            ("ALL", "all"),
        ] {
            let set: LaneSet = typed.parse().unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(set.to_string(), written);
            assert_eq!(written.parse(), Ok(set));
        }
        assert_eq!("melody, kazoo".parse::<LaneSet>().expect_err("no lane").character(), 9);
        assert_eq!("melody and kazoo".parse::<LaneSet>().expect_err("no lane").character(), 12);
        assert!("".parse::<LaneSet>().is_err());
    }

    #[test]
    fn values_belong_to_their_lanes() {
        let values: LaneValues<Curve> = "0.5; melody:0:0.2, 16:0.8, harmony:0.1".parse().expect("values");
        assert_eq!(values.of(NoteLane::Melody).map(|curve| curve.at(8.0)), Some(0.5));
        assert_eq!(values.of(NoteLane::Counter), Some(&Curve::constant(0.5)));
        assert_eq!(values.of(NoteLane::Harmony), Some(&Curve::constant(0.1)));
        assert_eq!(values.to_string(), "0.5; melody:0:0.2, 16:0.8; harmony:0.1");
        assert_eq!(values.to_string().parse(), Ok(values));
        assert!("".parse::<LaneValues<Curve>>().expect("nothing").is_empty());
    }

    #[test]
    fn wrong_values_are_refused_with_their_place() {
        for (text, character, words) in [
            ("kazoo:C4-C5", 1, "\"kazoo\" is no lane"),
            ("melody:C4-C5, meldoy:C3-C4", 15, "\"meldoy\" is no lane"),
            ("melody:C4-C5; melody:C3", 15, "melody is said twice"),
            ("C4; C5", 5, "all lanes is said twice"),
            ("tune: X", 6, "\"X\" is not a range of pitches"),
        ] {
            let error = text.parse::<LaneValues<PitchRange>>().expect_err(text);
            assert!(error.to_string().contains(words), "{error}");
            assert_eq!(error.character(), character, "{error}");
        }
    }

    proptest! {
        #[test]
        fn values_are_read_back(others: Option<u8>, lanes in prop::array::uniform6(prop::option::of(0u8..9))) {
            let values = LaneValues { others, lanes };
            prop_assert_eq!(values.to_string().parse(), Ok(values));
        }

        #[test]
        fn reading_never_panics(text in "\\PC{0,30}", near in "[a-zA-Z:;, é0-9]{0,20}") {
            for text in [text, near] {
                let _ = (text.parse::<LaneValues<PitchRange>>(), text.parse::<LaneSet>(), read_lane(&text));
            }
        }
    }
}
