//! One part: its staves and voices, written bar by bar.

use super::MusicXmlError;
use super::bars::{Bar, bar_at};
use super::drums::{Drum, drum_voices};
use super::read::USUAL_VELOCITY;
use super::rhythm::{Figure, Span, Tuplet, figures};
use super::signs::Sign;
use super::staves::{Clef, needs_two_staves, split_hands};
use super::voices::{Stack, stack, voices};
use super::xml::XmlWriter;
use crate::spelling::{Spelling, signature_alter, spell};
use crate::{Note, Part, Score, Tick};
use std::collections::HashMap;

/// More notes than this starting at different times and sounding together on one staff are no notation.
const MOST_VOICES: usize = 128;

/// A part laid out for writing.
pub(super) struct PartLayout<'a> {
    score: &'a Score,
    part: &'a Part,
    bars: &'a [Bar],
    id: String,
    staves: Vec<Staff>,
    /// Syllables by voice of the top staff and stack in it.
    lyrics: HashMap<(usize, usize), Syllable>,
}

struct Staff {
    clef: Clef,
    voices: Vec<Voice>,
    /// Letters and octaves that the bar before altered, for courtesy accidentals.
    altered_before: HashMap<(char, i8), i8>,
}

struct Voice {
    stacks: Vec<Stack>,
    /// The first stack that has not ended yet.
    next: usize,
}

struct Syllable {
    text: String,
    syllabic: &'static str,
}

impl<'a> PartLayout<'a> {
    /// Distributes the notes of a part over staves and voices.
    pub(super) fn new(score: &'a Score, part: &'a Part, id: String, bars: &'a [Bar]) -> Result<Self, MusicXmlError> {
        let mut notes = part.notes.clone();
        notes.sort();
        if let Some(note) = notes.iter().find(|note| note.duration.0 == 0) {
            return Err(MusicXmlError::NoDuration { part: part.name.clone(), at: note.onset.0 });
        }
        if let Some(note) = notes.iter().find(|note| !(12..=127).contains(&note.pitch) && !part.is_drum) {
            return Err(MusicXmlError::Pitch { part: part.name.clone(), pitch: note.pitch });
        }
        let staves: Vec<(Clef, Vec<Vec<Stack>>)> = if part.is_drum {
            vec![(Clef::Percussion, drum_voices(&notes, |at| stroke_end(bars, at)))]
        } else {
            let hands = if needs_two_staves(part) { Some(split_hands(&notes)) } else { None };
            let clefs = if hands.is_some() { vec![Clef::Treble, Clef::Bass] } else { vec![Clef::for_part(part)] };
            let staff_of = |i: usize| hands.as_ref().map_or(0, |hands| hands[i]);
            let too_dense = || MusicXmlError::TooDense { part: part.name.clone(), most: MOST_VOICES };
            let voices_of = |staff: usize| {
                let own = (0..notes.len()).filter(|&i| staff_of(i) == staff).map(|i| notes[i]).collect::<Vec<Note>>();
                voices(stack(own), MOST_VOICES).ok_or_else(too_dense)
            };
            let laid_out = clefs.into_iter().enumerate().map(|(staff, clef)| Ok((clef, voices_of(staff)?)));
            laid_out.collect::<Result<_, MusicXmlError>>()?
        };
        let lyrics = place_lyrics(part, &staves[0].1);
        let staves = staves
            .into_iter()
            .map(|(clef, voices)| Staff {
                clef,
                voices: voices.into_iter().map(|stacks| Voice { stacks, next: 0 }).collect(),
                altered_before: HashMap::new(),
            })
            .collect();
        Ok(Self { score, part, bars, id, staves, lyrics })
    }

    /// Writes all bars; `signs` go above the top staff.
    pub(super) fn write(mut self, signs: &[Sign], xml: &mut XmlWriter) {
        let bars = self.bars;
        xml.open("part", &[("id", &self.id.clone())]);
        for (number, bar) in bars.iter().enumerate() {
            xml.open("measure", &[("number", &(number + 1).to_string())]);
            self.write_attributes(bar, number == 0, xml);
            let first = signs.partition_point(|sign| sign.at < bar.start);
            // What lies behind the last bar is not written.
            let last = signs.partition_point(|sign| sign.at < bar.end());
            self.write_bar(bar, &signs[first..last], xml);
            if number + 1 == bars.len() {
                xml.open("barline", &[("location", "right")]);
                xml.leaf("bar-style", "light-heavy");
                xml.close();
            }
            xml.close();
        }
        xml.close();
    }

