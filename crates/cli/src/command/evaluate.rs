//! `aeolian evaluate`: models judged beside real music and a 3-gram model, as a Markdown report.

use aeolian_compose::Composer;
use aeolian_compose::builtin::BUILTIN;
use aeolian_evaluate::{Candidate, Settings, report};
use anyhow::Context;
use std::path::PathBuf;

/// Arguments of `aeolian evaluate`.
#[derive(clap::Args)]
pub struct Arguments {
    /// Corpus files; their validation pieces are the real music.
    #[arg(long, required = true)]
    corpus: Vec<PathBuf>,
    /// Weight files to judge instead of the built-in models.
    #[arg(long)]
    weights: Vec<PathBuf>,
    /// Pieces of each set; 0 leaves their table out.
    #[arg(long, default_value_t = 200)]
    pieces: usize,
    /// Held-out windows whose likelihood is bounded; 0 leaves that table out.
    #[arg(long, default_value_t = 200)]
    windows: usize,
    /// Looks at each window along the noise levels.
    #[arg(long, default_value_t = 24)]
    draws: usize,
    /// Steps from noise to music.
    #[arg(long, default_value_t = 64)]
    steps: usize,
    /// Below 1 surer, above 1 more adventurous.
    #[arg(long, default_value_t = 1.0)]
    temperature: f32,
    /// File to write the report to; printed if absent.
    #[arg(long)]
    out: Option<PathBuf>,
}

/// Judges.
pub fn run(arguments: Arguments) -> anyhow::Result<()> {
    let settings = Settings {
        corpora: arguments.corpus,
        pieces: arguments.pieces,
        windows: arguments.windows,
        draws: arguments.draws,
        steps: arguments.steps,
        temperature: arguments.temperature,
    };
    let mut candidates = Vec::new();
    for path in &arguments.weights {
        let bytes = std::fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?;
        candidates.push(Candidate { name: path.display().to_string(), composer: Composer::new(&bytes)? });
    }
    if candidates.is_empty() {
        for builtin in &BUILTIN {
            candidates.push(Candidate { name: builtin.name.to_owned(), composer: Composer::builtin(builtin.name)? });
        }
    }
    let text = report(&settings, &candidates, &mut |doing| eprintln!("{doing} …"))?;
    match &arguments.out {
        Some(path) => std::fs::write(path, text).with_context(|| format!("{} cannot be written", path.display()))?,
        None => print!("{text}"),
    }
    Ok(())
}
