//! What reading notation had to approximate, put right or leave out, told to whoever asked for the music.

use crate::repaired::tell;
use std::fmt;

/// What a [`Score`](crate::Score) cannot hold, or what was wrong with the file and was put right. Counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Repairs {
    /// Grace notes; each lasts a twelfth of a quarter and ends where its main note begins, and shortens what its
    /// voice plays before.
    pub grace_notes: usize,
    /// Grace notes that would sound before the piece begins; dropped.
    pub dropped_grace_notes: usize,
    /// Cue notes, which another part plays; left out.
    pub cue_notes: usize,
    /// Pitches between the semitones; rounded, halves up.
    pub microtones: usize,
    /// Notes that sound below MIDI's 0 or above its 127; dropped.
    pub out_of_range: usize,
    /// Drum strokes that name no MIDI drum; the drum is guessed from the place on the staff.
    pub guessed_drums: usize,
    /// Ties that lead to no note or come from none; the notes stand alone.
    pub loose_ties: usize,
    /// Notes of no length; now one tick long.
    pub zero_length_notes: usize,
    /// Notes whose pitch is struck again, in another voice, before they end; cut there.
    pub cut_overlaps: usize,
    /// Notes of one part and pitch struck together, as two voices in unison are; now one.
    pub doubled_notes: usize,
    /// Moments and lengths between the ticks; rounded.
    pub rounded_times: usize,
    /// Steps back to before the bar began; they stop at its beginning.
    pub far_backups: usize,
    /// Parts whose instrument has no MIDI program; read as piano.
    pub unknown_instruments: usize,
    /// Second and later instruments of a part, with another program; the first instrument stays.
    pub instrument_changes: usize,
    /// Tempo, time and key signatures that mean nothing or cannot be held; ignored.
    pub bad_signatures: usize,
    /// Tempo, time and key signatures and chord symbols that another part, at the same moment, contradicts and overrules.
    pub overruled_signatures: usize,
    /// Key signatures without a mode; read as major.
    pub assumed_modes: usize,
    /// Church modes; read as major or minor, whichever has the same third, on the same tonic.
    pub church_modes: usize,
    /// Chord symbols with notes that no chord quality here has; read as the nearest.
    pub simplified_chords: usize,
    /// Chord symbols that name no root, as functions do, or a kind that nobody can know; left out.
    pub unread_chords: usize,
    /// Endings, "D.C.", "D.S." and the like that lead nowhere; the music goes straight on.
    pub unread_jumps: usize,
}

impl Repairs {
    /// Each count with what it counts.
    fn entries(&self) -> [(usize, &'static str); 21] {
        [
            (self.grace_notes, "grace note given a short time"),
            (self.dropped_grace_notes, "grace note before the beginning dropped"),
            (self.cue_notes, "cue note left out"),
            (self.microtones, "microtone rounded"),
            (self.out_of_range, "note outside MIDI's range dropped"),
            (self.guessed_drums, "drum guessed from its place on the staff"),
            (self.loose_ties, "tie without a partner"),
            (self.zero_length_notes, "note of no length"),
            (self.cut_overlaps, "overlapping note cut"),
            (self.doubled_notes, "doubled note merged"),
            (self.rounded_times, "time rounded"),
            (self.far_backups, "step back beyond the bar"),
            (self.unknown_instruments, "part of unknown instrument"),
            (self.instrument_changes, "later instrument ignored"),
            (self.bad_signatures, "senseless signature ignored"),
            (self.overruled_signatures, "signature overruled"),
            (self.assumed_modes, "key without a mode read as major"),
            (self.church_modes, "church mode read as major or minor"),
            (self.simplified_chords, "chord symbol simplified"),
            (self.unread_chords, "chord symbol left out"),
            (self.unread_jumps, "jump not followed"),
        ]
    }

    /// True if nothing had to change.
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
        let repairs = Repairs { cue_notes: 2, unread_jumps: 1, ..Repairs::default() };
        assert!(!repairs.is_empty());
        assert_eq!(repairs.to_string(), "Repaired: 2 × cue note left out, 1 × jump not followed.");
    }
}
