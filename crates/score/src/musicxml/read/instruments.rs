//! The part list: what a part is called and on which MIDI instruments it is played.

use super::super::MusicXmlError;
use super::document::{number, one_line};
use super::tree::Element;

/// The instruments of one part.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Instruments {
    /// The name of the part, or of its first instrument, or empty.
    pub name: String,
    /// In the order of the list.
    instruments: Vec<Instrument>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Instrument {
    id: String,
    /// Counted from 0.
    program: Option<u8>,
    /// On MIDI channel 10.
    is_drum: bool,
    /// The MIDI key of a drum.
    drum: Option<u8>,
}

impl Instruments {
    /// The program of the first instrument that has one.
    pub(super) fn program(&self) -> Option<u8> {
        self.instruments.iter().find_map(|instrument| instrument.program)
    }

    /// Whether all instruments, and there are some, are on the drum channel.
    pub(super) fn are_drums(&self) -> bool {
        !self.instruments.is_empty() && self.instruments.iter().all(|instrument| instrument.is_drum)
    }

    /// Instruments with another program than the first.
    pub(super) fn other_programs(&self) -> usize {
        let first = self.program();
        let others =
            |instrument: &&Instrument| !instrument.is_drum && instrument.program.is_some_and(|p| Some(p) != first);
        self.instruments.iter().filter(others).count()
    }

    /// The MIDI key of a drum: of the instrument named, or of the only one there is.
    pub(super) fn drum(&self, id: Option<&str>) -> Option<u8> {
        match (id, &self.instruments[..]) {
            (Some(id), all) => all.iter().find(|instrument| instrument.id == id)?.drum,
            (None, [only]) => only.drum,
            _ => None,
        }
    }
}

/// Reads a `score-part`.
pub(super) fn read_instruments(part: &Element) -> Result<Instruments, MusicXmlError> {
    let mut instruments: Vec<Instrument> = part
        .children_named("score-instrument")
        .map(|element| Instrument {
            id: element.attribute("id").unwrap_or_default().to_owned(),
            ..Instrument::default()
        })
        .collect();
    for element in part.children_named("midi-instrument") {
        let id = element.attribute("id").unwrap_or_default();
        let place = instruments.iter().position(|instrument| instrument.id == id).unwrap_or_else(|| {
            instruments.push(Instrument { id: id.to_owned(), ..Instrument::default() });
            instruments.len() - 1
        });
        let instrument = &mut instruments[place];
        instrument.is_drum = element.text_of("midi-channel") == "10";
        instrument.program = counted_from_1(element, "midi-program")?;
        instrument.drum = counted_from_1(element, "midi-unpitched")?;
    }
    let names =
        [part.text_of("part-name"), part.child("score-instrument").map_or("", |i| i.text_of("instrument-name"))];
    let name = names.into_iter().find(|name| !name.is_empty()).unwrap_or_default();
    Ok(Instruments { name: one_line(name), instruments })
}

/// A MIDI number, which MusicXML counts from 1, counted from 0.
pub(super) fn counted_from_1(element: &Element, name: &'static str) -> Result<Option<u8>, MusicXmlError> {
    let child = element.child(name).filter(|child| !child.text().is_empty());
    let number = |child| number(child, name, "a whole number of 1 to 128", |number: &u8| (1..=128).contains(number));
    Ok(child.map(number).transpose()?.map(|number| number - 1))
}
