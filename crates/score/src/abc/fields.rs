//! The fields of a tune that its notes depend on: `K:` key, `M:` metre, `L:` unit length, `Q:` tempo, `P:` order of parts.

use super::TICKS_PER_QUARTER;
use crate::{Key, Mode};

/// Ticks in a whole note.
pub(super) const WHOLE: u32 = 4 * TICKS_PER_QUARTER;

/// Letters C D E F G A B as semitones above C.
pub(super) const SEMITONES: [i32; 7] = [0, 2, 4, 5, 7, 9, 11];

/// The most parts an order (`P:`) may name once its repetitions are played out.
const MAX_PARTS: usize = 256;

/// What a `K:` field says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct KeyField {
    /// The key, church modes read as the nearer of major and minor; `None` where there is none.
    pub key: Option<Key>,
    /// Semitones that the signature adds to each letter, C to B.
    pub signature: [i8; 7],
}

/// Which letter, 0 (C) to 6 (B), of either case.
pub(super) fn letter(c: char) -> Option<usize> {
    "CDEFGAB".find(c.to_ascii_uppercase()).filter(|_| c.is_ascii_alphabetic())
}

/// The signature with this many sharps (+) or flats (−), −7 … 7; beyond that it stays at the end.
fn signature(sharps: i32) -> [i8; 7] {
    const SHARPED: [usize; 7] = [3, 0, 4, 1, 5, 2, 6];
    let mut signature = [0; 7];
    let count = sharps.unsigned_abs().min(7) as usize;
    for index in 0..count {
        let letter = if sharps > 0 { SHARPED[index] } else { SHARPED[6 - index] };
        signature[letter] = sharps.signum() as i8;
    }
    signature
}

/// Reads a `K:` field: "G", "F#m", "D Mixolydian", "Dmix=c", "Hp", "none", also with a clef behind it, which is
/// passed over. Only clef words: an empty field stays as it was (`None`).
pub(super) fn key(text: &str) -> Option<KeyField> {
    let text = text.trim();
    if text.is_empty() || text.eq_ignore_ascii_case("none") {
        return Some(KeyField { key: None, signature: signature(0) });
    }
    if text.starts_with("Hp") || text.starts_with("HP") {
        // The pipes sound A mixolydian: F and C sharp (standard 2.1, 4.6).
        return Some(KeyField { key: Some(Key { tonic: 9, mode: Mode::Major }), signature: signature(2) });
    }
    let mut letters = text.chars();
    let tonic = letters.next().filter(|c| c.is_ascii_uppercase()).and_then(letter)?;
    let rest = letters.as_str();
    let (alter, rest) = match rest.chars().next() {
        Some('#') => (1, &rest[1..]),
        Some('b') => (-1, &rest[1..]),
        _ => (0, rest),
    };
    let word: String = rest.trim_start().chars().take_while(char::is_ascii_alphabetic).collect();
    let (known, fifths, mode) = mode(&word);
    // Sharps of the major keys on C D E F G A B.
    let sharps = [0, 2, 4, -1, 1, 3, 5][tonic] + 7 * alter + fifths;
    let key = Key { tonic: (SEMITONES[tonic] + alter).rem_euclid(12) as u8, mode };
    let mut signature = signature(sharps);
    if known {
        // Behind any other word ("clef=bass") comes no accidental.
        explicit_accidentals(rest.trim_start().get(word.len()..).unwrap_or_default(), &mut signature);
    }
    Some(KeyField { key: Some(key), signature })
}

/// A mode by its first three letters, or "m": whether it is one, by how many fifths its signature is above the major key of
/// the same tonic, and which of our modes is nearest. Any other word is major.
fn mode(word: &str) -> (bool, i32, Mode) {
    let word = word.to_ascii_lowercase();
    match word.get(..3).unwrap_or(&word) {
        "" | "maj" | "ion" => (true, 0, Mode::Major),
        "lyd" => (true, 1, Mode::Major),
        "mix" => (true, -1, Mode::Major),
        "dor" => (true, -2, Mode::Minor),
        "m" | "min" | "aeo" => (true, -3, Mode::Minor),
        "phr" => (true, -4, Mode::Minor),
        "loc" => (true, -5, Mode::Minor),
        _ => (false, 0, Mode::Major),
    }
}

