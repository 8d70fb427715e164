//! Bytes to [`Score`]: chunks, then tracks, then the parts and maps of the whole piece.

use super::chunks::File;
use super::events::{EventKind, Events};
use super::strokes::{Stroke, pair};
use super::{DRUM_CHANNEL, MAX_EVENTS, MidiError, RECIPE_PREFIX, Repairs};
use crate::one_key::separate;
use crate::{Key, KeyChange, Marker, MeterChange, Mode, Note, Part, Score, TempoChange, TextEvent, Tick};
use midly::MetaMessage;
use std::cmp::Reverse;

/// How many lyrics of a track are compared with the notes to find who sings them.
const LYRICS_TO_COMPARE: usize = 64;

/// A MIDI file as music.
#[derive(Clone, Debug, PartialEq)]
pub struct Read {
    /// The music.
    pub score: Score,
    /// What had to be repaired on the way.
    pub repairs: Repairs,
    /// Aeolian's recipe, if [`write_with_text`](super::write_with_text) put one in.
    pub recipe: Option<String>,
    /// Controllers, pedals, bends, aftertouch and system messages: sound, but nothing a [`Score`] holds. Left out.
    pub expression_events: usize,
}

/// Reads a standard MIDI file of format 0 or 1.
///
/// Every channel of a track that plays notes becomes a part; a track (not the first) that plays none but sets one
/// instrument becomes an empty part. In format 0 the track's name is the title, in format 1 the name of a first
/// track without notes is; every other name goes to the track's parts. Text is UTF-8 where it is valid UTF-8, else
/// Latin-1; names lose the blanks around them. Where two tracks state a tempo, metre or key for one tick, the
/// earlier track is believed; within one track the later event. Every note in the result is at least one tick long.
///
/// # Errors   any [`MidiError`] but `Unwritable`; nothing is read in part.
pub fn read(bytes: &[u8]) -> Result<Read, MidiError> {
    let mut repairs = Repairs::default();
    let file = File::split(bytes, &mut repairs)?;
    let mut reading = Reading { repairs, ..Reading::default() };
    for (index, chunk) in file.tracks.iter().enumerate() {
        let track = reading.track(index, chunk)?;
        reading.add_track(index, track, file.format);
    }
    Ok(reading.finish(file.ticks_per_quarter))
}

/// One track, taken apart.
#[derive(Default)]
struct Track {
    name: Option<String>,
    instrument: Option<String>,
    lyrics: Vec<TextEvent>,
    /// In order of channel; only channels that the track uses.
    channels: Vec<Channel>,
}

impl Track {
    fn channel(&mut self, number: u8) -> &mut Channel {
        let index = match self.channels.binary_search_by_key(&number, |c| c.number) {
            Ok(index) => index,
            Err(index) => {
                self.channels.insert(index, Channel::new(number));
                index
            }
        };
        &mut self.channels[index]
    }
}

/// What one channel does in one track.
struct Channel {
    number: u8,
    program: Option<u8>,
    /// What its keys do, in order of time, until [`Channel::finish`] makes `notes` of it.
    strokes: Vec<Stroke>,
    notes: Vec<Note>,
}

impl Channel {
    fn new(number: u8) -> Self {
        Self { number, program: None, strokes: Vec::new(), notes: Vec::new() }
    }

    /// The instrument set before the first note stays; one that comes later counts only if there was none.
    fn set_program(&mut self, program: u8, repairs: &mut Repairs) {
        let playing = !self.strokes.is_empty();
        match self.program {
            Some(first) if playing => repairs.instrument_changes += usize::from(first != program),
            _ => self.program = Some(program),
        }
    }

    /// Makes notes, each of some length, of the strokes.
    fn finish(&mut self, end: Tick, repairs: &mut Repairs) {
        let pairing = pair(&std::mem::take(&mut self.strokes), end);
        repairs.unended_notes += pairing.unended();
        repairs.orphan_note_offs += pairing.orphans;
        repairs.cut_overlaps += pairing.cut;
        repairs.doubled_notes += pairing.doubled;
        self.notes = pairing.notes;
        let zero_length_notes = lengthen(&mut self.notes);
        repairs.zero_length_notes += zero_length_notes;
        if zero_length_notes == 0 {
            sort_chords(&mut self.notes);
        } else {
            // A note just made one tick long may have another of its pitch at the same tick.
            let separated = separate(&mut self.notes);
            repairs.doubled_notes += separated.dropped;
            repairs.cut_overlaps += separated.shortened;
        }
    }
}

