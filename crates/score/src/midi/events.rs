//! The events of a track, told apart as far as music is concerned.
//!
//! Nearly every event of a file is a message to a channel. Those are decoded here, because a reader that leaves them
//! to `midly` takes half as long again (`examples/read_speed.rs`, 9261 files). Meta events and system messages are
//! left to `midly`, and what neither can read is damage. A test holds this against `midly` alone, on whole tracks and
//! on damaged ones.
//!
//! Source: "Standard MIDI Files 1.0" (RP-001): delta times, running status; "MIDI 1.0 Detailed Specification":
//! channel messages.

use midly::{EventIter, MetaMessage, TrackEvent, TrackEventKind};

/// An event, `delta_ticks` after the one before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Event<'a> {
    /// 0–2²⁸ − 1.
    pub delta_ticks: u32,
    pub kind: EventKind<'a>,
}

/// What happens. Channels are 0–15, pitches, velocities and programs 0–127.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EventKind<'a> {
    /// A key struck, or released if `velocity` is 0.
    Stroke { channel: u8, pitch: u8, velocity: u8 },
    /// An instrument set.
    Program { channel: u8, program: u8 },
    /// Any other message to a channel or to the whole system.
    Expression,
    /// Anything about the music that is not to be played.
    Meta(MetaMessage<'a>),
}

/// Reads a track from front to back.
pub(super) struct Events<'a> {
    unread: &'a [u8],
    /// The status of the last channel message, which holds for what comes without one.
    running_status: Option<u8>,
    /// True if a meta event or a system message came since. They should end a running status, but some programs let
    /// it run on: then this reads, else nothing does.
    status_expired: bool,
    /// Channel messages that relied on an expired status.
    pub continued_statuses: usize,
}

impl<'a> Events<'a> {
    pub fn new(track: &'a [u8]) -> Self {
        Self { unread: track, running_status: None, status_expired: false, continued_statuses: 0 }
    }

    /// What is left of the track.
    pub fn unread(&self) -> &'a [u8] {
        self.unread
    }

    /// The next event, or `None` where what is left begins with nothing that means anything. What is unread then
    /// stays unread.
    #[inline]
    pub fn next(&mut self) -> Option<Event<'a>> {
        if let Some(event) = self.channel_message() {
            return Some(event);
        }
        let event = self.other_event()?;
        let kind = match event.kind {
            TrackEventKind::Meta(message) => EventKind::Meta(message),
            _ => EventKind::Expression,
        };
        Some(Event { delta_ticks: event.delta.as_int(), kind })
    }

    /// The next event if it is a message to a channel.
    #[inline]
    fn channel_message(&mut self) -> Option<Event<'a>> {
        let (delta_ticks, after_delta) = delta_time(self.unread);
        let (&first, after_first) = after_delta.split_first()?;
        let states_status = first >= 0x80;
        let (status, data) = if states_status { (first, after_first) } else { (self.running_status?, after_delta) };
        let (kind, unread) = message(status, data)?;
        self.continued_statuses += usize::from(self.status_expired && !states_status);
        self.running_status = Some(status);
        self.status_expired = false;
        self.unread = unread;
        Some(Event { delta_ticks, kind })
    }

    /// The next event if it is a meta event or a system message. It comes in `midly`'s type on purpose: were it an
    /// [`Event`], compilers would build every `Event` in memory, where that of `channel_message` can stay in registers
    /// (otherwise the whole reader takes a fifth longer).
    #[cold]
    fn other_event(&mut self) -> Option<TrackEvent<'a>> {
        let mut events = EventIter::new(self.unread);
        let event = events.next()?.ok()?;
        self.status_expired = true;
        self.unread = events.unread();
        Some(event)
    }
}

