//! [`Score`] to bytes: a conductor track with title, maps and markers, then one track for each part.

use super::{DRUM_CHANNEL, MidiError, RECIPE_PREFIX};
use crate::{Part, Score, Tick};
use midly::num::{u4, u7, u15, u24, u28};
use midly::{Format, Header, MetaMessage, MidiMessage, Smf, Timing, TrackEvent, TrackEventKind};

/// Resolutions below this are written finer, because programs round tempo and swing to ticks.
const COARSEST: u32 = 96;

/// What a score of lower resolution is written at where that is a multiple of its own: the customary value.
const CUSTOMARY: u32 = 480;

/// The last tick that can be written: the longest delta time there is, and 77 hours of music.
const LAST_TICK: u32 = (1 << 28) - 1;

/// The ticks a quarter that [`write`](fn@write) gives a score with `ticks_per_quarter`: always a multiple, so that all times
/// stay exact. From 96 on it is the score's own; below, 480 or else the first multiple that is at least 96.
pub fn written_resolution(ticks_per_quarter: u32) -> u32 {
    match ticks_per_quarter {
        0 | COARSEST.. => ticks_per_quarter,
        divisor if CUSTOMARY.is_multiple_of(divisor) => CUSTOMARY,
        other => COARSEST.next_multiple_of(other),
    }
}

/// Writes a standard MIDI file of format 1.
///
/// Times are multiplied by `written_resolution(tpq) / tpq`; reading back gives the same music at that resolution.
/// Drums are on channel 10, other parts take the other fifteen in turn. A note of no length is written one tick
/// long. Chord symbols and sections are left out: MIDI has no place for them. Tempi are rounded to whole
/// microseconds a quarter.
///
/// # Errors   `MidiError::Unwritable` for a resolution outside 1–32767, a pitch or program above 127, a velocity
/// outside 1–127, a metre whose denominator is not 1, 2, 4 … 32, a tempo outside 3.58–60000000, more than 65534
/// parts, a text of 256 MiB, or music that lasts beyond tick 2²⁸ − 1.
pub fn write(score: &Score) -> Result<Vec<u8>, MidiError> {
    write_with_text(score, None)
}

/// Like [`write`](fn@write), with an opaque text (Aeolian's recipe) at the start of the conductor track, where every program
/// lets it be and [`read`](super::read) finds it.
///
/// # Errors   as [`write`](fn@write).
pub fn write_with_text(score: &Score, text: Option<&str>) -> Result<Vec<u8>, MidiError> {
    let ticks_per_quarter = written_resolution(score.ticks_per_quarter);
    let resolution = u16::try_from(ticks_per_quarter)
        .ok()
        .and_then(u15::try_from)
        .filter(|r| r.as_int() > 0)
        .ok_or_else(|| unwritable("a resolution of", score.ticks_per_quarter, "1 to 32767 ticks a quarter"))?;
    if score.parts.len() >= usize::from(u16::MAX) {
        return Err(unwritable("this many parts:", score.parts.len(), "at most 65534"));
    }
    let clock = Clock { factor: ticks_per_quarter / score.ticks_per_quarter };
    let recipe = text.map(|t| format!("{RECIPE_PREFIX}{t}"));
    let mut tracks = vec![conductor_track(score, recipe.as_deref(), clock)?];
    let mut melodic_channels = (0..16).filter(|&c| c != DRUM_CHANNEL).cycle();
    for part in &score.parts {
        let channel = if part.is_drum { Some(DRUM_CHANNEL) } else { melodic_channels.next() };
        tracks.push(part_track(part, channel.expect("a cycle does not end"), clock)?);
    }
    let smf = Smf { header: Header::new(Format::Parallel, Timing::Metrical(resolution)), tracks };
    let mut bytes = Vec::new();
    smf.write_std(&mut bytes).map_err(|e| unwritable("a track of this size:", e, "less than 4 GiB"))?;
    Ok(bytes)
}

fn unwritable(what: &'static str, value: impl ToString, allowed: &'static str) -> MidiError {
    MidiError::Unwritable { what, value: value.to_string(), allowed }
}

/// From the score's ticks to those of the file.
#[derive(Clone, Copy)]
struct Clock {
    factor: u32,
}

impl Clock {
    fn tick(self, at: Tick) -> Result<u32, MidiError> {
        at.0.checked_mul(self.factor)
            .filter(|&tick| tick <= LAST_TICK)
            .ok_or_else(|| unwritable("music up to tick", at.0, "less than 2^28 ticks of the file"))
    }
}

/// What comes first where several events share a tick: a key is released before it is struck again.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Description,
    NoteOff,
    NoteOn,
}

/// An event with its place in the track.
type Timed<'a> = (u32, Rank, TrackEventKind<'a>);

