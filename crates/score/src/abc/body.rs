//! A line of music: notes, rests, bar lines and what stands between them, as [`Item`]s of a voice.

use super::chord_symbol;
use super::fields::{KeyField, SEMITONES, bar_length, letter};
use super::lines::{Reading, Start};
use crate::{Chord, Key};

/// Octaves above or below middle C's that marks can reach; MIDI ends well before.
const MAX_OCTAVES: i32 = 10;

/// The highest number of an ending.
pub(super) const MAX_ENDING: u32 = 16;

/// The longest single note or rest, in unit lengths.
const MAX_UNITS: u32 = 4096;

/// One pitch of a note or chord.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pitch {
    pub pitch: u8,
    pub tied: bool,
}

/// What a voice is made of, in the order it is written.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Item {
    /// A note, a chord, or a rest where there is no pitch; the length is in ticks.
    Sound {
        pitches: Vec<Pitch>,
        length: u32,
    },
    /// A bar line.
    Bar(Bar),
    /// What follows is played in these passes; bit n is pass n + 1.
    Ending(u32),
    /// A chord symbol; `None` is "no chord".
    Chord(Option<Chord>),
    Meter(Option<(u8, u8)>),
    Key(Key),
    /// Quarters a minute.
    Tempo(f64),
    /// The label of the part that begins here.
    Label(char),
}

/// A bar line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Bar {
    /// `:|` among it.
    pub ends_repeat: bool,
    /// `|:` among it.
    pub starts_repeat: bool,
    /// Two lines, or a thin and a thick one: a section ends.
    pub double: bool,
}

/// A note as it is spelled: letter 0–6, octave (0 from middle C), and where that is.
type Spelled = (usize, i32, u8);

/// One voice, as far as it is read.
#[derive(Debug)]
pub(super) struct Voice {
    pub id: String,
    pub name: String,
    pub items: Vec<Item>,
    pub key: KeyField,
    pub meter: Option<(u8, u8)>,
    /// Ticks of a length of 1.
    pub unit: u32,
    /// Accidentals in force until the bar line, by letter.
    accidentals: [Option<i8>; 7],
    /// Notes of a tuplet still to come, and what their lengths are multiplied with.
    tuplet: (u32, (u64, u64)),
    /// What a broken rhythm multiplies the next length with.
    broken: (u64, u64),
    /// Which item sounded last, for `>` and `-`; none after a bar line for `>`'s sake would be too strict.
    last: Option<usize>,
    last_spelled: Vec<Spelled>,
    /// Notes whose tie leads to the next item.
    tied: Vec<Spelled>,
    /// In the second voice of a bar.
    in_overlay: bool,
}

impl Voice {
    pub fn new(id: String, name: String, start: Start) -> Self {
        let mut items = vec![Item::Meter(start.meter)];
        items.extend(start.key.key.map(Item::Key));
        items.extend(start.tempo.map(Item::Tempo));
        Self {
            id,
            name,
            items,
            key: start.key,
            meter: start.meter,
            unit: start.unit,
            accidentals: [None; 7],
            tuplet: (0, (1, 1)),
            broken: (1, 1),
            last: None,
            last_spelled: Vec::new(),
            tied: Vec::new(),
            in_overlay: false,
        }
    }

    /// The pitch of a letter, its accidental (if written) and octave; `None` outside MIDI.
    fn pitch(&mut self, letter: usize, written: Option<i8>, octave: i32) -> Option<u8> {
        if written.is_none()
            && let Some((_, _, pitch)) = self.tied.iter().find(|(l, o, _)| (*l, *o) == (letter, octave))
        {
            return Some(*pitch);
        }
        if written.is_some() {
            self.accidentals[letter] = written;
        }
        let alter = written.or(self.accidentals[letter]).unwrap_or(self.key.signature[letter]);
        let pitch = 60 + 12 * octave + SEMITONES[letter] + i32::from(alter);
        u8::try_from(pitch).ok().filter(|p| *p < 128)
    }

