//! `aeolian train CONFIG`: one experiment, with progress, resumable, with its curve as a picture.

use aeolian_train::{Progress, TrainConfig, Trainer};
use anyhow::Context;
use indicatif::{ProgressBar, ProgressStyle};
use std::path::PathBuf;

/// Arguments of `aeolian train`.
#[derive(clap::Args)]
pub struct Arguments {
    /// The experiment, as TOML.
    config: PathBuf,
    /// Begin from these weights (same network) instead of random ones; ignored when a checkpoint is resumed.
    #[arg(long)]
    warm_start: Option<PathBuf>,
}

/// Trains.
pub fn run(arguments: Arguments) -> anyhow::Result<()> {
    let text = std::fs::read_to_string(&arguments.config)
        .with_context(|| format!("{} cannot be read", arguments.config.display()))?;
    let config = TrainConfig::from_toml(&text).with_context(|| format!("in {}", arguments.config.display()))?;
    let mut trainer = Trainer::new(config)?;
    let (pieces, windows) = trainer.pieces_and_windows();
    eprintln!("{} million weights; {pieces} pieces, {windows} windows", trainer.weights() as f64 / 1e6);
    if let (Some(path), true) = (&arguments.warm_start, trainer.log().is_empty()) {
        let bytes = std::fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?;
        trainer.warm_start(&aeolian_nets::Model::from_bytes(&bytes)?.weights)?;
    }
    let style = ProgressStyle::with_template("{elapsed_precise} [{wide_bar}] {pos}/{len} examples, {msg}, {eta} left")
        .expect("a valid template");
    let bar = ProgressBar::new(0).with_style(style);
    let mut shown = 0;
    trainer.run(&mut |p: Progress| {
        bar.set_length(p.examples);
        bar.set_position(p.seen);
        bar.set_message(format!("{:.2} nats a quarter, {:.1} examples/s", p.loss, p.examples_a_second));
        // Without a terminal there is no bar: a line now and then instead.
        if bar.is_hidden() && p.seen >= shown {
            eprintln!("{} of {} examples, {:.2} nats, {:.1}/s", p.seen, p.examples, p.loss, p.examples_a_second);
            shown = p.seen + p.examples / 200;
        }
        true
    })?;
    bar.finish();
    println!("Weights: {}", trainer.weights_path().display());
    Ok(())
}
