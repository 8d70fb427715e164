//! `aeolian`: the program people start. Glue only: arguments in, sentences out.

mod command;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// A local, fast composer of music built on diffusion models.
#[derive(Parser)]
#[command(version, about, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Compose new pieces: MIDI, notation, sound, picture and recipe of each.
    Compose(command::compose::Arguments),
    /// More bars after the last of a piece.
    Continue(command::verbs::WithBars),
    /// Some bars of some lanes anew; everything else stays as it is.
    Infill(command::verbs::Infill),
    /// Write an accompaniment, a counter-melody or any other lane to what is there.
    Accompany(command::verbs::Accompany),
    /// Chords and harmony under a melody.
    Harmonize(command::verbs::Plain),
    /// Other chords and harmony under the same melody.
    Reharmonize(command::verbs::Plain),
    /// A melody over chords, or over a piece.
    Melody(command::verbs::Melody),
    /// The same piece, only different.
    Vary(command::verbs::Vary),
    /// Pieces on the way from one to another.
    Morph(command::verbs::Morph),
    /// Loudness and a breathing tempo for flat notes.
    Perform(command::verbs::One),
    /// The notes of a piece, each in the lane it belongs to.
    Arrange(command::verbs::Arrange),
    /// The piece in more bars, exactly as many as asked; its beginning and ending stay.
    Extend(command::verbs::WithBars),
    /// The piece in fewer bars, exactly as many as asked; its beginning and ending stay.
    Shorten(command::verbs::WithBars),
    /// Key, chords and phrases of a piece.
    Analyze(command::analyze::Arguments),
    /// Rebuild a piece from a .json, .mid, .musicxml or .wav that Aeolian wrote, byte for byte.
    Reproduce(command::reproduce::Arguments),
    /// Play a MIDI file into a sound file: WAV, FLAC or Ogg Vorbis, whole, as stems or as a loop.
    Render(command::render::Arguments),
    /// A hummed or played recording as MIDI, notation and a picture.
    Transcribe(command::transcribe::Arguments),
    /// Read folders of music into one corpus file to learn from.
    Corpus(command::corpus::Arguments),
    /// Judge pieces or models beside human music.
    Evaluate(command::evaluate::Arguments),
    /// Train a network from a configuration file (see configs/).
    Train(command::train::Arguments),
    /// The studio in the browser, and an HTTP interface for programs.
    Serve(command::serve::Arguments),
    /// Instruments that learn their sound: fit, list, judge, and timbre transfer.
    Voice(command::voice::Arguments),
    /// Say what this machine has: SoundFonts, cores, instructions, models, a folder to write to.
    Doctor(command::doctor::Arguments),
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Compose(arguments) => command::compose::run(arguments),
        Command::Continue(arguments) => command::verbs::continue_(arguments),
        Command::Infill(arguments) => command::verbs::infill(arguments),
        Command::Accompany(arguments) => command::verbs::accompany(arguments),
        Command::Harmonize(arguments) => command::verbs::harmonize(arguments),
        Command::Reharmonize(arguments) => command::verbs::reharmonize(arguments),
        Command::Melody(arguments) => command::verbs::melody(arguments),
        Command::Vary(arguments) => command::verbs::vary(arguments),
        Command::Morph(arguments) => command::verbs::morph(arguments),
        Command::Perform(arguments) => command::verbs::perform(arguments),
        Command::Arrange(arguments) => command::verbs::arrange(arguments),
        Command::Extend(arguments) => command::verbs::extend(arguments),
        Command::Shorten(arguments) => command::verbs::shorten(arguments),
        Command::Analyze(arguments) => command::analyze::run(arguments),
        Command::Reproduce(arguments) => command::reproduce::run(arguments),
        Command::Render(arguments) => command::render::run(arguments),
        Command::Transcribe(arguments) => command::transcribe::run(arguments),
        Command::Corpus(arguments) => command::corpus::run(arguments),
        Command::Evaluate(arguments) => command::evaluate::run(arguments),
        Command::Train(arguments) => command::train::run(arguments),
        Command::Serve(arguments) => command::serve::run(arguments),
        Command::Voice(arguments) => command::voice::run(arguments),
        Command::Doctor(arguments) => command::doctor::run(arguments),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{}", sentence(&error));
            ExitCode::FAILURE
        }
    }
}

/// The error and its causes in one line; a cause that the line already tells is not told twice.
fn sentence(error: &anyhow::Error) -> String {
    error.chain().map(ToString::to_string).fold(String::new(), |line, cause| {
        if line.is_empty() {
            cause
        } else if line.contains(&cause) {
            line
        } else {
            format!("{line}: {cause}")
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::Context;

    #[test]
    fn a_cause_is_told_once() {
        let cause = || std::io::Error::other("the disk is full");
        let told = Err::<(), _>(cause()).with_context(|| format!("out cannot be written: {}", cause())).unwrap_err();
        assert_eq!(sentence(&told), "out cannot be written: the disk is full");
        let untold = Err::<(), _>(cause()).context("out cannot be written").unwrap_err();
        assert_eq!(sentence(&untold), "out cannot be written: the disk is full");
    }
}
