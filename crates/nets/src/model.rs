//! A network with its weights: what is trained, stored and loaded.
//!
//! Files are safetensors; the metadata carry the network's configuration and whatever the trainer adds (corpus digest,
//! revision, examples seen). `prior` is stored beside the weights.

use crate::features::Geometry;
use crate::grow;
use crate::inference::Prepared;
use crate::lstm::{LstmConfig, LstmDenoiser};
use crate::parameters::Parameters;
use crate::tape::{Pool, Tape, Var};
use crate::transformer::{Transformer, TransformerConfig};
use aeolian_diffusion::{Block, Denoiser, Layout, Observation};
use half::f16;
use half::slice::HalfFloatSliceExt;
use safetensors::{Dtype, SafeTensors, tensor::TensorView};
use serde::{Deserialize, Serialize};
use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::OnceLock;

/// A differentiable denoiser whose weights live in one flat buffer.
pub trait Network: Send + Sync {
    /// How the cells are grouped.
    fn layout(&self) -> &Layout;
    /// Context log-odds (B·T, bits) on the tape.
    fn forward(&self, tape: &mut Tape, observation: &Observation) -> Var;
    /// The same function of an observation with these weights packed for composing, if the network has such a path.
    fn prepare(&self, _weights: &[f32]) -> Option<Prepared> {
        None
    }
}

/// Which network, and how large.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NetworkConfig {
    /// Attention over vectors and pictures.
    Transformer(TransformerConfig),
    /// LSTM encoder–decoder.
    Lstm(LstmConfig),
}

/// Everything needed to lay out a network, except its weights.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Architecture {
    /// Network and sizes.
    pub network: NetworkConfig,
    /// (lane, groups, choices) of every block.
    pub blocks: Vec<[usize; 3]>,
    /// The picture.
    pub geometry: Geometry,
}

impl Architecture {
    fn layout(&self) -> Layout {
        Layout::new(self.blocks.iter().map(|&[lane, groups, choices]| Block { lane, groups, choices }).collect())
    }
}

/// What can go wrong with a weight file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// Not a safetensors file, or a damaged one.
    #[error("this is not a readable weight file")]
    Damaged(#[source] safetensors::SafeTensorError),
    /// The metadata lack the architecture, or hold something else.
    #[error("the weight file does not say which network it is for")]
    NoArchitecture,
    /// A tensor is missing or has another shape.
    #[error("the weight file has no tensor {name} of {expected} numbers")]
    Tensor {
        /// The tensor's name.
        name: String,
        /// Numbers it should hold.
        expected: usize,
    },
}

/// A network with weights.
pub struct Model {
    /// How it was laid out.
    pub architecture: Architecture,
    /// Names, shapes and places of the weights.
    pub parameters: Parameters,
    /// Further metadata of the file.
    pub metadata: HashMap<String, String>,
    prior: Vec<f32>,
    network: Box<dyn Network>,
    weights: Vec<f32>,
    /// The weights packed, made when they are first asked something.
    prepared: OnceLock<Option<Prepared>>,
}

thread_local! {
    static POOL: RefCell<Pool> = RefCell::default();
}

impl Model {
    /// A fresh network with weights from a seed. `prior`: marginal log-odds of every cell against "none". (bits)
    pub fn new(architecture: Architecture, prior: Vec<f32>, seed: u64) -> Self {
        let blank = Self::blank(architecture, prior);
        Self { weights: blank.parameters.initial_values(seed), ..blank }
    }

    /// A network whose weights are all zero.
    fn blank(architecture: Architecture, prior: Vec<f32>) -> Self {
        let layout = architecture.layout();
        assert_eq!(prior.len(), layout.bits());
        let mut parameters = Parameters::default();
        let geometry = architecture.geometry.clone();
        let network: Box<dyn Network> = match &architecture.network {
            NetworkConfig::Transformer(config) => {
                Box::new(Transformer::new(config.clone(), layout, geometry, prior.clone(), &mut parameters))
            }
            NetworkConfig::Lstm(config) => {
                Box::new(LstmDenoiser::new(config.clone(), layout, geometry, prior.clone(), &mut parameters))
            }
        };
        let weights = vec![0.0; parameters.len()];
        let metadata = HashMap::new();
        Self { architecture, parameters, weights, metadata, prior, network, prepared: OnceLock::new() }
    }

    /// Marginal log-odds of every cell. (bits)
    pub fn prior(&self) -> &[f32] {
        &self.prior
    }

    /// The weights, flat.
    pub fn weights(&self) -> &[f32] {
        &self.weights
    }

    /// The weights, to be changed.
    pub fn weights_mut(&mut self) -> &mut Vec<f32> {
        self.prepared = OnceLock::new();
        &mut self.weights
    }

