//! Directions and sounds: tempo, dynamics, rehearsal marks, and where the music jumps to.

use super::super::{MusicXmlError, Repairs};
use super::document::{Item, number_in, one_line};
use super::form::Marks;
use super::instruments::counted_from_1;
use super::notes::velocity;
use super::tree::Element;

/// The fastest tempo that MIDI can say; beyond it is no music.
const FASTEST_QPM: f64 = 60e6;

/// Reads a `direction`; returns how many marks of expression in it no score holds.
///
/// The offset of a direction moves what is seen; what is heard moves only where the offset says so.
pub(super) fn read_direction(
    direction: &Element,
    program: Option<u8>,
    items: &mut Vec<Item>,
    marks: &mut Marks,
    repairs: &mut Repairs,
) -> Result<usize, MusicXmlError> {
    let offset = number_in(direction, "offset")?.unwrap_or(0.0);
    let is_heard = direction.child("offset").is_some_and(|offset| offset.attribute("sound") == Some("yes"));
    let sound = direction.child("sound");
    let says = |attribute: &str| sound.is_some_and(|sound| sound.attribute(attribute).is_some());
    let mut expression_marks = 0;
    for mark in direction.children_named("direction-type").flat_map(|kind| &kind.children) {
        match mark.name.as_str() {
            "rehearsal" if !mark.text().is_empty() => {
                items.push(Item::Marker { offset, text: one_line(mark.text()) });
            }
            "metronome" if !says("tempo") => items.extend(metronome(mark).map(|qpm| Item::Tempo { offset, qpm })),
            "dynamics" if !says("dynamics") => {
                items.extend(mark.children.iter().find_map(|mark| level(&mark.name)).map(Item::Level));
            }
            "segno" if !says("dalsegno") => marks.segno = true,
            "coda" if !says("tocoda") => marks.coda_sign = true,
            "words" => marks.words(mark.text()),
            "wedge" | "pedal" => expression_marks += 1,
            _ => {}
        }
    }
    if let Some(sound) = sound {
        read_sound(sound, if is_heard { offset } else { 0.0 }, program, items, marks, repairs)?;
    }
    Ok(expression_marks)
}

/// Reads a `sound`, `offset` divisions after the place where the document stands unless it has an offset itself.
pub(super) fn read_sound(
    sound: &Element,
    offset: f64,
    program: Option<u8>,
    items: &mut Vec<Item>,
    marks: &mut Marks,
    repairs: &mut Repairs,
) -> Result<(), MusicXmlError> {
    let offset = number_in(sound, "offset")?.unwrap_or(offset);
    if let Some(tempo) = sound.attribute("tempo") {
        match tempo.trim().parse::<f64>().ok().filter(|&qpm| qpm > 0.0 && qpm <= FASTEST_QPM) {
            Some(qpm) => items.push(Item::Tempo { offset, qpm }),
            None => repairs.bad_signatures += 1,
        }
    }
    items.extend(sound.attribute("dynamics").and_then(velocity).map(Item::Level));
    for instrument in sound.children_named("midi-instrument") {
        let new = counted_from_1(instrument, "midi-program")?;
        repairs.instrument_changes += usize::from(new.is_some() && program.is_some() && new != program);
    }
    marks.sound(sound);
    Ok(())
}

/// Quarters a minute of a metronome mark that counts a note value; `None` for one that compares two.
fn metronome(mark: &Element) -> Option<f64> {
    let mut unit = quarters(mark.text_of("beat-unit"))?;
    let mut dot = unit;
    for _ in mark.children_named("beat-unit-dot").take(4) {
        dot /= 2.0;
        unit += dot;
    }
    // People write "c. 120" and "120-132".
    let number = mark.text_of("per-minute").trim_start_matches(|c: char| !c.is_ascii_digit());
    let number = number.split(|c: char| !c.is_ascii_digit() && c != '.').next()?;
    number.parse::<f64>().ok().map(|beats| beats * unit).filter(|&qpm| qpm > 0.0 && qpm <= FASTEST_QPM)
}

