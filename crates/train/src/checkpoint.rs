//! Everything a training run needs to go on bit for bit, in one safetensors file.

use crate::optimiser::Optimiser;
use crate::trainer::{LogRow, TrainError};
use safetensors::{Dtype, SafeTensors, tensor::TensorView};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::path::Path;

/// What is remembered beside the weights.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// The experiment, as TOML.
    pub config: String,
    /// Digests of the corpora.
    pub corpora: Vec<String>,
    /// Examples seen.
    pub seen: u64,
    /// Steps taken.
    pub steps: u64,
    /// Seconds spent so far.
    pub seconds: f64,
    /// The curve so far.
    pub log: Vec<LogRow>,
}

/// Writes a file whole or not at all: to a temporary sibling, then renamed.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> Result<(), TrainError> {
    let failed = |source| TrainError::Write { path: path.to_owned(), source };
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    let sibling = path.with_file_name(name);
    std::fs::write(&sibling, bytes).map_err(failed)?;
    std::fs::rename(&sibling, path).map_err(failed)
}

/// Stores a run.
pub fn save(path: &Path, optimiser: &Optimiser, state: &State) -> Result<(), TrainError> {
    let bytes_of = |values: &[f32]| -> Vec<u8> { values.iter().flat_map(|v| v.to_le_bytes()).collect() };
    let stored: Vec<(&str, Vec<u8>)> =
        fields(optimiser).into_iter().map(|(name, values)| (name, bytes_of(values))).collect();
    let views: Result<Vec<_>, _> = stored
        .iter()
        .map(|(name, data)| Ok((*name, TensorView::new(Dtype::F32, vec![data.len() / 4], data)?)))
        .collect();
    let state = serde_json::to_string(state).expect("plain data becomes JSON");
    let metadata = HashMap::from([("state".to_owned(), state)]);
    let bytes = views
        .and_then(|views| safetensors::serialize(views, Some(metadata)))
        .map_err(|source| TrainError::Checkpoint { path: path.to_owned(), source: Some(source) })?;
    write_atomically(path, &bytes)
}

fn fields(o: &Optimiser) -> [(&'static str, &[f32]); 4] {
    [("weights", &o.weights), ("averaged", &o.averaged), ("first", &o.first), ("second", &o.second)]
}

/// Reads a run back; `len` is the number of weights the network has.
pub fn load(path: &Path, len: usize) -> Result<(Optimiser, State), TrainError> {
    let bytes = std::fs::read(path).map_err(|source| TrainError::Read { path: path.to_owned(), source })?;
    let damaged = |source| TrainError::Checkpoint { path: path.to_owned(), source };
    let (_, header) = SafeTensors::read_metadata(&bytes).map_err(|e| damaged(Some(e)))?;
    let state: State = header
        .metadata()
        .as_ref()
        .and_then(|m| m.get("state"))
        .and_then(|text| serde_json::from_str(text).ok())
        .ok_or_else(|| damaged(None))?;
    let tensors = SafeTensors::deserialize(&bytes).map_err(|e| damaged(Some(e)))?;
    let read = |name: &str| -> Result<Vec<f32>, TrainError> {
        let tensor = tensors.tensor(name).map_err(|e| damaged(Some(e)))?;
        let values: Vec<f32> =
            tensor.data().chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
        if values.len() == len { Ok(values) } else { Err(damaged(None)) }
    };
    let optimiser = Optimiser {
        weights: read("weights")?,
        averaged: read("averaged")?,
        first: read("first")?,
        second: read("second")?,
        steps: state.steps,
    };
    Ok((optimiser, state))
}
