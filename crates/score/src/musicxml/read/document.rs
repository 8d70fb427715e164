//! The document: headers, and for every part what stands in each of its bars, in the units in which it is written.
//!
//! Only one note or direction is held as a tree at a time; what is kept of it is small.

use super::super::{MusicXmlError, RECIPE_FIELD, Repairs};
use super::attributes::{KeySign, read_attributes};
use super::directions::{read_direction, read_sound};
use super::form::{Marks, read_barline};
use super::harmony::{Symbol, read_harmony};
use super::instruments::{Instruments, read_instruments};
use super::notes::{NoteItem, read_note};
use super::tree::{Element, Step, Xml};
use crate::Chord;
use std::collections::HashMap;

/// The most parts of a score.
const MAX_PARTS: usize = 4_096;

/// The most bars, over all parts and with all repeats, as [`write()`](super::super::write) has it.
pub(super) const MAX_BARS: usize = 500_000;

/// What a part does, in the order of the document; times count in divisions.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Item {
    /// How many of the units that follow make a quarter.
    Divisions(f64),
    /// Semitones from the written to the sounding pitch.
    Transpose(i32),
    Time((u8, u8)),
    Key(KeySign),
    Note(NoteItem),
    Backup(f64),
    Forward(f64),
    /// Velocity from here on.
    Level(u8),
    Tempo {
        offset: f64,
        qpm: f64,
    },
    Marker {
        offset: f64,
        text: String,
    },
    Chord {
        offset: f64,
        chord: Option<Chord>,
    },
}

/// One part.
#[derive(Debug, Default)]
pub(super) struct PartDocument {
    pub instruments: Instruments,
    pub measures: Vec<Measure>,
    /// Numbers for the names of voices.
    voices: HashMap<String, u16>,
}

impl PartDocument {
    /// The number of a voice.
    pub(super) fn voice(&mut self, name: &str) -> u16 {
        let new = u16::try_from(self.voices.len()).unwrap_or(u16::MAX);
        *self.voices.entry(name.to_owned()).or_insert(new)
    }
}

/// One bar of one part.
#[derive(Debug, Default)]
pub(super) struct Measure {
    pub items: Vec<Item>,
    pub marks: Marks,
}

/// A score as it is written.
#[derive(Debug, Default)]
pub(super) struct Document {
    pub title: String,
    pub composer: Option<String>,
    pub software: Option<String>,
    pub recipe: Option<String>,
    pub parts: Vec<PartDocument>,
    /// Every number of divisions in it.
    pub divisions: Vec<f64>,
    pub expression_marks: usize,
}

impl Document {
    /// Reads a whole document.
    pub(super) fn parse(text: &str, repairs: &mut Repairs) -> Result<Self, MusicXmlError> {
        let mut xml = Xml::new(text);
        let root = xml.root()?;
        let is_partwise = match root.name.as_str() {
            "score-partwise" => true,
            "score-timewise" => false,
            _ => return Err(MusicXmlError::NotMusicXml { root: root.name }),
        };
        let mut parsing = Parsing {
            document: Self::default(),
            is_partwise,
            listed: HashMap::new(),
            places: HashMap::new(),
            bars: 0,
            repairs,
        };
        while let Step::Open(element) = xml.step()? {
            parsing.section(element, &mut xml)?;
        }
        Ok(parsing.document)
    }

    /// The marks of repeats and jumps in each bar, of all parts together.
    pub(super) fn marks(&self) -> Vec<Marks> {
        let bars = self.parts.iter().map(|part| part.measures.len()).max().unwrap_or(0);
        let mut marks = vec![Marks::default(); bars];
        for part in &self.parts {
            for (all, measure) in marks.iter_mut().zip(&part.measures) {
                all.join(&measure.marks);
            }
        }
        marks
    }
}

