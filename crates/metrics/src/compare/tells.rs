//! The strongest tells: by what a candidate gives itself away, in plain sentences.
//!
//! For every feature, the difference of means over the reference's standard deviation (Glass's Δ), with a percentile
//! interval over songs; the largest |Δ| first. A tell is *clear* where the interval leaves 0 out; of sixty features
//! without a difference, three are clear by chance at 95 %, so look at how many are clear between two halves of the
//! reference. How often a feature is undefined is a tell of its own.
//!
//! A sentence gives the candidate's mean against the reference's ± half of its own interval:
//! "too many sixteenths: 0.41 against 0.26 ± 0.02".

use super::bootstrap::{Bootstrap, Estimate, Interval};
use super::linear_algebra::dot;
use super::moments::mean_and_deviation;
use super::table::{Column, Pair};
use serde::Serialize;

/// What is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// The feature's mean over the pieces where it is defined.
    Value,
    /// The share of pieces where it is undefined.
    Undefined,
}

/// One difference between the sets.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Tell {
    /// The feature.
    pub name: String,
    /// Its family.
    pub family: String,
    /// What of it is compared.
    pub kind: Kind,
    /// Mean of the reference, with its own interval.
    pub reference: Estimate,
    /// Mean of the candidate, with its own interval.
    pub candidate: Estimate,
    /// Candidate minus reference, in standard deviations of the reference.
    pub difference: Estimate,
    /// Whether the interval of the difference leaves 0 out.
    pub clear: bool,
    /// The difference in words.
    pub sentence: String,
}

/// All differences of a pair of sets, the largest first; features without a defined value in a set have only the
/// share of pieces where they are undefined.
pub fn tells(pair: &Pair, bootstrap: &Bootstrap) -> Vec<Tell> {
    let sides: Vec<Sides> =
        pair.columns.iter().flat_map(|column| [Sides::values(column), Sides::undefined(column)]).flatten().collect();
    let replicates = bootstrap.replicates_of_two(&pair.reference_songs, &pair.candidate_songs, |r, c| {
        Some(sides.iter().map(|sides| Some((sides.reference.mean(r)?, sides.candidate.mean(c)?))).collect::<Vec<_>>())
    });
    let replicates = replicates.unwrap_or_default();
    let tell = |(place, sides): (usize, &Sides)| {
        let drawn: Vec<Option<(f64, f64)>> = replicates.iter().map(|all| all.as_ref()?[place]).collect();
        sides.tell(&drawn, bootstrap)
    };
    let mut tells: Vec<Tell> = sides.iter().enumerate().filter_map(tell).collect();
    tells.sort_by(|a, b| b.difference.value.abs().total_cmp(&a.difference.value.abs()));
    tells
}

/// Two lists to be compared.
struct Sides<'a> {
    column: &'a Column,
    kind: Kind,
    reference: Side,
    candidate: Side,
    deviation: f64,
}

/// The values of one set.
struct Side {
    /// 0 where undefined.
    values: Vec<f64>,
    /// 1 where defined, else 0.
    defined: Vec<f64>,
}

impl Side {
    fn of(values: &[Option<f64>]) -> Self {
        Self {
            values: values.iter().map(|value| value.unwrap_or(0.0)).collect(),
            defined: values.iter().map(|value| f64::from(u8::from(value.is_some()))).collect(),
        }
    }

    /// `None` where what is defined weighs nothing.
    fn mean(&self, weights: &[f64]) -> Option<f64> {
        let total = dot(&self.defined, weights);
        (total > 0.0).then(|| dot(&self.values, weights) / total)
    }
}

impl<'a> Sides<'a> {
    fn values(column: &'a Column) -> Option<Self> {
        let (reference, candidate) = (Side::of(&column.reference), Side::of(&column.candidate));
        Some(Self { column, kind: Kind::Value, reference, candidate, deviation: column.deviation })
    }

    /// `None` where the feature is defined everywhere (or nowhere in the candidate and the reference alike).
    fn undefined(column: &'a Column) -> Option<Self> {
        let flags =
            |side: &[Option<f64>]| side.iter().map(|value| f64::from(u8::from(value.is_none()))).collect::<Vec<_>>();
        let (reference, candidate) = (flags(&column.reference), flags(&column.candidate));
        let spread =
            |flags: &[f64]| mean_and_deviation(flags).map(|(_, deviation)| deviation).filter(|spread| *spread > 0.0);
        let deviation = spread(&reference).or_else(|| spread(&[&reference[..], &candidate].concat()))?;
        let defined = |flags: Vec<f64>| Side { defined: vec![1.0; flags.len()], values: flags };
        Some(Self {
            column,
            kind: Kind::Undefined,
            reference: defined(reference),
            candidate: defined(candidate),
            deviation,
        })
    }

