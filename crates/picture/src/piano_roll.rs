//! A score as a piano roll, in systems of a few bars one below another like lines of text.
//!
//! Colour says the part, strength of colour the loudness, place the pitch and time; chords, form and bar numbers stand above.
//! Drums have their own rows below, named, since their pitches are no pitches.

use crate::palette;
use crate::svg::{Anchor, Svg, TextStyle, shortened};
use crate::systems::{System, systems};
use aeolian_score::names::chord_name;
use aeolian_score::{Chord, Note, Part, Score, Tick};
use std::collections::BTreeSet;
use std::ops::Range;

/// How a piano roll is laid out.
#[derive(Clone, Debug, PartialEq)]
pub struct RollStyle {
    /// Width of the picture in pixels, ≥ 300.
    pub width_px: f64,
    /// Bars side by side, ≥ 1.
    pub bars_per_system: usize,
    /// Bars drawn at most; a longer piece is cut, and the picture says so.
    pub max_bars: usize,
    /// Number of each part's colour; parts beyond its end have their own number.
    pub colours: Vec<usize>,
}

impl Default for RollStyle {
    fn default() -> Self {
        Self { width_px: 1_200.0, bars_per_system: 8, max_bars: 512, colours: Vec::new() }
    }
}

const MARGIN: f64 = 24.0;
/// Left of the grid: the names of the Cs and the keys.
const KEYBOARD: f64 = 30.0;
const NAMES: f64 = 26.0;
/// Heights of the rows above a system and of a drum's row.
const FORM_ROW: f64 = 20.0;
const CHORD_ROW: f64 = 15.0;
const NUMBER_ROW: f64 = 13.0;
const DRUM_ROW: f64 = 9.0;
const SYSTEM_GAP: f64 = 26.0;

/// Draws `score`, and never fails: an empty score gives an empty bar.
pub fn piano_roll(score: &Score, style: &RollStyle) -> String {
    let (systems, cut) = systems(score, style.bars_per_system, style.max_bars);
    let layout = Layout::new(score, style, &systems);
    let mut svg = Svg::new(layout.width);
    let mut y = header(&mut svg, score, &layout);
    for (index, system) in systems.iter().enumerate() {
        let page = SystemOnPage { score, layout: &layout, system, top: y, is_last: index + 1 == systems.len() };
        page.draw(&mut svg);
        y += layout.system_height() + SYSTEM_GAP;
    }
    if cut {
        let bars = systems.iter().map(|s| s.bounds.len() - 1).sum::<usize>();
        let note = format!("The piece goes on; the first {bars} bars are shown.");
        svg.text(layout.grid_left(), y, TextStyle::new(12.0, palette::LABEL), &note);
        y += 20.0;
    }
    svg.finish(y, &title_of(score))
}

fn title_of(score: &Score) -> String {
    if score.title.trim().is_empty() { "Untitled".to_owned() } else { shortened(score.title.trim(), 90) }
}

/// Sizes that all systems share, so that equal heights are equal pitches everywhere.
struct Layout {
    width: f64,
    px_per_tick: f64,
    /// Pitches with a row, lowest first.
    pitches: Range<u8>,
    /// Percussion keys with a row, lowest first.
    drums: Vec<u8>,
    row: f64,
    form_rows: usize,
    chord_rows: usize,
    colours: Vec<usize>,
}

