//! Reading what follows a root: one word, sign or number after the other, then what they mean together.

use super::*;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Family {
    Major,
    Minor,
    Diminished,
    HalfDiminished,
    Augmented,
}

/// Words and signs for a quality, longer ones before their own beginnings. `Major` is handled by [`Reader::major`].
const FAMILIES: [(&str, Family); 31] = [
    ("half-diminished", Family::HalfDiminished),
    ("half-dim", Family::HalfDiminished),
    ("halfdim", Family::HalfDiminished),
    ("hdim", Family::HalfDiminished),
    ("diminished", Family::Diminished),
    ("dim", Family::Diminished),
    ("augmented", Family::Augmented),
    ("aug", Family::Augmented),
    ("major", Family::Major),
    ("maj", Family::Major),
    ("minor", Family::Minor),
    ("min", Family::Minor),
    ("mi", Family::Minor),
    ("ma", Family::Major),
    ("ø", Family::HalfDiminished),
    ("Ø", Family::HalfDiminished),
    ("h", Family::HalfDiminished),
    ("°", Family::Diminished),
    ("º", Family::Diminished),
    ("o", Family::Diminished),
    ("+", Family::Augmented),
    ("M", Family::Major),
    ("m", Family::Minor),
    ("-", Family::Minor),
    ("−", Family::Minor),
    ("–", Family::Minor),
    ("j", Family::Major),
    ("^", Family::Major),
    ("Δ", Family::Major),
    ("∆", Family::Major),
    ("△", Family::Major),
];

/// Signs that mean the major seventh even without a number.
const TRIANGLES: [&str; 5] = ["j", "^", "Δ", "∆", "△"];

pub(super) struct Reader<'a> {
    text: &'a str,
    at: usize,
    in_parens: bool,
    /// A slash before a degree ("7/13") came just before.
    after_slash: bool,
    /// "maj" came just before: a seventh named now is major.
    after_major: bool,
    family: Option<Family>,
    number: Option<u8>,
    major_seventh: bool,
    power: bool,
    altered: bool,
    suspended: u32,
    alterations: u32,
    added: u32,
    omitted: u32,
}