/// Makes notes of no length one tick long; returns how many there were.
fn lengthen(notes: &mut [Note]) -> usize {
    let mut lengthened = 0;
    for note in notes.iter_mut().filter(|note| note.duration.0 == 0) {
        note.duration = Tick(1);
        lengthened += 1;
    }
    lengthened
}

/// Sorts notes that are in order of onset already, and of which no two of equal pitch are struck together.
fn sort_chords(notes: &mut [Note]) {
    for chord in notes.chunk_by_mut(|a, b| a.onset == b.onset) {
        chord.sort_unstable_by_key(|note| note.pitch);
    }
}

/// A change of tempo, metre or key, from track number `track`.
struct Change<T> {
    at: Tick,
    track: usize,
    value: T,
}

/// Sorts the changes and keeps one for each tick: the last of the first track. Counts those that said otherwise.
fn settle<T: PartialEq>(mut changes: Vec<Change<T>>, overruled: &mut usize) -> Vec<(Tick, T)> {
    changes.sort_by_key(|c| (c.at, Reverse(c.track)));
    changes.dedup_by(|later, kept| {
        let same = later.at == kept.at;
        if same {
            *overruled += usize::from(later.value != kept.value);
            std::mem::swap(later, kept);
        }
        same
    });
    changes.into_iter().map(|c| (c.at, c.value)).collect()
}

/// The piece so far.
#[derive(Default)]
struct Reading {
    title: String,
    parts: Vec<Part>,
    /// Lyrics of tracks without notes, as karaoke files have them.
    words: Vec<TextEvent>,
    /// First instrument set on each channel by a track without notes.
    setup: [Option<u8>; 16],
    /// For each part: its channel, if its own track named no instrument.
    unset: Vec<Option<u8>>,
    tempos: Vec<Change<f64>>,
    meters: Vec<Change<(u8, u8)>>,
    keys: Vec<Change<Key>>,
    markers: Vec<Marker>,
    recipe: Option<String>,
    repairs: Repairs,
    events: usize,
    expression_events: usize,
}

impl Reading {
    /// Reads the events of one track.
    fn track(&mut self, index: usize, bytes: &[u8]) -> Result<Track, MidiError> {
        let number = index + 1;
        let mut track = Track::default();
        let mut now = Tick(0);
        let mut events = Events::new(bytes);
        loop {
            if events.unread().is_empty() {
                self.repairs.missing_track_ends += 1;
                break;
            }
            let event = events.next().ok_or(MidiError::DamagedTrack { track: number, tick: now.0 })?;
            self.events += 1;
            if self.events > MAX_EVENTS {
                return Err(MidiError::TooManyEvents);
            }
            now = Tick(now.0.checked_add(event.delta_ticks).ok_or(MidiError::TooLong { track: number })?);
            match event.kind {
                EventKind::Stroke { channel, pitch, velocity } => {
                    track.channel(channel).strokes.push(Stroke { at: now, pitch, velocity });
                }
                EventKind::Program { channel, program } => {
                    track.channel(channel).set_program(program, &mut self.repairs);
                }
                EventKind::Expression => self.expression_events += 1,
                EventKind::Meta(MetaMessage::EndOfTrack) => {
                    self.repairs.ignored_bytes += events.unread().len();
                    break;
                }
                EventKind::Meta(message) => self.meta(index, &mut track, message, now),
            }
        }
        self.repairs.continued_statuses += events.continued_statuses;
        for channel in &mut track.channels {
            channel.finish(now, &mut self.repairs);
        }
        Ok(track)
    }