impl Layout {
    fn new(score: &Score, style: &RollStyle, systems: &[System]) -> Self {
        let width = if style.width_px.is_finite() { style.width_px.clamp(300.0, 20_000.0) } else { 1_200.0 };
        let longest = systems.iter().map(System::length).max().unwrap_or(1);
        let notes = |is_drum| score.parts.iter().filter(move |p: &&Part| p.is_drum == is_drum).flat_map(|p| &p.notes);
        let drums: BTreeSet<u8> = notes(true).map(|n| n.pitch).collect();
        let (low, high) = match (notes(false).map(|n| n.pitch).min(), notes(false).map(|n| n.pitch).max()) {
            (Some(low), Some(high)) => (low, high),
            _ => (55, 76),
        };
        // At least two octaves, so that a short tune does not look like mountains.
        let missing = 24u8.saturating_sub(high - low);
        let low = low.saturating_sub(2 + missing / 2);
        let pitches = low..high.saturating_add(3 + missing.div_ceil(2));
        let row = (320.0 / f64::from(pitches.end - pitches.start)).clamp(4.0, 8.0);
        let grid = width - 2.0 * MARGIN - KEYBOARD - NAMES;
        let mut layout = Self {
            width,
            px_per_tick: grid / f64::from(longest),
            pitches,
            drums: drums.into_iter().collect(),
            row,
            form_rows: usize::from(!score.sections.is_empty()) + usize::from(!score.markers.is_empty()),
            chord_rows: 0,
            colours: style.colours.clone(),
        };
        layout.chord_rows =
            systems.iter().flat_map(|s| layout.chord_labels(score, s)).map(|l| l.row + 1).max().unwrap_or(0);
        layout
    }

    fn grid_left(&self) -> f64 {
        MARGIN + NAMES + KEYBOARD
    }

    fn above_grid(&self) -> f64 {
        self.form_rows as f64 * FORM_ROW + self.chord_rows as f64 * CHORD_ROW + NUMBER_ROW
    }

    fn grid_height(&self) -> f64 {
        self.pitched_height() + self.drum_height()
    }

    fn pitched_height(&self) -> f64 {
        f64::from(self.pitches.end - self.pitches.start) * self.row
    }

    fn drum_height(&self) -> f64 {
        if self.drums.is_empty() { 0.0 } else { self.drums.len() as f64 * DRUM_ROW + 6.0 }
    }

    fn system_height(&self) -> f64 {
        self.above_grid() + self.grid_height()
    }

    /// The colour of a part.
    fn colour(&self, part: usize) -> &'static str {
        palette::series(self.colours.get(part).copied().unwrap_or(part))
    }

    fn x(&self, system: &System, at: Tick) -> f64 {
        self.grid_left() + f64::from(at.0.saturating_sub(system.start().0)) * self.px_per_tick
    }

    /// The chord symbols of one system, each in the first row where it does not touch its neighbour.
    fn chord_labels(&self, score: &Score, system: &System) -> Vec<ChordLabel> {
        const ROWS: usize = 3;
        let mut free_from = [f64::MIN; ROWS];
        let mut labels = Vec::new();
        let mut before: Option<(Tick, Option<Chord>)> = None;
        for event in &score.chords {
            let goes_on = before == Some((event.at, event.chord));
            before = Some((event.end, event.chord));
            let visible = event.end > system.start() && event.at < system.end();
            if !visible || (goes_on && event.at > system.start()) {
                continue;
            }
            let text = event.chord.map_or("N.C.".to_owned(), |c| chord_name(c, score.key_at(event.at)));
            let x = self.x(system, event.at);
            let row = (0..ROWS).find(|&row| free_from[row] <= x).unwrap_or(ROWS - 1);
            free_from[row] = x + CHORD_STYLE.width_of(&text) + 3.0;
            labels.push(ChordLabel { x, row, text, goes_on: goes_on || event.at < system.start() });
        }
        labels
    }
}

const CHORD_STYLE: TextStyle = TextStyle { size: 12.0, fill: palette::INK, bold: true, anchor: Anchor::Start };

struct ChordLabel {
    x: f64,
    row: usize,
    text: String,
    /// Already sounding when the system begins; drawn fainter.
    goes_on: bool,
}

