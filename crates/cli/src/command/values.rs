//! Values of flags: what is out of range is refused with the range, and clap adds the flag and the value seen.

use aeolian_canvas::NoteLane;
use aeolian_compose::request::MOST_BARS;
use aeolian_compose::wish::{Curve, FormPlan, LaneValues};
use aeolian_score::Progression;
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::str::FromStr;

/// A number in a range, both ends included.
pub fn within<T>(what: &'static str, range: RangeInclusive<T>) -> impl Fn(&str) -> Result<T, String> + Clone
where
    T: FromStr + PartialOrd + Display + Clone,
{
    move |text| {
        let number = text.trim().parse().ok();
        number.filter(|number| range.contains(number)).ok_or_else(|| allowed(what, &range))
    }
}

/// A number in a range for some lanes or for all.
pub fn by_lane_within<T>(
    what: &'static str,
    range: RangeInclusive<T>,
) -> impl Fn(&str) -> Result<LaneValues<T>, String> + Clone
where
    T: FromStr<Err: Display> + PartialOrd + Display + Clone,
{
    move |text| {
        let values: LaneValues<T> = text.parse().map_err(|error| format!("{error}; {}", allowed(what, &range)))?;
        if each(&values).all(|value| range.contains(value)) { Ok(values) } else { Err(allowed(what, &range)) }
    }
}

/// Curves whose values lie in a range, for some lanes or for all.
pub fn curves(
    what: &'static str,
    range: RangeInclusive<f64>,
) -> impl Fn(&str) -> Result<LaneValues<Curve>, String> + Clone {
    move |text| {
        let curves: LaneValues<Curve> = text.parse().map_err(|error| format!("{error}"))?;
        let checked = each(&curves).try_for_each(|curve| curve.check(what, range.clone()));
        checked.map(|()| curves).map_err(|error| error.to_string())
    }
}

/// A file or folder that is there.
pub fn existing(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    if path.exists() { Ok(path) } else { Err("there is no such file or folder; say one that is there".to_owned()) }
}

/// Bars of a piece.
pub fn bars(text: &str) -> Result<usize, String> {
    within("the number of bars", 1..=MOST_BARS)(text)
}

/// A form no longer than a piece can be.
pub fn form(text: &str) -> Result<FormPlan, String> {
    let form: FormPlan = text.parse().map_err(|error| format!("{error}"))?;
    no_longer_than_a_piece(form.num_bars()).map(|()| form)
}

/// Chords for no more bars than a piece can have.
pub fn chords(text: &str) -> Result<Progression, String> {
    let chords: Progression = text.parse().map_err(|error| format!("{error}"))?;
    no_longer_than_a_piece(chords.num_bars()).map(|()| chords)
}

fn no_longer_than_a_piece(bars: usize) -> Result<(), String> {
    let sentence = || format!("these are {bars} bars, and {}", allowed("the number of bars", &(1..=MOST_BARS)));
    (bars <= MOST_BARS).then_some(()).ok_or_else(sentence)
}

fn allowed<T: Display>(what: &str, range: &RangeInclusive<T>) -> String {
    format!("{what} can be {} to {}", range.start(), range.end())
}

fn each<T>(values: &LaneValues<T>) -> impl Iterator<Item = &T> {
    NoteLane::ALL.into_iter().filter_map(|lane| values.own(lane)).chain(values.others())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ends_belong_and_the_range_is_told() {
        let tempo = within("the tempo", 20.0..=400.0);
        assert_eq!((tempo("20"), tempo(" 400 ")), (Ok(20.0), Ok(400.0)));
        for wrong in ["19.9", "400.1", "NaN", "inf", "fast", ""] {
            assert_eq!(tempo(wrong), Err("the tempo can be 20 to 400".to_owned()), "{wrong}");
        }
    }

    #[test]
    fn what_is_read_must_be_there() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(existing(folder.path().to_str().unwrap()), Ok(folder.path().to_owned()));
        assert!(existing("nowhere/at/all").unwrap_err().contains("no such file"));
    }

    #[test]
    fn every_lane_is_checked() {
        let voices = by_lane_within::<usize>("the number of voices", 1..=9);
        assert!(voices("harmony:4; 9").is_ok());
        for wrong in ["harmony:0", "harmony:4; 10", "melody:x"] {
            assert!(voices(wrong).unwrap_err().ends_with("can be 1 to 9"), "{wrong}");
        }
        let loudness = curves("the loudness", 1.0..=127.0);
        assert!(loudness("0:1, 8:127").is_ok());
        assert!(loudness("melody:0:1, 8:128").unwrap_err().ends_with("1 to 127, not 128"));
    }

    #[test]
    fn forms_and_chords_fit_into_a_piece() {
        assert!(form("A128 B128").is_ok() && form("A128 B129").is_err());
        assert!(chords("C x256").is_ok() || chords("| C | x256").is_ok());
        assert!(bars("256").is_ok() && bars("257").is_err() && bars("0").is_err());
    }
}