    fn tell(&self, drawn: &[Option<(f64, f64)>], bootstrap: &Bootstrap) -> Option<Tell> {
        let plain = |side: &Side| side.mean(&vec![1.0; side.values.len()]);
        let (reference, candidate) = (plain(&self.reference)?, plain(&self.candidate)?);
        let interval =
            |of: &dyn Fn((f64, f64)) -> f64| bootstrap.percentiles(drawn.iter().map(|pair| pair.map(of)).collect());
        let estimate = |value, interval| Estimate { value, interval };
        let difference = |(reference, candidate): (f64, f64)| (candidate - reference) / self.deviation;
        let difference = estimate(difference((reference, candidate)), interval(&difference));
        let reference = estimate(reference, interval(&|(reference, _)| reference));
        Some(Tell {
            name: self.column.name.clone(),
            family: self.column.family.clone(),
            kind: self.kind,
            reference,
            candidate: estimate(candidate, interval(&|(_, candidate)| candidate)),
            difference,
            clear: difference.interval.is_some_and(|interval| !interval.contains(0.0)),
            sentence: sentence(&self.column.name, self.kind, candidate, reference),
        })
    }
}

/// The difference in words: see [`direction`] for the choice of words.
pub fn sentence(name: &str, kind: Kind, candidate: f64, reference: Estimate) -> String {
    let (subject, unit) = match kind {
        Kind::Value => {
            (direction(name, candidate > reference.value), unit(name).map_or(String::new(), |unit| format!(" {unit}")))
        }
        Kind::Undefined => {
            let often = if candidate > reference.value { "too often" } else { "too seldom" };
            (format!("{often} without {}", bare(name)), " of the pieces".to_owned())
        }
    };
    let half_width = reference.interval.as_ref().map(Interval::half_width);
    let digits = digits(half_width, candidate, reference.value);
    let error = half_width.map_or(String::new(), |half| format!(" ± {half:.digits$}"));
    format!("{subject}: {candidate:.digits$} against {:.digits$}{error}{unit}", reference.value)
}

/// "too many leaps", "groove too low", "note length too long": by the feature's name.
///
/// What ends in a plural before "a", "per" or "in" (notes a bar, leaps per beat, repeated bars), or is a share of what
/// can be counted (share of leaps, leap share), is many or few; a length or duration is long or short; all else is high
/// or low.
pub fn direction(name: &str, more: bool) -> String {
    let bare = bare(name);
    if let Some(counted) = counted(&bare) {
        return format!("too {} {counted}", if more { "many" } else { "few" });
    }
    let is_length = bare.split(' ').any(|word| matches!(word, "length" | "duration" | "lengths" | "durations"));
    let word = match (is_length, more) {
        (true, true) => "long",
        (true, false) => "short",
        (false, true) => "high",
        (false, false) => "low",
    };
    format!("{bare} too {word}")
}

/// Without unit and underscores.
fn bare(name: &str) -> String {
    let end = name.rfind('(').filter(|_| name.ends_with(')')).unwrap_or(name.len());
    name[..end].replace('_', " ").trim().to_owned()
}

/// What stands in parentheses at the end.
fn unit(name: &str) -> Option<&str> {
    name.strip_suffix(')')?.rsplit_once('(').map(|(_, unit)| unit)
}

/// Things of music that are counted, where a name has them in the singular.
const COUNTED: [&str; 24] = [
    "accent",
    "accidental",
    "bar",
    "chord",
    "dissonance",
    "eighth",
    "interval",
    "leap",
    "note",
    "octave",
    "onset",
    "pair",
    "pitch",
    "quarter",
    "repetition",
    "rest",
    "seventh",
    "sixteenth",
    "skip",
    "step",
    "syncopation",
    "tone",
    "triplet",
    "unison",
];

/// The name as a plural of what is counted; `None` where it is a quantity without number.
fn counted(bare: &str) -> Option<String> {
    if let Some(whole) = bare.strip_suffix(" share").or_else(|| bare.strip_suffix(" ratio")) {
        let last = whole.rsplit([' ', '-']).next().unwrap_or(whole);
        let ending = if last == "pitch" { "es" } else { "s" };
        return COUNTED.contains(&last).then(|| format!("{whole}{ending}")).or_else(|| counted(whole));
    }
    let whole = bare.strip_prefix("share of ").unwrap_or(bare);
    let head = [" a ", " an ", " per ", " in ", " on ", ", "]
        .iter()
        .filter_map(|word| whole.find(word))
        .min()
        .unwrap_or(whole.len());
    let last = whole[..head].rsplit(' ').next().unwrap_or_default();
    let measure = matches!(last, "lengths" | "durations");
    let singular = ["ss", "us", "is", "bias"].iter().any(|end| last.ends_with(end));
    (last.len() > 2 && last.ends_with('s') && !singular && !measure).then(|| whole.to_owned())
}

