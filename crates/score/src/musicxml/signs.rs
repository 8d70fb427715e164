//! What stands above the staff: chord symbols, tempo marks, rehearsal marks and words.

use super::bars::{Bar, bar_at};
use super::xml::XmlWriter;
use crate::spelling::{NoteName, name_bass, name_root};
use crate::{Chord, ChordQuality, Key, Score};

/// A sign and its moment, in grid positions.
pub(super) struct Sign<'a> {
    pub at: u32,
    kind: SignKind<'a>,
}

enum SignKind<'a> {
    Rehearsal(&'a str),
    Words(&'a str),
    /// Quarters a minute; `mark` is what is printed, as beat unit, dots and beats a minute.
    Tempo {
        qpm: f64,
        mark: Option<(&'static str, u8, i64)>,
    },
    Harmony(Option<Chord>, Option<Key>),
}

/// A tempo this little different from the last printed one is played, but not printed.
const UNPRINTED_TEMPO_CHANGE: f64 = 0.03;

/// All signs of a piece, sorted; those at one moment in the order in which they are read.
pub(super) fn signs<'a>(score: &'a Score, bars: &[Bar]) -> Vec<Sign<'a>> {
    let mut signs = Vec::new();
    signs.extend(score.sections.iter().map(|s| Sign { at: s.at.0, kind: SignKind::Rehearsal(&s.label) }));
    signs.extend(tempo_signs(score, bars));
    signs.extend(score.markers.iter().map(|m| Sign { at: m.at.0, kind: SignKind::Words(&m.text) }));
    let mut before = None;
    for event in &score.chords {
        // The same chord going on is not written again.
        if before != Some((event.chord, event.at)) {
            let key = bar_at(bars, event.at.0).key;
            signs.push(Sign { at: event.at.0, kind: SignKind::Harmony(event.chord, key) });
        }
        before = Some((event.chord, event.end));
    }
    signs.retain(
        |sign| !matches!(sign.kind, SignKind::Rehearsal(text) | SignKind::Words(text) if text.trim().is_empty()),
    );
    signs.sort_by_key(|sign| sign.at);
    signs
}

fn tempo_signs<'a>(score: &Score, bars: &[Bar]) -> Vec<Sign<'a>> {
    let mut signs = Vec::new();
    if score.tempos.first().is_none_or(|first| first.at.0 > 0) {
        signs.push(Sign { at: 0, kind: SignKind::Tempo { qpm: 120.0, mark: None } });
    }
    let mut printed: Option<f64> = None;
    for tempo in &score.tempos {
        let is_new = printed.is_none_or(|last| (tempo.qpm / last - 1.0).abs() > UNPRINTED_TEMPO_CHANGE);
        let mark = is_new.then(|| {
            printed = Some(tempo.qpm);
            let (unit, dots, quarters) = bar_at(bars, tempo.at.0).beat_unit();
            (unit, dots, (tempo.qpm / quarters).round() as i64)
        });
        signs.push(Sign { at: tempo.at.0, kind: SignKind::Tempo { qpm: tempo.qpm, mark } });
    }
    signs
}

impl Sign<'_> {
    /// Writes the sign `offset` grid positions after the place where the document stands.
    pub(super) fn write(&self, offset: u32, xml: &mut XmlWriter) {
        match &self.kind {
            SignKind::Rehearsal(text) => direction(xml, offset, None, |xml| xml.leaf("rehearsal", text)),
            SignKind::Words(text) => direction(xml, offset, None, |xml| xml.leaf("words", text)),
            SignKind::Tempo { qpm, mark: Some((unit, dots, per_minute)) } => {
                direction(xml, offset, Some(*qpm), |xml| {
                    xml.open("metronome", &[]);
                    xml.leaf("beat-unit", unit);
                    (0..*dots).for_each(|_| xml.empty("beat-unit-dot", &[]));
                    xml.leaf("per-minute", per_minute);
                    xml.close();
                })
            }
            SignKind::Tempo { qpm, mark: None } => {
                xml.open("sound", &[("tempo", &qpm.to_string())]);
                write_offset(offset, xml);
                xml.close();
            }
            SignKind::Harmony(chord, key) => write_harmony(*chord, *key, offset, xml),
        }
    }
}

