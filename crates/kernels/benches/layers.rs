//! Prints how near each layer of the default network comes to what one core can do: packed products in their real shapes.
//!
//! Run: `cargo bench -p aeolian-kernels`. Times are processor time of this thread, the least of many
//! rounds. The peak is measured too: fused multiply-adds on registers alone.

use aeolian_kernels::Isa;
use aeolian_kernels::panels::{End, Factor, Panels, Rows, Start, To, multiply};
use std::time::Instant;

/// (name, rows, outputs, inputs, whether results are sent to places eight by eight).
const LAYERS: [(&str, usize, usize, usize, bool); 13] = [
    ("pictures: embedding", 88, 64, 51, false),
    ("pictures: pool", 88, 4, 64, false),
    ("pictures: value", 88, 64, 64, true),
    ("pictures: copied", 88, 64, 64, false),
    ("pictures: spread", 88, 64, 4, false),
    ("pictures: expand", 88, 192, 64, true),
    ("pictures: contract", 88, 64, 192, false),
    ("pictures: head", 88, 24, 64, false),
    ("vectors: patch", 32, 192, 2424, false),
    ("vectors: query, key, value", 32, 576, 192, false),
    ("vectors: expand", 32, 768, 192, false),
    ("vectors: contract", 32, 192, 768, false),
    ("vectors: head", 32, 2392, 192, false),
];

/// Seconds of processor time of this thread, as Linux counts them; wall time elsewhere.
fn thread_seconds(start: Instant) -> f64 {
    // Giving way brings the count up to date; otherwise it goes by ticks of four milliseconds.
    std::thread::yield_now();
    let counted = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let first = counted.and_then(|text| text.split(' ').next()?.parse::<f64>().ok());
    first.map_or_else(|| start.elapsed().as_secs_f64(), |nanoseconds| nanoseconds * 1e-9)
}

fn least_seconds(rounds: usize, repeats: usize, mut work: impl FnMut()) -> f64 {
    let start = Instant::now();
    (0..rounds)
        .map(|_| {
            let before = thread_seconds(start);
            (0..repeats).for_each(|_| work());
            (thread_seconds(start) - before) / repeats as f64
        })
        .fold(f64::INFINITY, f64::min)
}

fn main() {
    // One tall product that stays in the nearest cache and ends rarely is as good as the micro-kernel gets.
    let (a, b) = (vec![0.5; 12 * 256], vec![0.5; 256 * 32]);
    let mut c = vec![0.0; 12 * 32];
    let peak = least_seconds(40, 200, || {
        let factor = Factor::rows(&b, 256, 32, 32);
        multiply(Rows::dense(&a, 256), factor, Start::Bias, End::Plain, &mut c, To::Rows(32));
    });
    let peak = (2 * 12 * 256 * 32) as f64 / peak * 1e-9;
    println!("{:?}, one core; a tile that never leaves the nearest cache: {peak:.1} GFLOP/s", Isa::detected());
    println!("| layer | shape | GFLOP/s | of that peak | floats moved a FLOP |\n|---|---|--:|--:|--:|");
    for (name, m, n, k, sent) in LAYERS {
        let panels = Panels::new(k, n, &vec![0.01; n * k], Some(&vec![0.1; n]));
        let x = vec![0.5; m * k];
        let mut y = vec![0.0; m * n + 64];
        let rows: Vec<u32> = (0..m).map(|i| (i * n) as u32).collect();
        let quads: Vec<u32> = (0..n.div_ceil(4)).map(|q| (q * 4 + q / 2 % 2 * 8) as u32).collect();
        let to = if sent { To::Places { rows: &rows, quads: &quads } } else { To::Rows(n) };
        let flops = (2 * m * n * k) as f64;
        let seconds = least_seconds(20, (2e7 / flops).ceil() as usize, || {
            multiply(Rows::dense(&x, k), panels.factor(), Start::Bias, End::Plain, &mut y, to);
        });
        let moved = (m * k + n * k + m * n) as f64 / flops;
        println!(
            "| {name} | {m} × {n} × {k} | {:.1} | {:.0} % | {moved:.3} |",
            flops / seconds * 1e-9,
            100.0 * flops / seconds * 1e-9 / peak
        );
    }
}
