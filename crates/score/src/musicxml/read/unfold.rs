//! From bars in the order in which they are played to a score: time runs on, ties join, maps are written down.

use super::super::{MusicXmlError, Repairs};
use super::attributes::Doubt;
use super::bars::{BarNote, Event, PartBars};
use crate::one_key::separate;
use crate::{Chord, ChordEvent, Key, KeyChange, Marker, MeterChange, Note, Part, Score, TempoChange, TextEvent, Tick};
use std::collections::HashMap;

/// The most notes that are played, with all repeats.
const MAX_NOTES: usize = 5_000_000;

/// The most ties of one pitch that are open at once; more belong to no music.
const MAX_OPEN_TIES: usize = 16;

/// One bar of the whole score.
#[derive(Debug, Default)]
struct Measure {
    length: u32,
    /// What holds where the bar begins, as written.
    before: State,
    /// Changes of all parts, sorted, none twice.
    events: Vec<(u32, Event)>,
}

/// What holds at a moment.
#[derive(Clone, Debug, Default, PartialEq)]
struct State {
    meter: Option<(u8, u8)>,
    tempo: Option<f64>,
    key: Option<Key>,
    chord: Option<Option<Chord>>,
}

impl State {
    fn take(&mut self, event: &Event) {
        match event {
            Event::Time(meter) => self.meter = Some(*meter),
            Event::Tempo(qpm) => self.tempo = Some(*qpm),
            Event::Key(sign) => self.key = sign.key,
            Event::Chord(chord) => self.chord = Some(*chord),
            Event::Marker(_) => {}
        }
    }
}

/// Lays the bars of `order` one after the other; `bars` is how many are written.
pub(super) fn unfold(
    mut parts: Vec<PartBars>,
    bars: usize,
    order: &[usize],
    ticks_per_quarter: u32,
    repairs: &mut Repairs,
) -> Result<Score, MusicXmlError> {
    let measures = measures(&mut parts, bars, ticks_per_quarter, repairs);
    let too_long = || MusicXmlError::TooManyTicks { ticks_per_quarter };
    let mut starts = Vec::with_capacity(order.len());
    let mut end = 0u32;
    for &bar in order {
        starts.push(end);
        end = end.checked_add(measures[bar].length).ok_or_else(too_long)?;
    }
    let mut score = maps(&measures, order, &starts, end, ticks_per_quarter);
    let mut notes = 0;
    for part in &parts {
        let played = order.iter().filter_map(|&bar| part.bars.get(bar)).map(|bar| bar.notes.len()).sum::<usize>();
        notes += played;
        if notes > MAX_NOTES {
            return Err(MusicXmlError::TooManyRepeats { most: super::document::MAX_BARS });
        }
        let mut playing = Playing::default();
        for (&bar, &start) in order.iter().zip(&starts) {
            for note in part.bars.get(bar).map_or(&[][..], |bar| &bar.notes) {
                playing.note(note, start, repairs).ok_or_else(too_long)?;
            }
        }
        playing.finish(part, &mut score.parts, repairs);
    }
    Ok(score)
}

/// What all parts together say about each bar. Of two that contradict each other the earlier is believed.
fn measures(parts: &mut [PartBars], bars: usize, ticks_per_quarter: u32, repairs: &mut Repairs) -> Vec<Measure> {
    let mut state = State::default();
    let mut measures = Vec::with_capacity(bars);
    for bar in 0..bars {
        let mut measure = Measure { before: state.clone(), ..Measure::default() };
        let mut said: Vec<(u32, usize, Event)> = Vec::new();
        for (number, part) in parts.iter_mut().enumerate() {
            let Some(bar) = part.bars.get_mut(bar) else { continue };
            measure.length = measure.length.max(bar.length);
            said.extend(std::mem::take(&mut bar.events).into_iter().map(|(at, event)| (at, number, event)));
        }
        if measure.length == 0 {
            let changed = said.iter().rev().find_map(|(.., event)| match event {
                Event::Time(meter) => Some(*meter),
                _ => None,
            });
            measure.length = nominal_length(changed.or(state.meter), ticks_per_quarter);
        }
        for (at, ..) in &mut said {
            *at = (*at).min(measure.length);
        }
        measure.events = settle(said, repairs);
        for (_, event) in &measure.events {
            state.take(event);
        }
        measures.push(measure);
    }
    measures
}

