//! Laws of the score that hold for every piece and for every file, drawn at random or found in the corpora.

mod laws;
mod pieces;
mod real_midi_files;