impl<'a> Reader<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self {
            text,
            at: 0,
            in_parens: false,
            after_slash: false,
            after_major: false,
            family: None,
            number: None,
            major_seventh: false,
            power: false,
            altered: false,
            suspended: 0,
            alterations: 0,
            added: 0,
            omitted: 0,
        }
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn trouble<T>(&self, reason: impl Into<String>) -> Result<T, ShapeTrouble> {
        Err(ShapeTrouble { at: self.at, reason: reason.into() })
    }

    fn unknown<T>(&self) -> Result<T, ShapeTrouble> {
        self.trouble(format!("\"{}\" says nothing known about a chord", self.rest()))
    }

    /// Takes `word` off the rest if it begins so; capitals matter only in words of one character.
    fn take(&mut self, word: &str) -> bool {
        let Some(head) = self.rest().get(..word.len()) else { return false };
        let equal = if word.chars().count() > 1 { head.eq_ignore_ascii_case(word) } else { head == word };
        self.at += if equal { word.len() } else { 0 };
        equal
    }

    /// Reads one word, sign or number; false at the end.
    pub(super) fn next_token(&mut self) -> Result<bool, ShapeTrouble> {
        let Some(next) = self.rest().chars().next() else { return Ok(false) };
        if next == ' ' || next == ',' || next == '(' || next == ')' || next == '/' {
            return self.punctuation(next).map(|()| true);
        }
        if next.is_ascii_digit() {
            self.number()?;
            (self.after_slash, self.after_major) = (false, false);
            return Ok(true);
        }
        let after_slash = std::mem::take(&mut self.after_slash);
        self.after_major = false;
        let can_alter = self.number.is_some() || self.in_parens || after_slash || self.added & SIXTH != 0;
        if self.alteration(can_alter)? || self.word()? || self.quality()? { Ok(true) } else { self.unknown() }
    }

    fn punctuation(&mut self, sign: char) -> Result<(), ShapeTrouble> {
        match sign {
            '(' if self.in_parens => return self.trouble("a bracket opens inside a bracket"),
            ')' if !self.in_parens => return self.trouble("a bracket closes that was not opened"),
            '(' => self.in_parens = true,
            ')' => self.in_parens = false,
            '/' => self.after_slash = true,
            _ => {}
        }
        self.at += 1;
        Ok(())
    }

    /// A degree without accidental, 2 – 13.
    fn degree(&mut self) -> Option<u8> {
        [("13", 13), ("11", 11), ("9", 9), ("7", 7), ("6", 6), ("5", 5), ("4", 4), ("3", 3), ("2", 2)]
            .into_iter()
            .find(|(digits, _)| self.take(digits))
            .map(|(_, degree)| degree)
    }

    fn number(&mut self) -> Result<(), ShapeTrouble> {
        let start = self.at;
        let Some(degree) = self.degree() else { return self.unknown() };
        let first = self.number.is_none() && self.added & SIXTH == 0 && !self.power;
        let beside = self.in_parens || self.after_slash;
        match degree {
            7 | 9 | 11 | 13 if self.after_major && self.number.is_none() => {
                (self.number, self.major_seventh) = (Some(degree), true);
            }
            _ if beside => match degree_tone(0, degree) {
                Some(tone) => self.added |= tone,
                None => return self.back(start),
            },
            7 | 9 | 11 | 13 if first => self.number = Some(degree),
            6 if first => {
                self.added |= SIXTH;
                self.major_seventh = false;
                // "69" and "6/9" are one number.
                if self.take("9") || self.take("/9") {
                    self.added |= NINTH;
                }
            }
            5 if first && self.family.is_none() => self.power = true,
            4 if first => self.suspended |= SUS_4,
            2 if first => self.added |= NINTH,
            _ => return self.back(start),
        }
        Ok(())
    }

    fn back<T>(&mut self, start: usize) -> Result<T, ShapeTrouble> {
        self.at = start;
        self.unknown()
    }

    /// "b9", "#11"; after a number also "-9", "+11".
    fn alteration(&mut self, signs_too: bool) -> Result<bool, ShapeTrouble> {
        let start = self.at;
        let alter = match self.accidental(signs_too) {
            0 => return Ok(false),
            alter => alter,
        };
        let Some(degree) = self.degree() else {
            self.at = start;
            return Ok(false);
        };
        match degree_tone(alter, degree) {
            Some(FLAT_7) => self.added |= FLAT_7,
            Some(tone) => self.alterations |= tone,
            None => return self.back(start),
        }
        Ok(true)
    }

    fn accidental(&mut self, signs_too: bool) -> i8 {
        let up = ["#", "♯"].into_iter().any(|sign| self.take(sign)) || (signs_too && self.take("+"));
        if up {
            return 1;
        }
        let down = ["b", "♭"].into_iter().any(|sign| self.take(sign))
            || (signs_too && ["-", "−", "–"].into_iter().any(|sign| self.take(sign)));
        -i8::from(down)
    }

    /// "sus4", "add9", "no3", "alt", "dom".
    fn word(&mut self) -> Result<bool, ShapeTrouble> {
        let start = self.at;
        if self.take("sus") {
            let both = self.take("24") || self.take("42");
            let second = !both && self.take("2");
            // "sus" alone is "sus4".
            let _ = !both && !second && self.take("4");
            self.suspended |= if both {
                SUSPENSIONS
            } else if second {
                SUS_2
            } else {
                SUS_4
            };
        } else if self.take("add") {
            while self.take(" ") {}
            let alter = self.accidental(true);
            match self.degree().and_then(|degree| degree_tone(alter, degree)) {
                Some(tone) if tone & FIFTHS == 0 => self.added |= tone,
                _ => return self.back(start),
            }
        } else if self.take("omit") || self.take("no") {
            while self.take(" ") {}
            self.omitted |= match self.degree() {
                Some(3) => THIRDS,
                Some(5) => FIFTHS,
                Some(9) => NINTH,
                Some(11) => ELEVENTH,
                _ => return self.back(start),
            };
        } else if self.take("alt") {
            // "(altb5)", as MusicXML programs write it, only says that an alteration follows.
            self.altered |= !self.rest().starts_with(['b', '#', '♭', '♯']);
        } else {
            return Ok(self.take("dom"));
        }
        Ok(true)
    }

    fn quality(&mut self) -> Result<bool, ShapeTrouble> {
        let start = self.at;
        let rest = self.rest();
        let triangle = TRIANGLES.iter().any(|sign| rest.starts_with(sign));
        // "madd9" is "m" and "add9", not "ma".
        let add_follows = rest.get(1..4).is_some_and(|word| word.eq_ignore_ascii_case("add"));
        let found = FAMILIES
            .into_iter()
            .filter(|(word, _)| !(add_follows && *word == "ma"))
            .find(|(word, _)| self.take(word))
            .map(|(_, family)| family);
        let said_before = self.family.is_some() || self.number.is_some() || self.power || self.added & SIXTH != 0;
        match found {
            None => return Ok(false),
            Some(Family::Major) => self.major(triangle, said_before),
            Some(Family::Augmented) if said_before => self.alterations |= SHARP_5,
            Some(_) if said_before => {
                self.at = start;
                return self.trouble(format!("\"{rest}\" names a quality where one was named already"));
            }
            Some(family) => {
                self.family = Some(family);
                // "+5" is the augmented fifth that "+" says.
                if family == Family::Augmented {
                    self.take("5");
                }
            }
        }
        Ok(true)
    }

    /// "maj": the triad, or with what follows or came before it the major seventh.
    fn major(&mut self, triangle: bool, said_before: bool) {
        self.after_major = true;
        self.major_seventh |= triangle || said_before;
        self.family = self.family.or(Some(Family::Major));
    }

    pub(super) fn finish(self) -> Result<u32, ShapeTrouble> {
        if self.in_parens {
            return self.trouble("a bracket is not closed");
        }
        if self.after_slash {
            return self.trouble("nothing follows the slash");
        }
        if self.altered {
            let nothing_else = self.family.is_none()
                && self.number.is_none_or(|number| number == 7)
                && self.suspended | self.alterations | self.added | self.omitted == 0;
            return if nothing_else { Ok(ALTERED) } else { self.trouble("\"alt\" says all there is to say after 7") };
        }
        let diminished = matches!(self.family, Some(Family::Diminished | Family::HalfDiminished));
        if diminished && (self.suspended | self.omitted & THIRDS) != 0 {
            return self.trouble("a diminished chord keeps its third");
        }
        let minor = diminished || self.family == Some(Family::Minor);
        let mut tones = self.third(minor) | self.fifth(diminished) | self.seventh();
        let mut plain = self.number.map_or(0, |number| stack(number, minor));
        for slot in [NINTHS, ELEVENTHS, THIRTEENTHS] {
            plain &= if self.alterations & slot == 0 { u32::MAX } else { !slot };
        }
        tones |= plain & !self.omitted | self.alterations & !FIFTHS | self.added;
        if (tones & SEVENTHS).count_ones() > 1 {
            return self.trouble("it names two different sevenths");
        }
        Ok(one_name_each(tones))
    }

    fn third(&self, minor: bool) -> u32 {
        let third = if minor { MINOR_3 } else { MAJOR_3 };
        match self.suspended {
            0 if self.power => 0,
            0 => third & !self.omitted,
            suspended => suspended,
        }
    }

    fn fifth(&self, diminished: bool) -> u32 {
        let own = match self.family {
            _ if diminished => FLAT_5,
            Some(Family::Augmented) => SHARP_5,
            _ => FIFTH,
        };
        let altered = self.alterations & FIFTHS;
        (altered | if altered == 0 { own } else { own & !FIFTH }) & !self.omitted
    }

    fn seventh(&self) -> u32 {
        match self.family {
            _ if self.major_seventh => MAJOR_7,
            Some(Family::HalfDiminished) => FLAT_7,
            _ if self.number.is_none() => 0,
            Some(Family::Diminished) => DIMINISHED_7,
            _ => FLAT_7,
        }
    }
}

/// Tones with two names keep one: 13 is 6 without a seventh, 4 and 11 are one beside "sus4", 2 and 9 beside "sus2".
fn one_name_each(mut tones: u32) -> u32 {
    let (from, to) = if tones & SEVENTHS == 0 { (THIRTEENTH, SIXTH) } else { (SIXTH, THIRTEENTH) };
    if tones & from != 0 {
        tones = tones & !from | to;
    }
    tones &= if tones & SUS_4 == 0 { u32::MAX } else { !ELEVENTH };
    tones & if tones & SUS_2 == 0 { u32::MAX } else { !NINTH }
}