    fn write_attributes(&self, bar: &Bar, is_first: bool, xml: &mut XmlWriter) {
        if !is_first && !bar.shows_key && !bar.shows_time {
            return;
        }
        xml.open("attributes", &[]);
        if is_first {
            xml.leaf("divisions", crate::GRID);
        }
        if bar.shows_key && !self.part.is_drum {
            xml.open("key", &[]);
            xml.leaf("fifths", bar.key.map_or(0, |key| key.signature()));
            if let Some(key) = bar.key {
                xml.leaf("mode", if key.mode == crate::Mode::Minor { "minor" } else { "major" });
            }
            xml.close();
        }
        if bar.shows_time {
            xml.open("time", &[]);
            xml.leaf("beats", bar.time_signature.0);
            xml.leaf("beat-type", bar.time_signature.1);
            xml.close();
        }
        if is_first {
            if self.staves.len() > 1 {
                xml.leaf("staves", self.staves.len());
            }
            for (i, staff) in self.staves.iter().enumerate() {
                write_clef(staff.clef, (self.staves.len() > 1).then_some(i + 1), xml);
            }
        }
        xml.close();
    }

    fn write_bar(&mut self, bar: &Bar, signs: &[Sign], xml: &mut XmlWriter) {
        let mut is_first = true;
        for staff in 0..self.staves.len() {
            let written = self.staves[staff].figures(bar);
            let accidentals = if self.part.is_drum {
                HashMap::new()
            } else {
                let spell_at = |at: u32, pitch: u8| self.spell(at, pitch);
                let (accidentals, altered) = accidentals(bar, &self.staves[staff], &written, spell_at);
                self.staves[staff].altered_before = altered;
                accidentals
            };
            for (voice, figures) in &written {
                if !is_first {
                    xml.open("backup", &[]);
                    xml.leaf("duration", bar.length);
                    xml.close();
                }
                let line = Line { layout: self, bar, staff, voice: *voice, accidentals: &accidentals };
                line.write(figures, if is_first { signs } else { &[] }, xml);
                is_first = false;
            }
        }
    }

    /// Spells a note that begins at `at`; the octaves of MusicXML start with C0, which a B sharp below it would leave.
    fn spell(&self, at: u32, pitch: u8) -> Spelling {
        let event = self.score.chords[..self.score.chords.partition_point(|event| event.at <= Tick(at))].last();
        let chord = event.filter(|event| event.end > Tick(at)).and_then(|event| event.chord);
        let spelling = spell(pitch, bar_at(self.bars, at).key, chord);
        if spelling.octave < 0 { spell(pitch, None, None) } else { spelling }
    }
}

/// The latest end of a drum stroke at `at`.
fn stroke_end(bars: &[Bar], at: u32) -> u32 {
    let bar = bar_at(bars, at);
    bar.start + bar.meter.stroke_end(at - bar.start)
}

fn write_clef(clef: Clef, number: Option<usize>, xml: &mut XmlWriter) {
    let (sign, line, octave_change) = clef.sign();
    match number {
        Some(number) => xml.open("clef", &[("number", &number.to_string())]),
        None => xml.open("clef", &[]),
    }
    xml.leaf("sign", sign);
    if let Some(line) = line {
        xml.leaf("line", line);
    }
    if let Some(change) = octave_change {
        xml.leaf("clef-octave-change", change);
    }
    xml.close();
}

impl Staff {
    /// The voices that have something in `bar`, and always the first; each is written in full.
    fn figures(&mut self, bar: &Bar) -> Vec<(usize, Vec<Figure>)> {
        let mut written = Vec::new();
        for (number, voice) in self.voices.iter_mut().enumerate() {
            let spans = voice.spans(bar);
            if number == 0 || spans.iter().any(|span| span.stack.is_some()) {
                written.push((number, figures(&spans, &bar.meter)));
            }
        }
        written
    }
}

