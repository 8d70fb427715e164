//! The transformer's forward pass for composing: the function of [`Transformer`], bit for bit, with everything prepared.
//!
//! Weights are packed once. A quarter's picture stays in the nearest cache from one layer to the next ([`pictures`]):
//! bias, residual, ReLU and the step to a neighbour happen where a product leaves the registers, and nothing is kept for
//! a way back. Buffers are kept from one evaluation to the next. One evaluation spreads over the threads of rayon's pool,
//! unless it already runs on one of them: whoever composes many pieces side by side uses every core better. Quarters and panels
//! are shared out, never a sum, so the bits do not depend on the number of threads.

mod attend;
mod pictures;
mod places;
mod read;

use crate::ops::linear::Linear;
use crate::picture::POOL;
use crate::transformer::{self, MODULATION_PARTS, PICTURE_PARTS, Transformer, TransformerConfig};
use aeolian_diffusion::{Layout, Observation};
use aeolian_kernels::Buffer;
use aeolian_kernels::elementwise::{add, add_product, gelu};
use aeolian_kernels::norm::modulated_norm_forward;
use aeolian_kernels::panels::{Panels, Rows, Start, multiply_shared};
use attend::Attention;
use pictures::Scratch;
use places::Places;
use rayon::prelude::*;
use std::sync::{Mutex, PoisonError};

/// A transformer with its weights packed.
pub struct Prepared {
    config: TransformerConfig,
    layout: Layout,
    reading: read::Reading,
    places: Places,
    token: Panels,
    patch: Panels,
    levels: Panels,
    /// The vectors' modulation and the pictures', side by side.
    modulations: Panels,
    blocks: Vec<Block>,
    head_cells: Panels,
    head_picture: Panels,
    /// Buffers of evaluations that have ended.
    idle: Mutex<Vec<Workspace>>,
}

struct Block {
    /// What this block adds to the shared modulations, side by side.
    modulation: Vec<f32>,
    lags: Vec<f32>,
    qkv: Panels,
    attended: Panels,
    expand: Panels,
    contract: Panels,
    pool: Panels,
    up: Panels,
    picture_value: Panels,
    copied: Panels,
    down: Panels,
    spread: Panels,
    picture_expand: Panels,
    picture_contract: Panels,
}

/// Everything an evaluation writes. N tokens, R different rows of noise levels and places.
#[derive(Default)]
struct Workspace {
    /// Which row of levels each token has. (N)
    row_of: Vec<usize>,
    levels: Buffer,
    hidden: Buffer,
    /// What the noise levels add to every pitch of a token. (R, C)
    token: Buffer,
    /// Both modulations with each block's own, and at last without. (blocks + 1, R, 8·D + 6·C)
    modulations: Vec<Buffer>,
    patch: Buffer,
    x: Buffer,
    y: Buffer,
    qkv: Buffer,
    wide: Buffer,
    bent: Buffer,
    carried: Buffer,
    attention: Attention,
    pooled: Buffer,
    down: Buffer,
    /// Pictures and what attention carries of them, before and after a block.
    before: Stage,
    after: Stage,
    scratch: Vec<Scratch>,
}

/// Pictures (N, P·C) and their values (N, [`Places::value_stride`]).
#[derive(Default)]
struct Stage {
    pictures: Buffer,
    values: Buffer,
}