/// Sorts the changes and keeps one of a kind for each moment, the last of the first part, and of the markers those of the
/// first part. Counts what is doubtful and what is contradicted.
fn settle(mut said: Vec<(u32, usize, Event)>, repairs: &mut Repairs) -> Vec<(u32, Event)> {
    said.sort_by_key(|&(at, part, _)| (at, part));
    let mut kept: Vec<(u32, Event)> = Vec::new();
    for moment in said.chunk_by(|a, b| a.0 == b.0) {
        let at = moment[0].0;
        let mut of_kind: Vec<(usize, &Event)> = Vec::new();
        let mut marker_part = None;
        for (_, part, event) in moment {
            if let Event::Marker(_) = event {
                if *marker_part.get_or_insert(*part) == *part {
                    kept.push((at, event.clone()));
                }
                continue;
            }
            // At most four, one of each kind.
            match of_kind.iter_mut().find(|(_, other)| is_of_kind(other, event)) {
                Some((by, other)) => {
                    repairs.overruled_signatures += usize::from(!says_the_same(other, event));
                    if by == part {
                        *other = event;
                    }
                }
                None => of_kind.push((*part, event)),
            }
        }
        kept.extend(of_kind.into_iter().map(|(_, event)| (at, event.clone())));
    }
    for (_, event) in &kept {
        if let Event::Key(sign) = event {
            repairs.assumed_modes += usize::from(sign.doubt == Doubt::AssumedMode);
            repairs.church_modes += usize::from(sign.doubt == Doubt::ChurchMode);
        }
    }
    kept
}

fn is_of_kind(a: &Event, b: &Event) -> bool {
    std::mem::discriminant(a) == std::mem::discriminant(b)
}

fn says_the_same(a: &Event, b: &Event) -> bool {
    match (a, b) {
        (Event::Key(a), Event::Key(b)) => a.key == b.key,
        _ => a == b,
    }
}

/// Ticks of a full bar, rounded down as in [`Score::bar_starts`]; 4/4 where no metre is known.
fn nominal_length(meter: Option<(u8, u8)>, ticks_per_quarter: u32) -> u32 {
    let (numerator, denominator) = meter.unwrap_or((4, 4));
    (4 * ticks_per_quarter * u32::from(numerator) / u32::from(denominator)).max(1)
}

/// Everything but the notes.
fn maps(measures: &[Measure], order: &[usize], starts: &[u32], end: u32, ticks_per_quarter: u32) -> Score {
    let mut writing = MapWriter { score: Score::new(ticks_per_quarter), state: State::default(), next_bar: 0 };
    let mut chords: Vec<(u32, Option<Chord>)> = Vec::new();
    let mut before = None;
    for (&bar, &start) in order.iter().zip(starts) {
        let measure = &measures[bar];
        if before.is_some_and(|before: usize| before + 1 != bar) {
            for event in restored(&measure.before, &writing.state) {
                writing.event(start, &event, &mut chords);
            }
        }
        before = Some(bar);
        let mut from = start;
        for (at, event) in &measure.events {
            let at = start + at;
            if matches!(event, Event::Time(_)) && at > from {
                writing.bar(from, at);
                from = at;
            }
            writing.event(at, event, &mut chords);
        }
        writing.bar(from, start + measure.length);
    }
    let mut score = writing.score;
    let ends = chords.iter().skip(1).map(|&(at, _)| at).chain([end]).collect::<Vec<_>>();
    let events = chords.into_iter().zip(ends).filter(|((at, _), end)| at < end);
    score.chords = events.map(|((at, chord), end)| ChordEvent { at: Tick(at), end: Tick(end), chord }).collect();
    score
}

