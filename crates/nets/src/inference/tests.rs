use super::*;
use crate::features::Geometry;
use crate::model::{Architecture, Model, NetworkConfig};
use crate::ops::check::numbers;
use crate::tape::{Pool, Tape};

fn model(config: TransformerConfig, pitches: usize) -> Model {
    let architecture = Architecture {
        network: NetworkConfig::Transformer(config),
        blocks: vec![[0, 2 * pitches, 2], [1, 2 * pitches, 2], [2, 1, 12], [2, 3, 1], [3, 2, 16]],
        geometry: Geometry { note_lanes: 2, steps: 2, pitches, pitch_class_blocks: vec![2], first_pitch_class: 9 },
    };
    let bits = 8 * pitches + 12 + 3 + 32;
    let mut model = Model::new(architecture, numbers(bits, 1).iter().map(|x| 2.0 * x - 2.0).collect(), 1);
    let moves = numbers(model.weights().len(), 8);
    model.weights_mut().iter_mut().zip(moves).for_each(|(w, n)| *w += 0.1 * n);
    model
}

/// An observation with open, certain and unknown cells, of bars of three quarters.
fn observed(model: &Model, items: usize, tokens: usize) -> (Vec<f32>, Vec<f32>, Vec<[u8; 2]>) {
    use aeolian_diffusion::Denoiser;
    let n = items * tokens;
    let mut evidence: Vec<f32> = numbers(n * model.layout().bits(), 2).iter().map(|x| 12.0 * x).collect();
    evidence.iter_mut().step_by(7).for_each(|e| *e = 0.0);
    evidence.iter_mut().step_by(11).for_each(|e| *e = 30.0 * e.signum());
    let log_snr = (0..n * 4).map(|i| [-10.0, 6.0, -1.0, 0.5, 2.0][i / 8 % 5]).collect();
    let positions = (0..n).map(|q| [(q % 3 * 2) as u8, 6]).collect();
    (evidence, log_snr, positions)
}

#[test]
fn the_bits_are_those_of_the_tape_whatever_the_number_of_threads() {
    let small = TransformerConfig { width: 32, blocks: 2, heads: 2, expansion: 2, channels: 16, hidden: 96, lags: 3 };
    let wide = TransformerConfig { width: 48, blocks: 1, heads: 4, expansion: 3, channels: 48, hidden: 192, lags: 40 };
    let eights = TransformerConfig { width: 64, blocks: 2, heads: 2, expansion: 1, channels: 16, hidden: 288, lags: 1 };
    let deep = TransformerConfig { width: 32, blocks: 1, heads: 2, expansion: 9, channels: 64, hidden: 384, lags: 5 };
    for (config, pitches) in [(small, 20), (wide, 13), (eights, 14), (deep, 7)] {
        let model = model(config, pitches);
        for (items, tokens) in [(1, 1), (1, 2), (1, 9), (2, 5), (3, 4)] {
            let (evidence, log_snr, positions) = observed(&model, items, tokens);
            let seen = Observation { items, tokens, evidence: &evidence, log_snr: &log_snr, positions: &positions };
            let mut pool = Pool::default();
            let mut tape = Tape::forward_only(model.weights(), &mut pool);
            let expected = model.network().forward(&mut tape, &seen);
            let expected = tape.finish(expected);
            let prepared = model.network().prepare(model.weights()).expect("places for these sizes");
            for parts in [1, 2, 3, 8, 1] {
                let mut context = vec![f32::NAN; expected.len()];
                prepared.context_on(parts, &seen, &mut context);
                assert!(
                    context == expected,
                    "{items} × {tokens} in {parts} parts: {:?} {:?}",
                    &context[..8],
                    &expected[..8]
                );
            }
        }
    }
}

#[test]
fn every_preset_has_places() {
    for config in [TransformerConfig::tiny(), TransformerConfig::small(), TransformerConfig::base()] {
        let model = model(TransformerConfig { blocks: 1, ..config }, 12);
        assert!(model.network().prepare(model.weights()).is_some());
    }
}

#[test]
fn changed_weights_are_packed_anew() {
    use aeolian_diffusion::Denoiser;
    let mut model = model(TransformerConfig { blocks: 1, ..TransformerConfig::tiny() }, 12);
    let (evidence, log_snr, positions) = observed(&model, 1, 3);
    let seen = Observation { items: 1, tokens: 3, evidence: &evidence, log_snr: &log_snr, positions: &positions };
    let (mut before, mut after) = (vec![0.0; evidence.len()], vec![0.0; evidence.len()]);
    model.context(seen, &mut before);
    model.weights_mut().iter_mut().for_each(|w| *w *= 0.9);
    model.context(seen, &mut after);
    assert!(before != after);
}