impl Voice {
    /// What the voice does in `bar`, silences included; bars must be asked for in order.
    fn spans(&mut self, bar: &Bar) -> Vec<Span> {
        while self.stacks.get(self.next).is_some_and(|stack| stack.end <= bar.start) {
            self.next += 1;
        }
        let mut spans = Vec::new();
        let mut at = 0;
        let rest = |start, end| (start < end).then_some(Span { start, end, stack: None });
        for (i, stack) in self.stacks.iter().enumerate().skip(self.next).take_while(|(_, s)| s.start < bar.end()) {
            let start = stack.start.saturating_sub(bar.start);
            let end = stack.end.min(bar.end()) - bar.start;
            spans.extend(rest(at, start));
            spans.push(Span { start, end, stack: Some(i) });
            at = end;
        }
        spans.extend(rest(at, bar.length));
        spans
    }
}

/// How an accidental is shown.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shown {
    Needed,
    /// A reminder that the bar before meant another one.
    Courtesy,
}

/// Accidentals by voice, figure and note.
type Accidentals = HashMap<(usize, usize, usize), Shown>;

/// Decides which notes of a staff need an accidental in `bar`, and what the bar leaves altered.
///
/// An accidental holds for its line or space until the bar line; a note tied over from before needs none.
fn accidentals(
    bar: &Bar,
    staff: &Staff,
    written: &[(usize, Vec<Figure>)],
    spell_at: impl Fn(u32, u8) -> Spelling,
) -> (Accidentals, HashMap<(char, i8), i8>) {
    let signature = bar.key.map_or(0, |key| key.signature());
    let mut begun: Vec<(u32, usize, usize)> = Vec::new();
    for (voice, figures) in written {
        for (i, figure) in figures.iter().enumerate() {
            let stack = figure.stack.map(|stack| &staff.voices[*voice].stacks[stack]);
            if stack.is_some_and(|stack| stack.start == bar.start + figure.start) {
                begun.push((figure.start, *voice, i));
            }
        }
    }
    begun.sort_unstable();
    let figures_of: HashMap<usize, &Vec<Figure>> = written.iter().map(|(voice, figures)| (*voice, figures)).collect();
    let mut shown = HashMap::new();
    let mut altered: HashMap<(char, i8), i8> = HashMap::new();
    for (start, voice, figure) in begun {
        let stack = figures_of[&voice][figure].stack.expect("only sounding figures begin");
        for (note, pitch) in staff.voices[voice].stacks[stack].pitches.iter().enumerate() {
            let spelling = spell_at(bar.start + start, *pitch);
            let place = (spelling.step, spelling.octave);
            let usual = signature_alter(spelling.step, signature);
            if altered.get(&place).copied().unwrap_or(usual) != spelling.alter {
                shown.insert((voice, figure, note), Shown::Needed);
                altered.insert(place, spelling.alter);
            } else if !altered.contains_key(&place) && staff.altered_before.get(&place).is_some_and(|&a| a != usual) {
                shown.insert((voice, figure, note), Shown::Courtesy);
                altered.insert(place, spelling.alter);
            }
        }
    }
    (shown, altered)
}

/// One voice of one bar, being written.
struct Line<'a> {
    layout: &'a PartLayout<'a>,
    bar: &'a Bar,
    staff: usize,
    voice: usize,
    accidentals: &'a Accidentals,
}

