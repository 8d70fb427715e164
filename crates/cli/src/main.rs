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
    /// Rebuild a piece from a .json or .mid that Aeolian wrote, byte for byte.
    Reproduce(command::reproduce::Arguments),
    /// Read folders of music into one corpus file to learn from.
    Corpus(command::corpus::Arguments),
    /// Judge models beside real music and a 3-gram model.
    Evaluate(command::evaluate::Arguments),
    /// Train a network from a configuration file (see configs/).
    Train(command::train::Arguments),
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Compose(arguments) => command::compose::run(arguments),
        Command::Reproduce(arguments) => command::reproduce::run(arguments),
        Command::Corpus(arguments) => command::corpus::run(arguments),
        Command::Evaluate(arguments) => command::evaluate::run(arguments),
        Command::Train(arguments) => command::train::run(arguments),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}