/// What has to be said again so that `wanted` holds.
fn restored(wanted: &State, now: &State) -> Vec<Event> {
    let mut events = Vec::new();
    events.extend(wanted.meter.map(Event::Time));
    events.extend(wanted.tempo.filter(|_| wanted.tempo != now.tempo).map(Event::Tempo));
    let sign = |key| Event::Key(super::attributes::KeySign { key: Some(key), doubt: Doubt::None });
    events.extend(wanted.key.filter(|_| wanted.key != now.key).map(sign));
    events.extend(wanted.chord.filter(|_| wanted.chord != now.chord).map(Event::Chord));
    events
}

/// Writes down tempos, metres, keys and markers as time goes on.
struct MapWriter {
    score: Score,
    state: State,
    /// Where the next bar would begin by the metres so far.
    next_bar: u32,
}

impl MapWriter {
    fn event(&mut self, at: u32, event: &Event, chords: &mut Vec<(u32, Option<Chord>)>) {
        let tick = Tick(at);
        match event {
            // Written where the bar begins, with the length that it has.
            Event::Time(_) => {}
            Event::Tempo(qpm) => {
                self.score.tempos.pop_if(|last| last.at == tick);
                self.score.tempos.push(TempoChange { at: tick, qpm: *qpm });
            }
            Event::Key(sign) => {
                self.score.keys.pop_if(|last| last.at == tick);
                // A key that goes on is stated again by some programs at every system.
                let goes_on = |last: &KeyChange| Some(last.key) == sign.key;
                if let Some(key) = sign.key.filter(|_| !self.score.keys.last().is_some_and(goes_on)) {
                    self.score.keys.push(KeyChange { at: tick, key });
                }
            }
            Event::Chord(chord) => {
                chords.pop_if(|(last, _)| *last == at);
                chords.push((at, *chord));
            }
            Event::Marker(text) => self.score.markers.push(Marker { at: tick, text: text.clone() }),
        }
        self.state.take(event);
    }

    /// A bar from `start` to `end` in the metre of this moment.
    fn bar(&mut self, start: u32, end: u32) {
        let ticks_per_quarter = self.score.ticks_per_quarter;
        let length = end - start;
        if length == 0 {
            return;
        }
        let nominal = nominal_length(self.state.meter, ticks_per_quarter);
        let meter = self.state.meter.unwrap_or((4, 4));
        let fitting = if length > nominal { fitting_meter(length, meter.1, ticks_per_quarter) } else { None };
        let (numerator, denominator) = fitting.unwrap_or(meter);
        let said = self.score.meters.last().map(|last| (last.numerator, last.denominator));
        if said != Some((numerator, denominator)) || self.next_bar != start {
            self.score.meters.push(MeterChange { at: Tick(start), numerator, denominator });
        }
        let nominal = if fitting.is_some() { length } else { nominal };
        self.next_bar = start.saturating_add(length.div_ceil(nominal).saturating_mul(nominal));
    }
}

/// The metre of a bar of this length, with the note value of `denominator` or the first finer one that can say it.
fn fitting_meter(length: u32, denominator: u8, ticks_per_quarter: u32) -> Option<(u8, u8)> {
    let whole_note = 4 * u64::from(ticks_per_quarter);
    [1, 2, 4, 8, 16, 32].into_iter().filter(|&value| value >= denominator).find_map(|value| {
        let beats = u64::from(length) * u64::from(value);
        let numerator = u8::try_from(beats / whole_note).ok()?;
        (beats % whole_note == 0).then_some((numerator, value))
    })
}

/// A note as it is played.
#[derive(Debug)]
struct Played {
    onset: u32,
    end: u32,
    pitch: u8,
    velocity: u8,
    is_drum: bool,
}

/// A note that a tie leads on from.
#[derive(Clone, Copy, Debug)]
struct OpenTie {
    note: usize,
    end: u32,
    voice: u16,
}

