//! What follows a root in a chord symbol: "m7b5", "maj9#11", "7sus4", "(add9)" … and the notes it means.
//!
//! Every spelling of a chord becomes the same set of named tones (a minor third, a sharp ninth …), and every such set
//! has one canonical spelling, which is read back as the same set. Conventions where musicians differ:
//!
//! - 9 contains the seventh; 11 the seventh and ninth; 13 the seventh and ninth, and in minor the eleventh too. (With
//!   a major third the plain eleventh is left out of a thirteenth chord, as players do.)
//! - An altered tone replaces the plain one of its degree, "13b9"; "add" puts it beside, "9addb9".
//! - "6" is an added sixth. Without a seventh 13 is the same as 6, and 2, 4 are the same as 9, 11.
//! - "Δ", "^" and "j" alone mean the major seventh; "M" and "maj" alone the plain triad.
//! - "+" and "-" before a degree are sharp and flat once a number was said ("7-9"), else augmented and minor ("-9").
//! - "alt" is the seventh chord of the altered scale: 1 3 b7 with b9 #9 #11 b13 and no fifth.
//! - "2" is add9 and "4" is sus4.

mod read;

use read::Reader;

/// A chord's tones above its root, each under the name of its degree.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChordShape(u32);

const SUS_2: u32 = 1;
const MINOR_3: u32 = 1 << 1;
const MAJOR_3: u32 = 1 << 2;
const SUS_4: u32 = 1 << 3;
const FLAT_5: u32 = 1 << 4;
const FIFTH: u32 = 1 << 5;
const SHARP_5: u32 = 1 << 6;
const SIXTH: u32 = 1 << 7;
const DIMINISHED_7: u32 = 1 << 8;
const FLAT_7: u32 = 1 << 9;
const MAJOR_7: u32 = 1 << 10;
const FLAT_9: u32 = 1 << 11;
const NINTH: u32 = 1 << 12;
const SHARP_9: u32 = 1 << 13;
const ELEVENTH: u32 = 1 << 14;
const SHARP_11: u32 = 1 << 15;
const FLAT_13: u32 = 1 << 16;
const THIRTEENTH: u32 = 1 << 17;

/// Semitones above the root, in the order of the bits.
const SEMITONES: [u8; 18] = [2, 3, 4, 5, 6, 7, 8, 9, 9, 10, 11, 1, 2, 3, 5, 6, 8, 9];

const SUSPENSIONS: u32 = SUS_2 | SUS_4;
const THIRDS: u32 = MINOR_3 | MAJOR_3;
const FIFTHS: u32 = FLAT_5 | FIFTH | SHARP_5;
const SEVENTHS: u32 = DIMINISHED_7 | FLAT_7 | MAJOR_7;
const NINTHS: u32 = FLAT_9 | NINTH | SHARP_9;
const ELEVENTHS: u32 = ELEVENTH | SHARP_11;
const THIRTEENTHS: u32 = FLAT_13 | THIRTEENTH;
const ALTERED: u32 = MAJOR_3 | FLAT_7 | FLAT_9 | SHARP_9 | SHARP_11 | FLAT_13;

/// Why a text after a root cannot be read: where (a byte of that text) and a phrase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ShapeTrouble {
    pub at: usize,
    pub reason: String,
}

impl ChordShape {
    /// The major triad.
    pub const MAJOR: Self = Self(MAJOR_3 | FIFTH);

    /// Reads what follows the root, up to the end of `text`.
    pub(crate) fn read(text: &str) -> Result<Self, ShapeTrouble> {
        let mut reader = Reader::new(text);
        while reader.next_token()? {}
        reader.finish().map(Self)
    }

    /// Semitones above the root as a 12-bit set; bit 0, the root itself, is always there.
    pub fn intervals(self) -> u16 {
        self.tones(u32::MAX).fold(1, |set, semitones| set | 1 << semitones)
    }

    /// True with a minor third, false with a major one, `None` without either (suspensions, power chords).
    pub fn is_minor(self) -> Option<bool> {
        (self.0 & THIRDS != 0).then_some(self.0 & MINOR_3 != 0)
    }

    /// The tone that is the bass of the first, second or third inversion, in semitones above the root.
    ///
    /// The first inversion of a suspended chord has the suspended tone in the bass.
    pub(crate) fn inversion_tone(self, inversion: u8) -> Option<u8> {
        match inversion {
            0 => Some(0),
            1 => self.tones(THIRDS).next().or_else(|| self.tones(SUSPENSIONS).next()),
            2 => self.tones(FIFTHS).next(),
            3 => self.tones(SEVENTHS).next(),
            _ => None,
        }
    }

