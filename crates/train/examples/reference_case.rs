//! Writes a small network with everything it computes on one observation, for `reference/pytorch/check.py`.
//!
//! Run: `cargo run --release -p aeolian-train --example reference_case -- out/case.safetensors [lstm | weights.safetensors]`
//! See: the loss in nats a quarter. The check compares context, loss and the gradient of every weight; with a weight
//! file, such as one trained on a GPU, it does so for that network.

use aeolian_diffusion::{Noise, Observation, UNKNOWN, cross_entropy, noise_evidence};
use aeolian_nets::lstm::LstmConfig;
use aeolian_nets::transformer::TransformerConfig;
use aeolian_nets::{Model, NetworkConfig, Pool, Tape};
use aeolian_train::architecture::{canvas_architecture, canvas_layout};
use safetensors::{Dtype, SafeTensors, serialize_to_file, tensor::TensorView};
use std::error::Error;

const ITEMS: usize = 2;
const TOKENS: usize = 6;
const QUARTERS: usize = ITEMS * TOKENS;

fn normals(count: usize, stream: u64) -> Vec<f32> {
    let mut values = vec![0.0; count];
    Noise::new(909).stream(stream).fill_normal(&mut values, 0);
    values
}

/// A network small enough for a file that travels.
fn small_model(network: NetworkConfig) -> Model {
    let prior = normals(canvas_layout().bits(), 1).iter().map(|n| n - 2.0).collect();
    let mut model = Model::new(canvas_architecture(network), prior, 1);
    // Many weights begin at zero and would hide a mistake: move them all.
    let moves = normals(model.weights().len(), 2);
    model.weights_mut().iter_mut().zip(moves).for_each(|(w, n)| *w += 0.05 * n);
    model
}

fn main() -> Result<(), Box<dyn Error>> {
    let out = std::env::args().nth(1).ok_or("say which file to write")?;
    let transformer =
        TransformerConfig { width: 32, blocks: 2, heads: 2, channels: 16, hidden: 48, lags: 4, expansion: 2 };
    let model = match std::env::args().nth(2).as_deref() {
        None => small_model(NetworkConfig::Transformer(transformer)),
        Some("lstm") => small_model(NetworkConfig::Lstm(LstmConfig { width: 16, channels: 16, hidden: 48 })),
        Some(weights) => Model::from_bytes(&std::fs::read(weights)?)?,
    };
    let layout = canvas_layout();

    let random = Noise::new(909).stream(3);
    let mut choices = Vec::with_capacity(QUARTERS * layout.groups());
    for _ in 0..QUARTERS {
        for (block, _, _) in layout.spans() {
            for _ in 0..block.groups {
                let u = random.uniform(choices.len() as u64);
                let choice = (u * (block.choices + 1) as f64) as u8;
                choices.push(if u > 0.95 { UNKNOWN } else { choice });
            }
        }
    }
    // Every kind of level: certain, nothing, and the whole range between.
    let levels = [Observation::LOG_SNR_CERTAIN, Observation::LOG_SNR_NOTHING, -6.0, -3.0, -1.0, 0.5, 2.0, 4.2];
    let log_snr: Vec<f32> = (0..QUARTERS * layout.lanes()).map(|i| levels[i * 5 % levels.len()]).collect();
    let weights: Vec<f32> = (0..log_snr.len()).map(|i| [1.0, 0.0, 0.5][i % 3]).collect();
    let positions: Vec<[u8; 2]> = (0..QUARTERS as u8).map(|i| [i % 4 * 2, 6 + i % 3]).collect();
    let mut evidence = vec![0.0; QUARTERS * layout.bits()];
    noise_evidence(&layout, &choices, &log_snr, Noise::new(5), &mut evidence);

    let observation =
        Observation { items: ITEMS, tokens: TOKENS, evidence: &evidence, log_snr: &log_snr, positions: &positions };
    let mut pool = Pool::default();
    let mut tape = Tape::recording(model.weights(), &mut pool);
    let output = model.network().forward(&mut tape, &observation);
    let context = tape.value(output).to_vec();
    let mut slope = vec![0.0; context.len()];
    let loss = cross_entropy(&layout, &evidence, &context, &choices, &weights, Some(&mut slope));
    slope.iter_mut().for_each(|g| *g /= QUARTERS as f32);
    let mut gradient = vec![0.0; model.weights().len()];
    tape.backward(output, &slope, &mut gradient);

    let floats = |values: &[f32]| -> Vec<u8> { values.iter().flat_map(|v| v.to_le_bytes()).collect() };
    let shape = |last: usize| vec![ITEMS, TOKENS, last];
    let mean = [(loss.weighted / QUARTERS as f64) as f32];
    let mut case: Vec<(String, Dtype, Vec<usize>, Vec<u8>)> = vec![
        ("case.choices".into(), Dtype::U8, shape(layout.groups()), choices),
        ("case.positions".into(), Dtype::U8, shape(2), positions.as_flattened().to_vec()),
        ("case.log_snr".into(), Dtype::F32, shape(layout.lanes()), floats(&log_snr)),
        ("case.weights".into(), Dtype::F32, shape(layout.lanes()), floats(&weights)),
        ("case.evidence".into(), Dtype::F32, shape(layout.bits()), floats(&evidence)),
        ("case.context".into(), Dtype::F32, shape(layout.bits()), floats(&context)),
        ("case.loss".into(), Dtype::F32, vec![1], floats(&mean)),
    ];
    for spec in model.parameters.specs() {
        let values = floats(&gradient[spec.span.range()]);
        case.push((format!("gradient.{}", spec.name), Dtype::F32, spec.shape.clone(), values));
    }
    // The weights and the architecture exactly as the product stores them.
    let stored = model.to_bytes(model.weights(), false)?;
    let (_, header) = SafeTensors::read_metadata(&stored)?;
    let mut views: Vec<(String, TensorView)> = SafeTensors::deserialize(&stored)?.tensors();
    for (name, dtype, shape, data) in &case {
        views.push((name.clone(), TensorView::new(*dtype, shape.clone(), data)?));
    }
    serialize_to_file(views, header.metadata().clone(), out.as_ref())?;
    println!("{:.4} nats a quarter", mean[0]);
    Ok(())
}