    /// Adds a note, chord or rest of `length` ticks as written, before tuplets and broken rhythms.
    fn sound(&mut self, spelled: Vec<Spelled>, ties: &[bool], length: u64) {
        let (broken_up, broken_down) = std::mem::replace(&mut self.broken, (1, 1));
        let (mut up, mut down) = (broken_up, broken_down);
        if self.tuplet.0 > 0 {
            self.tuplet.0 -= 1;
            (up, down) = (up * self.tuplet.1.0, down * self.tuplet.1.1);
        }
        self.tied.clear();
        if self.in_overlay {
            return;
        }
        let length = u32::try_from((length * up + down / 2) / down).unwrap_or(u32::MAX).max(1);
        let tied = |i: usize| ties.get(i).copied().unwrap_or(false);
        let pitches = spelled.iter().enumerate().map(|(i, s)| Pitch { pitch: s.2, tied: tied(i) }).collect();
        self.tied.extend(spelled.iter().enumerate().filter(|(i, _)| tied(*i)).map(|(_, s)| *s));
        self.last_spelled = spelled;
        self.last = Some(self.items.len());
        self.items.push(Item::Sound { pitches, length });
    }

    /// `-` after a note: it goes on in the next.
    fn tie(&mut self) -> bool {
        let Some(Item::Sound { pitches, .. }) = self.last.and_then(|last| self.items.get_mut(last)) else {
            return false;
        };
        pitches.iter_mut().for_each(|p| p.tied = true);
        self.tied = self.last_spelled.clone();
        !pitches.is_empty()
    }

    /// `>` (or `<`, if `shortens`) after a note, `count` times.
    fn break_rhythm(&mut self, shortens: bool, count: u32) -> bool {
        let Some(Item::Sound { length, .. }) = self.last.and_then(|last| self.items.get_mut(last)) else {
            return false;
        };
        let parts = 1u64 << count;
        let (long, short) = ((2 * parts - 1, parts), (1, parts));
        let (this, next) = if shortens { (short, long) } else { (long, short) };
        *length = u32::try_from(u64::from(*length) * this.0 / this.1).unwrap_or(u32::MAX).max(1);
        self.broken = next;
        true
    }

    fn bar(&mut self, bar: Bar) {
        self.accidentals = [None; 7];
        self.in_overlay = false;
        self.items.push(Item::Bar(bar));
    }
}

/// A line of music being read.
struct Line<'a> {
    chars: &'a [char],
    at: usize,
}

impl Line<'_> {
    fn peek(&self, ahead: usize) -> Option<char> {
        self.chars.get(self.at + ahead).copied()
    }

    fn next_if(&mut self, wanted: impl Fn(char) -> bool) -> Option<char> {
        let c = self.peek(0).filter(|c| wanted(*c))?;
        self.at += 1;
        Some(c)
    }

    /// Takes all up to and with `close`; `None` (and nothing taken) if the line has no more of it.
    fn up_to(&mut self, close: char) -> Option<String> {
        let length = self.chars[self.at..].iter().position(|c| *c == close)?;
        let text = self.chars[self.at..self.at + length].iter().collect();
        self.at += length + 1;
        Some(text)
    }

    fn number(&mut self) -> Option<u32> {
        let mut number = None;
        while let Some(digit) = self.next_if(|c| c.is_ascii_digit()) {
            let digit = digit.to_digit(10).unwrap_or_default();
            number = Some(number.unwrap_or(0u32).saturating_mul(10).saturating_add(digit));
        }
        number
    }

    /// A length as (numerator, denominator): "3", "/", "3/2", "//".
    fn length(&mut self) -> (u64, u64) {
        let numerator = self.number().unwrap_or(1).min(MAX_UNITS);
        let mut denominator = 1u64;
        while self.next_if(|c| c == '/').is_some() {
            // "/" alone halves; no note is shorter than a 4096th of the unit.
            let by = self.number().unwrap_or(2).clamp(1, MAX_UNITS);
            denominator = (denominator * u64::from(by)).min(u64::from(MAX_UNITS));
        }
        (u64::from(numerator), denominator)
    }
}