    fn tones(self, among: u32) -> impl Iterator<Item = u8> {
        (0..SEMITONES.len()).filter(move |bit| self.0 & among & 1 << bit != 0).map(|bit| SEMITONES[bit])
    }

    fn has(self, tones: u32) -> bool {
        self.0 & tones != 0
    }

    /// The canonical spelling: "" for the major triad, "m7b5", "maj9", "13b9", "sus4add9", "7(no3)" …
    pub fn suffix(self) -> String {
        match self.0 {
            ALTERED => return "7alt".to_owned(),
            FIFTH => return "5".to_owned(),
            _ => {}
        }
        let family = self.family();
        let (number, named) = self.number(family);
        let mut text = format!("{family}{number}");
        for (tone, name) in [(SUS_2, "sus2"), (SUS_4, "sus4")] {
            text.push_str(if self.has(tone) { name } else { "" });
        }
        self.push_alterations(&mut text, family, !number.is_empty());
        for (tone, name) in [(NINTH, "add9"), (ELEVENTH, "add11"), (THIRTEENTH, "add13")] {
            text.push_str(if self.0 & !named & tone != 0 { name } else { "" });
        }
        text.push_str(if self.has(THIRDS | SUSPENSIONS) { "" } else { "(no3)" });
        text.push_str(if self.has(FIFTHS) { "" } else { "(no5)" });
        text
    }

    fn family(self) -> &'static str {
        let diminished = self.has(DIMINISHED_7) || (self.has(FLAT_5) && !self.has(FLAT_7));
        if self.has(MINOR_3) && diminished && !self.has(FIFTH | SIXTH) {
            "dim"
        } else if self.has(MINOR_3) {
            "m"
        } else if self.has(MAJOR_3) && self.has(SHARP_5) && !self.has(SEVENTHS | SIXTH) {
            "aug"
        } else {
            ""
        }
    }

    /// "7", "maj9", "(maj7)", "69" … and the tones it says.
    fn number(self, family: &str) -> (String, u32) {
        if self.has(SIXTH) {
            return if self.has(NINTH) { ("69".to_owned(), SIXTH | NINTH) } else { ("6".to_owned(), SIXTH) };
        }
        if !self.has(SEVENTHS) {
            return (String::new(), 0);
        }
        let fits = |number: &u8| {
            let stack = stack(*number, self.has(MINOR_3));
            let slots = [NINTHS, ELEVENTHS, THIRTEENTHS];
            self.has(top(*number)) && slots.iter().all(|slot| stack & slot == 0 || self.has(*slot))
        };
        let number = [13, 11, 9].into_iter().find(fits).unwrap_or(7);
        let text = match (self.has(MAJOR_7), family) {
            (true, "") => format!("maj{number}"),
            (true, _) => format!("(maj{number})"),
            (false, _) => number.to_string(),
        };
        (text, SEVENTHS | stack(number, self.has(MINOR_3)))
    }

    fn push_alterations(self, text: &mut String, family: &str, numbered: bool) {
        for (tone, name, said_by) in [(FLAT_5, "b5", "dim"), (SHARP_5, "#5", "aug")] {
            if self.has(tone) && family != said_by {
                // Bare after a root, "Cb5" would be a chord on C flat.
                let bare = !text.is_empty();
                text.push_str(&if bare { name.to_owned() } else { format!("({name})") });
            }
        }
        let others =
            [(FLAT_9, "b9", NINTH), (SHARP_9, "#9", NINTH), (SHARP_11, "#11", ELEVENTH), (FLAT_13, "b13", THIRTEENTH)];
        for (tone, name, plain) in others {
            if self.has(tone) {
                text.push_str(if numbered && !self.has(plain) { "" } else { "add" });
                text.push_str(name);
            }
        }
    }
}

impl std::fmt::Debug for ChordShape {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ChordShape({:?})", self.suffix())
    }
}

/// The plain tones above the seventh that a number stands for.
fn stack(number: u8, minor: bool) -> u32 {
    match number {
        9 => NINTH,
        11 => NINTH | ELEVENTH,
        13 if minor => NINTH | ELEVENTH | THIRTEENTH,
        13 => NINTH | THIRTEENTH,
        _ => 0,
    }
}

/// The plain tone a number is named after.
fn top(number: u8) -> u32 {
    match number {
        9 => NINTH,
        11 => ELEVENTH,
        13 => THIRTEENTH,
        _ => 0,
    }
}