/// Title, facts and legend; returns where the first system begins.
fn header(svg: &mut Svg, score: &Score, layout: &Layout) -> f64 {
    svg.text(MARGIN, 40.0, TextStyle::new(22.0, palette::INK).bold(), &title_of(score));
    svg.text(MARGIN, 60.0, TextStyle::new(12.5, palette::LABEL), &facts(score));
    let style = TextStyle::new(12.5, palette::INK);
    let (mut x, mut y) = (MARGIN, 84.0);
    for (index, part) in score.parts.iter().enumerate().filter(|(_, p)| !p.notes.is_empty()) {
        let name =
            if part.name.trim().is_empty() { format!("Part {}", index + 1) } else { shortened(part.name.trim(), 32) };
        let width = 17.0 + style.width_of(&name) + 16.0;
        if x > MARGIN && x + width > layout.width - MARGIN {
            (x, y) = (MARGIN, y + 19.0);
        }
        svg.rect(x, y - 9.5, 11.0, 11.0, format_args!("rx=\"3\" fill=\"{}\"", layout.colour(index)));
        svg.text(x + 17.0, y, style, &name);
        x += width;
    }
    y + 22.0
}

/// "F major · 4/4 · ♩ = 78 · 214 notes", as far as it is known.
fn facts(score: &Score) -> String {
    let mut facts: Vec<String> = score.keys.first().map(|k| k.key.to_string()).into_iter().collect();
    let (numerator, denominator) = score.meter_at(Tick(0));
    facts.push(format!("{numerator}/{denominator}"));
    facts.extend(score.tempos.first().map(|t| format!("\u{2669} = {:.0}", t.qpm)));
    let notes: usize = score.parts.iter().map(|p| p.notes.len()).sum();
    facts.push(format!("{notes} {}", if notes == 1 { "note" } else { "notes" }));
    facts.join("  ·  ")
}

/// One system at its place on the page.
struct SystemOnPage<'a> {
    score: &'a Score,
    layout: &'a Layout,
    system: &'a System,
    top: f64,
    is_last: bool,
}