impl Reading {
    /// Reads one line of music into the current voice.
    pub(super) fn music(&mut self, text: &str) {
        let chars: Vec<char> = text.chars().collect();
        let mut line = Line { chars: &chars, at: 0 };
        while let Some(c) = line.peek(0) {
            if !self.has_room() {
                return;
            }
            match c {
                '"' => self.quoted(&mut line),
                '!' => self.decoration(&mut line, '!'),
                '+' => self.plus(&mut line),
                '{' => self.grace(&mut line),
                '[' => self.bracket(&mut line),
                '|' | ':' => self.bar_line(&mut line),
                '(' => self.parenthesis(&mut line),
                '-' => {
                    line.at += 1;
                    let known = self.voice().tie();
                    self.repairs.loose_ties += usize::from(!known);
                }
                '>' | '<' => self.broken_rhythm(&mut line, c),
                '^' | '_' | '=' | 'A'..='G' | 'a'..='g' => self.note(&mut line),
                'z' | 'x' => {
                    line.at += 1;
                    let (up, down) = line.length();
                    let voice = self.voice();
                    let length = u64::from(voice.unit) * up / down;
                    voice.sound(Vec::new(), &[], length);
                }
                'Z' | 'X' => self.bars_of_rest(&mut line),
                'y' => {
                    line.at += 1;
                    line.length();
                }
                '&' => {
                    line.at += 1;
                    self.repairs.overlays += usize::from(!self.voice().in_overlay);
                    self.voice().in_overlay = true;
                }
                // Slurs, decorations of one letter, beams held together or apart, a line that goes on.
                ')' | '.' | '~' | 'h'..='w' | 'H'..='W' | ' ' | '\t' | '`' | '\\' => line.at += 1,
                _ => {
                    line.at += 1;
                    self.repairs.unknown_symbols += 1;
                }
            }
        }
    }

    /// Words over the staff: a chord symbol, or a remark.
    fn quoted(&mut self, line: &mut Line) {
        line.at += 1;
        match line.up_to('"') {
            Some(text) => {
                self.jump(&text);
                if let Some(chord) = chord_symbol(&text) {
                    self.voice().items.push(Item::Chord(chord));
                }
            }
            None => self.repairs.unknown_symbols += 1,
        }
    }

    /// Counts "D.C.", "D.S." and words that say the same.
    fn jump(&mut self, text: &str) {
        let plain: String = text.chars().filter(char::is_ascii_alphabetic).collect::<String>().to_ascii_lowercase();
        let jumps = ["dc", "ds", "dacapo", "dalsegno", "dcalfine", "dsalfine"].contains(&plain.as_str());
        self.repairs.jumps_not_followed += usize::from(jumps);
    }

    /// "!trill!"; a lone "!" broke lines in old files.
    fn decoration(&mut self, line: &mut Line, sign: char) {
        line.at += 1;
        let rest = &line.chars[line.at..];
        let name: String = rest.iter().take_while(|c| **c != sign).collect();
        let closed = name.chars().count() < rest.len();
        if closed && !name.contains(['|', ' ']) {
            line.at += name.chars().count() + 1;
            self.jump(&name);
        }
    }

    /// "+CEG+" was a chord, "+trill+" a decoration.
    fn plus(&mut self, line: &mut Line) {
        let rest = &line.chars[line.at + 1..];
        let inside: Vec<char> = rest.iter().copied().take_while(|c| *c != '+').collect();
        let is_chord = !inside.is_empty()
            && inside.len() < rest.len()
            && inside.iter().all(|c| letter(*c).is_some() || c.is_ascii_digit() || "/^_=,'".contains(*c));
        if is_chord { self.chord(line, '+') } else { self.decoration(line, '+') }
    }