/// Accidentals listed behind a key, "=c ^f".
fn explicit_accidentals(text: &str, signature: &mut [i8; 7]) {
    let mut alter = None;
    for c in text.chars() {
        match (c, alter) {
            ('^', a) => alter = Some(a.unwrap_or(0) + 1),
            ('_', a) => alter = Some(a.unwrap_or(0) - 1),
            ('=', _) => alter = Some(0),
            (c, Some(value)) => {
                if let Some(letter) = letter(c) {
                    signature[letter] = i8::clamp(value, -2, 2);
                }
                alter = None;
            }
            // Words such as "clef=bass" follow; nothing in them is an accidental.
            (c, None) if c.is_ascii_alphabetic() => return,
            _ => {}
        }
    }
}

/// Reads an `M:` field: "6/8", "C", "C|", "2+3/8", "none". The outer `None` is nonsense, the inner one free metre.
pub(super) fn meter(text: &str) -> Option<Option<(u8, u8)>> {
    let text = text.trim();
    match text {
        "" | "none" => return Some(None),
        "C" => return Some(Some((4, 4))),
        "C|" => return Some(Some((2, 2))),
        _ => {}
    }
    let (above, below) = text.split_once('/')?;
    let beats = above.trim_matches(['(', ')', ' ']).split('+').map(|n| n.trim().parse::<u8>().ok());
    let numerator = beats.collect::<Option<Vec<_>>>()?.into_iter().try_fold(0u8, |sum, n| sum.checked_add(n))?;
    let digits = below.trim().split(|c: char| !c.is_ascii_digit()).next()?;
    let denominator: u8 = digits.parse().ok()?;
    let possible = numerator > 0 && denominator.is_power_of_two() && denominator <= 32;
    possible.then_some(Some((numerator, denominator)))
}

/// The length of a bar in ticks.
pub(super) fn bar_length((numerator, denominator): (u8, u8)) -> u32 {
    WHOLE * u32::from(numerator) / u32::from(denominator.max(1))
}

/// Reads a length such as "1/8" in ticks; at least 1.
pub(super) fn length(text: &str) -> Option<u32> {
    let (above, below) = text.trim().split_once('/').unwrap_or((text.trim(), "1"));
    let (above, below): (u32, u32) = (above.trim().parse().ok()?, below.trim().parse().ok()?);
    let possible = (1..=64).contains(&above) && (1..=512).contains(&below);
    possible.then(|| (WHOLE * above / below).max(1))
}

/// The unit length where no `L:` says it: a sixteenth where a bar is shorter than 3/4 of a whole note, else an eighth.
pub(super) fn default_length(meter: Option<(u8, u8)>) -> u32 {
    let short = meter.is_some_and(|meter| bar_length(meter) * 4 < WHOLE * 3);
    if short { WHOLE / 16 } else { WHOLE / 8 }
}

/// Reads a `Q:` field in quarters a minute: "1/4=120", "\"Slow\" 3/8=60", "1/4 1/8=90" (the lengths are summed), and the
/// older "120", which counts unit lengths, or "C=120". `Ok(None)` if there are only words.
pub(super) fn tempo(text: &str, unit: u32) -> Result<Option<f64>, ()> {
    // Every second piece lies between quotation marks.
    let plain: String = text.split('"').step_by(2).collect::<Vec<_>>().join(" ");
    let plain = plain.trim();
    if plain.is_empty() {
        return if text.contains('"') { Ok(None) } else { Err(()) };
    }
    let (lengths, beats) = plain.split_once('=').unwrap_or(("", plain));
    let digits = beats.split_whitespace().next().unwrap_or_default();
    let beats: f64 = digits.parse().map_err(|_| ())?;
    let lengths: Vec<&str> = lengths.split_whitespace().collect();
    let beat: u32 = match lengths.as_slice() {
        [] | ["C" | "c"] => unit,
        written => written.iter().map(|l| length(l)).sum::<Option<u32>>().ok_or(())?,
    };
    let qpm = beats * f64::from(beat) / f64::from(TICKS_PER_QUARTER);
    if (1.0..=1000.0).contains(&qpm) { Ok(Some(qpm)) } else { Err(()) }
}

