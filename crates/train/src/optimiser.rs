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

/// Floats whose squares are summed by one thread; fixed, so that the norm does not depend on the number of threads.
const CHUNK: usize = 1 << 16;

impl Optimiser {
    /// Before the first step.
    pub fn new(weights: Vec<f32>) -> Self {
        let zeros = vec![0.0; weights.len()];
        Self { averaged: weights.clone(), first: zeros.clone(), second: zeros, weights, steps: 0 }
    }

    /// One step along `gradient` (of the mean loss), to which the `others` are added first, in order. Returns the gradient's
    /// norm before clipping.
    ///
    /// # Panics   if a gradient is not as long as the weights.
    pub fn step(
        &mut self,
        config: &OptimiserConfig,
        parameters: &Parameters,
        gradient: &mut [f32],
        others: &[&[f32]],
        learning_rate: f32,
    ) -> f32 {
        assert!(others.iter().all(|other| other.len() == gradient.len()) && gradient.len() == self.weights.len());
        let norm = norm_of_sum(gradient, others);
        self.steps += 1;
        let motion = Motion {
            scale: if norm > config.clip { config.clip / norm } else { 1.0 },
            rate: learning_rate,
            decay: config.weight_decay,
            betas: config.betas,
            correction: config.betas.map(|b| 1.0 / (1.0 - f64::from(b).powf(self.steps as f64)) as f32),
            // A young average forgets its beginning faster.
            keep: config.ema.min((1.0 + self.steps as f32) / (10.0 + self.steps as f32)),
        };
        let moments = self.first.par_chunks_mut(SMALL_CHUNK).zip(self.second.par_chunks_mut(SMALL_CHUNK));
        self.weights
            .par_chunks_mut(SMALL_CHUNK)
            .zip(self.averaged.par_chunks_mut(SMALL_CHUNK))
            .zip(moments.zip(gradient.par_chunks(SMALL_CHUNK)))
            .enumerate()
            .for_each(|(index, ((weights, averaged), ((first, second), gradient)))| {
                motion.apply(parameters, index * SMALL_CHUNK, weights, gradient, first, second);
                elementwise::average_into(averaged, weights, motion.keep);
            });
        norm
    }
}

/// Floats moved at a time, small enough for the second cache with their moments.
const SMALL_CHUNK: usize = 1 << 14;

/// The numbers of one step.
struct Motion {
    scale: f32,
    rate: f32,
    decay: f32,
    betas: [f32; 2],
    correction: [f32; 2],
    keep: f32,
}

impl Motion {
    /// Moves the weights from `start` on: whatever parameters lie there.
    fn apply(
        &self,
        parameters: &Parameters,
        start: usize,
        weights: &mut [f32],
        gradient: &[f32],
        first: &mut [f32],
        second: &mut [f32],
    ) {
        let end = start + weights.len();
        let specs = parameters.specs();
        let next = specs.partition_point(|spec| spec.span.start + spec.span.len <= start);
        for spec in specs[next..].iter().take_while(|spec| spec.span.start < end) {
            let range = spec.span.range();
            let part = range.start.max(start) - start..range.end.min(end) - start;
            let decay = if spec.decays { self.decay } else { 0.0 };
            let (w, g) = (&mut weights[part.clone()], &gradient[part.clone()]);
            let (m, v) = (&mut first[part.clone()], &mut second[part]);
            elementwise::adamw(w, g, m, v, self.scale, self.rate, decay, self.betas, self.correction);
        }
    }
}

/// Adds the others to `gradient` and returns the norm of the sum.
fn norm_of_sum(gradient: &mut [f32], others: &[&[f32]]) -> f32 {
    // Chunks are summed in order, whatever thread made them.
    let squares: Vec<f32> = gradient
        .par_chunks_mut(CHUNK)
        .enumerate()
        .map(|(index, part)| {
            others.iter().for_each(|other| elementwise::add(part, &other[index * CHUNK..][..part.len()]));
            elementwise::dot(part, part)
        })
        .collect();
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
            // Two halves of the derivative of (w − 1)².
            let half: Vec<f32> = optimiser.weights.iter().map(|w| w - 1.0).collect();
            optimiser.step(&config(), &parameters, &mut half.clone(), &[&half], 0.05);
        }
        assert!(optimiser.averaged.iter().all(|w| (w - 1.0).abs() < 0.02), "{:?}", optimiser.averaged);
    }

    #[test]
    fn only_matrices_decay_wherever_the_chunks_end() {
        let mut parameters = Parameters::default();
        parameters.add("bias", &[3], Init::Zeros);
        parameters.add("matrix", &[SMALL_CHUNK, 2], Init::Zeros);
        parameters.add("gain", &[5], Init::Zeros);
        let mut optimiser = Optimiser::new(vec![1.0; parameters.len()]);
        let config = OptimiserConfig { weight_decay: 0.5, ..config() };
        optimiser.step(&config, &parameters, &mut vec![0.0; parameters.len()], &[], 0.1);
        let matrix = 3..3 + 2 * SMALL_CHUNK;
        for (index, weight) in optimiser.weights.iter().enumerate() {
            assert_eq!(*weight, if matrix.contains(&index) { 0.95 } else { 1.0 }, "{index}");
        }
    }
}