    fn grace(&mut self, line: &mut Line) {
        line.at += 1;
        match line.up_to('}') {
            Some(text) => self.repairs.grace_notes += text.chars().filter(|c| letter(*c).is_some()).count(),
            None => self.repairs.unknown_symbols += 1,
        }
    }

    /// "[" opens a chord, a field, an ending or a bar line.
    fn bracket(&mut self, line: &mut Line) {
        match (line.peek(1), line.peek(2)) {
            (Some('|' | ']'), _) => self.bar_line(line),
            (Some(c), _) if c.is_ascii_digit() => {
                line.at += 1;
                self.ending(line);
            }
            (Some(name), Some(':')) if name.is_ascii_alphabetic() => {
                line.at += 3;
                match line.up_to(']') {
                    Some(value) => self.field(name, value.trim()),
                    None => self.repairs.unknown_symbols += 1,
                }
            }
            (Some('"'), _) => {
                // An ending with words for a number: the words are read next, the passes are unknown.
                line.at += 1;
                self.repairs.unknown_symbols += 1;
            }
            _ => self.chord(line, ']'),
        }
    }

    /// A bar line and the number of an ending that may follow at once.
    fn bar_line(&mut self, line: &mut Line) {
        let mut signs = String::new();
        loop {
            match (line.peek(0), line.peek(1)) {
                // An invisible line is a line.
                (Some('['), Some('|')) if line.peek(2) == Some(']') => {
                    signs.push('|');
                    line.at += 3;
                }
                (Some('['), Some(']')) => {
                    signs.push('|');
                    line.at += 2;
                }
                (Some('['), Some('|')) => {
                    signs.push_str("||");
                    line.at += 2;
                }
                (Some(']'), _) if signs.ends_with('|') => {
                    signs.push('|');
                    line.at += 1;
                }
                (Some(sign @ ('|' | ':')), _) => {
                    signs.push(sign);
                    line.at += 1;
                }
                _ => break,
            }
        }
        if !signs.contains('|') && signs.len() < 2 {
            // A lone colon.
            self.repairs.unknown_symbols += 1;
            return;
        }
        let both = !signs.contains('|');
        // "|:|" is taken for "|" and ":|".
        let inside = signs.trim_matches(':').contains(':');
        let bar = Bar {
            ends_repeat: both || signs.starts_with(':') || (inside && !signs.ends_with(':')),
            starts_repeat: both || signs.ends_with(':'),
            double: signs.contains("||"),
        };
        self.voice().bar(bar);
        if line.peek(0).is_some_and(|c| c.is_ascii_digit()) {
            self.ending(line);
        }
    }

    /// The passes of an ending: "1", "2,3", "1-3".
    fn ending(&mut self, line: &mut Line) {
        let mut passes = 0u32;
        while let Some(from) = line.number() {
            let range = line.peek(0) == Some('-') && line.peek(1).is_some_and(|c| c.is_ascii_digit());
            line.at += usize::from(range);
            let to = if range { line.number().unwrap_or(from) } else { from };
            for pass in from.max(1)..=to.min(MAX_ENDING) {
                passes |= 1 << (pass - 1);
            }
            let more = line.peek(0) == Some(',') && line.peek(1).is_some_and(|c| c.is_ascii_digit());
            line.at += usize::from(more);
            if !more {
                break;
            }
        }
        match passes {
            0 => self.repairs.unknown_symbols += 1,
            passes => self.voice().items.push(Item::Ending(passes)),
        }
    }

    /// "(3" opens a tuplet, "(3:2:3" says all of it; any other "(" is a slur.
    fn parenthesis(&mut self, line: &mut Line) {
        line.at += 1;
        let Some(notes) = line.number() else { return };
        let mut given = [None; 2];
        for value in &mut given {
            if line.next_if(|c| c == ':').is_none() {
                break;
            }
            *value = line.number();
        }
        let compound = self.voice().meter.is_some_and(|(beats, _)| beats % 3 == 0 && beats > 3);
        let default = match notes {
            2 | 4 | 8 => 3,
            3 | 6 => 2,
            _ if compound => 3,
            _ => 2,
        };
        let in_time_of = given[0].unwrap_or(default);
        let possible = (2..=64).contains(&notes) && (1..=64).contains(&in_time_of);
        if possible {
            let count = given[1].unwrap_or(notes).min(64);
            self.voice().tuplet = (count, (u64::from(in_time_of), u64::from(notes)));
        } else {
            self.repairs.unknown_symbols += 1;
        }
    }

