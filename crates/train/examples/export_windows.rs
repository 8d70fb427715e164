//! Writes an experiment's training pieces and validation windows as one safetensors file, for `reference/pytorch`.
//!
//! Run: `cargo run --release -p aeolian-train --example export_windows -- configs/pop909-transformer.toml out/pop909.windows`
//! See: one line with the numbers of pieces, quarters and bars. `reference/pytorch/pack.py` makes the file small.

use aeolian_canvas::Canvas;
use aeolian_canvas::cells::{LOUDNESS_LANE, TIMING_LANE};
use aeolian_corpus::{Corpus, Split};
use aeolian_train::architecture::{canvas_architecture, canvas_layout};
use aeolian_train::config::{Frame, TrainConfig};
use aeolian_train::dataset::{Dataset, Window};
use safetensors::{Dtype, serialize_to_file, tensor::TensorView};
use std::{collections::HashMap, error::Error};

/// As many as the trainer itself looks at, from the same seed.
const VALIDATION_WINDOWS: usize = 48;

fn bytes(numbers: &[usize]) -> Vec<u8> {
    numbers.iter().flat_map(|&n| (n as i32).to_le_bytes()).collect()
}

/// Of every quarter, the loudness of its first step in a window that begins there: what rings in is struck again, as
/// loud as it was. (quarters, note lanes)
fn struck_loudness(canvas: &Canvas) -> Vec<u8> {
    let layout = canvas_layout();
    let loudness = LOUDNESS_LANE..TIMING_LANE;
    let first_steps: Vec<usize> =
        layout.spans().filter(|(block, ..)| loudness.contains(&block.lane)).map(|(_, group, _)| group).collect();
    let beginnings = (0..canvas.quarters).map(|quarter| Window::of(&canvas.window(quarter, 1)).choices);
    beginnings.flat_map(|row| first_steps.iter().map(|&group| row[group]).collect::<Vec<_>>()).collect()
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(config), Some(out)) = (arguments.next(), arguments.next()) else {
        return Err("say which configuration to read and which file to write".into());
    };
    let config = TrainConfig::from_toml(&std::fs::read_to_string(config)?)?;
    if config.window.frame != Frame::Tonic {
        return Err("only pieces in the tonic frame are exported: the reference does not transpose windows".into());
    }
    let layout = canvas_layout();
    let train = Dataset::load(&config.corpora, Split::Train, config.window)?;
    let valid = Dataset::load(&config.corpora, Split::Valid, config.window)?;

    // Pieces lie end to end; places count quarters over all of them.
    let (mut choices, mut positions, mut struck) = (Vec::new(), Vec::new(), Vec::new());
    let (mut bars, mut bar_piece, mut sections, mut first_section) = (vec![], vec![], vec![], vec![0]);
    let mut first_quarter = vec![0];
    for (index, piece) in train.pieces.iter().enumerate() {
        let before = positions.len() / 2;
        let whole = Window::of(&piece.canvas);
        choices.extend(whole.choices);
        positions.extend(whole.positions.as_flattened());
        struck.extend(struck_loudness(&piece.canvas));
        bars.extend(piece.bars().iter().map(|q| q + before));
        bar_piece.resize(bars.len(), index);
        sections.extend(piece.sections().iter().map(|q| q + before));
        first_section.push(sections.len());
        first_quarter.push(positions.len() / 2);
    }
    let quarters = positions.len() / 2;
    let held_out: Vec<Window> = valid.spread(VALIDATION_WINDOWS, 1).iter().map(Window::of).collect();
    let held_choices: Vec<u8> = held_out.iter().flat_map(|w| w.choices.iter().copied()).collect();
    let held_positions: Vec<u8> = held_out.iter().flat_map(|w| w.positions.as_flattened().iter().copied()).collect();
    let prior: Vec<u8> = train.prior(&layout).iter().flat_map(|p| p.to_le_bytes()).collect();

    let window = [VALIDATION_WINDOWS, config.window.quarters];
    let tensors: [(&str, Dtype, Vec<usize>, Vec<u8>); 11] = [
        ("choices", Dtype::U8, vec![quarters, layout.groups()], choices),
        ("positions", Dtype::U8, vec![quarters, 2], positions),
        ("struck_loudness", Dtype::U8, vec![quarters, TIMING_LANE - LOUDNESS_LANE], struck),
        ("first_quarter", Dtype::I32, vec![first_quarter.len()], bytes(&first_quarter)),
        ("bars", Dtype::I32, vec![bars.len()], bytes(&bars)),
        ("bar_piece", Dtype::I32, vec![bars.len()], bytes(&bar_piece)),
        ("sections", Dtype::I32, vec![sections.len()], bytes(&sections)),
        ("first_section", Dtype::I32, vec![first_section.len()], bytes(&first_section)),
        ("valid.choices", Dtype::U8, vec![window[0], window[1], layout.groups()], held_choices),
        ("valid.positions", Dtype::U8, vec![window[0], window[1], 2], held_positions),
        ("prior", Dtype::F32, vec![layout.bits()], prior),
    ];
    let views: Result<Vec<_>, safetensors::SafeTensorError> = tensors
        .iter()
        .map(|(name, dtype, shape, data)| Ok((*name, TensorView::new(*dtype, shape.clone(), data)?)))
        .collect();
    let digests: Result<Vec<String>, _> =
        config.corpora.iter().map(|path| Corpus::open(path).map(|corpus| corpus.digest().to_owned())).collect();
    let architecture = serde_json::to_string(&canvas_architecture(config.network.clone()))?;
    let metadata = [("corpus_digests", digests?.join(" ")), ("architecture", architecture)];
    let metadata: HashMap<String, String> = metadata.map(|(key, value)| (key.to_owned(), value)).into();
    serialize_to_file(views?, Some(metadata), out.as_ref())?;
    println!("{} pieces, {quarters} quarters, {} bars", train.pieces.len(), bars.len());
    Ok(())
}
