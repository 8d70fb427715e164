//! `aeolian corpus build FOLDER…`: music into one file to learn from. `aeolian corpus report FOLDER…|FILE.corpus`: what it
//! holds, as a table here and as a page with pictures.

use aeolian_corpus::audit::{self, Audit};
use aeolian_corpus::{BuildReport, Corpus, Licence, Progress, build_licensed};
use anyhow::{Context, ensure};
use indicatif::{ProgressBar, ProgressStyle};
use std::fs;
use std::path::{Path, PathBuf};

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
        /// Folders: known sets (pop909, folk_pd, …), or any folder of MIDI files.
        #[arg(required = true)]
        folders: Vec<PathBuf>,
        /// Which pieces are for training and which for validation; found beside a known set by itself.
        #[arg(long, value_parser = super::values::existing)]
        splits: Option<PathBuf>,
        /// The corpus file to write.
        #[arg(long, default_value = "music.corpus")]
        out: PathBuf,
        /// Refuse sets that are not freely licensed, for a model that may be passed on.
        #[arg(long)]
        only_open: bool,
    },
    /// Count and draw what folders of music or a corpus file hold, so that a wrong import is seen.
    Report {
        /// Folders of music, or one corpus file.
        #[arg(required = true)]
        sources: Vec<PathBuf>,
        /// Which pieces are for training and which for validation; found beside a known set by itself.
        #[arg(long, value_parser = super::values::existing)]
        splits: Option<PathBuf>,
        /// The page to write.
        #[arg(long, default_value = "corpus.html")]
        out: PathBuf,
    },
}

/// Does what was asked.
pub fn run(arguments: Arguments) -> anyhow::Result<()> {
    match arguments.command {
        Command::Build { folders, splits, out, only_open } => {
            let licence = if only_open { Licence::Open } else { Licence::Full };
            let report = build_with_bar(&folders, splits.as_deref(), licence, &out)?;
            for skipped in &report.skipped {
                eprintln!("left out {}: {}", skipped.path.display(), skipped.reason);
            }
            println!("{} pieces in {} ({} left out)", report.pieces(), out.display(), report.skipped.len());
            Ok(())
        }
        Command::Report { sources, splits, out } => report(&sources, splits.as_deref(), &out),
    }
}

/// Builds a corpus and shows how far it is.
fn build_with_bar(
    folders: &[PathBuf],
    splits: Option<&Path>,
    licence: Licence,
    out: &Path,
) -> anyhow::Result<BuildReport> {
    let style = ProgressStyle::with_template("[{wide_bar}] {pos}/{len} {msg}").expect("a valid template");
    let bar = ProgressBar::new(0).with_style(style);
    let report = build_licensed(folders, splits, licence, out, &mut |p: Progress| {
        bar.set_length(p.total as u64);
        bar.set_position(p.done as u64);
    });
    bar.finish_and_clear();
    Ok(report?)
}

fn report(sources: &[PathBuf], splits: Option<&Path>, out: &Path) -> anyhow::Result<()> {
    let audit = match sources {
        [file] if file.is_file() => Audit::of(&Corpus::open(file)?, None)?,
        folders => {
            let files = folders.iter().filter(|source| source.is_file()).count();
            ensure!(files == 0, "A report is on folders or on one corpus file, not on several files.");
            // The pieces pass through a corpus as they would for learning, so the report is on what would be learned.
            let folder = out.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
            fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
            let passing = folder.join(format!(".report.{}.corpus", std::process::id()));
            let report = build_with_bar(folders, splits, Licence::Full, &passing)?;
            let audit = Corpus::open(&passing).and_then(|corpus| Audit::of(&corpus, Some(&report)));
            // What matters is in hand; a leftover is only untidy.
            let _ = fs::remove_file(&passing);
            audit?
        }
    };
    print!("{}", audit::table(&audit));
    fs::write(out, audit::page(&audit)).with_context(|| format!("{} cannot be written", out.display()))?;
    println!("The pictures are in {}.", out.display());
    Ok(())
}