    fn broken_rhythm(&mut self, line: &mut Line, sign: char) {
        let mut count = 0;
        while line.next_if(|c| c == sign).is_some() {
            count += 1;
        }
        let known = self.voice().break_rhythm(sign == '<', count.min(3));
        self.repairs.unknown_symbols += usize::from(!known || count > 3);
    }

    fn note(&mut self, line: &mut Line) {
        let spelled = self.spelled(line);
        let (up, down) = line.length();
        let voice = self.voice();
        let length = u64::from(voice.unit) * up / down;
        match spelled {
            Some(spelled) => voice.sound(spelled.into_iter().collect(), &[], length),
            None => self.repairs.unknown_symbols += 1,
        }
    }

    /// "^c'": the outer `None` if no letter follows the accidental, the inner one if MIDI has no such note.
    fn spelled(&mut self, line: &mut Line) -> Option<Option<Spelled>> {
        let mut written = None;
        while let Some(sign) = line.next_if(|c| "^_=".contains(c)) {
            let alter = written.unwrap_or(0i8);
            written = Some(match sign {
                '^' => (alter + 1).min(2),
                '_' => (alter - 1).max(-2),
                _ => 0,
            });
        }
        let c = line.next_if(|c| letter(c).is_some())?;
        let mut octave = i32::from(c.is_ascii_lowercase());
        while let Some(mark) = line.next_if(|c| "',".contains(c)) {
            octave = (octave + if mark == ',' { -1 } else { 1 }).clamp(-MAX_OCTAVES, MAX_OCTAVES);
        }
        let letter = letter(c)?;
        let pitch = self.voice().pitch(letter, written, octave);
        self.repairs.notes_out_of_range += usize::from(pitch.is_none());
        Some(pitch.map(|pitch| (letter, octave, pitch)))
    }

    /// "[CEG]2": as long as its first note, times what follows the bracket.
    fn chord(&mut self, line: &mut Line, close: char) {
        line.at += 1;
        let (mut spelled, mut ties) = (Vec::new(), Vec::new());
        let mut first_length = None;
        while let Some(c) = line.peek(0).filter(|c| *c != close) {
            if letter(c).is_some() || "^_=".contains(c) {
                let Some(note) = self.spelled(line) else {
                    self.repairs.unknown_symbols += 1;
                    continue;
                };
                let length = line.length();
                first_length.get_or_insert(length);
                let tied = line.next_if(|c| c == '-').is_some();
                if let Some(note) = note {
                    spelled.push(note);
                    ties.push(tied);
                }
            } else if c == '"' {
                self.quoted(line);
            } else if c == '|' {
                // Never closed: the bar line is worth more.
                break;
            } else {
                line.at += 1;
            }
        }
        let closed = line.next_if(|c| c == close).is_some();
        self.repairs.unknown_symbols += usize::from(!closed);
        let (first, outer) = (first_length.unwrap_or((1, 1)), line.length());
        if first_length.is_none() {
            self.repairs.unknown_symbols += 1;
            return;
        }
        let voice = self.voice();
        let length = u64::from(voice.unit) * first.0 * outer.0 / (first.1 * outer.1);
        voice.sound(spelled, &ties, length);
    }

    /// "Z4": whole bars of rest.
    fn bars_of_rest(&mut self, line: &mut Line) {
        line.at += 1;
        let count = line.number().unwrap_or(1).min(MAX_UNITS);
        let voice = self.voice();
        let bar = bar_length(voice.meter.unwrap_or((4, 4)));
        voice.sound(Vec::new(), &[], u64::from(bar) * u64::from(count));
    }
}