impl Line<'_> {
    fn write(&self, figures: &[Figure], signs: &[Sign], xml: &mut XmlWriter) {
        let mut signs = signs.iter().peekable();
        let mut silent = 0;
        for (i, figure) in figures.iter().enumerate() {
            let here = self.bar.start + figure.start;
            while let Some(sign) = signs.next_if(|sign| sign.at < here + figure.duration) {
                sign.write(sign.at - here, xml);
            }
            let Some(stack) = figure.stack else {
                // In the other voices a silence is skipped rather than drawn, unless a triplet needs it.
                if self.voice > 0 && figure.tuplet.is_none() {
                    silent += figure.duration;
                } else {
                    self.skip(&mut silent, xml);
                    self.write_rest(figure, xml);
                }
                continue;
            };
            self.skip(&mut silent, xml);
            for note in 0..self.stack(stack).pitches.len() {
                self.write_note(figure, i, stack, note, xml);
            }
        }
        self.skip(&mut silent, xml);
    }

    fn stack(&self, stack: usize) -> &Stack {
        &self.layout.staves[self.staff].voices[self.voice].stacks[stack]
    }

    fn skip(&self, silent: &mut u32, xml: &mut XmlWriter) {
        if *silent > 0 {
            xml.open("forward", &[]);
            xml.leaf("duration", *silent);
            xml.leaf("voice", self.voice_number());
            self.write_staff(xml);
            xml.close();
        }
        *silent = 0;
    }

    fn write_rest(&self, figure: &Figure, xml: &mut XmlWriter) {
        let is_whole_bar = figure.duration == self.bar.length;
        xml.open("note", if self.voice > 0 { &[("print-object", "no")] } else { &[] });
        xml.empty("rest", if is_whole_bar { &[("measure", "yes")] } else { &[] });
        xml.leaf("duration", figure.duration);
        xml.leaf("voice", self.voice_number());
        if !is_whole_bar {
            write_value(figure, xml);
            write_time_modification(figure, xml);
        }
        self.write_staff(xml);
        self.write_notations(figure.tuplet, false, false, xml);
        xml.close();
    }

    fn write_note(&self, figure: &Figure, index: usize, stack_index: usize, note: usize, xml: &mut XmlWriter) {
        let stack = self.stack(stack_index);
        let start = self.bar.start + figure.start;
        let (tied_from, tied_to) = (start > stack.start, start + figure.duration < stack.end);
        let is_lowest = note == 0;
        let dynamics = percent_of_forte(stack.velocities[note]);
        let dynamics = [("dynamics", dynamics.as_str())];
        let is_usual = tied_from || stack.velocities[note] == USUAL_VELOCITY;
        xml.open("note", if is_usual { &[] } else { &dynamics });
        if !is_lowest {
            xml.empty("chord", &[]);
        }
        let pitch = stack.pitches[note];
        let spelling = self.write_pitch(stack.start, pitch, xml);
        xml.leaf("duration", figure.duration);
        if tied_from {
            xml.empty("tie", &[("type", "stop")]);
        }
        if tied_to {
            xml.empty("tie", &[("type", "start")]);
        }
        if self.layout.part.is_drum {
            xml.empty("instrument", &[("id", &drum_id(&self.layout.id, pitch))]);
        }
        xml.leaf("voice", self.voice_number());
        write_value(figure, xml);
        let shown = self.accidentals.get(&(self.voice, index, note));
        if let (Some(shown), Some(spelling)) = (shown, spelling) {
            let attributes: &[_] = if *shown == Shown::Courtesy { &[("cautionary", "yes")] } else { &[] };
            xml.leaf_with("accidental", attributes, accidental_name(spelling.alter));
        }
        write_time_modification(figure, xml);
        if self.layout.part.is_drum {
            let drum = Drum::of(pitch);
            xml.leaf("stem", if drum.is_foot { "down" } else { "up" });
            if let Some(notehead) = drum.notehead {
                xml.leaf("notehead", notehead);
            }
        }
        self.write_staff(xml);
        if is_lowest {
            for (level, mark) in figure.beams.iter().enumerate() {
                xml.leaf_with("beam", &[("number", &(level + 1).to_string())], mark);
            }
        }
        self.write_notations(figure.tuplet.filter(|_| is_lowest), tied_from, tied_to, xml);
        if is_lowest && !tied_from && self.staff == 0 {
            self.write_lyric(stack_index, xml);
        }
        xml.close();
    }

    fn write_pitch(&self, at: u32, pitch: u8, xml: &mut XmlWriter) -> Option<Spelling> {
        if self.layout.part.is_drum {
            let drum = Drum::of(pitch);
            xml.open("unpitched", &[]);
            xml.leaf("display-step", drum.step);
            xml.leaf("display-octave", drum.octave);
            xml.close();
            return None;
        }
        let spelling = self.layout.spell(at, pitch);
        xml.open("pitch", &[]);
        xml.leaf("step", spelling.step);
        if spelling.alter != 0 {
            xml.leaf("alter", spelling.alter);
        }
        xml.leaf("octave", spelling.octave);
        xml.close();
        Some(spelling)
    }

    fn write_notations(&self, tuplet: Option<Tuplet>, tied_from: bool, tied_to: bool, xml: &mut XmlWriter) {
        let tuplet = tuplet.filter(|tuplet| tuplet.starts || tuplet.stops);
        if tuplet.is_none() && !tied_from && !tied_to {
            return;
        }
        xml.open("notations", &[]);
        if tied_from {
            xml.empty("tied", &[("type", "stop")]);
        }
        if tied_to {
            xml.empty("tied", &[("type", "start")]);
        }
        if let Some(tuplet) = tuplet {
            if tuplet.starts {
                xml.empty("tuplet", &[("type", "start"), ("bracket", "yes")]);
            }
            if tuplet.stops {
                xml.empty("tuplet", &[("type", "stop")]);
            }
        }
        xml.close();
    }

    fn write_lyric(&self, stack: usize, xml: &mut XmlWriter) {
        if let Some(syllable) = self.layout.lyrics.get(&(self.voice, stack)) {
            xml.open("lyric", &[("number", "1")]);
            xml.leaf("syllabic", syllable.syllabic);
            xml.leaf("text", &syllable.text);
            xml.close();
        }
    }

    fn write_staff(&self, xml: &mut XmlWriter) {
        if self.layout.staves.len() > 1 {
            xml.leaf("staff", self.staff + 1);
        }
    }

    /// Voices 1–4 on the first staff, 5–8 on the second, and from 9 on in turn.
    fn voice_number(&self) -> usize {
        match self.voice {
            0..=3 => 4 * self.staff + self.voice + 1,
            more => 9 + 2 * (more - 4) + self.staff,
        }
    }
}