struct Parsing<'r> {
    document: Document,
    is_partwise: bool,
    /// What the part list says, by the identity of the part.
    listed: HashMap<String, Instruments>,
    /// Places of parts in the document, by identity.
    places: HashMap<String, usize>,
    bars: usize,
    repairs: &'r mut Repairs,
}

impl Parsing<'_> {
    /// One child of the root.
    fn section(&mut self, element: Element, xml: &mut Xml<'_>) -> Result<(), MusicXmlError> {
        match element.name.as_str() {
            "work" | "movement-title" | "identification" => {
                let element = xml.rest_of(element)?;
                self.header(&element);
            }
            "part-list" => {
                let element = xml.rest_of(element)?;
                for part in element.children_named("score-part") {
                    let id = part.attribute("id").unwrap_or_default().to_owned();
                    self.listed.insert(id, read_instruments(part)?);
                }
            }
            "part" if self.is_partwise => {
                let part = self.part(&element)?;
                let mut bar = 0;
                while let Step::Open(measure) = xml.step()? {
                    if measure.name == "measure" {
                        self.measure(part, bar, xml)?;
                        bar += 1;
                    } else {
                        xml.skip()?;
                    }
                }
            }
            "measure" if !self.is_partwise => {
                let bar = self.document.parts.iter().map(|part| part.measures.len()).max().unwrap_or(0);
                while let Step::Open(element) = xml.step()? {
                    if element.name == "part" {
                        let part = self.part(&element)?;
                        self.measure(part, bar, xml)?;
                    } else {
                        xml.skip()?;
                    }
                }
            }
            _ => xml.skip()?,
        }
        Ok(())
    }

    fn header(&mut self, element: &Element) {
        let said = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let document = &mut self.document;
        match element.name.as_str() {
            "work" if element.has("work-title") => document.title = one_line(element.text_of("work-title")),
            "movement-title" if document.title.is_empty() => document.title = one_line(element.text()),
            "identification" => {
                let mut creators = element.children_named("creator");
                let composer = creators.find(|creator| creator.attribute("type").is_none_or(|of| of == "composer"));
                document.composer = composer.and_then(|creator| said(creator.text()));
                document.software = element.child("encoding").and_then(|encoding| said(encoding.text_of("software")));
                let fields = element.children_named("miscellaneous").flat_map(|m| &m.children);
                let mut recipes = fields.filter(|field| field.attribute("name") == Some(RECIPE_FIELD));
                document.recipe = recipes.next().map(|field| field.exact_text().to_owned());
            }
            _ => {}
        }
    }

    /// The place of a part, new or seen before.
    fn part(&mut self, element: &Element) -> Result<usize, MusicXmlError> {
        let id = element.attribute("id").unwrap_or_default();
        if let Some(&place) = self.places.get(id) {
            return Ok(place);
        }
        let place = self.document.parts.len();
        if place == MAX_PARTS {
            let place = "of the kind <part>".to_owned();
            return Err(MusicXmlError::TooManyElements { line: element.line, most: MAX_PARTS, place });
        }
        let instruments = self.listed.get(id).cloned().unwrap_or_default();
        self.document.parts.push(PartDocument { instruments, ..PartDocument::default() });
        self.places.insert(id.to_owned(), place);
        Ok(place)
    }

    /// Bar number `bar`, counted from 0, of a part; those that the part lacks before it are empty.
    fn measure(&mut self, part: usize, bar: usize, xml: &mut Xml<'_>) -> Result<(), MusicXmlError> {
        let mut measure = Measure::default();
        while let Step::Open(element) = xml.step()? {
            match element.name.as_str() {
                "note" | "backup" | "forward" | "attributes" | "direction" | "sound" | "harmony" | "barline" => {
                    let element = xml.rest_of(element)?;
                    self.item(part, &element, &mut measure)?;
                }
                _ => xml.skip()?,
            }
        }
        let measures = &mut self.document.parts[part].measures;
        let new = (bar + 1).saturating_sub(measures.len());
        self.bars += new;
        if self.bars > MAX_BARS {
            return Err(MusicXmlError::TooManyRepeats { most: MAX_BARS });
        }
        measures.resize_with(measures.len() + new, Measure::default);
        // A part that comes twice, which the format does not allow, goes on where it was.
        let place = &mut measures[bar];
        place.items.append(&mut measure.items);
        place.marks.join(&measure.marks);
        Ok(())
    }

    /// One child of a bar.
    fn item(&mut self, part: usize, element: &Element, measure: &mut Measure) -> Result<(), MusicXmlError> {
        let items = &mut measure.items;
        match element.name.as_str() {
            "note" => {
                let part = &mut self.document.parts[part];
                items.push(Item::Note(read_note(element, part, self.repairs)?));
                self.document.expression_marks += super::notes::expression_marks(element);
            }
            "backup" => items.push(Item::Backup(duration(element, "backup")?)),
            "forward" => items.push(Item::Forward(duration(element, "forward")?)),
            "attributes" => {
                let first = items.len();
                read_attributes(element, items, self.repairs)?;
                self.document.divisions.extend(items[first..].iter().filter_map(|item| match item {
                    Item::Divisions(divisions) => Some(*divisions),
                    _ => None,
                }));
            }
            "direction" => {
                let program = self.document.parts[part].instruments.program();
                let left_out = read_direction(element, program, items, &mut measure.marks, self.repairs)?;
                self.document.expression_marks += left_out;
            }
            "sound" => {
                let program = self.document.parts[part].instruments.program();
                read_sound(element, 0.0, program, items, &mut measure.marks, self.repairs)?;
            }
            "harmony" => {
                let offset = number_in(element, "offset")?.unwrap_or(0.0);
                match read_harmony(element)? {
                    Symbol::Chord { chord, is_exact } => {
                        self.repairs.simplified_chords += usize::from(!is_exact);
                        items.push(Item::Chord { offset, chord: Some(chord) });
                    }
                    Symbol::NoChord => items.push(Item::Chord { offset, chord: None }),
                    Symbol::Unread => self.repairs.unread_chords += 1,
                }
            }
            _ => self.repairs.unread_jumps += read_barline(element, &mut measure.marks),
        }
        Ok(())
    }
}

