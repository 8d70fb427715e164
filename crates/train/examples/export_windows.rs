//! Writes an experiment's training pieces and validation windows as one safetensors file, for `reference/pytorch`.
//!
//! Run: `cargo run --release -p aeolian-train --example export_windows -- reference/pytorch/all-small.toml out/all.windows`
//! See: one line with the numbers of sets, pieces, quarters and bars. `reference/pytorch/pack.py` makes the file small.
//!
//! Where the configuration names shares, only the sets it names are written; what their shares are is decided while
//! training.

use aeolian_canvas::Canvas;
use aeolian_canvas::cells::{GROUPS, LOUDNESS_LANE, ROOT, TIMING_LANE};
use aeolian_corpus::{Corpus, Split};
use aeolian_train::architecture::{canvas_architecture, canvas_layout};
use aeolian_train::config::{Frame, TrainConfig};
use aeolian_train::dataset::{Dataset, Piece, Window};
use safetensors::{Dtype, serialize_to_file, tensor::TensorView};
use std::collections::{BTreeMap, HashMap};
use std::error::Error;

/// As many as the trainer itself looks at, from the same seed.
const VALIDATION_WINDOWS: usize = 48;

// The groups before the labels are the note cells, four of which fill a byte.
const _: () = assert!(ROOT.is_multiple_of(4));

/// Quarters end to end, small enough for every collection at once: of the note cells four a byte, the labels as they
/// are (`unpack_choices` in `reference/pytorch/pack.py`).
#[derive(Default)]
struct Packed {
    notes: Vec<u8>,
    labels: Vec<u8>,
    positions: Vec<u8>,
}

impl Packed {
    fn push(&mut self, window: &Window) {
        for row in window.choices.chunks_exact(GROUPS) {
            let (notes, labels) = row.split_at(ROOT);
            self.notes.extend(notes.chunks_exact(4).map(|four| four[0] | four[1] << 2 | four[2] << 4 | four[3] << 6));
            self.labels.extend(labels);
        }
        self.positions.extend(window.positions.as_flattened());
    }

    fn quarters(&self) -> usize {
        self.positions.len() / 2
    }
}

/// What is written: name, kind, shape, bytes.
type Array = (&'static str, Dtype, Vec<usize>, Vec<u8>);

fn integers(name: &'static str, numbers: &[usize]) -> Array {
    let bytes = numbers.iter().flat_map(|&n| (n as i32).to_le_bytes()).collect();
    (name, Dtype::I32, vec![numbers.len()], bytes)
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

/// The pieces as arrays, end to end (places count quarters over all of them), and how many bars each set has.
fn arrays(pieces: &[Piece]) -> (Vec<Array>, BTreeMap<&str, usize>) {
    let (mut all, mut struck, mut sets) = (Packed::default(), Vec::new(), BTreeMap::new());
    let (mut bars, mut bar_piece, mut sections, mut first_section) = (vec![], vec![], vec![], vec![0]);
    for (index, piece) in pieces.iter().enumerate() {
        let before = all.quarters();
        all.push(&Window::of(&piece.canvas));
        struck.extend(struck_loudness(&piece.canvas));
        bars.extend(piece.bars().iter().map(|q| q + before));
        bar_piece.resize(bars.len(), index);
        sections.extend(piece.sections().iter().map(|q| q + before));
        first_section.push(sections.len());
        *sets.entry(piece.set.as_str()).or_insert(0) += piece.bars().len();
    }
    let quarters = all.quarters();
    let written = vec![
        ("notes", Dtype::U8, vec![quarters, ROOT / 4], all.notes),
        ("labels", Dtype::U8, vec![quarters, GROUPS - ROOT], all.labels),
        ("positions", Dtype::U8, vec![quarters, 2], all.positions),
        ("struck_loudness", Dtype::U8, vec![quarters, TIMING_LANE - LOUDNESS_LANE], struck),
        integers("bars", &bars),
        integers("bar_piece", &bar_piece),
        integers("sections", &sections),
        integers("first_section", &first_section),
    ];
    println!("{} sets, {} pieces, {quarters} quarters, {} bars", sets.len(), pieces.len(), bars.len());
    (written, sets)
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
    let valid = Dataset::load(&config.corpora, Split::Valid, config.window)?;
    let valid = match &config.validate {
        Some(set) => valid.only(set)?,
        None => valid,
    };
    let mut held_out = Packed::default();
    valid.spread(VALIDATION_WINDOWS, 1).iter().for_each(|canvas| held_out.push(&Window::of(canvas)));
    drop(valid);

    let layout = canvas_layout();
    let train = Dataset::load(&config.corpora, Split::Train, config.window)?.shared(&config.shares)?;
    // Over all sets, as the trainer counts it, also over those without a share.
    let prior: Vec<u8> = train.prior(&layout).iter().flat_map(|p| p.to_le_bytes()).collect();
    let mut pieces = train.pieces;
    pieces.retain(|piece| config.shares.is_empty() || config.shares.contains_key(&piece.set));
    pieces.sort_by(|a, b| a.set.cmp(&b.set));
    let (mut written, sets) = arrays(&pieces);

    let window = |last: usize| vec![VALIDATION_WINDOWS, config.window.quarters, last];
    written.extend([
        ("valid.notes", Dtype::U8, window(ROOT / 4), held_out.notes),
        ("valid.labels", Dtype::U8, window(GROUPS - ROOT), held_out.labels),
        ("valid.positions", Dtype::U8, window(2), held_out.positions),
        ("prior", Dtype::F32, vec![layout.bits()], prior),
    ]);
    let views: Result<Vec<_>, safetensors::SafeTensorError> = written
        .iter()
        .map(|(name, dtype, shape, data)| Ok((*name, TensorView::new(*dtype, shape.clone(), data)?)))
        .collect();
    let digests: Result<Vec<String>, _> =
        config.corpora.iter().map(|path| Corpus::open(path).map(|corpus| corpus.digest().to_owned())).collect();
    let metadata = [
        ("corpus_digests", digests?.join(" ")),
        ("architecture", serde_json::to_string(&canvas_architecture(config.network.clone()))?),
        ("sets", serde_json::to_string(&sets)?),
        ("validate", config.validate.clone().unwrap_or_default()),
    ];
    let metadata: HashMap<String, String> = metadata.map(|(key, value)| (key.to_owned(), value)).into();
    serialize_to_file(views?, Some(metadata), out.as_ref())?;
    Ok(())
}
