//! A tune's lines: fields of the header and of the body, and lines of music for [`body`](super::body).

use super::body::{Item, Voice};
use super::fields::{self, KeyField};
use super::{MAX_EVENTS, Repairs};

/// The most voices of a tune; music of further ones goes to the last.
const MAX_VOICES: usize = 32;

/// What the header says for people, and the order of parts.
#[derive(Debug, Default)]
pub(super) struct Header {
    pub titles: Vec<String>,
    pub rhythm: String,
    pub composer: String,
    /// Labels of parts in the order they are played.
    pub order: Option<Vec<char>>,
}

/// A tune as it is written, repeats not yet played out.
pub(super) struct Written {
    pub header: Header,
    pub voices: Vec<Voice>,
    pub repairs: Repairs,
}

/// What a voice begins with.
pub(super) struct Start {
    pub key: KeyField,
    pub meter: Option<(u8, u8)>,
    pub unit: u32,
    pub tempo: Option<f64>,
}

/// Where reading stands.
pub(super) struct Reading {
    header: Header,
    key: KeyField,
    meter: Option<(u8, u8)>,
    /// `L:`, where it was given.
    unit: Option<u32>,
    /// `Q:` as text, for its unit may be given later.
    tempo: Option<String>,
    /// Voices that the header names, before they have music: id, name.
    named: Vec<(String, String)>,
    voices: Vec<Voice>,
    current: usize,
    in_body: bool,
    items: usize,
    pub repairs: Repairs,
}

/// Reads one tune, from its `X:` line to the first empty line after its key.
pub(super) fn read(text: &str) -> Written {
    let mut reading = Reading {
        header: Header::default(),
        key: KeyField { key: None, signature: [0; 7] },
        meter: None,
        unit: None,
        tempo: None,
        named: Vec::new(),
        voices: Vec::new(),
        current: 0,
        in_body: false,
        items: 0,
        repairs: Repairs::default(),
    };
    for line in text.split(['\n', '\r']) {
        if line.trim().is_empty() && reading.in_body && !reading.voices.is_empty() && !is_line_end(text, line) {
            break;
        }
        // A comment; "\%" is a sign of percent.
        let line = match line.match_indices('%').find(|(at, _)| !line[..*at].ends_with('\\')) {
            Some((at, _)) => &line[..at],
            None => line,
        };
        reading.line(line.trim());
    }
    Written { header: reading.header, voices: reading.voices, repairs: reading.repairs }
}

/// True for the nothing between the two signs of a Windows line end.
fn is_line_end(text: &str, line: &str) -> bool {
    let at = line.as_ptr() as usize - text.as_ptr() as usize;
    text[..at].ends_with('\r') && text[at + line.len()..].starts_with('\n')
}

/// A field's letter and value, if a line is one: "A:|" is a note and a repeat.
fn field(line: &str) -> Option<(char, &str)> {
    let mut letters = line.chars();
    let (name, colon) = (letters.next()?, letters.next()?);
    let value = letters.as_str();
    (name.is_ascii_alphabetic() && colon == ':' && !value.starts_with(['|', ':'])).then_some((name, value.trim()))
}

impl Reading {
    fn line(&mut self, line: &str) {
        match field(line) {
            Some((name, value)) => self.field(name, value),
            // Before the key there is no music.
            None if self.in_body => self.music(line),
            None => {}
        }
    }

    /// Acts on a field of the header, of the body or inside a line of music.
    pub(super) fn field(&mut self, name: char, value: &str) {
        match name {
            'T' if !self.in_body => self.header.titles.push(value.to_owned()),
            'R' if self.header.rhythm.is_empty() => self.header.rhythm = value.to_owned(),
            'C' if self.header.composer.is_empty() => self.header.composer = value.to_owned(),
            'K' => self.key(value),
            'M' => match fields::meter(value) {
                Some(meter) => self.meter(meter),
                None => self.repairs.bad_fields += 1,
            },
            'L' => match fields::length(value) {
                Some(unit) => self.unit(unit),
                None => self.repairs.bad_fields += 1,
            },
            'Q' if self.in_body => self.tempo(value),
            'Q' => self.tempo = Some(value.to_owned()),
            'P' => self.part(value),
            'V' => self.switch_voice(value),
            _ => {}
        }
    }

