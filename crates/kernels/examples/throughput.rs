//! Prints how many GFLOP/s one core gets from each kernel at the shapes the networks use.
//!
//! Run: `cargo run --release -p aeolian-kernels --example throughput` on an idle machine.

use aeolian_kernels::gemm::{Into, Matrix, gemm_on};
use aeolian_kernels::gemm_bf16::{gemm_bf16, has_bf16};
use aeolian_kernels::{Isa, elementwise};
use std::time::Instant;

/// Pictures of eight items (expand, contract, their weights' gradient), vectors.
const SHAPES: [(usize, usize, usize); 5] =
    [(22_528, 192, 64), (22_528, 64, 192), (192, 64, 22_528), (256, 768, 192), (32, 192, 768)];

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
        for (m, n, k) in SHAPES {
            let (a, b, mut c) = (vec![0.5; m * k], vec![0.5; k * n], vec![0.0; m * n]);
            let seconds = best_seconds(|| {
                gemm_on(isa, m, n, k, Matrix::rows(&a, k), Matrix::rows(&b, k).transposed(), &mut c, n, Into::Replace);
            });
            println!("  gemm {m:>5} × {n:>4} × {k:>5}  {:6.1} GFLOP/s", (2 * m * n * k) as f64 / seconds * 1e-9);
        }
    }
    if has_bf16() {
        println!("bfloat16, one core");
        for (m, n, k) in SHAPES {
            let (a, b, mut c) = (vec![0.5; m * k], vec![0.5; k * n], vec![0.0; m * n]);
            let seconds = best_seconds(|| {
                gemm_bf16(m, n, k, Matrix::rows(&a, k), Matrix::rows(&b, k).transposed(), &mut c, n, Into::Replace);
            });
            println!("  gemm {m:>5} × {n:>4} × {k:>5}  {:6.1} GFLOP/s", (2 * m * n * k) as f64 / seconds * 1e-9);
        }
    }
    let (x, mut y) = (vec![0.3; 1 << 18], vec![0.0; 1 << 18]);
    let seconds = best_seconds(|| elementwise::gelu(&x, &mut y));
    println!("gelu on {:?}: {:.2} ns an element", Isa::detected(), seconds * 1e9 / f64::from(1 << 18));
}
