//! Pictures through a block, quarter by quarter while each is in the nearest cache.

use super::places::Places;
use super::{Prepared, Stage};
use crate::picture::POOL;
use aeolian_diffusion::Layout;
use aeolian_kernels::Buffer;
use aeolian_kernels::norm::modulated_norm_forward;
use aeolian_kernels::panels::{End, Factor, Panels, Rows, Start, To as Into, multiply};

/// Buffers of one thread.
#[derive(Default)]
pub(super) struct Scratch {
    pub belief: Buffer,
    pub squashed: Buffer,
    pub pixels: Buffer,
    /// A normalised picture.
    seen: Buffer,
    /// The picture of a quarter that belongs to another part.
    foreign: Buffer,
    /// What attention carries to the part's quarters and one to either side. (tokens, P, C)
    carried: Buffer,
    /// Hidden units of three quarters; what no unit is sent to stays zero.
    ring: Buffer,
    /// Numbers of a picture for its cells.
    fine: Buffer,
    /// Rows of a token in `carried`.
    carried_rows: Vec<u32>,
}

impl Scratch {
    /// For this network and so many carried tokens.
    pub fn make_room(&mut self, network: &Prepared, tokens: usize) {
        let places = &network.places;
        self.belief.resize(network.layout.bits());
        self.squashed.resize(network.layout.bits());
        self.pixels.resize(places.pitches * network.reading.pixel_width());
        self.seen.resize(places.picture());
        self.foreign.resize(places.picture());
        self.carried.resize(tokens * places.picture());
        self.fine.resize(places.pitches * network.head_picture.outputs());
        if self.ring.len() != places.ring() {
            self.ring = Buffer::zeros(places.ring());
        }
        if self.carried_rows.len() < tokens {
            self.carried_rows = (0..tokens).map(|token| (token * places.picture()) as u32).collect();
        }
    }
}

/// `seen` = the norm of a picture, with shift at column `first` of its modulation and scale after it.
fn normalise(picture: &[f32], modulation: &[f32], channels: usize, first: usize, seen: &mut [f32]) {
    let (shift, scale) = modulation[first..][..2 * channels].split_at(channels);
    modulated_norm_forward(channels, picture, shift, scale, seen);
}

/// What block `index` reads of a picture: four numbers a pixel for the vectors, and values for the attention to carry.
pub(super) fn offer(
    network: &Prepared,
    index: usize,
    picture: &[f32],
    modulation: &[f32],
    values: &mut [f32],
    pooled: &mut [f32],
    scratch: &mut Scratch,
) {
    let (block, places) = (&network.blocks[index], &network.places);
    normalise(picture, modulation, places.channels, 0, &mut scratch.seen);
    let seen = Rows::dense(&scratch.seen, places.channels);
    multiply(seen, block.pool.factor(), Start::Bias, End::Plain, pooled, Into::Rows(POOL));
    let to = Into::Places { rows: &places.value_rows, quads: &places.value_quads };
    multiply(seen, block.picture_value.factor(), Start::Bias, End::Plain, values, to);
}

/// What a block's pictures are made of. Tokens are counted through all items.
pub(super) struct From<'a> {
    pub network: &'a Prepared,
    pub index: usize,
    /// Tokens of an item.
    pub tokens: usize,
    pub before: &'a Stage,
    /// Attention. (B, H, T, T)
    pub weights: &'a [f32],
    /// What the vectors tell. (N, P·4)
    pub down: &'a [f32],
    /// The pictures' modulation of a block (or, after the last, of the end) and a token.
    pub modulation: &'a (dyn Fn(usize, usize) -> &'a [f32] + Sync),
}

/// A part's own tokens, and where their results go.
pub(super) struct To<'a> {
    pub first: usize,
    pub count: usize,
    pub pictures: &'a mut [f32],
    pub values: &'a mut [f32],
    pub pooled: &'a mut [f32],
    pub context: &'a mut [f32],
}