    fn meta(&mut self, index: usize, track: &mut Track, message: MetaMessage<'_>, at: Tick) {
        match message {
            MetaMessage::TrackName(name) => {
                track.name.get_or_insert_with(|| trimmed(name));
            }
            MetaMessage::InstrumentName(name) => {
                track.instrument.get_or_insert_with(|| trimmed(name));
            }
            MetaMessage::Lyric(syllable) => track.lyrics.push(TextEvent { at, text: text(syllable) }),
            MetaMessage::Marker(name) | MetaMessage::CuePoint(name) => {
                self.markers.push(Marker { at, text: text(name) });
            }
            MetaMessage::Text(words) if self.recipe.is_none() => {
                self.recipe = text(words).strip_prefix(RECIPE_PREFIX).map(str::to_owned);
            }
            MetaMessage::Tempo(microseconds) => match microseconds.as_int() {
                0 => self.repairs.bad_signatures += 1,
                us => self.tempos.push(Change { at, track: index, value: 60e6 / f64::from(us) }),
            },
            MetaMessage::TimeSignature(numerator, power, _, _) => match (numerator, power) {
                (1.., 0..=5) => self.meters.push(Change { at, track: index, value: (numerator, 1 << power) }),
                _ => self.repairs.bad_signatures += 1,
            },
            MetaMessage::KeySignature(sharps, minor) => match sharps {
                -7..=7 => {
                    let mode = if minor { Mode::Minor } else { Mode::Major };
                    self.keys.push(Change { at, track: index, value: Key::from_signature(sharps, mode) });
                }
                _ => self.repairs.bad_signatures += 1,
            },
            _ => {}
        }
    }

    /// Makes parts of a track.
    fn add_track(&mut self, index: usize, mut track: Track, format: u16) {
        let name = track.name.or(track.instrument).unwrap_or_default();
        let silent = track.channels.iter().all(|c| c.notes.is_empty());
        if index == 0 && (silent || format == 0) {
            self.title = name.clone();
        }
        let is_empty_part = silent && index > 0 && track.channels.len() == 1 && track.channels[0].program.is_some();
        if silent && !is_empty_part {
            for channel in &track.channels {
                let setup = &mut self.setup[usize::from(channel.number)];
                *setup = setup.or(channel.program);
            }
            self.words.append(&mut track.lyrics);
            return;
        }
        let first = self.parts.len();
        for channel in track.channels.into_iter().filter(|c| is_empty_part || !c.notes.is_empty()) {
            self.unset.push(channel.program.is_none().then_some(channel.number));
            self.parts.push(Part {
                name: if format == 0 { String::new() } else { name.clone() },
                program: channel.program.unwrap_or(0),
                is_drum: channel.number == DRUM_CHANNEL,
                notes: channel.notes,
                lyrics: Vec::new(),
            });
        }
        give_lyrics(&mut self.parts[first..], track.lyrics);
    }

    fn finish(mut self, ticks_per_quarter: u32) -> Read {
        for (part, channel) in self.parts.iter_mut().zip(&self.unset) {
            part.program = channel.and_then(|c| self.setup[usize::from(c)]).unwrap_or(part.program);
        }
        self.words.sort_by_key(|w| w.at);
        self.repairs.dropped_lyrics += give_lyrics(&mut self.parts, self.words);
        self.markers.sort_by_key(|m| m.at);
        let overruled = &mut self.repairs.overruled_signatures;
        let score = Score {
            title: self.title,
            parts: self.parts,
            tempos: settle(self.tempos, overruled).into_iter().map(|(at, qpm)| TempoChange { at, qpm }).collect(),
            meters: settle(self.meters, overruled)
                .into_iter()
                .map(|(at, (numerator, denominator))| MeterChange { at, numerator, denominator })
                .collect(),
            keys: settle(self.keys, overruled).into_iter().map(|(at, key)| KeyChange { at, key }).collect(),
            markers: self.markers,
            ..Score::new(ticks_per_quarter)
        };
        Read { score, repairs: self.repairs, recipe: self.recipe, expression_events: self.expression_events }
    }
}

/// Gives sorted lyrics to the part that starts most notes where syllables are; returns how many found no part.
fn give_lyrics(parts: &mut [Part], lyrics: Vec<TextEvent>) -> usize {
    let sung_by = |part: &Part| {
        let sings = |at: Tick| part.notes.binary_search_by_key(&at, |n| n.onset).is_ok();
        lyrics.iter().take(LYRICS_TO_COMPARE).filter(|l| sings(l.at)).count()
    };
    // Of equally good parts the first.
    match parts.iter_mut().rev().max_by_key(|part| sung_by(part)) {
        _ if lyrics.is_empty() => 0,
        None => lyrics.len(),
        Some(part) => {
            part.lyrics.extend(lyrics);
            part.lyrics.sort_by_key(|l| l.at);
            0
        }
    }
}

