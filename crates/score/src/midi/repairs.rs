//! What a reader had to put right, told to whoever asked for the music.

use crate::repaired::tell;
use std::fmt;

/// What was wrong with a file that could still be read, and was put right. Counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Repairs {
    /// Notes that never ended; closed at the end of their track.
    pub unended_notes: usize,
    /// Note-offs of keys that were not down; ignored.
    pub orphan_note_offs: usize,
    /// Notes of no length; now one tick long.
    pub zero_length_notes: usize,
    /// Notes whose key was struck again before their note-off came; cut there.
    pub cut_overlaps: usize,
    /// Notes struck twice at one moment; now one.
    pub doubled_notes: usize,
    /// Instrument changes after the first note of a part; the first instrument stays.
    pub instrument_changes: usize,
    /// Tempo, time and key signatures that mean nothing; ignored.
    pub bad_signatures: usize,
    /// Tempo, time and key signatures that another at the same tick contradicts and overrules.
    pub overruled_signatures: usize,
    /// Lyrics of a file without notes; dropped.
    pub dropped_lyrics: usize,
    /// Tracks without an end mark; taken to end with their last event.
    pub missing_track_ends: usize,
    /// Channel messages that rely on the running status of before a meta event, which should have ended it.
    pub continued_statuses: usize,
    /// Bytes behind a track's end mark or behind the last track; ignored.
    pub ignored_bytes: usize,
}

impl Repairs {
    /// Each count with what it counts.
    fn entries(&self) -> [(usize, &'static str); 12] {
        [
            (self.unended_notes, "note without an end"),
            (self.orphan_note_offs, "end of a note that never began"),
            (self.zero_length_notes, "note of no length"),
            (self.cut_overlaps, "overlapping note cut"),
            (self.doubled_notes, "doubled note merged"),
            (self.instrument_changes, "later instrument change ignored"),
            (self.bad_signatures, "senseless signature ignored"),
            (self.overruled_signatures, "signature overruled"),
            (self.dropped_lyrics, "lyric without a singer dropped"),
            (self.missing_track_ends, "track without an end mark"),
            (self.continued_statuses, "message with an expired status"),
            (self.ignored_bytes, "stray byte ignored"),
        ]
    }

    /// True if nothing needed repair.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl fmt::Display for Repairs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        tell(f, self.entries())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repairs_tell_what_they_counted_and_nothing_else() {
        assert_eq!(Repairs::default().to_string(), "Nothing needed repair.");
        let repairs = Repairs { unended_notes: 2, ignored_bytes: 7, ..Repairs::default() };
        assert!(!repairs.is_empty());
        assert_eq!(repairs.to_string(), "Repaired: 2 × note without an end, 7 × stray byte ignored.");
    }
}
