//! AdamW with warm-up and cosine, gradient clipping and an exponential moving average of the weights.

use crate::config::OptimiserConfig;
use aeolian_kernels::elementwise;
use aeolian_nets::Parameters;
use rayon::prelude::*;

/// Weights on their way, with the moments that move them.
#[derive(Clone, Debug, PartialEq)]
pub struct Optimiser {
    /// Current weights.
    pub weights: Vec<f32>,
    /// Averaged weights: what is judged and shipped.
    pub averaged: Vec<f32>,
    /// First moments.
    pub first: Vec<f32>,
    /// Second moments.
    pub second: Vec<f32>,
    /// Steps taken.
    pub steps: u64,
}

/// Floats moved by one thread at a time; fixed, and elementwise, so the result does not depend on it.
const CHUNK: usize = 1 << 16;

impl Optimiser {
    /// Before the first step.
    pub fn new(weights: Vec<f32>) -> Self {
        let zeros = vec![0.0; weights.len()];
        Self { averaged: weights.clone(), first: zeros.clone(), second: zeros, weights, steps: 0 }
    }

    /// One step along `gradient` (of the mean loss). Returns the gradient's norm before clipping.
    pub fn step(
        &mut self,
        config: &OptimiserConfig,
        parameters: &Parameters,
        gradient: &[f32],
        learning_rate: f32,
    ) -> f32 {
        let norm = norm(gradient);
        let scale = if norm > config.clip { config.clip / norm } else { 1.0 };
        self.steps += 1;
        let correction = config.betas.map(|b| 1.0 / (1.0 - f64::from(b).powf(self.steps as f64)) as f32);
        for spec in parameters.specs() {
            let range = spec.span.range();
            let decay = if spec.decays { config.weight_decay } else { 0.0 };
            let (w, g) = (&mut self.weights[range.clone()], &gradient[range.clone()]);
            let (m, v) = (&mut self.first[range.clone()], &mut self.second[range]);
            w.par_chunks_mut(CHUNK)
                .zip(g.par_chunks(CHUNK))
                .zip(m.par_chunks_mut(CHUNK).zip(v.par_chunks_mut(CHUNK)))
                .for_each(|((w, g), (m, v))| {
                    elementwise::adamw(w, g, m, v, scale, learning_rate, decay, config.betas, correction);
                });
        }
        // A young average forgets its beginning faster.
        let keep = config.ema.min((1.0 + self.steps as f32) / (10.0 + self.steps as f32));
        self.averaged
            .par_chunks_mut(CHUNK)
            .zip(self.weights.par_chunks(CHUNK))
            .for_each(|(a, w)| elementwise::average_into(a, w, keep));
        norm
    }
}

fn norm(gradient: &[f32]) -> f32 {
    // Chunks are summed in order, whatever thread made them.
    let squares: Vec<f32> = gradient.par_chunks(CHUNK).map(|g| elementwise::dot(g, g)).collect();
    squares.iter().map(|&s| f64::from(s)).sum::<f64>().sqrt() as f32
}

/// The learning rate after `seen` examples: a linear rise, then a cosine down to a twentieth.
pub fn learning_rate(config: &OptimiserConfig, seen: u64) -> f32 {
    let warm = config.warmup_examples.max(1);
    if seen < warm {
        return config.learning_rate * (seen + config.batch as u64).min(warm) as f32 / warm as f32;
    }
    let done = (seen - warm) as f64 / (config.examples.saturating_sub(warm)).max(1) as f64;
    let cosine = 0.5 * (1.0 + (std::f64::consts::PI * done.min(1.0)).cos());
    config.learning_rate * (0.05 + 0.95 * cosine) as f32
}

#[cfg(test)]
mod tests {
    use super::*;
    use aeolian_nets::parameters::Init;

    fn config() -> OptimiserConfig {
        OptimiserConfig {
            batch: 2,
            shards: 1,
            examples: 1000,
            learning_rate: 0.1,
            warmup_examples: 100,
            weight_decay: 0.0,
            betas: [0.9, 0.99],
            clip: 10.0,
            ema: 0.9,
            every: 10,
            precision: Default::default(),
        }
    }

    #[test]
    fn the_rate_rises_then_falls_to_a_twentieth() {
        let rate = |seen| learning_rate(&config(), seen);
        assert!(rate(0) < rate(50) && rate(50) < rate(100));
        assert!((rate(100) - 0.1).abs() < 1e-6 && (rate(1000) - 0.005).abs() < 1e-6);
    }

    #[test]
    fn a_parabola_is_descended() {
        let mut parameters = Parameters::default();
        parameters.add("w", &[3], Init::Zeros);
        let mut optimiser = Optimiser::new(vec![3.0, -2.0, 0.5]);
        for _ in 0..400 {
            let gradient: Vec<f32> = optimiser.weights.iter().map(|w| 2.0 * (w - 1.0)).collect();
            optimiser.step(&config(), &parameters, &gradient, 0.05);
        }
        assert!(optimiser.averaged.iter().all(|w| (w - 1.0).abs() < 0.02), "{:?}", optimiser.averaged);
    }
}