impl Prepared {
    /// Packs weights; `None` for sizes this path has no places for (all presets have).
    pub(crate) fn new(network: &Transformer, weights: &[f32]) -> Option<Self> {
        let TransformerConfig { width, heads, channels, hidden, .. } = network.config;
        let geometry = &network.embedding.geometry;
        let places = Places::new(geometry.pitches, channels, heads, hidden)?;
        if !width.is_multiple_of(16) || !channels.is_multiple_of(16) {
            return None;
        }
        let panels = |layer: &Linear| layer.panels(weights);
        let block = |block: &transformer::Block| Block {
            modulation: [block.modulation, block.picture_modulation].map(|span| &weights[span.range()]).concat(),
            lags: weights[block.lags.range()].to_vec(),
            qkv: Linear::stacked(&[&block.qk, &block.value], weights),
            attended: panels(&block.attended),
            expand: panels(&block.expand),
            contract: panels(&block.contract),
            pool: panels(&block.pooling.pool),
            up: panels(&block.pooling.up),
            picture_value: panels(&block.picture_value),
            copied: panels(&block.copied),
            down: panels(&block.spreading.down),
            spread: panels(&block.spreading.spread),
            picture_expand: panels(&block.neighbours.expand),
            picture_contract: panels(&block.neighbours.contract),
        };
        Some(Self {
            config: network.config.clone(),
            layout: network.embedding.layout().clone(),
            reading: read::Reading::new(&network.embedding, weights),
            places,
            token: panels(&network.embedding.token),
            patch: panels(&network.patch),
            levels: panels(&network.levels),
            modulations: Linear::stacked(&[&network.modulation, &network.picture_modulation], weights),
            blocks: network.blocks.iter().map(block).collect(),
            head_cells: panels(&network.head.cells),
            head_picture: panels(&network.head.picture),
            idle: Mutex::default(),
        })
    }

    /// Context log-odds of an observation. (B, T, bits)
    pub fn context(&self, observation: &Observation, context: &mut [f32]) {
        // On a thread of the pool, the pool is busy with other pieces.
        let threads = if rayon::current_thread_index().is_some() { 1 } else { rayon::current_num_threads() };
        if threads == 1 {
            self.context_on(1, observation, context);
        } else {
            rayon::scope(|_| self.context_on(threads, observation, context));
        }
    }

    /// [`Self::context`] in so many parts, on the pool's threads: equal bits for any number.
    pub fn context_on(&self, parts: usize, observation: &Observation, context: &mut [f32]) {
        if observation.items * observation.tokens == 0 {
            return;
        }
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let mut workspace = idle.pop().unwrap_or_default();
        drop(idle);
        Evaluation { network: self, observation, parts }.run(&mut workspace, context);
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(workspace);
    }
}

/// One evaluation on its way.
#[derive(Clone, Copy)]
struct Evaluation<'a> {
    network: &'a Prepared,
    observation: &'a Observation<'a>,
    parts: usize,
}