impl SystemOnPage<'_> {
    fn draw(&self, svg: &mut Svg) {
        self.keyboard_and_rows(svg);
        self.drum_rows(svg);
        self.beats_and_bars(svg);
        self.form(svg);
        self.chords(svg);
        self.notes(svg);
    }

    fn grid_top(&self) -> f64 {
        self.top + self.layout.above_grid()
    }

    fn grid_bottom(&self) -> f64 {
        self.grid_top() + self.layout.grid_height()
    }

    fn x(&self, at: Tick) -> f64 {
        self.layout.x(self.system, at)
    }

    /// The upper edge of a pitch's row.
    fn pitch_y(&self, pitch: u8) -> f64 {
        self.grid_top() + f64::from(self.layout.pitches.end - 1 - pitch) * self.layout.row
    }

    /// The upper edge of a percussion key's row.
    fn drum_y(&self, key: u8) -> f64 {
        let from_below = self.layout.drums.iter().position(|&d| d == key).unwrap_or(0) + 1;
        self.grid_bottom() - from_below as f64 * DRUM_ROW
    }

    fn keyboard_and_rows(&self, svg: &mut Svg) {
        let (layout, row) = (self.layout, self.layout.row);
        let (left, right) = (layout.grid_left(), self.x(self.system.end()));
        let keys = left - KEYBOARD;
        let (top, height) = (self.grid_top(), layout.pitched_height());
        svg.rect(keys, top, KEYBOARD - 4.0, height, format_args!("fill=\"#fff\" stroke=\"{}\"", palette::BAR_LINE));
        for pitch in layout.pitches.clone() {
            let y = self.pitch_y(pitch);
            match pitch % 12 {
                1 | 3 | 6 | 8 | 10 => {
                    svg.rect(left, y, right - left, row, format_args!("fill=\"{}\"", palette::SHADE));
                    svg.rect(keys, y, (KEYBOARD - 4.0) * 0.6, row, format_args!("fill=\"#333B49\""));
                }
                // White keys meet without a black one between them here: B and C, E and F.
                0 | 5 => svg.line((keys, y + row), (left - 4.0, y + row), palette::BAR_LINE, 0.7),
                _ => {}
            }
            if pitch % 12 == 0 {
                svg.line((left, y + row), (right, y + row), "#D3D8E0", 0.8);
                let name = format!("C{}", i32::from(pitch / 12) - 1);
                let style = TextStyle::new(10.0, palette::LABEL).held(Anchor::End);
                svg.text(keys - 4.0, y + 0.5 * row + 3.5, style, &name);
            }
        }
    }

    fn drum_rows(&self, svg: &mut Svg) {
        let left = self.layout.grid_left();
        for (index, &key) in self.layout.drums.iter().enumerate() {
            let y = self.drum_y(key);
            if index % 2 == 0 {
                let right = self.x(self.system.end());
                svg.rect(left, y, right - left, DRUM_ROW, format_args!("fill=\"{}\"", palette::SHADE));
            }
            let style = TextStyle::new(8.0, palette::LABEL).held(Anchor::End);
            svg.text(left - 6.0, y + DRUM_ROW - 1.8, style, drum_name(key));
        }
    }

    fn beats_and_bars(&self, svg: &mut Svg) {
        let (top, bottom) = (self.grid_top(), self.grid_bottom());
        for (index, bar) in self.system.bounds.windows(2).enumerate() {
            let (_, denominator) = self.score.meter_at(bar[0]);
            let beat = f64::from(self.score.ticks_per_quarter) * 4.0 / f64::from(denominator.max(1));
            let beats = f64::from(bar[1].0 - bar[0].0) / beat;
            // Lines closer than this would only be grey.
            if beat * self.layout.px_per_tick > 5.0 {
                for i in 1..beats.ceil().min(64.0) as u32 {
                    let x = self.x(bar[0]) + f64::from(i) * beat * self.layout.px_per_tick;
                    svg.line((x, top), (x, bottom), palette::BEAT_LINE, 0.8);
                }
            }
            svg.line((self.x(bar[0]), top - 4.0), (self.x(bar[0]), bottom), palette::BAR_LINE, 1.0);
            let number = (self.system.first_bar + index + 1).to_string();
            svg.text(self.x(bar[0]) + 3.0, top - 3.0, TextStyle::new(9.5, palette::LABEL), &number);
        }
        let (left, right) = (self.layout.grid_left(), self.x(self.system.end()));
        svg.line((right, top - 4.0), (right, bottom), palette::BAR_LINE, if self.is_last { 2.5 } else { 1.0 });
        svg.line((left, bottom), (right, bottom), palette::BAR_LINE, 1.0);
        svg.line((left, top), (right, top), palette::BAR_LINE, 1.0);
    }

    fn form(&self, svg: &mut Svg) {
        let style = TextStyle::new(11.0, palette::INK).bold();
        let mut known: Vec<&str> = Vec::new();
        for section in &self.score.sections {
            let index = known.iter().position(|&l| l == section.label).unwrap_or_else(|| {
                known.push(&section.label);
                known.len() - 1
            });
            let (from, to) = (section.at.max(self.system.start()), section.end.min(self.system.end()));
            if from >= to {
                continue;
            }
            let (x, width) = (self.x(from), self.x(to) - self.x(from));
            let attributes =
                format_args!("rx=\"3\" fill=\"{}\" fill-opacity=\"0.16\"", palette::series(index)).to_string();
            svg.rect(x + 0.5, self.top, width - 2.0, FORM_ROW - 5.0, attributes);
            let fitting = ((width - 8.0) / 7.0).max(1.0) as usize;
            svg.text(x + 6.0, self.top + 11.5, style, &shortened(&section.label, fitting));
        }
        let y = self.top + (self.layout.form_rows as f64 - 1.0) * FORM_ROW + 11.5;
        for marker in self.score.markers.iter().filter(|m| (self.system.start()..self.system.end()).contains(&m.at)) {
            let style = TextStyle::new(11.0, palette::LABEL).bold();
            svg.text(self.x(marker.at) + 2.0, y, style, &shortened(&marker.text, 40));
        }
    }

    fn chords(&self, svg: &mut Svg) {
        let bottom = self.grid_top() - NUMBER_ROW - 3.0;
        for label in self.layout.chord_labels(self.score, self.system) {
            let faint = if label.goes_on { " opacity=\"0.45\"" } else { "" };
            // The first row lies nearest to the notes.
            svg.text_with(label.x + 1.0, bottom - label.row as f64 * CHORD_ROW, CHORD_STYLE, &label.text, faint);
        }
    }

    /// Later parts first, so that the melody, which usually leads, lies on top.
    fn notes(&self, svg: &mut Svg) {
        for (index, part) in self.score.parts.iter().enumerate().rev() {
            svg.open_group(format_args!("fill=\"{}\"", self.layout.colour(index)));
            for note in &part.notes {
                self.note(svg, note, part.is_drum);
            }
            svg.close_group();
        }
    }

    /// A note once, in the system where it starts; what reaches into further systems is drawn there as its continuation.
    fn note(&self, svg: &mut Svg, note: &Note, is_drum: bool) {
        let (start, end) = (self.system.start(), self.system.end());
        let begins_here = note.onset >= start && note.onset < end;
        let goes_on_here = note.onset < start && note.offset() > start && !is_drum;
        if !begins_here && !goes_on_here {
            return;
        }
        let class = if begins_here { "note" } else { "tied" };
        let opacity = 0.35 + 0.65 * f64::from(note.velocity.min(127)) / 127.0;
        let x = self.x(note.onset.max(start));
        let looks = |rx: f64| format!("class=\"{class}\" rx=\"{rx}\" fill-opacity=\"{opacity:.2}\"");
        if is_drum {
            svg.rect(x, self.drum_y(note.pitch) + 1.0, 4.5, DRUM_ROW - 2.0, looks(1.5));
        } else {
            // A hair of space keeps repeated notes apart.
            let width = (self.x(note.offset().min(end)) - x - 0.8).max(1.5);
            svg.rect(x, self.pitch_y(note.pitch) + 0.4, width, self.layout.row - 0.8, looks(1.6));
        }
    }
}