    fn key(&mut self, value: &str) {
        match fields::key(value) {
            Some(key) if self.in_body => {
                let voice = self.voice();
                voice.key = key;
                self.push_change(key.key.map(Item::Key));
            }
            Some(key) => self.key = key,
            None => self.repairs.bad_fields += 1,
        }
        self.in_body = true;
    }

    fn meter(&mut self, meter: Option<(u8, u8)>) {
        if self.in_body {
            self.voice().meter = meter;
            self.push_change(Some(Item::Meter(meter)));
        } else {
            self.meter = meter;
        }
    }

    fn unit(&mut self, unit: u32) {
        if self.in_body { self.voice().unit = unit } else { self.unit = Some(unit) }
    }

    fn tempo(&mut self, value: &str) {
        let unit = self.voice().unit;
        match fields::tempo(value, unit) {
            Ok(qpm) => self.push_change(qpm.map(Item::Tempo)),
            Err(()) => self.repairs.bad_fields += 1,
        }
    }

    /// `P:` is an order of parts in the header and a label in the body; other words ("Variations") are neither.
    fn part(&mut self, value: &str) {
        if self.in_body {
            let mut letters = value.trim_end_matches('.').chars();
            let label = letters.next().filter(|c| c.is_ascii_uppercase() && letters.next().is_none());
            self.push_change(label.map(Item::Label));
        } else {
            self.header.order = fields::part_order(value);
            self.repairs.bad_fields += usize::from(self.header.order.is_none());
        }
    }

    fn switch_voice(&mut self, value: &str) {
        let id = value.split_whitespace().next().unwrap_or_default().to_owned();
        if !self.in_body {
            let name = attribute(value, "name=").or_else(|| attribute(value, "nm=")).unwrap_or_default();
            if self.named.len() < MAX_VOICES {
                self.named.push((id, name.to_owned()));
            }
            return;
        }
        self.current = match self.voices.iter().position(|voice| voice.id == id) {
            Some(index) => index,
            None if self.voices.len() < MAX_VOICES => {
                let voice = self.new_voice(id);
                self.voices.push(voice);
                self.voices.len() - 1
            }
            None => self.voices.len() - 1,
        };
    }

    fn new_voice(&mut self, id: String) -> Voice {
        let unit = self.unit.unwrap_or_else(|| fields::default_length(self.meter));
        let tempo = self.tempo.as_deref().map(|text| fields::tempo(text, unit));
        self.repairs.bad_fields += usize::from(tempo == Some(Err(())) && self.voices.is_empty());
        let tempo = tempo.and_then(Result::ok).flatten();
        let name = self.named.iter().find(|(named, _)| *named == id).map_or(String::new(), |(_, name)| name.clone());
        Voice::new(id, name, Start { key: self.key, meter: self.meter, unit, tempo })
    }

    /// The voice whose music is being read; the first music of a tune makes the first voice.
    pub(super) fn voice(&mut self) -> &mut Voice {
        if self.voices.is_empty() {
            let voice = self.new_voice(String::new());
            self.voices.push(voice);
        }
        let last = self.voices.len() - 1;
        &mut self.voices[self.current.min(last)]
    }

    /// True as long as a tune may hold more.
    pub(super) fn has_room(&mut self) -> bool {
        self.items += 1;
        if self.items > MAX_EVENTS {
            self.repairs.cut_short = 1;
        }
        self.items <= MAX_EVENTS
    }

    fn push_change(&mut self, item: Option<Item>) {
        if let Some(item) = item
            && self.has_room()
        {
            self.voice().items.push(item);
        }
    }
}

/// The value of an attribute of a voice: `name="Flute 1"` or `name=Flute`.
fn attribute<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let value = &text[text.find(name)? + name.len()..];
    match value.strip_prefix('"') {
        Some(quoted) => quoted.split('"').next(),
        None => value.split_whitespace().next(),
    }
}
