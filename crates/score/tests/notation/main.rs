//! Laws of reading MusicXML: what was written is read again, damage is survived, and music21 hears the same.

mod damage;
mod heard;
#[path = "../pieces_and_files/pieces.rs"]
#[allow(dead_code, reason = "the MIDI laws use the rest")]
mod pieces;
mod round_trip;