/// Sorts the events (those of one tick and rank stay in order) and turns times into distances.
fn track_of(mut events: Vec<Timed<'_>>) -> Vec<TrackEvent<'_>> {
    events.sort_by_key(|&(tick, rank, _)| (tick, rank));
    let mut before = 0;
    let mut track: Vec<_> = events
        .into_iter()
        .map(|(tick, _, kind)| {
            let delta = u28::from(tick - before);
            before = tick;
            TrackEvent { delta, kind }
        })
        .collect();
    track.push(TrackEvent { delta: u28::from(0), kind: TrackEventKind::Meta(MetaMessage::EndOfTrack) });
    track
}

/// A meta event that holds text.
fn text_event<'a>(
    tick: u32,
    text: &'a str,
    kind: impl Fn(&'a [u8]) -> MetaMessage<'a>,
) -> Result<Timed<'a>, MidiError> {
    if text.len() > LAST_TICK as usize {
        return Err(unwritable("a text of this many bytes:", text.len(), "less than 256 MiB"));
    }
    Ok((tick, Rank::Description, TrackEventKind::Meta(kind(text.as_bytes()))))
}

fn conductor_track<'a>(
    score: &'a Score,
    recipe: Option<&'a str>,
    clock: Clock,
) -> Result<Vec<TrackEvent<'a>>, MidiError> {
    let mut events = Vec::new();
    if !score.title.is_empty() {
        events.push(text_event(0, &score.title, MetaMessage::TrackName)?);
    }
    if let Some(recipe) = recipe {
        events.push(text_event(0, recipe, MetaMessage::Text)?);
    }
    let mut push = |at, message| -> Result<(), MidiError> {
        events.push((clock.tick(at)?, Rank::Description, TrackEventKind::Meta(message)));
        Ok(())
    };
    for tempo in &score.tempos {
        push(tempo.at, MetaMessage::Tempo(microseconds(tempo.qpm)?))?;
    }
    for meter in &score.meters {
        push(meter.at, time_signature(meter.numerator, meter.denominator)?)?;
    }
    for change in &score.keys {
        let minor = change.key.mode == crate::Mode::Minor;
        push(change.at, MetaMessage::KeySignature(change.key.signature(), minor))?;
    }
    for marker in &score.markers {
        events.push(text_event(clock.tick(marker.at)?, &marker.text, MetaMessage::Marker)?);
    }
    Ok(track_of(events))
}

fn microseconds(qpm: f64) -> Result<u24, MidiError> {
    let rounded = (60e6 / qpm).round();
    // A NaN fails the comparison too.
    if !(1.0..=f64::from(u24::max_value().as_int())).contains(&rounded) {
        return Err(unwritable("a tempo of", qpm, "between 3.58 and 60000000 quarters a minute"));
    }
    Ok(u24::from(rounded as u32))
}

fn time_signature(numerator: u8, denominator: u8) -> Result<MetaMessage<'static>, MidiError> {
    if numerator == 0 || !denominator.is_power_of_two() || denominator > 32 {
        let value = format!("{numerator}/{denominator}");
        return Err(unwritable("a metre of", value, "at least one beat of 1, 2, 4, 8, 16 or 32"));
    }
    // A click every beat (24 clocks make a quarter), 8 thirty-seconds in a quarter.
    let clocks = (96 / denominator).max(1);
    Ok(MetaMessage::TimeSignature(numerator, denominator.trailing_zeros() as u8, clocks, 8))
}

fn part_track(part: &Part, channel: u8, clock: Clock) -> Result<Vec<TrackEvent<'_>>, MidiError> {
    let channel = u4::from(channel);
    let midi = |message| TrackEventKind::Midi { channel, message };
    let mut events = Vec::with_capacity(2 * part.notes.len() + part.lyrics.len() + 2);
    if !part.name.is_empty() {
        events.push(text_event(0, &part.name, MetaMessage::TrackName)?);
    }
    let program =
        u7::try_from(part.program).ok_or_else(|| unwritable("a program number of", part.program, "0 to 127"))?;
    events.push((0, Rank::Description, midi(MidiMessage::ProgramChange { program })));
    for lyric in &part.lyrics {
        events.push(text_event(clock.tick(lyric.at)?, &lyric.text, MetaMessage::Lyric)?);
    }
    for note in &part.notes {
        let key = u7::try_from(note.pitch).ok_or_else(|| unwritable("a pitch of", note.pitch, "0 to 127"))?;
        let vel = u7::try_from(note.velocity)
            .filter(|v| v.as_int() > 0)
            .ok_or_else(|| unwritable("a velocity of", note.velocity, "1 to 127"))?;
        let (onset, offset) = (clock.tick(note.onset)?, clock.tick(note.offset())?);
        events.push((onset, Rank::NoteOn, midi(MidiMessage::NoteOn { key, vel })));
        let release = MidiMessage::NoteOff { key, vel: u7::from(64) };
        events.push((offset.max(onset + 1), Rank::NoteOff, midi(release)));
    }
    Ok(track_of(events))
}

