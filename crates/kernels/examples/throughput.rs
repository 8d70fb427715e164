//! Prints how many GFLOP/s one core gets from each kernel at the shapes the networks use.
//!
//! Run: `cargo run --release -p aeolian-kernels --example throughput` on an idle machine.

use aeolian_kernels::conv::{self, Image, Kernel};
use aeolian_kernels::gemm::{Into, Matrix, gemm_on};
use aeolian_kernels::{Isa, elementwise};
use std::time::Instant;

fn best_seconds(mut work: impl FnMut()) -> f64 {
    (0..7)
        .map(|_| {
            let start = Instant::now();
            work();
            start.elapsed().as_secs_f64()
        })
        .fold(f64::INFINITY, f64::min)
}

fn main() {
    for isa in Isa::available().into_iter().skip(1) {
        println!("{isa:?}, one core");
        for (m, n, k) in [(256, 1024, 256), (256, 256, 5632), (256, 5632, 256), (32, 256, 1024), (2112, 256, 256)] {
            let (a, b, mut c) = (vec![0.5; m * k], vec![0.5; k * n], vec![0.0; m * n]);
            let seconds = best_seconds(|| {
                gemm_on(isa, m, n, k, Matrix::rows(&a, k), Matrix::rows(&b, k).transposed(), &mut c, n, Into::Replace);
            });
            println!("  gemm {m:>4} × {n:>4} × {k:>4}  {:6.1} GFLOP/s", (2 * m * n * k) as f64 / seconds * 1e-9);
        }
        let image = Image { items: 4, rows: 128, columns: 88, channels: 16, border_rows: 2, border_columns: 3 };
        let kernel = Kernel { rows: 5, columns: 7 };
        let (x, w) = (vec![0.5; image.len()], vec![0.5; kernel.taps() * 256]);
        let (mut y, mut dw) = (vec![0.0; image.len()], vec![0.0; w.len()]);
        let operations = (4 * 128 * 88 * 35 * 256 * 2) as f64;
        let seconds = best_seconds(|| conv::forward_on(isa, image, kernel, &x, &w, &[], 16, &mut y));
        println!("  conv forward           {:6.1} GFLOP/s", operations / seconds * 1e-9);
        let seconds = best_seconds(|| conv::weight_gradient_on(isa, image, kernel, &x, &y, 16, &mut dw, &mut []));
        println!("  conv weight gradient   {:6.1} GFLOP/s", operations / seconds * 1e-9);
    }
    let (x, mut y) = (vec![0.3; 1 << 18], vec![0.0; 1 << 18]);
    let seconds = best_seconds(|| elementwise::gelu(&x, &mut y));
    println!("gelu on {:?}: {:.2} ns an element", Isa::detected(), seconds * 1e9 / f64::from(1 << 18));
}