/// Digits after the point: the error's first digit, or three digits of the larger mean where there is none; 0 to 6.
fn digits(half_width: Option<f64>, candidate: f64, reference: f64) -> usize {
    let places = |size: f64, digits: f64| (digits - 1.0 - size.log10().floor()).clamp(0.0, 6.0) as usize;
    match half_width.filter(|half| *half > 0.0) {
        Some(half) => places(half, 1.0),
        None => {
            let size = candidate.abs().max(reference.abs());
            if size > 0.0 { places(size, 3.0) } else { 0 }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::table::FeatureTable;
    use crate::compare::table::tests::{normal_table, table};

    fn estimate(value: f64, half: f64) -> Estimate {
        Estimate { value, interval: Some(Interval { low: value - half, high: value + half }) }
    }

    #[test]
    fn sentences_are_what_a_person_would_say() {
        let say = |name, candidate, reference| sentence(name, Kind::Value, candidate, reference);
        assert_eq!(
            say("sixteenth_share", 0.412, estimate(0.264, 0.021)),
            "too many sixteenths: 0.41 against 0.26 ± 0.02"
        );
        assert_eq!(say("notes a bar", 9.0, estimate(12.31, 0.4)), "too few notes a bar: 9.0 against 12.3 ± 0.4");
        assert_eq!(say("groove", 0.95, estimate(0.9, 0.004)), "groove too high: 0.950 against 0.900 ± 0.004");
        assert_eq!(
            say("note length (steps)", 2.0, estimate(3.0, 0.5)),
            "note length too short: 2.0 against 3.0 ± 0.5 steps"
        );
        assert_eq!(
            sentence("swing ratio", Kind::Undefined, 0.5, estimate(0.1, 0.03)),
            "too often without swing ratio: 0.50 against 0.10 ± 0.03 of the pieces"
        );
    }

    #[test]
    fn what_can_be_counted_is_many_and_the_rest_is_high() {
        for counted in
            ["off-beat sixteenths", "share of leaps", "repeated bars", "chord tones", "leap share", "silent steps"]
        {
            assert!(direction(counted, true).starts_with("too many "), "{counted}");
            assert!(direction(counted, false).starts_with("too few "), "{counted}");
        }
        for quantity in
            ["pitch-class entropy (bits)", "polyphony", "silent share", "bass", "loudness", "in key", "x", ""]
        {
            assert!(direction(quantity, true).ends_with("too high"), "{quantity}");
            assert!(direction(quantity, false).ends_with("too low"), "{quantity}");
        }
        assert_eq!(direction("pitch share", true), "too many pitches");
    }

    #[test]
    fn digits_follow_the_error_or_the_size() {
        assert_eq!(digits(Some(0.021), 1.0, 1.0), 2);
        assert_eq!(digits(Some(0.1), 1.0, 1.0), 1);
        assert_eq!(digits(Some(30.0), 100.0, 100.0), 0);
        assert_eq!(digits(None, 0.0123, 0.5), 3);
        assert_eq!(digits(None, 0.0, 0.0), 0);
        assert_eq!(digits(Some(1e-30), 1.0, 1.0), 6);
    }

    #[test]
    fn the_largest_difference_stands_first_and_is_clear() {
        let reference = normal_table(60, 5, 0.0, 0);
        let mut candidate = normal_table(60, 5, 0.0, 500);
        candidate.rows.iter_mut().for_each(|row| row[3] = row[3].map(|x| x - 2.0));
        let found = tells(&Pair::of(&reference, &candidate), &Bootstrap::default());
        assert_eq!(found.len(), 5);
        assert_eq!((found[0].name.as_str(), found[0].clear), ("feature 3", true));
        assert!((found[0].difference.value + 2.0).abs() < 0.6, "{:?}", found[0]);
        assert!(found[0].sentence.starts_with("feature 3 too low: "));
        assert!(
            !found[4].clear
                && found.iter().all(|tell| tell.difference.interval.unwrap().contains(tell.difference.value))
        );
    }

    #[test]
    fn a_difference_by_hand() {
        let found = tells(
            &Pair::of(&table(&[vec![1.0], vec![3.0]], 0), &table(&[vec![6.0], vec![8.0]], 9)),
            &Bootstrap::default(),
        );
        assert!((found[0].difference.value - 5.0 / 2f64.sqrt()).abs() < 1e-12);
        assert_eq!((found[0].reference.value, found[0].candidate.value), (2.0, 7.0));
    }

    #[test]
    fn what_is_undefined_more_often_is_told() {
        let reference = normal_table(40, 1, 0.0, 0);
        let mut candidate = normal_table(40, 1, 0.0, 500);
        candidate.rows.iter_mut().take(20).for_each(|row| row[0] = None);
        let found = tells(&Pair::of(&reference, &candidate), &Bootstrap::default());
        assert_eq!((found[0].kind, found[0].candidate.value, found[0].clear), (Kind::Undefined, 0.5, true));
        candidate.rows.iter_mut().for_each(|row| row[0] = None);
        let found = tells(&Pair::of(&reference, &candidate), &Bootstrap::default());
        assert_eq!(found.iter().map(|tell| tell.kind).collect::<Vec<_>>(), [Kind::Undefined]);
        assert!(tells(&Pair::of(&FeatureTable::default(), &candidate), &Bootstrap::default()).is_empty());
    }
}