impl Evaluation<'_> {
    fn tokens(&self) -> usize {
        self.observation.items * self.observation.tokens
    }

    /// Tokens of a part.
    fn share(&self) -> usize {
        self.tokens().div_ceil(self.parts)
    }

    fn run(&self, w: &mut Workspace, context: &mut [f32]) {
        self.make_room(w);
        self.modulate(w);
        self.read(w);
        let width = self.network.config.width;
        let patch = Rows::dense(&w.patch, self.network.patch.inputs());
        multiply_shared(self.parts, patch, self.network.patch.factor(), Start::Bias, &mut w.x, width);
        for index in 0..self.network.blocks.len() {
            self.vectors(w, index);
            if index + 1 == self.network.blocks.len() {
                self.write_cells(w, context);
            }
            self.pictures(w, index, context);
            std::mem::swap(&mut w.before, &mut w.after);
        }
    }

    fn make_room(&self, w: &mut Workspace) {
        let TransformerConfig { width, expansion, .. } = self.network.config;
        let (n, places) = (self.tokens(), &self.network.places);
        w.patch.resize(n * self.network.patch.inputs());
        for (buffer, each) in [
            (&mut w.x, width),
            (&mut w.y, width),
            (&mut w.carried, width),
            (&mut w.qkv, 3 * width),
            (&mut w.wide, expansion * width),
            (&mut w.bent, expansion * width),
            (&mut w.pooled, places.pitches * POOL),
            (&mut w.down, places.pitches * POOL),
        ] {
            buffer.resize(n * each);
        }
        for stage in [&mut w.before, &mut w.after] {
            stage.pictures.resize(n * places.picture());
            stage.values.resize(n * places.value_stride);
        }
        w.scratch.resize_with(self.parts, Scratch::default);
        for scratch in &mut w.scratch {
            scratch.make_room(self.network, self.share().min(n) + 2);
        }
    }

    /// What depends on noise levels and places alone, once for each different row of them.
    fn modulate(&self, w: &mut Workspace) {
        let TransformerConfig { width, channels, blocks, .. } = self.network.config;
        let level_width = self.network.levels.inputs();
        w.levels.resize(self.tokens() * level_width);
        let rows = read::distinct_levels(&self.network.layout, self.observation, &mut w.row_of, &mut w.levels);
        let levels = Rows::dense(&w.levels[..rows * level_width], level_width);
        w.token.resize(rows * channels);
        multiply_shared(self.parts, levels, self.network.token.factor(), Start::Bias, &mut w.token, channels);
        w.hidden.resize(2 * rows * width);
        let (drive, hidden) = w.hidden.split_at_mut(rows * width);
        multiply_shared(self.parts, levels, self.network.levels.factor(), Start::Bias, drive, width);
        gelu(drive, hidden);
        let stride = self.modulation_stride();
        w.modulations.resize_with(blocks + 1, Buffer::default);
        w.modulations.iter_mut().for_each(|m| m.resize(rows * stride));
        let (own, shared) = w.modulations.split_at_mut(blocks);
        let factor = self.network.modulations.factor();
        multiply_shared(self.parts, Rows::dense(hidden, width), factor, Start::Bias, &mut shared[0], stride);
        for (own, block) in own.iter_mut().zip(&self.network.blocks) {
            own.copy_from_slice(&shared[0]);
            own.chunks_exact_mut(stride).for_each(|row| add(row, &block.modulation));
        }
    }

    fn modulation_stride(&self) -> usize {
        MODULATION_PARTS * self.network.config.width + PICTURE_PARTS * self.network.config.channels
    }

    /// A token's row of a modulation: the vectors' columns, then the pictures'.
    fn modulation<'m>(&self, w: &'m [Buffer], block: usize, row: usize) -> (&'m [f32], &'m [f32]) {
        let stride = self.modulation_stride();
        w[block][row * stride..][..stride].split_at(MODULATION_PARTS * self.network.config.width)
    }

    /// Evidence to pictures, what the first block makes of them, and the rows that become vectors.
    fn read(&self, w: &mut Workspace) {
        let (share, places) = (self.share(), &self.network.places);
        let parts = (w.after.pictures.par_chunks_mut(share * places.picture()))
            .zip(w.after.values.par_chunks_mut(share * places.value_stride))
            .zip(w.pooled.par_chunks_mut(share * places.pitches * POOL))
            .zip(w.patch.par_chunks_mut(share * self.network.patch.inputs()))
            .zip(w.scratch.par_iter_mut());
        let (row_of, token_rows, modulations) = (&w.row_of, &w.token, &w.modulations);
        let channels = self.network.config.channels;
        parts.enumerate().for_each(|(part, ((((pictures, values), pooled), patch), scratch))| {
            let each = (pictures.chunks_exact_mut(places.picture()))
                .zip(values.chunks_exact_mut(places.value_stride))
                .zip(pooled.chunks_exact_mut(places.pitches * POOL))
                .zip(patch.chunks_exact_mut(self.network.patch.inputs()));
            for (index, (((picture, value), pooled), patch)) in each.enumerate() {
                let token = part * share + index;
                let row = row_of[token];
                let levels = &token_rows[row * channels..][..channels];
                self.network.reading.token(
                    &self.network.layout,
                    self.observation,
                    token,
                    levels,
                    patch,
                    picture,
                    scratch,
                );
                let (_, modulation) = self.modulation(modulations, 0, row);
                pictures::offer(self.network, 0, picture, modulation, value, pooled, scratch);
            }
        });
        std::mem::swap(&mut w.before, &mut w.after);
    }

    /// x (N, D) through a block, with what the pictures offered; leaves what it tells them in `down`.
    fn vectors(&self, w: &mut Workspace, index: usize) {
        let TransformerConfig { width, heads, .. } = self.network.config;
        let block = &self.network.blocks[index];
        let shared = |a: &[f32], panels: &Panels, start, c: &mut [f32]| {
            multiply_shared(self.parts, Rows::dense(a, panels.inputs()), panels.factor(), start, c, panels.outputs());
        };
        let row_of_modulation = |token: usize| self.modulation(&w.modulations, index, w.row_of[token]).0;
        // Layer norm with shift at column `first` and scale after it.
        let normalised = |x: &[f32], y: &mut [f32], first: usize| {
            for (token, (x, y)) in x.chunks_exact(width).zip(y.chunks_exact_mut(width)).enumerate() {
                let (shift, scale) = row_of_modulation(token)[first..][..2 * width].split_at(width);
                modulated_norm_forward(width, x, shift, scale, y);
            }
        };
        let add_gated = |x: &mut [f32], y: &[f32], first: usize| {
            for (token, (x, y)) in x.chunks_exact_mut(width).zip(y.chunks_exact(width)).enumerate() {
                add_product(x, &row_of_modulation(token)[first..][..width], y);
            }
        };
        shared(&w.pooled, &block.up, Start::There, &mut w.x);
        normalised(&w.x, &mut w.y, 0);
        shared(&w.y, &block.qkv, Start::Bias, &mut w.qkv);
        let shape = attend::Shape { items: self.observation.items, tokens: self.observation.tokens, heads, width };
        w.attention.weigh(self.parts, shape, &w.qkv, &block.lags);
        w.attention.carry(shape, &w.qkv, &mut w.carried);
        shared(&w.carried, &block.attended, Start::Bias, &mut w.y);
        add_gated(&mut w.x, &w.y, 2 * width);
        normalised(&w.x, &mut w.y, 3 * width);
        shared(&w.y, &block.expand, Start::Bias, &mut w.wide);
        gelu(&w.wide, &mut w.bent);
        shared(&w.bent, &block.contract, Start::Bias, &mut w.y);
        add_gated(&mut w.x, &w.y, 5 * width);
        normalised(&w.x, &mut w.y, 6 * width);
        shared(&w.y, &block.down, Start::Bias, &mut w.down);
    }

    /// Pictures through a block, and on to what the next one reads of them, or to the cells.
    fn pictures(&self, w: &mut Workspace, index: usize, context: &mut [f32]) {
        let (share, places) = (self.share(), &self.network.places);
        let parts = (w.after.pictures.par_chunks_mut(share * places.picture()))
            .zip(w.after.values.par_chunks_mut(share * places.value_stride))
            .zip(w.pooled.par_chunks_mut(share * places.pitches * POOL))
            .zip(context.par_chunks_mut(share * self.network.layout.bits()))
            .zip(w.scratch.par_iter_mut());
        let (row_of, before, modulations) = (&w.row_of, &w.before, &w.modulations);
        let (weights, down) = (w.attention.weights(), &w.down);
        parts.enumerate().for_each(|(part, ((((pictures, values), pooled), context), scratch))| {
            let from = pictures::From {
                network: self.network,
                index,
                tokens: self.observation.tokens,
                before,
                weights,
                down,
                modulation: &|block, token| self.modulation(modulations, block, row_of[token]).1,
            };
            let first = part * share;
            let to =
                pictures::To { first, count: pictures.len() / places.picture(), pictures, values, pooled, context };
            from.go_on(to, scratch);
        });
    }

    /// What the vectors say of every cell.
    fn write_cells(&self, w: &mut Workspace, context: &mut [f32]) {
        let width = self.network.config.width;
        for (token, (x, y)) in w.x.chunks_exact(width).zip(w.y.chunks_exact_mut(width)).enumerate() {
            let row = self.modulation(&w.modulations, self.network.blocks.len(), w.row_of[token]).0;
            let (shift, scale) = row[6 * width..][..2 * width].split_at(width);
            modulated_norm_forward(width, x, shift, scale, y);
        }
        let head = &self.network.head_cells;
        multiply_shared(self.parts, Rows::dense(&w.y, width), head.factor(), Start::Bias, context, head.outputs());
    }
}

#[cfg(test)]
mod tests;
