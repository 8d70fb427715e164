//! Standard MIDI files: [`read`] makes a [`Score`](crate::Score) of their bytes, [`write`](fn@write) makes bytes of a `Score`.
//!
//! Source: "Standard MIDI Files 1.0" (MIDI Manufacturers Association, RP-001). Meta events and system messages are
//! decoded by `midly`, messages to channels here, for speed; the chunks around them are walked here too, because
//! `midly` reads on where a file is cut short and music must never go missing in silence.
//!
//! What survives `read(write(score))`: notes, part names, programs, drums, lyrics, title, tempo (to the microsecond a
//! quarter), metre, key, markers and the recipe. MIDI has no place for chord symbols and sections.
//!
//! ```
//! use aeolian_score::{Note, Part, Score, Tick, midi};
//! let mut score = Score::new(480);
//! let note = Note { onset: Tick(0), pitch: 60, duration: Tick(480), velocity: 80 };
//! score.parts.push(Part { name: "Flute".into(), program: 73, notes: vec![note], ..Part::default() });
//! let bytes = midi::write(&score)?;
//! let read = midi::read(&bytes)?;
//! assert_eq!(read.score, score);
//! assert!(read.repairs.is_empty());
//! # Ok::<(), midi::MidiError>(())
//! ```

mod chunks;
mod events;
mod read;
mod repairs;
mod strokes;
mod write;

pub use read::{Read, read};
pub use repairs::Repairs;
pub use write::{write, write_with_text, written_resolution};

/// The most events a file may hold; more is no music, and would only eat memory.
pub const MAX_EVENTS: usize = 5_000_000;

/// What the text event that holds Aeolian's recipe begins with.
const RECIPE_PREFIX: &str = "aeolian:";

/// MIDI channel of the drums, counted from 0 (people say "channel 10").
const DRUM_CHANNEL: u8 = 9;

/// Why a MIDI file could not be read or written.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum MidiError {
    /// No bytes at all.
    #[error("The file is empty.")]
    Empty,
    /// The first four bytes are not those of a MIDI file.
    #[error("This is not a MIDI file (it does not begin with \"MThd\").")]
    NotMidi,
    /// The header chunk is shorter than its six bytes.
    #[error("The MIDI file's header is damaged.")]
    DamagedHeader,
    /// A chunk claims more bytes than the file has.
    #[error("The MIDI file is cut short: a chunk of {claimed} bytes is announced, but only {left} bytes are left.")]
    CutShort {
        /// Bytes the chunk says it has.
        claimed: u32,
        /// Bytes that follow.
        left: usize,
    },
    /// The file ends before its last track begins.
    #[error("The MIDI file is cut short: it announces {announced} tracks and holds {found}.")]
    MissingTracks {
        /// Tracks the header announces.
        announced: u16,
        /// Tracks in the file.
        found: usize,
    },
    /// More tracks than a MIDI file can have.
    #[error("The file has more than 65535 tracks.")]
    TooManyTracks,
    /// Format 2 (independent patterns), or a number that means nothing.
    #[error("This is a MIDI file of format {0}; only formats 0 and 1 hold one piece of music.")]
    Format(u16),
    /// Time counted in film frames.
    #[error("This MIDI file counts time in film frames (SMPTE); only files that count in quarter notes can be read.")]
    Smpte,
    /// A header with 0 ticks a quarter.
    #[error("The MIDI file's header says that a quarter note has no length.")]
    NoResolution,
    /// Bytes that are no event. `track` counts from 1.
    #[error("Track {track} of the MIDI file is damaged: after tick {tick} come bytes that mean nothing.")]
    DamagedTrack {
        /// Which track, counted from 1.
        track: usize,
        /// The last tick that could be read.
        tick: u32,
    },
    /// Time runs past what 32 bits hold.
    #[error("Track {track} of the MIDI file is longer than {} ticks.", u32::MAX)]
    TooLong {
        /// Which track, counted from 1.
        track: usize,
    },
    /// More than [`MAX_EVENTS`].
    #[error("The MIDI file holds more than {MAX_EVENTS} events.")]
    TooManyEvents,
    /// A score that a MIDI file cannot hold.
    #[error("A MIDI file cannot hold {what} {value}; it must be {allowed}.")]
    Unwritable {
        /// What it is about, as "a tempo of".
        what: &'static str,
        /// The value seen.
        value: String,
        /// What would be possible.
        allowed: &'static str,
    },
}