/// A short name for a General MIDI percussion key.
fn drum_name(key: u8) -> &'static str {
    match key {
        35 | 36 => "kick",
        37 => "rim",
        38 | 40 => "snare",
        39 => "clap",
        41 | 43 => "low tom",
        45 | 47 => "mid tom",
        48 | 50 => "high tom",
        42 => "hat",
        44 => "pedal hat",
        46 => "open hat",
        49 | 57 => "crash",
        51 | 59 => "ride",
        52 => "china",
        53 => "ride bell",
        54 => "tambourine",
        55 => "splash",
        56 => "cowbell",
        60..=66 => "conga",
        69 | 70 | 82 => "shaker",
        75 => "claves",
        76 | 77 => "wood",
        80 | 81 => "triangle",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::svg::tests::well_formed;
    use aeolian_score::{ChordEvent, ChordQuality, Section};
    use proptest::prelude::*;

    fn note(onset: u32, pitch: u8, duration: u32) -> Note {
        Note { onset: Tick(onset), pitch, duration: Tick(duration), velocity: 80 }
    }

    fn piece(notes: Vec<Note>) -> Score {
        let mut score = Score::new(4);
        score.parts.push(Part { notes, ..Part::default() });
        score
    }

    fn count(svg: &str, class: &str) -> usize {
        svg.matches(&format!("class=\"{class}\"")).count()
    }

    #[test]
    fn an_empty_score_is_an_empty_bar() {
        let svg = piano_roll(&Score::new(480), &RollStyle::default());
        well_formed(&svg);
        assert_eq!(count(&svg, "note"), 0);
        assert!(svg.contains("Untitled") && svg.contains("0 notes"));
    }

    #[test]
    fn a_note_across_the_break_is_one_note_and_one_continuation() {
        // Eight bars of 16 ticks fill a system; this note lasts from the eighth bar into the ninth.
        let svg = piano_roll(&piece(vec![note(120, 60, 16), note(0, 64, 128)]), &RollStyle::default());
        assert_eq!((count(&svg, "note"), count(&svg, "tied")), (2, 1));
    }

    #[test]
    fn a_part_has_the_colour_that_is_asked_or_its_own() {
        let mut score = piece(vec![note(0, 60, 4)]);
        score.parts.push(score.parts[0].clone());
        let svg = piano_roll(&score, &RollStyle { colours: vec![4], ..RollStyle::default() });
        let groups = |index| svg.matches(&format!("<g fill=\"{}\"", palette::series(index))).count();
        assert_eq!([0, 1, 4].map(groups), [0, 1, 1]);
    }

    #[test]
    fn foreign_names_cannot_break_the_picture() {
        let mut score = piece(vec![note(0, 60, 4)]);
        score.title = "</title><script>alert(\"&\")</script>".to_owned();
        score.parts[0].name = "Violin <I> & \u{1} \"II\"".to_owned();
        score.sections.push(Section { at: Tick(0), end: Tick(16), label: "<A&B>".to_owned() });
        let svg = piano_roll(&score, &RollStyle::default());
        let tags = well_formed(&svg);
        assert!(!tags.contains_key("script"));
        assert!(svg.contains("Violin &lt;I&gt; &amp; \u{FFFD} &quot;II&quot;") && svg.contains("&lt;A&amp;B&gt;"));
    }

    #[test]
    fn a_chord_is_named_once_and_again_faintly_in_the_next_system() {
        let mut score = piece(vec![note(0, 60, 4), note(140, 60, 4)]);
        let chord = Some(Chord { root: 2, quality: ChordQuality::Minor7, bass: 7 });
        let event = |at, end| ChordEvent { at: Tick(at), end: Tick(end), chord };
        score.chords = vec![event(0, 64), event(64, 144)];
        let svg = piano_roll(&score, &RollStyle::default());
        assert_eq!(svg.matches(">Dm7/G</text>").count(), 2);
        assert_eq!(svg.matches("opacity=\"0.45\">Dm7/G</text>").count(), 1);
    }

    #[test]
    fn crowded_chords_move_to_further_rows() {
        let mut score = piece(vec![note(0, 60, 128)]);
        let chord = |root| Some(Chord { root, quality: ChordQuality::HalfDiminished7, bass: (root + 3) % 12 });
        let event = |i: u32| ChordEvent { at: Tick(i * 4), end: Tick(i * 4 + 4), chord: chord(i as u8 % 12) };
        score.chords = (0..4).map(event).collect();
        let (found, _) = systems(&score, 8, 8);
        let rows: Vec<usize> = Layout::new(&score, &RollStyle::default(), &found)
            .chord_labels(&score, &found[0])
            .iter()
            .map(|l| l.row)
            .collect();
        assert_eq!(rows[..2], [0, 1]);
    }

    #[test]
    fn a_piece_that_is_too_long_says_so() {
        let style = RollStyle { max_bars: 8, ..RollStyle::default() };
        let svg = piano_roll(&piece(vec![note(0, 60, 4), note(u32::MAX - 9, 60, 4)]), &style);
        assert_eq!(count(&svg, "note"), 1);
        assert!(svg.contains("the first 8 bars are shown"));
    }

    proptest! {
        #[test]
        fn every_note_is_drawn_once(
            notes in prop::collection::vec((0u32..600, 0u8..128, 0u32..90, 1u8..128), 1..60),
            is_drum in any::<bool>(),
        ) {
            let notes: Vec<Note> = notes
                .into_iter()
                .map(|(onset, pitch, duration, velocity)| Note { velocity, ..note(onset, pitch, duration) })
                .collect();
            let number = notes.len();
            let mut score = piece(notes);
            score.parts[0].is_drum = is_drum;
            let svg = piano_roll(&score, &RollStyle::default());
            well_formed(&svg);
            prop_assert_eq!(count(&svg, "note"), number);
        }
    }
}