/// UTF-8 if it is valid, else Latin-1, in which every byte is the character of its number.
fn text(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().map(|&b| char::from(b)).collect(),
    }
}

/// A name without the blanks and zero bytes around it.
fn trimmed(bytes: &[u8]) -> String {
    text(bytes).trim_matches(|c: char| c.is_whitespace() || c == '\0').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const END: &[u8] = b"\x00\xff\x2f\x00";

    /// A file with these tracks, each closed by an end mark.
    fn file(format: u16, tracks: &[&[u8]]) -> Vec<u8> {
        let mut bytes = b"MThd\0\0\0\x06".to_vec();
        bytes.extend(format.to_be_bytes());
        bytes.extend((tracks.len() as u16).to_be_bytes());
        bytes.extend(96u16.to_be_bytes());
        for events in tracks {
            bytes.extend(b"MTrk");
            bytes.extend((events.len() as u32 + 4).to_be_bytes());
            bytes.extend(*events);
            bytes.extend(END);
        }
        bytes
    }

    fn note(onset: u32, pitch: u8, duration: u32) -> Note {
        Note { onset: Tick(onset), pitch, duration: Tick(duration), velocity: 64 }
    }

    /// The notes of a format-1 file with one track, and its repairs.
    fn notes_of(events: &[u8]) -> (Vec<Note>, Repairs) {
        let read = read(&file(1, &[events])).unwrap();
        (read.score.parts.into_iter().flat_map(|p| p.notes).collect(), read.repairs)
    }

    #[test]
    fn running_status_and_velocity_zero_are_understood() {
        let (notes, repairs) = notes_of(b"\x00\x90\x3c\x40\x0a\x3c\x00\x00\x3e\x40\x0a\x3e\x00");
        assert_eq!(notes, [note(0, 60, 10), note(10, 62, 10)]);
        assert!(repairs.is_empty());
    }

    #[test]
    fn format_0_becomes_a_part_for_each_channel() {
        let events =
            b"\x00\xff\x03\x04Song\x00\xc1\x05\x00\x91\x3c\x40\x00\x99\x24\x40\x0a\x81\x3c\x00\x00\x89\x24\x00";
        let score = read(&file(0, &[events])).unwrap().score;
        assert_eq!(score.title, "Song");
        let seen: Vec<_> = score.parts.iter().map(|p| (p.program, p.is_drum, p.notes[0].pitch)).collect();
        assert_eq!(seen, [(5, false, 60), (0, true, 36)]);
    }

    #[test]
    fn a_format_1_track_of_two_channels_becomes_two_parts_of_its_name() {
        let events = b"\x00\xff\x03\x03Duo\x00\x90\x3c\x40\x00\x91\x40\x40\x0a\x80\x3c\x00\x00\x81\x40\x00";
        let score = read(&file(1, &[b"\x00\xff\x03\x05Title", events])).unwrap().score;
        assert_eq!(score.title, "Title");
        assert_eq!(score.parts.iter().map(|p| p.name.as_str()).collect::<Vec<_>>(), ["Duo", "Duo"]);
    }

    #[test]
    fn an_instrument_set_by_another_track_counts_where_the_own_sets_none() {
        let setup = b"\x00\xc0\x28\x00\xc1\x29";
        let score = read(&file(1, &[setup, b"\x00\x90\x3c\x40\x0a\x80\x3c\x00"])).unwrap().score;
        assert_eq!(score.parts.iter().map(|p| p.program).collect::<Vec<_>>(), [40]);
    }

    #[test]
    fn the_first_instrument_of_a_part_stays() {
        let events = b"\x00\xc0\x28\x00\x90\x3c\x40\x0a\x80\x3c\x00\x00\xc0\x29";
        let read = read(&file(1, &[events])).unwrap();
        assert_eq!((read.score.parts[0].program, read.repairs.instrument_changes), (40, 1));
    }

    #[test]
    fn maps_markers_and_lyrics_are_read() {
        let conductor = b"\x00\xff\x51\x03\x07\xa1\x20\x00\xff\x58\x04\x06\x03\x18\x08\x00\xff\x59\x02\xfd\x01\
            \x05\xff\x06\x01A\x05\xff\x07\x01B";
        let voice = b"\x00\xff\x05\x02la\x00\x90\x3c\x40\x0a\x80\x3c\x00";
        let score = read(&file(1, &[conductor, voice])).unwrap().score;
        assert_eq!(score.tempos, [TempoChange { at: Tick(0), qpm: 120.0 }]);
        assert_eq!(score.meters, [MeterChange { at: Tick(0), numerator: 6, denominator: 8 }]);
        assert_eq!(score.keys, [KeyChange { at: Tick(0), key: Key { tonic: 0, mode: Mode::Minor } }]);
        assert_eq!(score.markers.iter().map(|m| (m.at.0, m.text.as_str())).collect::<Vec<_>>(), [(5, "A"), (10, "B")]);
        assert_eq!(score.parts[0].lyrics, [TextEvent { at: Tick(0), text: "la".into() }]);
    }

    #[test]
    fn words_of_a_track_without_notes_go_to_the_part_that_sings_them() {
        let words = b"\x0a\xff\x05\x02la\x0a\xff\x05\x02lu";
        let piano = b"\x00\x90\x3c\x40\x0a\x80\x3c\x00";
        let voice = b"\x0a\x91\x3c\x40\x0a\x81\x3c\x00\x00\x91\x3c\x40\x0a\x81\x3c\x00";
        let score = read(&file(1, &[words, piano, voice])).unwrap().score;
        assert_eq!(score.parts.iter().map(|p| p.lyrics.len()).collect::<Vec<_>>(), [0, 2]);
        assert_eq!(read(&file(1, &[words])).unwrap().repairs.dropped_lyrics, 2);
    }

    #[test]
    fn senseless_and_overruled_signatures_are_counted() {
        let conductor =
            b"\x00\xff\x51\x03\0\0\0\x00\xff\x58\x04\x00\x02\x18\x08\x00\xff\x59\x02\x08\x00\x00\xff\x59\x02\x01\x00";
        let other = b"\x00\xff\x59\x02\x00\x00";
        let read = read(&file(1, &[conductor, other])).unwrap();
        assert_eq!((read.repairs.bad_signatures, read.repairs.overruled_signatures), (3, 1));
        assert_eq!(read.score.keys, [KeyChange { at: Tick(0), key: Key { tonic: 7, mode: Mode::Major } }]);
    }

    #[test]
    fn text_that_is_not_utf8_is_latin1() {
        assert_eq!(text("Für".as_bytes()), "Für");
        assert_eq!(text(b"F\xfcr"), "Für");
    }

    #[test]
    fn a_struck_again_key_cuts_the_earlier_note_and_takes_the_second_note_off() {
        let (notes, repairs) =
            notes_of(b"\x00\x90\x3c\x40\x0a\x90\x3c\x40\x01\x80\x3c\x00\x09\x80\x3c\x00\x00\x80\x3c\x00");
        assert_eq!(notes, [note(0, 60, 10), note(10, 60, 10)]);
        assert_eq!((repairs.cut_overlaps, repairs.orphan_note_offs), (1, 1));
    }

    #[test]
    fn a_running_status_may_run_on_over_a_meta_event() {
        let (notes, repairs) = notes_of(b"\x00\x90\x3c\x40\x00\xff\x01\x00\x0a\x3c\x00\x05\x3e\x40\x0a\x3e\x00");
        assert_eq!(notes, [note(0, 60, 10), note(15, 62, 10)]);
        assert_eq!(repairs, Repairs { continued_statuses: 1, ..Repairs::default() });
    }

    #[test]
    fn where_one_note_off_is_missing_the_other_ends_the_later_note() {
        let (notes, repairs) = notes_of(b"\x00\x90\x3c\x40\x0a\x90\x3c\x40\x05\x80\x3c\x00\x60\x90\x3e\x00");
        assert_eq!(notes, [note(0, 60, 10), note(10, 60, 5)]);
        assert_eq!((repairs.cut_overlaps, repairs.unended_notes), (1, 0));
    }

    #[test]
    fn unended_doubled_and_empty_notes_are_repaired_and_told() {
        let (notes, repairs) = notes_of(b"\x00\x90\x3c\x40\x05\x90\x3e\x40\x00\x80\x3e\x00\x05\xff\x01\x00");
        assert_eq!(notes, [note(0, 60, 10), note(5, 62, 1)]);
        assert_eq!((repairs.unended_notes, repairs.zero_length_notes), (1, 1));
        assert_eq!(repairs.to_string(), "Repaired: 1 × note without an end, 1 × note of no length.");
        let (notes, repairs) = notes_of(b"\x00\x90\x3c\x40\x00\x90\x3c\x20\x05\x80\x3c\x00\x05\x80\x3c\x00");
        assert_eq!(notes, [note(0, 60, 10)]);
        assert_eq!((repairs.doubled_notes, repairs.cut_overlaps), (1, 0));
    }

    #[test]
    fn each_kind_of_damage_has_its_own_error() {
        let good = file(1, &[b"\x00\x90\x3c\x40\x0a\x80\x3c\x00"]);
        let with = |at: usize, new: &[u8]| {
            let mut bytes = good.clone();
            bytes[at..at + new.len()].copy_from_slice(new);
            read(&bytes).unwrap_err()
        };
        assert_eq!(read(b""), Err(MidiError::Empty));
        assert_eq!(read(b"Dear reader, this is a letter."), Err(MidiError::NotMidi));
        assert_eq!(read(b"MThd"), Err(MidiError::DamagedHeader));
        assert_eq!(read(b"MThd\0\0\0\x02\0\x01"), Err(MidiError::DamagedHeader));
        assert_eq!(with(8, &[0, 2]), MidiError::Format(2));
        assert_eq!(with(12, &[0, 0]), MidiError::NoResolution);
        assert_eq!(with(12, &[0xe7, 40]), MidiError::Smpte);
        assert_eq!(with(10, &[0, 2]), MidiError::MissingTracks { announced: 2, found: 1 });
        assert_eq!(with(18, &[0x80, 0, 0, 0]), MidiError::CutShort { claimed: 1 << 31, left: 12 });
        assert_eq!(with(23, &[0xf8]), MidiError::DamagedTrack { track: 1, tick: 0 });
        let mut late = b"\xff\xff\xff\x7f\xff\x01\x00".repeat(16);
        late.extend(b"\x10\xff\x01\x00");
        assert_eq!(read(&file(1, &[&late])), Err(MidiError::TooLong { track: 1 }));
        let many = b"\x00\x3c\x00".repeat(MAX_EVENTS);
        assert_eq!(read(&file(0, &[&[b"\x00\x90\x3c\x00", &many[..]].concat()])), Err(MidiError::TooManyEvents));
    }

    #[test]
    fn a_file_cut_anywhere_is_an_error_and_never_less_music() {
        let good = file(1, &[b"\x00\xff\x03\x01T", b"\x00\x90\x3c\x40\x0a\x80\x3c\x00"]);
        assert!(read(&good).is_ok());
        for length in 0..good.len() {
            assert!(read(&good[..length]).is_err(), "cut to {length} bytes");
        }
    }

    #[test]
    fn padding_behind_the_music_is_ignored_and_told() {
        let mut bytes = file(1, &[b"\x00\x90\x3c\x40\x0a\x80\x3c\x00"]);
        bytes.extend([0xee; 20]);
        assert_eq!(read(&bytes).unwrap().repairs, Repairs { ignored_bytes: 20, ..Repairs::default() });
    }

    #[test]
    fn a_track_without_an_end_mark_is_told() {
        let mut bytes = file(1, &[b"\x00\x90\x3c\x40\x0a\x80\x3c\x00"]);
        bytes.truncate(bytes.len() - END.len());
        bytes[21] -= END.len() as u8;
        assert_eq!(read(&bytes).unwrap().repairs, Repairs { missing_track_ends: 1, ..Repairs::default() });
    }
}