#[cfg(test)]
mod tests {
    use super::super::read;
    use super::*;
    use crate::{MeterChange, Note, TempoChange, TextEvent};

    fn note(onset: u32, pitch: u8, duration: u32) -> Note {
        Note { onset: Tick(onset), pitch, duration: Tick(duration), velocity: 80 }
    }

    fn piece(notes: Vec<Note>) -> Score {
        let mut score = Score::new(480);
        score.parts.push(Part { notes, ..Part::default() });
        score
    }

    #[test]
    fn coarse_scores_are_written_at_a_multiple_of_their_resolution() {
        let pairs = [(1, 480), (12, 480), (48, 480), (89, 178), (95, 190), (96, 96), (100, 100), (32767, 32767)];
        for (own, written) in pairs {
            assert_eq!(written_resolution(own), written);
        }
        for own in 1..=32767 {
            assert!(written_resolution(own) >= COARSEST && written_resolution(own).is_multiple_of(own));
        }
    }

    #[test]
    fn bytes_are_those_of_the_standard() {
        let mut score = piece(vec![note(0, 60, 96)]);
        score.ticks_per_quarter = 96;
        let expected = b"MThd\0\0\0\x06\0\x01\0\x02\0\x60MTrk\0\0\0\x04\0\xff\x2f\0\
            MTrk\0\0\0\x0f\0\xc0\0\0\x90\x3c\x50\x60\x80\x3c\x40\0\xff\x2f\0";
        assert_eq!(write(&score).unwrap(), expected);
    }

    #[test]
    fn a_key_is_released_before_it_is_struck_again() {
        let score = piece(vec![note(0, 60, 480), note(480, 60, 480)]);
        let backwards = piece(vec![note(480, 60, 480), note(0, 60, 480)]);
        for written in [&score, &backwards] {
            let read = read(&write(written).unwrap()).unwrap();
            assert_eq!(read.score, score);
            assert!(read.repairs.is_empty());
        }
    }

    #[test]
    fn a_note_of_no_length_is_written_one_tick_long() {
        let read = read(&write(&piece(vec![note(5, 60, 0)])).unwrap()).unwrap();
        assert_eq!(read.score.parts[0].notes, [note(5, 60, 1)]);
        assert!(read.repairs.is_empty());
    }

    #[test]
    fn drums_are_on_channel_ten_and_the_other_parts_never() {
        let part = |is_drum| Part { is_drum, notes: vec![note(0, 36, 480)], ..Part::default() };
        let mut score = Score::new(480);
        score.parts = vec![part(true)];
        score.parts.extend((0..20).map(|_| part(false)));
        let back = read(&write(&score).unwrap()).unwrap().score;
        assert_eq!(back, score);
    }

    #[test]
    fn the_recipe_is_text_at_the_start_and_no_music() {
        let score = piece(vec![note(0, 60, 480)]);
        let bytes = write_with_text(&score, Some("{\"seed\":1}")).unwrap();
        let read = read(&bytes).unwrap();
        assert_eq!((read.recipe.as_deref(), read.score), (Some("{\"seed\":1}"), score));
    }

    #[test]
    fn what_midi_cannot_hold_is_refused() {
        let refused = |change: &dyn Fn(&mut Score)| {
            let mut score = piece(vec![note(0, 60, 480)]);
            change(&mut score);
            assert!(matches!(write(&score), Err(MidiError::Unwritable { .. })), "{score:?}");
        };
        refused(&|s| s.ticks_per_quarter = 0);
        refused(&|s| s.ticks_per_quarter = 32768);
        refused(&|s| s.parts[0].notes[0].pitch = 128);
        refused(&|s| s.parts[0].notes[0].velocity = 0);
        refused(&|s| s.parts[0].notes[0].velocity = 128);
        refused(&|s| s.parts[0].notes[0].onset = Tick(LAST_TICK));
        refused(&|s| s.parts[0].notes[0].duration = Tick(u32::MAX));
        refused(&|s| s.parts[0].program = 128);
        refused(&|s| s.parts[0].lyrics = vec![TextEvent { at: Tick(u32::MAX), text: String::new() }]);
        refused(&|s| s.meters = vec![MeterChange { at: Tick(0), numerator: 0, denominator: 4 }]);
        refused(&|s| s.meters = vec![MeterChange { at: Tick(0), numerator: 4, denominator: 5 }]);
        refused(&|s| s.meters = vec![MeterChange { at: Tick(0), numerator: 4, denominator: 64 }]);
        for qpm in [0.0, -60.0, 3.5, 1e9, f64::NAN, f64::INFINITY] {
            refused(&|s| s.tempos = vec![TempoChange { at: Tick(0), qpm }]);
        }
    }

    #[test]
    fn the_last_tick_can_be_written() {
        let score = piece(vec![note(LAST_TICK - 1, 60, 1)]);
        assert_eq!(read(&write(&score).unwrap()).unwrap().score, score);
    }
}