/// A name or title on one line.
pub(super) fn one_line(text: &str) -> String {
    text.trim().replace(['\r', '\n', '\t'], " ")
}

/// The duration of a note, backup or forward in divisions.
pub(super) fn duration(element: &Element, name: &'static str) -> Result<f64, MusicXmlError> {
    let missing = || MusicXmlError::Missing { line: element.line, element: name, missing: "<duration>" };
    let duration = element.child("duration").ok_or_else(missing)?;
    number(duration, "duration", "a number of 0 or more", |&number: &f64| (0.0..1e12).contains(&number))
}

/// The number that a child holds, in divisions; `None` without the child.
pub(super) fn number_in(element: &Element, name: &'static str) -> Result<Option<f64>, MusicXmlError> {
    let child = element.child(name);
    child.map(|child| number(child, name, "a number", |number: &f64| number.abs() < 1e12)).transpose()
}

/// The number that an element holds.
///
/// # Errors   `Value` where it holds none, or one that is not `allowed`.
pub(super) fn number<T: std::str::FromStr>(
    element: &Element,
    name: &'static str,
    allowed: &'static str,
    is_allowed: impl Fn(&T) -> bool,
) -> Result<T, MusicXmlError> {
    let text = element.text();
    text.parse().ok().filter(is_allowed).ok_or_else(|| value_error(element.line, name, text, allowed))
}

/// The error that says which value was seen; a long one is cut.
pub(super) fn value_error(line: usize, element: &'static str, value: &str, allowed: &'static str) -> MusicXmlError {
    MusicXmlError::Value { line, element, value: value.chars().take(40).collect(), allowed }
}
