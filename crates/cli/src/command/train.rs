//! `aeolian train CONFIG`: one experiment, with progress, resumable, with its curve as a picture.

use aeolian_picture::{Curve, curves};
use aeolian_train::trainer::{LogRow, VALIDATION_LEVELS};
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
    #[arg(long, value_parser = super::values::existing)]
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
        let adopted = trainer.warm_start(&bytes)?;
        eprintln!("beginning with {} million weights of {}", adopted as f64 / 1e6, path.display());
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
    let picture = trainer.weights_path().with_file_name("curve.svg");
    std::fs::write(&picture, draw(trainer.log()))
        .with_context(|| format!("{} cannot be written", picture.display()))?;
    println!("Weights: {}\nCurve: {}", trainer.weights_path().display(), picture.display());
    Ok(())
}

/// Validation cross-entropy at every noise level over the examples seen, each as a share of its first value, so that
/// levels of very different size can be read in one picture.
fn draw(log: &[LogRow]) -> String {
    let series: Vec<Curve> = VALIDATION_LEVELS
        .iter()
        .enumerate()
        .map(|(level, log_snr)| Curve {
            name: format!("log snr {log_snr}"),
            points: log.iter().map(|row| (row.seen as f64, row.valid[level] / log[0].valid[level])).collect(),
        })
        .collect();
    curves(&series, "Validation cross-entropy, as a share of its first value", "examples", "share", false)
}