/// How many quarters a note value lasts.
fn quarters(name: &str) -> Option<f64> {
    Some(match name {
        "maxima" => 32.0,
        "long" => 16.0,
        "breve" => 8.0,
        "whole" => 4.0,
        "half" => 2.0,
        "quarter" => 1.0,
        "eighth" => 0.5,
        "16th" => 0.25,
        "32nd" => 0.125,
        "64th" => 0.0625,
        _ => return None,
    })
}

/// The velocity of a dynamic mark that holds until the next, or `None` for an accent on one note (sf, rfz …).
///
/// 16 a step around mf = 80, as most notation programs play them; closer together towards the ends, which MIDI sets.
pub(super) fn level(mark: &str) -> Option<u8> {
    Some(match mark {
        "pppppp" => 4,
        "ppppp" => 7,
        "pppp" => 10,
        "ppp" => 16,
        "pp" => 33,
        "p" | "fp" | "sfp" => 49,
        "mp" => 64,
        "mf" => 80,
        "f" | "pf" => 96,
        "ff" => 112,
        "fff" => 124,
        "ffff" | "fffff" | "ffffff" => 127,
        "sfpp" => 33,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::tree::Xml;
    use super::*;

    fn direction(inside: &str) -> (Vec<Item>, Marks, usize) {
        let text = format!("<direction>{inside}</direction>");
        let mut xml = Xml::new(&text);
        let root = xml.root().unwrap();
        let (mut items, mut marks) = (Vec::new(), Marks::default());
        let left =
            read_direction(&xml.rest_of(root).unwrap(), None, &mut items, &mut marks, &mut Repairs::default()).unwrap();
        (items, marks, left)
    }

    fn mark(unit: &str, per_minute: &str) -> Vec<Item> {
        let inside = format!("{unit}<per-minute>{per_minute}</per-minute>");
        direction(&format!("<direction-type><metronome>{inside}</metronome></direction-type>")).0
    }

    #[test]
    fn metronome_marks_count_their_note_value() {
        let qpm = |qpm| [Item::Tempo { offset: 0.0, qpm }];
        let dotted = "<beat-unit>quarter</beat-unit><beat-unit-dot/>";
        assert_eq!(mark(dotted, "60"), qpm(90.0));
        assert_eq!(mark("<beat-unit>half</beat-unit>", "c. 60.5"), qpm(121.0));
        assert_eq!(mark("<beat-unit>eighth</beat-unit>", "120-132"), qpm(60.0));
        assert_eq!(mark("<beat-unit>quarter</beat-unit>", "fast"), []);
    }

    #[test]
    fn what_is_said_to_sound_overrules_what_is_seen() {
        let seen = "<direction-type><metronome><beat-unit>quarter</beat-unit><per-minute>60</per-minute></metronome>\
            <dynamics><p/></dynamics></direction-type>";
        let said = "<offset>6</offset><sound tempo='61.5' dynamics='100'/>";
        let (items, ..) = direction(&format!("{seen}{said}"));
        assert_eq!(items, [Item::Tempo { offset: 0.0, qpm: 61.5 }, Item::Level(90)]);
        let heard = said.replace("<offset>", "<offset sound='yes'>");
        assert_eq!(direction(&heard).0[0], Item::Tempo { offset: 6.0, qpm: 61.5 });
    }

    #[test]
    fn dynamics_rise_from_the_softest_to_the_loudest() {
        let levels = ["pppppp", "ppppp", "pppp", "ppp", "pp", "p", "mp", "mf", "f", "ff", "fff", "ffff"].map(level);
        assert!(levels.iter().all(Option::is_some) && levels.is_sorted());
        assert_eq!(level("sfz"), None);
        assert_eq!(direction("<direction-type><wedge/></direction-type>").2, 1);
    }
}