/// Reads the order of parts, "ABA", "A.B2", "(AB)3C"; `None` if it is no order.
pub(super) fn part_order(text: &str) -> Option<Vec<char>> {
    let mut letters = text.chars().filter(|c| !matches!(c, '.' | ' ')).peekable();
    let order = part_group(&mut letters, 0)?;
    (letters.next().is_none() && !order.is_empty()).then_some(order)
}

fn part_group(letters: &mut std::iter::Peekable<impl Iterator<Item = char>>, depth: usize) -> Option<Vec<char>> {
    let mut order = Vec::new();
    while let Some(c) = letters.next_if(|c| *c != ')') {
        let item = match c {
            'A'..='Z' => vec![c],
            '(' if depth < 8 => {
                let inner = part_group(letters, depth + 1)?;
                letters.next_if_eq(&')')?;
                inner
            }
            _ => return None,
        };
        let times = letters.next_if(char::is_ascii_digit).and_then(|d| d.to_digit(10)).unwrap_or(1);
        for _ in 0..times {
            order.extend(&item);
        }
        if order.len() > MAX_PARTS {
            return None;
        }
    }
    Some(order)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_modes_have_their_signatures() {
        let sharps = |text: &str| key(text).unwrap().signature.iter().map(|a| i32::from(*a)).sum::<i32>();
        for (text, expected) in [
            ("C", 0),
            ("G", 1),
            ("F#m", 3),
            ("Bb", -2),
            ("A Mixolydian", 2),
            ("Edor", 2),
            ("Dlyd", 3),
            ("Bphr", 1),
            ("Cloc", -5),
            ("EMin", 1),
            ("D Major", 2),
            ("Hp", 2),
            ("none", 0),
            ("", 0),
            ("C#", 7),
            ("Gb clef=bass", -6),
        ] {
            assert_eq!(sharps(text), expected, "{text}");
        }
        assert_eq!(key("Ador").unwrap().key, Some(Key { tonic: 9, mode: Mode::Minor }));
        assert_eq!(key("Dmix=c^f").unwrap().signature, [0, 0, 0, 1, 0, 0, 0]);
        assert_eq!(key("q"), None);
        assert_eq!(key("clef=bass"), None, "a clef alone changes no key");
    }

    #[test]
    fn metres_are_read_and_nonsense_refused() {
        assert_eq!(meter("C|"), Some(Some((2, 2))));
        assert_eq!(meter(" 12/8 "), Some(Some((12, 8))));
        assert_eq!(meter("2+2+3/8"), Some(Some((7, 8))));
        assert_eq!(meter("none"), Some(None));
        for nonsense in ["0/4", "4/0", "4/3", "4/64", "300/4", "x", "4"] {
            assert_eq!(meter(nonsense), None, "{nonsense}");
        }
    }

    #[test]
    fn the_unit_is_a_sixteenth_below_three_quarters_of_a_whole_note() {
        assert_eq!(default_length(Some((2, 4))), WHOLE / 16);
        assert_eq!(default_length(Some((3, 4))), WHOLE / 8);
        assert_eq!(default_length(None), WHOLE / 8);
    }

    #[test]
    fn tempos_are_in_quarters_a_minute() {
        assert_eq!(tempo("3/8=120", 1), Ok(Some(180.0)));
        assert_eq!(tempo("\"Slow\" 1/2=40", 1), Ok(Some(80.0)));
        assert_eq!(tempo("1/4 1/8=60", 1), Ok(Some(90.0)));
        assert_eq!(tempo("120", WHOLE / 8), Ok(Some(60.0)));
        assert_eq!(tempo("\"Lively\"", 1), Ok(None));
        for nonsense in ["", "x", "1/4=", "1/4=0", "1/4=nan", "1/4=inf", "9999/1=120"] {
            assert_eq!(tempo(nonsense, WHOLE / 8), Err(()), "{nonsense}");
        }
    }

    #[test]
    fn orders_of_parts_are_played_out() {
        let order = |text: &str| part_order(text).map(|o| o.into_iter().collect::<String>());
        assert_eq!(order("A.B.A").as_deref(), Some("ABA"));
        assert_eq!(order("(AB2)2C").as_deref(), Some("ABBABBC"));
        assert_eq!(order("((((A9)9)9)9)9"), None, "more parts than any dance has");
        for nonsense in ["", "Chos", "(A", "A)", "2"] {
            assert_eq!(order(nonsense), None, "{nonsense}");
        }
    }
}