fn direction(xml: &mut XmlWriter, offset: u32, qpm: Option<f64>, write_type: impl FnOnce(&mut XmlWriter)) {
    xml.open("direction", &[("placement", "above")]);
    xml.open("direction-type", &[]);
    write_type(xml);
    xml.close();
    if let Some(qpm) = qpm {
        if offset > 0 {
            // Without this word the offset would only move what is seen.
            xml.leaf_with("offset", &[("sound", "yes")], offset);
        }
        xml.empty("sound", &[("tempo", &qpm.to_string())]);
    } else {
        write_offset(offset, xml);
    }
    xml.close();
}

fn write_offset(offset: u32, xml: &mut XmlWriter) {
    if offset > 0 {
        xml.leaf("offset", offset);
    }
}

fn write_harmony(chord: Option<Chord>, key: Option<Key>, offset: u32, xml: &mut XmlWriter) {
    xml.open("harmony", &[]);
    match chord {
        Some(chord) => {
            let (kind, degrees) = kind(chord.quality);
            write_root("root", name_root(chord, key), xml);
            xml.leaf_with("kind", &[("text", chord.quality.suffix())], kind);
            if chord.bass % 12 != chord.root % 12 {
                write_root("bass", name_bass(chord, key), xml);
            }
            for (degree, change) in degrees {
                // The text of the kind says it already.
                xml.open("degree", &[("print-object", "no")]);
                xml.leaf("degree-value", degree);
                xml.leaf("degree-alter", 0);
                xml.leaf("degree-type", change);
                xml.close();
            }
        }
        None => {
            // The format wants a root even here; an empty text keeps it from being printed.
            xml.open("root", &[]);
            xml.leaf_with("root-step", &[("text", "")], "C");
            xml.close();
            xml.leaf_with("kind", &[("text", "N.C.")], "none");
        }
    }
    write_offset(offset, xml);
    xml.close();
}

fn write_root(element: &'static str, name: NoteName, xml: &mut XmlWriter) {
    let (step, alter) = if element == "root" { ("root-step", "root-alter") } else { ("bass-step", "bass-alter") };
    xml.open(element, &[]);
    xml.leaf(step, name.step);
    if name.alter != 0 {
        xml.leaf(alter, name.alter);
    }
    xml.close();
}

/// The MusicXML kind of a quality, and the degrees it adds or takes away besides.
fn kind(quality: ChordQuality) -> (&'static str, &'static [(u8, &'static str)]) {
    let name = match quality {
        ChordQuality::Major | ChordQuality::Add9 => "major",
        ChordQuality::Minor => "minor",
        ChordQuality::Diminished => "diminished",
        ChordQuality::Augmented => "augmented",
        ChordQuality::Sus2 => "suspended-second",
        ChordQuality::Sus4 => "suspended-fourth",
        ChordQuality::Major7 => "major-seventh",
        ChordQuality::Minor7 => "minor-seventh",
        ChordQuality::Dominant7 | ChordQuality::Dominant7Sus4 => "dominant",
        ChordQuality::MinorMajor7 => "major-minor",
        ChordQuality::HalfDiminished7 => "half-diminished",
        ChordQuality::Diminished7 => "diminished-seventh",
        ChordQuality::Major6 => "major-sixth",
        ChordQuality::Minor6 => "minor-sixth",
        ChordQuality::Major9 => "major-ninth",
        ChordQuality::Minor9 => "minor-ninth",
        ChordQuality::Dominant9 => "dominant-ninth",
        ChordQuality::Power => "power",
    };
    let degrees: &[_] = match quality {
        // Not the suspended fourth with a seventh added: readers disagree whether that seventh is minor.
        ChordQuality::Dominant7Sus4 => &[(3, "subtract"), (4, "add")],
        ChordQuality::Add9 => &[(9, "add")],
        _ => &[],
    };
    (name, degrees)
}
