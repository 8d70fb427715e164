//! Our side of `bench/peers`: evaluates the cases that a script has written, one a request, and says how long it took.
//!
//! Run: `peer WEIGHTS FOLDER`. Requests on standard input, one a line, answered by seconds:
//! `forward TOKENS THREADS` evaluates FOLDER's case of so many tokens (and writes `context-TOKENS` the first time);
//! `train TOKENS THREADS BATCH full|mixed` goes forward and back with so many copies of it, shared among the threads.

use aeolian_diffusion::{Denoiser, Observation};
use aeolian_nets::{Model, Pool, Precision, Tape};
use rayon::prelude::*;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::error::Error;
use std::io::{BufRead, Write};
use std::path::Path;
use std::time::Instant;

struct Case {
    tokens: usize,
    evidence: Vec<f32>,
    log_snr: Vec<f32>,
    positions: Vec<[u8; 2]>,
}

impl Case {
    fn read(folder: &Path, tokens: usize) -> Result<Self, Box<dyn Error>> {
        let bytes = |name: &str| std::fs::read(folder.join(format!("{name}-{tokens}")));
        let floats = |bytes: Vec<u8>| bytes.as_chunks::<4>().0.iter().map(|four| f32::from_le_bytes(*four)).collect();
        let (evidence, log_snr) = (floats(bytes("evidence")?), floats(bytes("log_snr")?));
        Ok(Self { tokens, evidence, log_snr, positions: bytes("positions")?.as_chunks::<2>().0.to_vec() })
    }

    fn copies(&self, items: usize) -> Self {
        Self {
            tokens: self.tokens,
            evidence: self.evidence.repeat(items),
            log_snr: self.log_snr.repeat(items),
            positions: self.positions.repeat(items),
        }
    }

    fn observation(&self) -> Observation<'_> {
        let items = self.positions.len() / self.tokens;
        let Self { evidence, log_snr, positions, .. } = self;
        Observation { items, tokens: self.tokens, evidence, log_snr, positions }
    }
}

/// Forward and back on shards of a batch, one a thread.
fn train(model: &Model, case: &Case, batch: usize, precision: Precision, shards: &mut [(Pool, Vec<f32>)]) {
    let part = case.copies(batch.div_ceil(shards.len()));
    shards.par_iter_mut().for_each(|(pool, gradient)| {
        gradient.resize(model.weights().len(), 0.0);
        gradient.fill(0.0);
        let mut tape = Tape::recording(model.weights(), pool).with_precision(precision);
        let output = model.network().forward(&mut tape, &part.observation());
        let seed = vec![1.0; tape.value(output).len()];
        tape.backward(output, &seed, gradient);
    });
}

fn main() -> Result<(), Box<dyn Error>> {
    let [weights, folder] = std::env::args().skip(1).collect::<Vec<_>>().try_into().map_err(|_| "WEIGHTS FOLDER")?;
    let model = Model::from_bytes(&std::fs::read(weights)?)?;
    println!(
        "Aeolian, {:?}, {:.2} million weights",
        aeolian_kernels::Isa::detected(),
        model.weights().len() as f64 / 1e6
    );
    let mut cases: HashMap<usize, Case> = HashMap::new();
    let mut pools: HashMap<usize, rayon::ThreadPool> = HashMap::new();
    let mut shards: Vec<(Pool, Vec<f32>)> = Vec::new();
    let prepared = model.network().prepare(model.weights());
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let words: Vec<&str> = line.split_whitespace().collect();
        let number = |i: usize| words.get(i).and_then(|word| word.parse::<usize>().ok()).ok_or("a number is missing");
        let (tokens, threads) = (number(1)?, number(2)?);
        let is_new = !cases.contains_key(&tokens);
        if is_new {
            cases.insert(tokens, Case::read(Path::new(&folder), tokens)?);
        }
        let case = &cases[&tokens];
        let pool = match pools.entry(threads) {
            Entry::Occupied(pool) => pool.into_mut(),
            Entry::Vacant(place) => place.insert(rayon::ThreadPoolBuilder::new().num_threads(threads).build()?),
        };
        let mut context = vec![0.0; case.evidence.len()];
        let start;
        if words[0] == "train" {
            let precision = if words.get(4) == Some(&"mixed") { Precision::Mixed } else { Precision::Full };
            let batch = number(3)?;
            shards.resize_with(threads, Default::default);
            start = Instant::now();
            pool.install(|| train(&model, case, batch, precision, &mut shards));
        } else {
            start = Instant::now();
            match &prepared {
                Some(prepared) => pool.install(|| prepared.context_on(threads, &case.observation(), &mut context)),
                None => model.context(case.observation(), &mut context),
            }
        }
        let seconds = start.elapsed().as_secs_f64();
        if is_new {
            let bytes: Vec<u8> = context.iter().flat_map(|x| x.to_le_bytes()).collect();
            std::fs::write(Path::new(&folder).join(format!("context-{tokens}")), bytes)?;
        }
        println!("{seconds}");
        std::io::stdout().flush()?;
    }
    Ok(())
}