impl From<'_> {
    /// Takes a part's pictures through the block, and on to what the next block reads of them, or to the cells.
    pub fn go_on(&self, mut to: To, scratch: &mut Scratch) {
        let end = to.first + to.count;
        let mut first = to.first;
        while first < end {
            let next_item = (first / self.tokens + 1) * self.tokens;
            self.go_through_item(first, end.min(next_item), &mut to, scratch);
            first = end.min(next_item);
        }
    }

    /// Tokens `first..end` of one item.
    fn go_through_item(&self, first: usize, end: usize, to: &mut To, scratch: &mut Scratch) {
        let places = &self.network.places;
        let item = first / self.tokens * self.tokens..(first / self.tokens + 1) * self.tokens;
        // Quarters of other parts whose hidden units are looked at.
        let around = first.max(item.start + 1) - 1..(end + 1).min(item.end);
        self.carry(item.start, around.clone(), scratch);
        let picture = places.picture();
        if around.start < first {
            self.foreign_hidden(around.start, around.start, first, scratch);
        } else {
            clear(places, first, false, &mut scratch.ring);
        }
        for token in first..end {
            let ahead = if token == first { token } else { token + 1 };
            for coming in ahead..(token + 2).min(end) {
                let own = &mut to.pictures[(coming - to.first) * picture..][..picture];
                self.told(coming, around.start, own, scratch);
                self.hidden(coming, own, &places.hidden_quads, scratch);
            }
            if token + 1 == end {
                if end < around.end {
                    self.foreign_hidden(end, around.start, end - 1, scratch);
                } else {
                    clear(places, token, true, &mut scratch.ring);
                }
            }
            let local = token - to.first;
            let own = &mut to.pictures[local * picture..][..picture];
            let seen = Rows::dense(&scratch.ring[places.seen(token)], places.hidden);
            let contract = &self.network.blocks[self.index].picture_contract;
            multiply(seen, contract.factor(), Start::There, End::Plain, own, Into::Rows(places.channels));
            self.finish(token, local, to, scratch);
        }
    }

    /// What attention carries to the tokens `around`, all heads, into `scratch.carried`.
    fn carry(&self, item: usize, around: std::ops::Range<usize>, scratch: &mut Scratch) {
        let (places, t) = (&self.network.places, self.tokens);
        let heads = self.network.config.heads;
        for head in 0..heads {
            let square = &self.weights[(item / t * heads + head) * t * t..][..t * t];
            let rows = Rows { data: &square[(around.start - item) * t..], count: around.len(), stride: t };
            let values = &self.before.values[item * places.value_stride + head * places.head_values..];
            let values = Factor::rows(values, t, places.head_values, places.value_stride);
            let out = &mut scratch.carried[head * places.head_channels..];
            let into = Into::Places { rows: &scratch.carried_rows, quads: &places.carried_quads };
            multiply(rows, values, Start::Bias, End::Plain, out, into);
        }
    }

    /// A token's picture with what attention carried to it and what the vectors tell. `origin`: first carried token.
    fn told(&self, token: usize, origin: usize, picture: &mut [f32], scratch: &Scratch) {
        let (places, block) = (&self.network.places, &self.network.blocks[self.index]);
        let (n, told) = (places.picture(), places.pitches * POOL);
        picture.copy_from_slice(&self.before.pictures[token * n..][..n]);
        let mut add = |from: &[f32], layer: &Panels| {
            let rows = Rows::dense(from, layer.inputs());
            multiply(rows, layer.factor(), Start::There, End::Plain, picture, Into::Rows(places.channels));
        };
        add(&scratch.carried[(token - origin) * n..][..n], &block.copied);
        add(&self.down[token * told..][..told], &block.spread);
    }

    /// A token's hidden units, to where `quads` sends them in the ring.
    fn hidden(&self, token: usize, picture: &[f32], quads: &[Vec<u32>; 3], scratch: &mut Scratch) {
        let (places, block) = (&self.network.places, &self.network.blocks[self.index]);
        let modulation = (self.modulation)(self.index, token);
        normalise(picture, modulation, places.channels, 2 * places.channels, &mut scratch.seen);
        let seen = Rows::dense(&scratch.seen, places.channels);
        let into = Into::Places { rows: &places.hidden_rows, quads: &quads[Places::slot_of(token)] };
        multiply(seen, block.picture_expand.factor(), Start::Bias, End::Positive, &mut scratch.ring, into);
    }

    /// The hidden units of a token of another part that its neighbour `for_token` looks at.
    fn foreign_hidden(&self, token: usize, origin: usize, for_token: usize, scratch: &mut Scratch) {
        let mut picture = std::mem::take(&mut scratch.foreign);
        self.told(token, origin, &mut picture, scratch);
        let places = &self.network.places;
        let quads = if token < for_token { &places.before } else { &places.after };
        self.hidden(token, &picture, quads, scratch);
        scratch.foreign = picture;
    }

    /// From a token's finished picture to what comes after the block.
    fn finish(&self, token: usize, local: usize, to: &mut To, scratch: &mut Scratch) {
        let places = &self.network.places;
        let own = &to.pictures[local * places.picture()..][..places.picture()];
        let next = self.index + 1;
        let modulation = (self.modulation)(next, token);
        if next < self.network.blocks.len() {
            let values = &mut to.values[local * places.value_stride..][..places.value_stride];
            let pooled = &mut to.pooled[local * places.pitches * POOL..][..places.pitches * POOL];
            offer(self.network, next, own, modulation, values, pooled, scratch);
            return;
        }
        normalise(own, modulation, places.channels, 4 * places.channels, &mut scratch.seen);
        let head = &self.network.head_picture;
        let seen = Rows::dense(&scratch.seen, places.channels);
        multiply(seen, head.factor(), Start::Bias, End::Plain, &mut scratch.fine, Into::Rows(head.outputs()));
        add_to_cells(&self.network.layout, places.pitches, local, &scratch.fine, head.outputs(), to.context);
    }
}

/// Nothing is seen beyond the first and the last quarter.
fn clear(places: &Places, token: usize, after: bool, ring: &mut [f32]) {
    for pixel in ring[places.seen(token)].chunks_exact_mut(places.hidden) {
        pixel[places.group(after)].fill(0.0);
    }
}

/// Adds a picture's numbers (P, `width`) to a token's cells: as [`crate::ops::picture::CellGeometry`] lays them.
fn add_to_cells(layout: &Layout, pitches: usize, token: usize, fine: &[f32], width: usize, context: &mut [f32]) {
    let cells = &mut context[token * layout.bits()..][..layout.bits()];
    for (row, cells) in cells.chunks_exact_mut(2 * pitches).take(width / 2).enumerate() {
        for (cell, pixel) in cells.as_chunks_mut::<2>().0.iter_mut().zip(fine.chunks_exact(width)) {
            cell[0] += pixel[2 * row];
            cell[1] += pixel[2 * row + 1];
        }
    }
}