    /// The differentiable part.
    pub fn network(&self) -> &dyn Network {
        &*self.network
    }

    /// Reads a weight file (f16 or f32 tensors).
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ModelError> {
        let (_, header) = SafeTensors::read_metadata(bytes).map_err(ModelError::Damaged)?;
        let mut metadata = header.metadata().clone().unwrap_or_default();
        let architecture: Architecture = metadata
            .remove("architecture")
            .and_then(|text| serde_json::from_str(&text).ok())
            .ok_or(ModelError::NoArchitecture)?;
        let tensors = SafeTensors::deserialize(bytes).map_err(ModelError::Damaged)?;
        let bits = architecture.layout().bits();
        let mut prior = vec![0.0; bits];
        read_tensor(&tensors, "prior", &mut prior)?;
        let mut model = Self::blank(architecture, prior);
        for spec in model.parameters.specs() {
            read_tensor(&tensors, &spec.name, &mut model.weights[spec.span.range()])?;
        }
        model.metadata = metadata;
        Ok(model)
    }

    /// Takes over every tensor of another weight file that fits; returns how many numbers that were.
    ///
    /// A token's layout may have grown by blocks at its end: what reads or writes its cells then keeps what it knew
    /// and ignores the new ones ([`grow`]). What has no counterpart keeps its fresh weights.
    pub fn adopt(&mut self, bytes: &[u8]) -> Result<usize, ModelError> {
        let tensors = SafeTensors::deserialize(bytes).map_err(ModelError::Damaged)?;
        let mut adopted = 0;
        self.prepared = OnceLock::new();
        for spec in self.parameters.specs() {
            let Ok(tensor) = tensors.tensor(&spec.name) else { continue };
            let mut old = vec![0.0; tensor.shape().iter().product()];
            if read_tensor(&tensors, &spec.name, &mut old).is_err() {
                continue;
            }
            if grow::adopt(&spec.name, &old, tensor.shape(), &mut self.weights[spec.span.range()], &spec.shape) {
                adopted += old.len();
            }
        }
        Ok(adopted)
    }

    /// The weight file, in f16 (for shipping) or f32 (for checkpoints).
    pub fn to_bytes(&self, weights: &[f32], half_precision: bool) -> Result<Vec<u8>, ModelError> {
        let dtype = if half_precision { Dtype::F16 } else { Dtype::F32 };
        let encode = |values: &[f32]| -> Vec<u8> {
            if half_precision {
                values.iter().flat_map(|&w| f16::from_f32(w).to_le_bytes()).collect()
            } else {
                values.iter().flat_map(|w| w.to_le_bytes()).collect()
            }
        };
        let mut stored: Vec<(String, Vec<usize>, Dtype, Vec<u8>)> = vec![(
            "prior".into(),
            vec![self.prior.len()],
            Dtype::F32,
            self.prior.iter().flat_map(|w| w.to_le_bytes()).collect(),
        )];
        for spec in self.parameters.specs() {
            stored.push((spec.name.clone(), spec.shape.clone(), dtype, encode(&weights[spec.span.range()])));
        }
        let views: Result<Vec<_>, _> = stored
            .iter()
            .map(|(name, shape, dtype, data)| Ok((name, TensorView::new(*dtype, shape.clone(), data)?)))
            .collect();
        let mut metadata = self.metadata.clone();
        let architecture = serde_json::to_string(&self.architecture).expect("plain data becomes JSON");
        metadata.insert("architecture".into(), architecture);
        safetensors::serialize(views.map_err(ModelError::Damaged)?, Some(metadata)).map_err(ModelError::Damaged)
    }
}

fn read_tensor(tensors: &SafeTensors, name: &str, out: &mut [f32]) -> Result<(), ModelError> {
    let wrong = || ModelError::Tensor { name: name.into(), expected: out.len() };
    let tensor = tensors.tensor(name).map_err(|_| wrong())?;
    let bytes_each = match tensor.dtype() {
        Dtype::F16 => 2,
        Dtype::F32 => 4,
        _ => return Err(wrong()),
    };
    let data = tensor.data();
    if data.len() != bytes_each * out.len() {
        return Err(wrong());
    }
    if bytes_each == 4 {
        out.iter_mut().zip(data.as_chunks::<4>().0).for_each(|(w, four)| *w = f32::from_le_bytes(*four));
        return Ok(());
    }
    // In runs, because the conversion has an instruction for many at once.
    const RUN: usize = 1024;
    let mut halves = [f16::ZERO; RUN];
    for (out, data) in out.chunks_mut(RUN).zip(data.as_chunks::<2>().0.chunks(RUN)) {
        halves.iter_mut().zip(data).for_each(|(half, two)| *half = f16::from_le_bytes(*two));
        halves[..out.len()].convert_to_f32_slice(out);
    }
    Ok(())
}

