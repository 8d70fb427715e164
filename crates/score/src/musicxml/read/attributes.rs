//! What holds for the bars that follow: units of time, key, metre, transposition.

use super::super::{MusicXmlError, Repairs};
use super::document::{Item, number};
use super::tree::Element;
use crate::{Key, Mode};

/// A key signature, as written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct KeySign {
    /// `None` is no accidentals and no mode: what programs write where there is no key.
    pub key: Option<Key>,
    pub doubt: Doubt,
}

/// How sure a key is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Doubt {
    None,
    /// The file names no mode.
    AssumedMode,
    /// The file names a church mode.
    ChurchMode,
}

/// Reads an `attributes` element; the transposition comes before the key, which it moves.
pub(super) fn read_attributes(
    element: &Element,
    items: &mut Vec<Item>,
    repairs: &mut Repairs,
) -> Result<(), MusicXmlError> {
    if let Some(divisions) = element.child("divisions") {
        let is_allowed = |&number: &f64| number > 0.0 && number < 1e9;
        items.push(Item::Divisions(number(divisions, "divisions", "a number above 0", is_allowed)?));
    }
    if let Some(transpose) = element.child("transpose") {
        let octaves = whole(transpose, "octave-change")?.unwrap_or(0);
        items.push(Item::Transpose(12 * octaves + whole(transpose, "chromatic")?.unwrap_or(0)));
    }
    // A signature for each staff of a part may be given; the first holds for all.
    if let Some(key) = element.child("key") {
        match read_key(key) {
            Some(sign) => items.push(Item::Key(sign)),
            None => repairs.bad_signatures += 1,
        }
    }
    if let Some(time) = element.child("time") {
        match read_time(time) {
            Some(time) => items.push(Item::Time(time)),
            None => repairs.bad_signatures += 1,
        }
    }
    Ok(())
}

fn whole(element: &Element, name: &'static str) -> Result<Option<i32>, MusicXmlError> {
    let is_allowed = |number: &f64| number.abs() <= 127.0 && number.fract() == 0.0;
    let read =
        |child| number(child, name, "a whole number of at most 127", is_allowed).map(|number: f64| number as i32);
    element.child(name).map(read).transpose()
}

/// A key, or `None` where there is none that a score could hold.
fn read_key(element: &Element) -> Option<KeySign> {
    let sharps: i8 = element.text_of("fifths").parse().ok().filter(|sharps| (-7..=7).contains(sharps))?;
    let key = |above_major: i32, mode| {
        let major = Key::from_signature(sharps, Mode::Major);
        Some(Key { mode, ..major.transposed(above_major) })
    };
    let (key, doubt) = match element.text_of("mode").to_lowercase().as_str() {
        "major" => (key(0, Mode::Major), Doubt::None),
        "minor" => (key(9, Mode::Minor), Doubt::None),
        "ionian" => (key(0, Mode::Major), Doubt::ChurchMode),
        "dorian" => (key(2, Mode::Minor), Doubt::ChurchMode),
        "phrygian" => (key(4, Mode::Minor), Doubt::ChurchMode),
        "lydian" => (key(5, Mode::Major), Doubt::ChurchMode),
        "mixolydian" => (key(7, Mode::Major), Doubt::ChurchMode),
        "aeolian" => (key(9, Mode::Minor), Doubt::ChurchMode),
        "locrian" => (key(11, Mode::Minor), Doubt::ChurchMode),
        _ if sharps == 0 => (None, Doubt::AssumedMode),
        _ => (key(0, Mode::Major), Doubt::AssumedMode),
    };
    Some(KeySign { key, doubt })
}

/// A metre, or `None` where there is none that a score could hold. 3+2 eighths are 5/8; 3/4 + 1/8 are 7/8.
fn read_time(element: &Element) -> Option<(u8, u8)> {
    let beats = element.children_named("beats").map(|beats| {
        let counts = beats.text().split('+').map(|count| count.trim().parse::<u8>().ok().filter(|&count| count > 0));
        counts.map(|count| count.map(u32::from)).sum::<Option<u32>>()
    });
    let units = element.children_named("beat-type").map(|unit| unit.text().parse::<u8>().ok());
    let pairs: Vec<(u32, u8)> = beats.zip(units).map(|(beats, unit)| Some((beats?, unit?))).collect::<Option<_>>()?;
    if pairs.iter().any(|(_, unit)| !matches!(unit, 1 | 2 | 4 | 8 | 16 | 32)) {
        return None;
    }
    let finest = pairs.iter().map(|&(_, unit)| unit).max()?;
    let beats: u32 = pairs.iter().map(|&(beats, unit)| beats * u32::from(finest / unit)).sum();
    Some((u8::try_from(beats).ok()?, finest))
}

#[cfg(test)]
mod tests {
    use super::super::tree::Xml;
    use super::*;

    fn items(inside: &str) -> (Vec<Item>, Repairs) {
        let text = format!("<attributes>{inside}</attributes>");
        let mut xml = Xml::new(&text);
        let root = xml.root().unwrap();
        let (mut items, mut repairs) = (Vec::new(), Repairs::default());
        read_attributes(&xml.rest_of(root).unwrap(), &mut items, &mut repairs).unwrap();
        (items, repairs)
    }

    fn time(inside: &str) -> Option<(u8, u8)> {
        match items(&format!("<time>{inside}</time>")).0[..] {
            [Item::Time(time)] => Some(time),
            _ => None,
        }
    }

    #[test]
    fn metres_may_be_sums() {
        assert_eq!(time("<beats>3</beats><beat-type>4</beat-type>"), Some((3, 4)));
        assert_eq!(time("<beats>3+2</beats><beat-type>8</beat-type>"), Some((5, 8)));
        let sum = "<beats>3</beats><beat-type>4</beat-type><beats>1</beats><beat-type>8</beat-type>";
        assert_eq!(time(sum), Some((7, 8)));
        for bad in
            ["<senza-misura/>", "<beats>0</beats><beat-type>4</beat-type>", "<beats>3</beats><beat-type>6</beat-type>"]
        {
            assert_eq!(time(bad), None, "{bad}");
        }
        assert_eq!(time("<beats>128+128</beats><beat-type>4</beat-type>"), None);
    }

    #[test]
    fn church_modes_keep_their_tonic() {
        let key = |fifths: i8, mode: &str| match items(&format!("<key><fifths>{fifths}</fifths>{mode}</key>")).0[..] {
            [Item::Key(KeySign { key, doubt })] => (key.map(|key| key.to_string()), doubt),
            _ => panic!("no key"),
        };
        let named = |name: &str| Some(name.to_owned());
        assert_eq!(key(-3, "<mode>minor</mode>"), (named("C minor"), Doubt::None));
        assert_eq!(key(0, "<mode>dorian</mode>"), (named("D minor"), Doubt::ChurchMode));
        assert_eq!(key(1, "<mode>mixolydian</mode>"), (named("D major"), Doubt::ChurchMode));
        assert_eq!(key(2, ""), (named("D major"), Doubt::AssumedMode));
        assert_eq!(key(0, "<mode>none</mode>"), (None, Doubt::AssumedMode));
        assert_eq!(items("<key><fifths>8</fifths></key>").1.bad_signatures, 1);
        assert_eq!(items("<key><key-step>F</key-step></key>").1.bad_signatures, 1);
    }

    #[test]
    fn transposition_counts_octaves() {
        let (items, _) = items(
            "<transpose><diatonic>-1</diatonic><chromatic>-2</chromatic><octave-change>-1</octave-change></transpose>",
        );
        assert_eq!(items, [Item::Transpose(-14)]);
    }
}