/// A variable-length quantity of up to four bytes of seven bits, high bits first, and what follows it. The fourth
/// byte is the last whatever its top bit says; so is the last byte of a track, whose event is missing then.
#[inline]
fn delta_time(bytes: &[u8]) -> (u32, &[u8]) {
    let mut ticks = 0;
    let mut rest = bytes;
    for _ in 0..4 {
        let Some((&byte, after)) = rest.split_first() else { break };
        ticks = ticks << 7 | u32::from(byte & 0x7f);
        rest = after;
        if byte < 0x80 {
            break;
        }
    }
    (ticks, rest)
}

/// The channel message of this status, and what follows it; `None` if `status` is that of another event or its data
/// are not there.
#[inline]
fn message(status: u8, data: &[u8]) -> Option<(EventKind<'static>, &[u8])> {
    let channel = status & 0xf;
    let one = || data.split_first().filter(|&(&value, _)| value < 0x80);
    let two = || data.split_first_chunk::<2>().filter(|&(&[first, second], _)| (first | second) < 0x80);
    Some(match status >> 4 {
        0x8 | 0x9 => two().map(|(&[pitch, velocity], rest)| {
            let velocity = if status < 0x90 { 0 } else { velocity };
            (EventKind::Stroke { channel, pitch, velocity }, rest)
        })?,
        // Pressure on a key, controllers, bends.
        0xa | 0xb | 0xe => two().map(|(_, rest)| (EventKind::Expression, rest))?,
        0xc => one().map(|(&program, rest)| (EventKind::Program { channel, program }, rest))?,
        // Pressure on a channel.
        0xd => one().map(|(_, rest)| (EventKind::Expression, rest))?,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use midly::MidiMessage;
    use proptest::collection::vec;
    use proptest::prelude::*;

    /// All events of a track, what is left where nothing more can be read, and how many relied on an expired status.
    type Reading<'a> = (Vec<Event<'a>>, &'a [u8], usize);

    fn ours(track: &[u8]) -> Reading<'_> {
        let mut events = Events::new(track);
        let all = std::iter::from_fn(|| events.next()).collect();
        (all, events.unread(), events.continued_statuses)
    }

    /// What `midly` reads, given back the status that a meta event took from it where it can go on only with that.
    fn of_midly(track: &[u8]) -> Reading<'_> {
        let (mut all, mut continued, mut last_status) = (Vec::new(), 0, None);
        let mut events = EventIter::new(track);
        loop {
            let (unread, status) = (events.unread(), events.running_status());
            match events.next() {
                Some(event) => {
                    all.push(told_apart(event.expect("midly stops at what it cannot read")));
                    last_status = events.running_status().or(last_status);
                }
                None if status.is_none() && last_status.is_some() && !unread.is_empty() => {
                    events = EventIter::new(unread);
                    *events.running_status_mut() = last_status;
                    let goes_on = events.clone().next().is_some();
                    if !goes_on {
                        return (all, unread, continued);
                    }
                    continued += 1;
                }
                None => return (all, unread, continued),
            }
        }
    }

    fn told_apart(event: midly::TrackEvent<'_>) -> Event<'_> {
        let kind = match event.kind {
            TrackEventKind::Meta(message) => EventKind::Meta(message),
            TrackEventKind::SysEx(_) | TrackEventKind::Escape(_) => EventKind::Expression,
            TrackEventKind::Midi { channel, message } => match message {
                MidiMessage::NoteOn { key, vel } => {
                    EventKind::Stroke { channel: channel.as_int(), pitch: key.as_int(), velocity: vel.as_int() }
                }
                MidiMessage::NoteOff { key, .. } => {
                    EventKind::Stroke { channel: channel.as_int(), pitch: key.as_int(), velocity: 0 }
                }
                MidiMessage::ProgramChange { program } => {
                    EventKind::Program { channel: channel.as_int(), program: program.as_int() }
                }
                _ => EventKind::Expression,
            },
        };
        Event { delta_ticks: event.delta.as_int(), kind }
    }

    /// The bytes of an event that is whole, most of the time: a delta time, a status or none, some data.
    fn event_bytes() -> impl Strategy<Value = Vec<u8>> {
        let delta = prop_oneof![
            8 => vec(0..0x80u8, 1),
            2 => (0x80..=0xffu8, 0..0x80u8).prop_map(|(high, low)| vec![high, low]),
            1 => vec(0x80..=0xffu8, 3..6),
        ];
        let meta_type = prop::sample::select(vec![0u8, 1, 3, 5, 0x20, 0x21, 0x2f, 0x51, 0x54, 0x58, 0x59, 0x7f, 0x60]);
        let body = prop_oneof![
            6 => vec(0..0x80u8, 2),
            6 => (0x80..0xf0u8, vec(0..0x80u8, 2)).prop_map(|(status, data)| [&[status], &data[..]].concat()),
            2 => (0xc0..0xe0u8, 0..0x80u8).prop_map(|(status, value)| vec![status, value]),
            3 => (meta_type, vec(any::<u8>(), 0..7))
                .prop_map(|(kind, data)| [&[0xff, kind, data.len() as u8], &data[..]].concat()),
            1 => (prop_oneof![Just(0xf0u8), Just(0xf7)], vec(any::<u8>(), 0..5))
                .prop_map(|(status, data)| [&[status, data.len() as u8], &data[..]].concat()),
            1 => vec(any::<u8>(), 0..4),
        ];
        (delta, body).prop_map(|(delta, body)| [delta, body].concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn tracks_are_read_as_midly_reads_them(
            events in vec(event_bytes(), 0..24),
            cut in any::<prop::sample::Index>(),
        ) {
            let track = events.concat();
            prop_assert_eq!(ours(&track), of_midly(&track));
            let cut_short = &track[..cut.index(track.len() + 1)];
            prop_assert_eq!(ours(cut_short), of_midly(cut_short));
        }

        #[test]
        fn random_bytes_are_read_as_midly_reads_them(track in vec(any::<u8>(), 0..64)) {
            prop_assert_eq!(ours(&track), of_midly(&track));
        }
    }

    #[test]
    fn a_delta_time_has_at_most_four_bytes() {
        assert_eq!(delta_time(b""), (0, &b""[..]));
        assert_eq!(delta_time(b"\x7f\x90"), (127, &b"\x90"[..]));
        assert_eq!(delta_time(b"\x81\x00\x90"), (128, &b"\x90"[..]));
        assert_eq!(delta_time(b"\xff\xff\xff\x7f\x90"), ((1 << 28) - 1, &b"\x90"[..]));
        assert_eq!(delta_time(b"\xff\xff\xff\xff\x90"), ((1 << 28) - 1, &b"\x90"[..]));
        assert_eq!(delta_time(b"\x81"), (1, &b""[..]));
    }

    #[test]
    fn data_bytes_are_below_128() {
        let stroke = EventKind::Stroke { channel: 1, pitch: 127, velocity: 127 };
        assert_eq!(message(0x91, b"\x7f\x7f\x05"), Some((stroke, &b"\x05"[..])));
        assert_eq!(message(0x91, b"\x7f\x80"), None);
        assert_eq!(message(0x91, b"\x80\x7f"), None);
        assert_eq!(message(0x91, b"\x7f"), None);
        assert_eq!(message(0xc2, b"\x7f"), Some((EventKind::Program { channel: 2, program: 127 }, &b""[..])));
        assert_eq!(message(0xc2, b"\x80"), None);
        assert_eq!(message(0x7f, b"\0\0"), None);
        assert_eq!(message(0xf0, b"\0\0"), None);
    }

    #[test]
    fn a_running_status_outlives_a_meta_event_and_is_counted_once() {
        let (events, unread, continued) = ours(b"\x00\x90\x3c\x40\x00\xff\x01\x00\x0a\x3c\x00\x05\x3e\x40");
        assert_eq!((events.len(), unread, continued), (4, &b""[..], 1));
        assert_eq!(ours(b"\x00\x3c\x40"), (Vec::new(), &b"\x00\x3c\x40"[..], 0));
    }
}