/// The tone of an added or altered degree.
fn degree_tone(alter: i8, degree: u8) -> Option<u32> {
    Some(match (alter, degree) {
        (-1, 5) => FLAT_5,
        (1, 5) => SHARP_5,
        (-1 | 0, 7) => FLAT_7,
        (-1, 2 | 9) => FLAT_9,
        (0, 2 | 9) => NINTH,
        (1, 2 | 9) => SHARP_9,
        (0, 4 | 11) => ELEVENTH,
        (1, 4 | 11) => SHARP_11,
        (-1, 6 | 13) => FLAT_13,
        (0, 6 | 13) => THIRTEENTH,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ChordQuality;
    use proptest::prelude::*;

    fn notes(text: &str) -> Vec<u8> {
        let shape = ChordShape::read(text).unwrap_or_else(|trouble| panic!("{text}: {}", trouble.reason));
        (0..12).filter(|semitones| shape.intervals() >> semitones & 1 == 1).collect()
    }

    #[test]
    fn every_quality_reads_and_writes_its_own_suffix() {
        for quality in ChordQuality::ALL {
            let shape = ChordShape::read(quality.suffix()).expect("a quality has a readable suffix");
            assert_eq!(notes(quality.suffix()), quality.intervals(), "{quality:?}");
            assert_eq!(shape.suffix(), quality.suffix());
        }
    }

    #[test]
    fn common_spellings_mean_the_same_chord() {
        for (canonical, spellings) in [
            ("", &["M", "maj", "major", "Maj", "ma", "MAJ"][..]),
            ("m", &["min", "-", "mi", "minor", "MIN", "−"]),
            ("maj7", &["M7", "Δ7", "Δ", "^7", "^", "ma7", "Maj7", "major7", "j7", "7M", "(maj7)", "△", "∆7"]),
            ("m7", &["-7", "min7", "mi7", "minor7", "m(7)"]),
            ("7", &["dom7", "(7)"]),
            ("m(maj7)", &["mM7", "mmaj7", "-Δ7", "minMaj7", "m(M7)", "-^7", "m(Maj7)", "mΔ", "minmaj7"]),
            ("dim", &["°", "o", "º", "diminished", "m(b5)", "mb5"]),
            ("dim7", &["°7", "o7"]),
            ("m7b5", &["ø", "ø7", "Ø7", "h7", "min7b5", "-7b5", "m7(b5)", "m7-5", "-7(♭5)", "half-dim7", "hdim7"]),
            ("aug", &["+", "+5", "augmented", "(#5)", "(+5)"]),
            ("7#5", &["+7", "aug7", "7+", "7+5", "7(#5)", "7♯5", "7aug"]),
            ("maj7#5", &["+maj7", "augmaj7", "+M7", "maj7+5", "Δ7#5"]),
            ("7b9", &["7(b9)", "7-9", "7♭9", "7(addb9)", "7/b9"]),
            ("7#9", &["7(#9)", "7+9"]),
            ("7alt", &["alt", "7(alt)"]),
            ("sus4", &["sus", "4", "msus4"]),
            ("7sus4", &["7sus", "sus7", "sus4(add7)", "7(sus4)", "7 sus4"]),
            ("9sus4", &["9sus", "11sus4", "sus9"]),
            ("sus2sus4", &["sus24", "sus42", "sus4sus2"]),
            ("add9", &["add2", "(add9)", "2", "(9)", "add 9", "Madd9", "majadd9"]),
            ("madd9", &["m(add9)", "-add9", "minadd9", "madd2"]),
            ("add11", &["add4", "(add4)"]),
            ("6", &["maj6", "M6", "add6", "add13", "(13)"]),
            ("m6", &["min6", "-6", "madd6"]),
            ("69", &["6/9", "6(9)", "maj69", "6add9", "add6add9", "6(add9)"]),
            ("13b9", &["13(b9)", "7(b9,13)", "7b9add13"]),
            ("7b5", &["7-5", "7(b5)", "7(altb5)"]),
            ("maj7#11", &["Δ#11", "maj7(#11)", "M7+11"]),
            ("5", &["(no3)", "m(no3)"]),
            ("7(no5)", &["7omit5", "7(omit5)", "7no5"]),
            ("7add13", &["7(13)", "7/13", "13(no9)", "7(add6)"]),
            ("m9b5", &["ø9", "m9(b5)"]),
            ("dim(maj7)", &["°maj7", "oM7", "dimmaj7"]),
        ] {
            let shape = ChordShape::read(canonical).expect(canonical);
            assert_eq!(shape.suffix(), canonical);
            for spelling in spellings {
                assert_eq!(ChordShape::read(spelling), Ok(shape), "{spelling} is {canonical}");
            }
        }
    }

    #[test]
    fn extended_chords_hold_the_notes_we_say() {
        assert_eq!(notes("9"), [0, 2, 4, 7, 10]);
        assert_eq!(notes("11"), [0, 2, 4, 5, 7, 10]);
        assert_eq!(notes("m11"), [0, 2, 3, 5, 7, 10]);
        assert_eq!(notes("13"), [0, 2, 4, 7, 9, 10]);
        assert_eq!(notes("m13"), [0, 2, 3, 5, 7, 9, 10]);
        assert_eq!(notes("13b9"), [0, 1, 4, 7, 9, 10]);
        assert_eq!(notes("9addb9"), [0, 1, 2, 4, 7, 10]);
        assert_eq!(notes("7b5"), [0, 4, 6, 10]);
        assert_eq!(notes("7b13"), [0, 4, 7, 8, 10]);
        assert_eq!(notes("7alt"), [0, 1, 3, 4, 6, 8, 10]);
        assert_eq!(notes("(b5)"), [0, 4, 6]);
        assert_eq!(notes("m7-5"), [0, 3, 6, 10]);
        assert_eq!(notes("-9"), [0, 2, 3, 7, 10]);
        assert_eq!(notes("7-9"), [0, 1, 4, 7, 10]);
    }

    #[test]
    fn what_follows_a_root_may_not_be_nonsense() {
        for (text, at) in [
            ("foo", 0),
            ("7foo", 1),
            ("m7m", 2),
            ("77", 1),
            ("12", 0),
            ("add5", 0),
            ("(9", 2),
            ("9)", 1),
            ("((9))", 1),
            ("m5", 1),
            ("maj7(7)", 7),
            ("dimsus4", 7),
            ("7altb9x", 6),
            ("#13", 0),
            ("é", 0),
        ] {
            let trouble = ChordShape::read(text).expect_err(text);
            assert_eq!(trouble.at, at, "{text}: {}", trouble.reason);
        }
    }

    #[test]
    fn inversions_stand_on_third_fifth_and_seventh() {
        let seventh = ChordShape::read("m7b5").expect("a chord");
        assert_eq!([0, 1, 2, 3, 4].map(|i| seventh.inversion_tone(i)), [Some(0), Some(3), Some(6), Some(10), None]);
        assert_eq!(ChordShape::MAJOR.inversion_tone(3), None);
    }

    #[test]
    fn every_sum_of_parts_is_read_back_from_its_canonical_spelling() {
        let families = ["", "m", "maj", "dim", "ø", "aug"];
        let numbers = ["", "5", "6", "69", "7", "9", "11", "13", "maj7", "maj9", "maj13"];
        let suspensions = ["", "sus2", "sus4", "sus24"];
        let parts = ["b5", "#5", "b9", "#9", "#11", "b13", "add9", "add11", "add13", "addb9", "add#11", "no3", "no5"];
        let mut read = 0;
        for index in 0..families.len() * numbers.len() * suspensions.len() {
            let family = families[index % families.len()];
            let number = numbers[index / families.len() % numbers.len()];
            let suspension = suspensions[index / families.len() / numbers.len()];
            // Every set of up to three of the parts.
            for set in (0u32..1 << parts.len()).filter(|set| set.count_ones() <= 3) {
                let chosen: Vec<_> = (0..parts.len()).filter(|i| set >> i & 1 == 1).map(|i| parts[i]).collect();
                let text = format!("{family}{number}{suspension}({})", chosen.join(","));
                if let Ok(shape) = ChordShape::read(&text) {
                    read += 1;
                    assert_eq!(ChordShape::read(&shape.suffix()), Ok(shape), "{text} is written {}", shape.suffix());
                }
            }
        }
        assert!(read > 10_000, "most of these are chords, but only {read} were read");
    }

    proptest! {
        #[test]
        fn whatever_is_read_is_read_back(text in "[mMajdinusoø°+\\-#b♯♭Δ^0-9(),/ tlho]{0,10}") {
            if let Ok(shape) = ChordShape::read(&text) {
                prop_assert_eq!(ChordShape::read(&shape.suffix()), Ok(shape));
            }
        }

        #[test]
        fn reading_never_panics(text in "\\PC{0,16}") {
            let _ = ChordShape::read(&text);
        }
    }
}