/// The identity of one drum among a part's instruments.
pub(super) fn drum_id(part_id: &str, pitch: u8) -> String {
    format!("{part_id}-I{}", u32::from(pitch) + 1)
}

/// A velocity as MusicXML has it, in percent of MIDI's usual forte, 90; two digits tell all velocities apart.
fn percent_of_forte(velocity: u8) -> String {
    format!("{:.2}", f64::from(velocity) / 0.9)
}

fn write_value(figure: &Figure, xml: &mut XmlWriter) {
    xml.leaf("type", figure.value.name);
    (0..figure.value.dots).for_each(|_| xml.empty("dot", &[]));
}

fn write_time_modification(figure: &Figure, xml: &mut XmlWriter) {
    if let Some(tuplet) = figure.tuplet {
        xml.open("time-modification", &[]);
        xml.leaf("actual-notes", 3);
        xml.leaf("normal-notes", 2);
        if tuplet.unit != figure.value.name || figure.value.dots > 0 {
            xml.leaf("normal-type", tuplet.unit);
        }
        xml.close();
    }
}

fn accidental_name(alter: i8) -> &'static str {
    match alter {
        -2 => "flat-flat",
        -1 => "flat",
        0 => "natural",
        1 => "sharp",
        _ => "double-sharp",
    }
}

/// Gives every syllable the stack of the top staff that begins nearest to it, the upper voice first.
///
/// A hyphen at the end of a text (as in karaoke files) says that the word goes on.
fn place_lyrics(part: &Part, voices: &[Vec<Stack>]) -> HashMap<(usize, usize), Syllable> {
    let all =
        voices.iter().enumerate().flat_map(|(v, stacks)| stacks.iter().enumerate().map(move |(i, s)| (s.start, v, i)));
    let mut stacks: Vec<(u32, usize, usize)> = all.collect();
    stacks.sort_unstable();
    stacks.dedup_by_key(|(start, ..)| *start);
    let mut placed: HashMap<(usize, usize), Syllable> = HashMap::new();
    let mut goes_on = false;
    for lyric in part.lyrics.iter().filter(|lyric| !lyric.text.trim().is_empty()) {
        let after = stacks.partition_point(|(start, ..)| *start < lyric.at.0);
        let around = [after.checked_sub(1), Some(after)].into_iter().flatten().filter_map(|i| stacks.get(i));
        let Some(&(_, voice, stack)) = around.min_by_key(|(start, ..)| start.abs_diff(lyric.at.0)) else { continue };
        let text = lyric.text.trim();
        let went_on = std::mem::replace(&mut goes_on, text.ends_with('-'));
        let syllabic = match (went_on, goes_on) {
            (false, false) => "single",
            (false, true) => "begin",
            (true, true) => "middle",
            (true, false) => "end",
        };
        let text = text.trim_end_matches('-').to_owned();
        placed
            .entry((voice, stack))
            .and_modify(|syllable| {
                syllable.text = format!("{} {text}", syllable.text);
                syllable.syllabic = "single";
            })
            .or_insert(Syllable { text, syllabic });
    }
    placed
}
