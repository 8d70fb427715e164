//! From items as written to a [`Score`]: repeats played out, ties joined, times summed.

use super::body::{Item, Pitch, Voice};
use super::fields::WHOLE;
use super::lines::Written;
use super::unfold::{Played, unfold};
use super::{Repairs, TICKS_PER_QUARTER};
use crate::bar_lines::meter_changes;
use crate::one_key::separate;
use crate::{ChordEvent, KeyChange, Note, Part, Score, Section, TempoChange, Tick};

/// The longest tune, in ticks: 20,000 whole notes. Longer ones are cut.
const LONGEST: u32 = 20_000 * WHOLE;

/// A section lasts at least two whole notes.
const SHORTEST_SECTION: u32 = 2 * WHOLE;

/// Loudness of every note: ABC says nothing of it that we read.
const VELOCITY: u8 = 80;

/// What one voice sounds like from beginning to end.
#[derive(Default)]
struct Heard {
    notes: Vec<Note>,
    lines: Vec<u32>,
    metres: Vec<(u32, Option<(u8, u8)>)>,
    keys: Vec<KeyChange>,
    tempos: Vec<TempoChange>,
    chords: Vec<ChordEvent>,
    /// Sections as they begin: when, and what they are called by.
    sections: Vec<(u32, usize)>,
    end: u32,
}

/// The score of a tune and everything that had to be repaired. Metres, keys, tempos and chords are those of the first voice.
pub(super) fn assemble(written: &Written) -> (Score, Repairs) {
    let mut repairs = written.repairs;
    let mut score = Score::new(TICKS_PER_QUARTER);
    score.title = written.header.titles.first().cloned().unwrap_or_default();
    for (index, voice) in written.voices.iter().enumerate() {
        let played = unfold(&voice.items, written.header.order.as_deref());
        repairs.cut_short |= usize::from(played.cut_short);
        let mut heard = hear(voice, &played, &mut repairs);
        separate(&mut heard.notes);
        let name = if voice.name.is_empty() { voice.id.clone() } else { voice.name.clone() };
        score.parts.push(Part { name, notes: std::mem::take(&mut heard.notes), ..Part::default() });
        if index == 0 {
            let (meters, irregular) = meter_changes(&heard.lines, &heard.metres, TICKS_PER_QUARTER);
            repairs.irregular_bars += irregular;
            (score.meters, score.keys, score.tempos) = (meters, heard.keys, heard.tempos);
            score.chords = heard.chords;
            score.sections = name_sections(&heard.sections, heard.end);
        }
    }
    (score, repairs)
}

fn hear(voice: &Voice, played: &Played, repairs: &mut Repairs) -> Heard {
    let mut heard = Heard { lines: vec![0], ..Heard::default() };
    // Where notes tied to what comes now begin in `heard.notes`.
    let mut tied: Vec<usize> = Vec::new();
    let mut now = 0;
    let mut sections = played.sections.iter().peekable();
    for (place, index) in played.order.iter().enumerate() {
        while let Some((_, written_at)) = sections.next_if(|(from, _)| *from <= place) {
            change(&mut heard.sections, (now, *written_at), |s| s.0);
        }
        match &voice.items[*index] {
            Item::Sound { pitches, length } => {
                let Some(end) = now_plus(now, *length) else {
                    repairs.cut_short = 1;
                    break;
                };
                sound(&mut heard.notes, &mut tied, pitches, (now, *length), repairs);
                now = end;
            }
            Item::Bar(_) => {
                if heard.lines.last() != Some(&now) {
                    heard.lines.push(now);
                }
            }
            Item::Chord(chord) => heard.chords.push(ChordEvent { at: Tick(now), end: Tick(now), chord: *chord }),
            Item::Meter(metre) => change(&mut heard.metres, (now, *metre), |m| m.0),
            Item::Key(key) => change(&mut heard.keys, KeyChange { at: Tick(now), key: *key }, |k| k.at.0),
            Item::Tempo(qpm) => change(&mut heard.tempos, TempoChange { at: Tick(now), qpm: *qpm }, |t| t.at.0),
            Item::Ending(_) | Item::Label(_) => {}
        }
    }
    repairs.loose_ties += tied.len();
    if heard.lines.last() != Some(&now) {
        heard.lines.push(now);
    }
    heard.end = now;
    end_chords(&mut heard.chords, now);
    drop_repeated(&mut heard.keys, |k| k.key);
    drop_repeated(&mut heard.tempos, |t| t.qpm);
    heard
}

fn now_plus(now: u32, length: u32) -> Option<u32> {
    now.checked_add(length).filter(|end| *end <= LONGEST)
}

/// Adds a note, chord or rest; what is tied to it grows.
fn sound(
    notes: &mut Vec<Note>,
    tied: &mut Vec<usize>,
    pitches: &[Pitch],
    (onset, length): (u32, u32),
    repairs: &mut Repairs,
) {
    let waiting = std::mem::take(tied);
    let mut continued = 0;
    for pitch in pitches {
        let index = match waiting.iter().find(|&&index| notes[index].pitch == pitch.pitch) {
            Some(&index) => {
                notes[index].duration = Tick(onset + length - notes[index].onset.0);
                continued += 1;
                index
            }
            None => {
                let (onset, duration) = (Tick(onset), Tick(length));
                notes.push(Note { onset, pitch: pitch.pitch, duration, velocity: VELOCITY });
                notes.len() - 1
            }
        };
        if pitch.tied {
            tied.push(index);
        }
    }
    repairs.loose_ties += waiting.len().saturating_sub(continued);
}

/// Adds a change; of two at one moment the later counts.
fn change<T>(changes: &mut Vec<T>, new: T, at: impl Fn(&T) -> u32) {
    if changes.last().is_some_and(|last| at(last) == at(&new)) {
        changes.pop();
    }
    changes.push(new);
}

/// Repeats state again what is in force anyway.
fn drop_repeated<T, V: PartialEq>(changes: &mut Vec<T>, value: impl Fn(&T) -> V) {
    changes.dedup_by(|later, earlier| value(later) == value(earlier));
}

/// Sections with letters for names, equal ones for what is written once. A strain shorter than a bar or so is no section: it
/// is the pickup of the next. None where there are more than 26 strains or only one.
fn name_sections(starts: &[(u32, usize)], end: u32) -> Vec<Section> {
    let mut known: Vec<usize> = Vec::new();
    let mut sections: Vec<Section> = Vec::new();
    for (index, (at, written_at)) in starts.iter().enumerate() {
        let until = starts.get(index + 1).map_or(end, |next| next.0);
        if until.saturating_sub(*at) < SHORTEST_SECTION {
            continue;
        }
        let letter = known.iter().position(|k| k == written_at).unwrap_or_else(|| {
            known.push(*written_at);
            known.len() - 1
        });
        let Some(letter) = u8::try_from(letter).ok().filter(|l| *l < 26) else { return Vec::new() };
        // What was passed over belongs to what follows.
        let from = sections.last().map_or(Tick(0), |last| last.end);
        sections.push(Section { at: from, end: Tick(until), label: char::from(b'A' + letter).to_string() });
    }
    if let Some(last) = sections.last_mut() {
        last.end = Tick(end);
    }
    if sections.len() < 2 { Vec::new() } else { sections }
}

/// A chord lasts until the next, the last until the end.
fn end_chords(chords: &mut Vec<ChordEvent>, end: u32) {
    for index in 0..chords.len() {
        chords[index].end = chords.get(index + 1).map_or(Tick(end), |next| next.at);
    }
    chords.retain(|chord| chord.at < chord.end);
}
