//! Finite differences against the tape.

use aeolian_nets::Parameters;
use aeolian_nets::tape::{Pool, Tape, Var};

/// Reproducible numbers in −1 … 1.
pub fn numbers(n: usize, seed: u64) -> Vec<f32> {
    let noise = aeolian_diffusion::Noise::new(seed).stream(99);
    (0..n).map(|i| (2.0 * noise.uniform(i as u64) - 1.0) as f32).collect()
}

/// r: of a single number the derivative itself is looked at.
fn factors(n: usize) -> Vec<f32> {
    if n == 1 { vec![1.0] } else { numbers(n, 5) }
}

/// Compares the derivative of Σ r · output (r fixed, random) along a random direction of each parameter with the central difference
/// quotient.
pub fn check_gradients(parameters: &Parameters, network: impl Fn(&mut Tape) -> Var) {
    let mut weights = parameters.initial_values(7);
    weights.iter_mut().zip(numbers(parameters.len(), 3)).for_each(|(w, n)| *w += 0.1 * n);
    let mut pool = Pool::default();
    let value = |weights: &[f32], pool: &mut Pool| -> f64 {
        let mut tape = Tape::forward_only(weights, pool);
        let output = network(&mut tape);
        let y = tape.finish(output);
        y.iter().zip(factors(y.len())).map(|(y, r)| f64::from(*y) * f64::from(r)).sum()
    };
    let mut gradient = vec![0.0; weights.len()];
    let mut tape = Tape::recording(&weights, &mut pool);
    let output = network(&mut tape);
    let seed = factors(tape.value(output).len());
    tape.backward(output, &seed, &mut gradient);
    let mut any = false;
    for spec in parameters.specs() {
        let direction = numbers(spec.span.len, 11);
        let h = 1.5e-3 / (spec.span.len as f32).sqrt().min(10.0);
        let moved = |sign: f32| {
            let mut w = weights.clone();
            w[spec.span.range()].iter_mut().zip(&direction).for_each(|(w, d)| *w += sign * h * d);
            w
        };
        let quotient = (value(&moved(1.0), &mut pool) - value(&moved(-1.0), &mut pool)) / f64::from(2.0 * h);
        let derivative: f64 =
            gradient[spec.span.range()].iter().zip(&direction).map(|(g, d)| f64::from(*g) * f64::from(*d)).sum();
        let tolerance = 0.02 * derivative.abs().max(quotient.abs()) + 0.003;
        assert!((derivative - quotient).abs() < tolerance, "{}: {derivative} against {quotient}", spec.name);
        any |= derivative.abs() > 0.02;
    }
    assert!(any, "a check of nothing");
}
