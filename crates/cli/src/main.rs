//! `aeolian`: the program people start. Glue only: arguments in, sentences out.

#[macro_use]
mod say;
mod command;
#[cfg(test)]
#[path = "../tests/flags/table.rs"]
mod wrong_flags;

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
    use crate::wrong_flags::{FREE, WRONG};
    use anyhow::Context;
    use clap::{Arg, CommandFactory};

    /// Every command that does something, with the words that call it.
    fn commands(command: &clap::Command, words: &[String]) -> Vec<(Vec<String>, clap::Command)> {
        if command.get_subcommands().next().is_none() {
            return vec![(words.to_vec(), command.clone())];
        }
        let below = |c: &clap::Command| commands(c, &[words, &[c.get_name().to_owned()]].concat());
        command.get_subcommands().flat_map(below).collect()
    }

    /// How a flag with a value is typed; `None` for what has no value or no name.
    fn flag_of(argument: &Arg) -> Option<String> {
        let long = argument.get_long().map(|long| format!("--{long}"));
        let name = long.or_else(|| argument.get_short().map(|short| format!("-{short}")));
        name.filter(|_| argument.get_action().takes_values())
    }

    /// A command line with this flag first, and whatever else the command needs.
    fn line_with(flag: &str, value: &str, words: &[String], command: &clap::Command) -> Vec<String> {
        let mut line = [&["aeolian".to_owned()][..], words, &[flag.to_owned(), value.to_owned()]].concat();
        for argument in command.get_arguments().filter(|a| a.is_required_set()) {
            match flag_of(argument) {
                Some(required) if required != flag => line.extend([required, "1".to_owned()]),
                None => line.push("1".to_owned()),
                Some(_) => {}
            }
        }
        line
    }

    #[test]
    fn every_flag_of_every_command_has_a_wrong_value_and_refuses_it() {
        let program = Arguments::command();
        let free = |flag: &String| FREE.contains(&flag.as_str()) || flag == "--help" || flag == "--version";
        let mut tried = 0;
        for (words, command) in commands(&program, &[]) {
            for flag in command.get_arguments().filter_map(flag_of).filter(|flag| !free(flag)) {
                let of_flag =
                    |line: &&str| line.split(' ').rfind(|w| w.starts_with("--") || *w == "-n") == Some(flag.as_str());
                let rows: Vec<_> = WRONG.iter().filter(|(line, ..)| of_flag(line)).collect();
                assert!(!rows.is_empty(), "tests/flags/table.rs has nothing wrong for {flag} of {}", words.join(" "));
                // Typed as such in crates/cli/tests/flags.rs.
                let call = format!("{} ", words.join(" "));
                if rows.iter().any(|(line, ..)| line.starts_with(&call)) {
                    continue;
                }
                // The same flag as another command's: one of its wrong values is wrong here too.
                let refuses = rows.iter().any(|(line, value, allowed)| {
                    let typed = line.rsplit(' ').next().unwrap_or_default().replace(',', " ");
                    let told = Arguments::try_parse_from(line_with(&flag, &typed, &words, &command))
                        .err()
                        .map(|error| error.to_string());
                    told.is_some_and(|told| [flag.as_str(), *value, *allowed].iter().all(|words| told.contains(words)))
                });
                assert!(refuses, "{flag} of {} takes what is wrong elsewhere", words.join(" "));
                tried += 1;
            }
        }
        assert!(tried > 100, "{tried} flags of {} commands", commands(&program, &[]).len());
    }

    #[test]
    fn a_cause_is_told_once() {
        let cause = || std::io::Error::other("the disk is full");
        let told = Err::<(), _>(cause()).with_context(|| format!("out cannot be written: {}", cause())).unwrap_err();
        assert_eq!(sentence(&told), "out cannot be written: the disk is full");
        let untold = Err::<(), _>(cause()).context("out cannot be written").unwrap_err();
        assert_eq!(sentence(&untold), "out cannot be written: the disk is full");
    }
}
