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
    /// Judge pieces or models beside human music.
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
