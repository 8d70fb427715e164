//! `aeolian corpus build FOLDER…`: music into one file to learn from.

use aeolian_corpus::{Progress, build};
use indicatif::{ProgressBar, ProgressStyle};
use std::path::PathBuf;

/// Arguments of `aeolian corpus`.
#[derive(clap::Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Read folders of music into one corpus file.
    Build {
        /// Folders: a known set (pop909), or any folder of MIDI files.
        #[arg(required = true)]
        folders: Vec<PathBuf>,
        /// Which pieces are for training and which for validation; found beside a known set by itself.
        #[arg(long)]
        splits: Option<PathBuf>,
        /// The corpus file to write.
        #[arg(long, default_value = "music.corpus")]
        out: PathBuf,
    },
}

/// Does what was asked.
pub fn run(arguments: Arguments) -> anyhow::Result<()> {
    let Command::Build { folders, splits, out } = arguments.command;
    let style = ProgressStyle::with_template("[{wide_bar}] {pos}/{len} {msg}").expect("a valid template");
    let bar = ProgressBar::new(0).with_style(style);
    let report = build(&folders, splits.as_deref(), &out, &mut |p: Progress| {
        bar.set_length(p.total as u64);
        bar.set_position(p.done as u64);
    })?;
    bar.finish_and_clear();
    for skipped in &report.skipped {
        eprintln!("left out {}: {}", skipped.path.display(), skipped.reason);
    }
    println!("{} pieces in {} ({} left out)", report.pieces(), out.display(), report.skipped.len());
    Ok(())
}
