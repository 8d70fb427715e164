//! Prints what one evaluation of a weight file costs: the tape's forward pass and the prepared one, in turn.
//!
//! Run: `cargo bench -p aeolian-nets [-- WEIGHTS [TOKENS …]]`.
//! Milliseconds are processor time of one thread, the least of many rounds, so that a busy machine disturbs little; the
//! last column is wall time on all threads and means something on an idle machine only.

use aeolian_diffusion::{Denoiser, Noise, Observation};
use aeolian_nets::{Model, Pool, Tape};
use std::time::Instant;

/// Nanoseconds this thread has run, as Linux counts them; wall time elsewhere.
fn thread_nanoseconds(start: Instant) -> f64 {
    // Giving way brings the count up to date; otherwise it goes by ticks of four milliseconds.
    std::thread::yield_now();
    let counted = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let first = counted.and_then(|text| text.split(' ').next()?.parse::<f64>().ok());
    first.unwrap_or_else(|| start.elapsed().as_nanos() as f64)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1).filter(|word| word != "--bench");
    let shipped = concat!(env!("CARGO_MANIFEST_DIR"), "/../../models/full-transformer.safetensors");
    let path = arguments.next().unwrap_or_else(|| shipped.into());
    let mut sizes: Vec<usize> = arguments.map(|text| text.parse()).collect::<Result<_, _>>()?;
    if sizes.is_empty() {
        sizes = vec![32, 128, 256];
    }
    let start = Instant::now();
    let model = Model::from_bytes(&std::fs::read(&path)?)?;
    println!("{} weights read in {:.1} ms", model.weights().len(), start.elapsed().as_secs_f64() * 1e3);
    let begun = Instant::now();
    let prepared = model.network().prepare(model.weights()).ok_or("this network has no prepared path")?;
    println!("packed in {:.1} ms", begun.elapsed().as_secs_f64() * 1e3);
    let layout = model.layout();
    println!("tokens   tape, ms   prepared, ms   on all threads, ms");
    for tokens in sizes {
        let mut evidence = vec![0.0; tokens * layout.bits()];
        Noise::new(1).fill_normal(&mut evidence, 0);
        let log_snr = vec![0.5; tokens * layout.lanes()];
        let positions: Vec<[u8; 2]> = (0..tokens).map(|q| [(q % 4 * 2) as u8, 8]).collect();
        let seen = Observation { items: 1, tokens, evidence: &evidence, log_snr: &log_snr, positions: &positions };
        let mut context = vec![0.0; evidence.len()];
        let mut pool = Pool::default();
        let (mut tape_least, mut prepared_least, mut wall_least) = (f64::MAX, f64::MAX, f64::MAX);
        for _ in 0..(1600 / tokens).clamp(5, 30) {
            let before = thread_nanoseconds(start);
            let mut tape = Tape::forward_only(model.weights(), &mut pool);
            let output = model.network().forward(&mut tape, &seen);
            let expected = tape.finish(output);
            tape_least = tape_least.min(thread_nanoseconds(start) - before);
            let before = thread_nanoseconds(start);
            prepared.context_on(1, &seen, &mut context);
            prepared_least = prepared_least.min(thread_nanoseconds(start) - before);
            assert!(context == expected, "the bits differ");
            let before = Instant::now();
            prepared.context(&seen, &mut context);
            wall_least = wall_least.min(before.elapsed().as_secs_f64() * 1e9);
            assert!(context == expected, "the bits differ on several threads");
        }
        println!("{tokens:>6} {:>10.2} {:>14.2} {:>20.2}", tape_least * 1e-6, prepared_least * 1e-6, wall_least * 1e-6);
    }
    Ok(())
}