impl Denoiser for Model {
    fn layout(&self) -> &Layout {
        self.network.layout()
    }

    fn context(&self, observation: Observation<'_>, context: &mut [f32]) {
        if let Some(prepared) = self.prepared.get_or_init(|| self.network.prepare(&self.weights)) {
            return prepared.context(&observation, context);
        }
        POOL.with_borrow_mut(|pool| {
            let mut tape = Tape::forward_only(&self.weights, pool);
            let output = self.network.forward(&mut tape, &observation);
            let value = tape.finish(output);
            context.copy_from_slice(&value);
            pool.give(value);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::check::numbers;

    fn architecture(network: NetworkConfig) -> Architecture {
        Architecture {
            network,
            blocks: vec![[0, 2 * 12, 2], [1, 1, 12], [2, 3, 1]],
            geometry: Geometry {
                note_lanes: 1,
                steps: 2,
                pitches: 12,
                pitch_class_blocks: vec![1],
                first_pitch_class: 9,
            },
        }
    }

    fn networks() -> [NetworkConfig; 2] {
        [
            NetworkConfig::Transformer(TransformerConfig {
                width: 16,
                blocks: 2,
                heads: 2,
                expansion: 2,
                channels: 8,
                hidden: 24,
                lags: 3,
            }),
            NetworkConfig::Lstm(LstmConfig { width: 6, channels: 8, hidden: 24 }),
        ]
    }

    fn observe<'a>(items: usize, evidence: &'a [f32], log_snr: &'a [f32], positions: &'a [[u8; 2]]) -> Observation<'a> {
        Observation { items, tokens: 4, evidence, log_snr, positions }
    }

    #[test]
    fn whole_networks_pass_the_difference_quotient() {
        for network in networks() {
            let model = Model::new(architecture(network), numbers(63, 1), 1);
            let (evidence, log_snr) = (numbers(8 * 63, 2), numbers(8 * 3, 3));
            let positions = vec![[1, 8]; 8];
            crate::ops::check::check_gradients(&model.parameters, |tape| {
                model.network().forward(tape, &observe(2, &evidence, &log_snr, &positions))
            });
        }
    }

    #[test]
    fn a_fresh_network_says_the_prior() {
        for network in networks() {
            let prior = numbers(63, 1);
            let model = Model::new(architecture(network), prior.clone(), 1);
            let (evidence, log_snr) = (numbers(4 * 63, 2), numbers(4 * 3, 3));
            let mut context = vec![0.0; 4 * 63];
            model.context(observe(1, &evidence, &log_snr, &[[0, 8]; 4]), &mut context);
            for row in context.chunks(63) {
                assert_eq!(row, prior);
            }
        }
    }

    #[test]
    fn an_item_does_not_depend_on_its_batch() {
        for network in networks() {
            let mut model = Model::new(architecture(network), numbers(63, 1), 1);
            let moved: Vec<f32> =
                model.weights.iter().zip(numbers(model.weights.len(), 8)).map(|(w, n)| w + 0.1 * n).collect();
            *model.weights_mut() = moved;
            let (evidence, log_snr) = (numbers(12 * 63, 2), numbers(12 * 3, 3));
            let (mut all, mut last) = (vec![0.0; 12 * 63], vec![0.0; 4 * 63]);
            model.context(observe(3, &evidence, &log_snr, &[[0, 8]; 12]), &mut all);
            model.context(observe(1, &evidence[8 * 63..], &log_snr[8 * 3..], &[[0, 8]; 4]), &mut last);
            assert_eq!(&all[8 * 63..], &last[..]);
        }
    }

    #[test]
    fn weights_survive_a_file_and_damage_is_told() {
        for network in networks() {
            let model = Model::new(architecture(network), numbers(63, 1), 1);
            let bytes = model.to_bytes(&model.weights, false).unwrap();
            let back = Model::from_bytes(&bytes).unwrap();
            assert_eq!((back.weights, back.prior), (model.weights.clone(), model.prior.clone()));
            let halved = Model::from_bytes(&model.to_bytes(&model.weights, true).unwrap()).unwrap();
            assert!(halved.weights.iter().zip(&model.weights).all(|(a, b)| (a - b).abs() <= 1e-3 * b.abs() + 1e-7));
            assert!(Model::from_bytes(&bytes[..bytes.len() / 2]).is_err());
            assert!(Model::from_bytes(b"not a weight file").is_err());
        }
    }
}