/// One part being played.
#[derive(Default)]
struct Playing {
    notes: Vec<Played>,
    open: HashMap<(u8, bool), Vec<OpenTie>>,
    /// For each voice when it last struck, and which notes.
    last: HashMap<u16, (u32, Vec<usize>)>,
    lyrics: Vec<TextEvent>,
}

impl Playing {
    /// Plays a note of a bar that begins at `start`; `None` if time runs out.
    fn note(&mut self, note: &BarNote, start: u32, repairs: &mut Repairs) -> Option<()> {
        let Ok(onset) = u32::try_from(i64::from(start) + note.onset) else {
            repairs.grace_notes = repairs.grace_notes.saturating_sub(1);
            repairs.dropped_grace_notes += 1;
            return Some(());
        };
        let end = onset.checked_add(note.duration)?;
        if note.is_grace {
            self.make_room(note.voice, onset);
        }
        let open = self.open.entry((note.pitch, note.is_drum)).or_default();
        let joined = if note.tie_stops { close_tie(open, onset, note.voice) } else { None };
        repairs.loose_ties += usize::from(note.tie_stops && joined.is_none());
        let index = match joined {
            Some(index) => {
                self.notes[index].end = end;
                index
            }
            None => {
                let (pitch, velocity, is_drum) = (note.pitch, note.velocity, note.is_drum);
                self.notes.push(Played { onset, end, pitch, velocity, is_drum });
                self.notes.len() - 1
            }
        };
        if note.tie_starts {
            if open.len() == MAX_OPEN_TIES {
                open.remove(0);
                repairs.loose_ties += 1;
            }
            open.push(OpenTie { note: index, end, voice: note.voice });
        }
        let (struck, notes) = self.last.entry(note.voice).or_default();
        if *struck != onset {
            notes.clear();
        }
        *struck = onset;
        // One whose tie goes on is not to be shortened.
        if !note.tie_starts {
            notes.push(index);
        }
        if let Some(text) = &note.lyric {
            self.lyrics.push(TextEvent { at: Tick(onset), text: text.to_string() });
        }
        Some(())
    }

    /// Ends what the voice plays where its grace note begins.
    fn make_room(&mut self, voice: u16, onset: u32) {
        for &index in self.last.get(&voice).map_or(&[][..], |(_, notes)| notes) {
            let note = &mut self.notes[index];
            if note.onset < onset {
                note.end = note.end.min(onset);
            }
        }
    }

    fn finish(mut self, part: &PartBars, parts: &mut Vec<Part>, repairs: &mut Repairs) {
        repairs.loose_ties += self.open.values().map(Vec::len).sum::<usize>();
        let mut notes_of = |is_drum: bool| {
            let own = self.notes.iter().filter(|note| note.is_drum == is_drum);
            let mut notes: Vec<Note> = own
                .map(|note| Note {
                    onset: Tick(note.onset),
                    pitch: note.pitch,
                    duration: Tick(note.end - note.onset),
                    velocity: note.velocity,
                })
                .collect();
            let separated = separate(&mut notes);
            repairs.doubled_notes += separated.dropped;
            repairs.cut_overlaps += separated.shortened;
            notes
        };
        let (pitched, drums) = (notes_of(false), notes_of(true));
        self.lyrics.sort_by_key(|lyric| lyric.at);
        let is_empty = pitched.is_empty() && drums.is_empty();
        // A part that has both becomes two of one name.
        for (is_drum, notes) in [(false, pitched), (true, drums)] {
            if !notes.is_empty() || (is_empty && is_drum == part.is_drum) {
                let lyrics = std::mem::take(&mut self.lyrics);
                parts.push(Part { name: part.name.clone(), program: part.program, is_drum, notes, lyrics });
            }
        }
    }
}

/// The note that a tie to `onset` comes from: of the same voice, else of any.
fn close_tie(open: &mut Vec<OpenTie>, onset: u32, voice: u16) -> Option<usize> {
    let of_voice = open.iter().position(|tie| tie.end == onset && tie.voice == voice);
    let place = of_voice.or_else(|| open.iter().position(|tie| tie.end == onset))?;
    Some(open.remove(place).note)
}
