//! Trains without the command line around it, or measures what a step costs.
//!
//!     begin train CONFIG [WEIGHTS]         one experiment, resumable, as `aeolian train` does it
//!     begin steps CONFIG STEPS [WEIGHTS]   processor time a step, after three steps to warm up; stores nothing
//!
//! The second prints the loss of the last step with all its digits: equal digits mean equal bits.

use aeolian_train::{Progress, TrainConfig, Trainer};
use std::path::PathBuf;
use std::time::Instant;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let usage = "begin train CONFIG [WEIGHTS] | begin steps CONFIG STEPS [WEIGHTS]";
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["train", config, ref warm @ ..] => train(prepared(config, warm.first().copied(), None)?),
        ["steps", config, steps, ref warm @ ..] => {
            let nowhere = std::env::temp_dir().join(format!("aeolian-steps-{}", std::process::id()));
            measure(prepared(config, warm.first().copied(), Some(nowhere))?, steps.parse()?)
        }
        _ => Err(usage.into()),
    }
}

fn prepared(config: &str, warm: Option<&str>, output: Option<PathBuf>) -> Result<Trainer, Box<dyn std::error::Error>> {
    let mut config = TrainConfig::from_toml(&std::fs::read_to_string(config)?)?;
    if let Some(output) = output {
        config.output = output;
    }
    let mut trainer = Trainer::new(config)?;
    if let (Some(path), true) = (warm, trainer.log().is_empty()) {
        let adopted = trainer.warm_start(&std::fs::read(path)?)?;
        eprintln!("beginning with {:.2} million weights of {path}", adopted as f64 / 1e6);
    }
    Ok(trainer)
}

fn train(mut trainer: Trainer) -> Result<(), Box<dyn std::error::Error>> {
    let (pieces, windows) = trainer.pieces_and_windows();
    eprintln!("{:.2} million weights; {pieces} pieces, {windows} windows", trainer.weights() as f64 / 1e6);
    let mut shown = 0;
    trainer.run(&mut |p: Progress| {
        if p.seen >= shown {
            eprintln!("{} of {}, {:.2} nats, {:.1}/s", p.seen, p.examples, p.loss, p.examples_a_second);
            shown = p.seen + p.examples / 200;
        }
        true
    })?;
    Ok(())
}

fn measure(mut trainer: Trainer, steps: u32) -> Result<(), Box<dyn std::error::Error>> {
    for _ in 0..3 {
        trainer.step()?;
    }
    let (processor, wall) = (processor_seconds()?, Instant::now());
    let mut last = (0.0, 0.0);
    for _ in 0..steps {
        last = trainer.step()?;
    }
    let (processor, wall) = (processor_seconds()? - processor, wall.elapsed().as_secs_f64());
    let a_step = 1e3 / f64::from(steps);
    println!("processor {:.1} ms a step, wall {:.1} ms a step", processor * a_step, wall * a_step);
    println!("loss {} nats, gradient norm {}", last.0, last.1);
    Ok(())
}

/// Time on a processor of all threads there are, in seconds (Linux: the first number of their `schedstat`, nanoseconds).
fn processor_seconds() -> Result<f64, Box<dyn std::error::Error>> {
    let mut nanoseconds = 0.0;
    for thread in std::fs::read_dir("/proc/self/task")? {
        let text = std::fs::read_to_string(thread?.path().join("schedstat"))?;
        nanoseconds += text.split(' ').next().unwrap_or("0").parse::<f64>()?;
    }
    Ok(nanoseconds * 1e-9)
}
