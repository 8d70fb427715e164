//! Training as a whole: it learns, it resumes bit for bit, and the number of threads changes nothing.

use aeolian_score::{MeterChange, Note, Part, Score, Tick, midi};
use aeolian_train::{TrainConfig, Trainer};
use std::path::Path;

/// A dozen scales that climb and fall, each in its own rhythm: enough to be learned from.
fn corpus(folder: &Path) {
    let music = folder.join("music");
    std::fs::create_dir(&music).unwrap();
    for piece in 0..24u32 {
        let mut score = Score::new(480);
        score.meters = vec![MeterChange { at: Tick(0), numerator: 4, denominator: 4 }];
        let length = 240 * (1 + piece % 2);
        let notes = (0..64).map(|i: u32| Note {
            onset: Tick(i * length),
            pitch: 60
                + [0, 2, 4, 5, 7, 9, 11, 12][(if (i / 8).is_multiple_of(2) { i % 8 } else { 7 - i % 8 }) as usize],
            duration: Tick(length),
            velocity: 80,
        });
        score.parts.push(Part { name: "Melody".into(), notes: notes.collect(), ..Part::default() });
        std::fs::write(music.join(format!("{piece}.mid")), midi::write(&score).unwrap()).unwrap();
    }
    aeolian_corpus::build(&[music], None, &folder.join("scales.corpus"), &mut |_| {}).unwrap();
}

fn config(folder: &Path, output: &str, network: &str, examples: u32) -> TrainConfig {
    let text = format!(
        "corpora = [{:?}]\noutput = {:?}\nseed = 3\n{network}\n\
         [window]\nquarters = 8\nat_sections = 0.0\nframe = \"tonic\"\n\
         [noise]\nlo = -6.0\nhi = 4.0\nmean = -1.0\ndeviation = 2.0\neven = 0.5\n\
         [optimiser]\nbatch = 4\nshards = 2\nexamples = {examples}\nlearning_rate = 0.01\nwarmup_examples = 8\n\
         weight_decay = 0.01\nbetas = [0.9, 0.99]\nclip = 5.0\nema = 0.9\nevery = 1000\n",
        folder.join("scales.corpus"),
        folder.join(output)
    );
    TrainConfig::from_toml(&text).unwrap()
}

const LSTM: &str = "[network.lstm]\nwidth = 16\nchannels = 16\nhidden = 48";
const TRANSFORMER: &str = "[network.transformer]\nwidth = 32\nblocks = 1\nheads = 2\nexpansion = 2\nchannels = 16\n\
                           hidden = 48\nlags = 8";

#[test]
fn both_networks_learn() {
    let folder = tempfile::tempdir().unwrap();
    corpus(folder.path());
    for (name, network, steps) in [("transformer", TRANSFORMER, 120), ("lstm", LSTM, 400)] {
        let mut trainer = Trainer::new(config(folder.path(), name, network, 10_000)).unwrap();
        let losses: Vec<f64> = (0..steps).map(|_| trainer.step().unwrap().0).collect();
        let mean = |part: &[f64]| part.iter().sum::<f64>() / part.len() as f64;
        let (first, last) = (mean(&losses[..10]), mean(&losses[steps - 10..]));
        // Marginals alone are known from the start: falling below them by an eighth takes context.
        assert!(last < 0.875 * first, "{name}: from {first} to {last}");
    }
}

#[test]
fn a_resumed_run_equals_an_uninterrupted_one_on_any_number_of_threads() {
    let folder = tempfile::tempdir().unwrap();
    corpus(folder.path());
    let weights = |output: &str| std::fs::read(folder.path().join(output).join("weights.safetensors")).unwrap();
    let checkpoint = |output: &str| {
        let bytes = std::fs::read(folder.path().join(output).join("checkpoint.safetensors")).unwrap();
        // The header tells seconds and the output folder; the tensors come after it.
        let header = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
        bytes[8 + header..].to_vec()
    };
    let whole = || Trainer::new(config(folder.path(), "whole", LSTM, 24)).unwrap().run(&mut |_| true).unwrap();
    rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap().install(whole);
    Trainer::new(config(folder.path(), "cut", LSTM, 24)).unwrap().run(&mut |p| p.seen < 8).unwrap();
    assert_ne!(weights("cut").len(), 0);
    Trainer::new(config(folder.path(), "cut", LSTM, 24)).unwrap().run(&mut |_| true).unwrap();
    assert!(checkpoint("cut") == checkpoint("whole"));
}

#[test]
fn a_checkpoint_of_another_experiment_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    corpus(folder.path());
    Trainer::new(config(folder.path(), "run", LSTM, 4)).unwrap().run(&mut |_| true).unwrap();
    let Err(error) = Trainer::new(config(folder.path(), "run", LSTM, 8)) else { panic!("it should be refused") };
    assert!(error.to_string().contains("another experiment"), "{error}");
    let Err(error) = Trainer::new(config(folder.path(), "run", TRANSFORMER, 4)) else { panic!("it should be refused") };
    assert!(error.to_string().contains("checkpoint"), "{error}");
}
