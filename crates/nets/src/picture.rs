//! What both networks do at full resolution: a row of channels for every quarter and pitch, with weights shared over both.
//!
//! Music means the same a semitone higher and a bar later; shared weights say so, and learn from every pitch of every
//! quarter at once. What depends on the place (register, key) enters by a table of pitches and from the token vectors.

use crate::features::{self, Features, Geometry};
use crate::ops::linear::Linear;
use crate::ops::neighbours::{Layers, seen_around};
use crate::ops::picture::{CellGeometry, Grid, add_to_cells, add_to_pitches};
use crate::ops::pointwise;
use crate::parameters::{Init, Parameters, Span};
use crate::tape::{Tape, Var};
use aeolian_diffusion::{Layout, Observation};

/// Numbers of a pixel that pass between pictures and token vectors.
pub(crate) const POOL: usize = 4;

/// Evidence and noise levels to pictures.
pub struct Embedding {
    pub(crate) layout: Layout,
    pub(crate) geometry: Geometry,
    pub(crate) prior: Vec<f32>,
    pub(crate) marginals: Vec<f32>,
    pub(crate) pixel: Linear,
    pub(crate) token: Linear,
    pub(crate) pitch: Span,
}

/// What [`Embedding::forward`] puts on the tape.
pub struct Embedded {
    /// Whitened beliefs and position. (B·T, [`features::patch_width`])
    pub patch: Var,
    /// Noise levels and position. (B·T, [`features::level_width`])
    pub levels: Var,
    /// (B·T·P, C)
    pub picture: Var,
    /// Shape of the picture.
    pub grid: Grid,
}

impl Embedding {
    /// `prior`: marginal log-odds of every cell.
    pub fn new(p: &mut Parameters, channels: usize, layout: &Layout, geometry: &Geometry, prior: &[f32]) -> Self {
        let pixel = Linear::new(p, "embed.pixel", features::pixel_width(geometry), channels, 1.4);
        let token = Linear::new(p, "embed.token", features::level_width(layout), channels, 0.5);
        let pitch = p.add("embed.pitch", &[geometry.pitches, channels], Init::Normal(0.1));
        let marginals = features::marginals(layout, prior);
        let (layout, geometry, prior) = (layout.clone(), geometry.clone(), prior.to_vec());
        Self { layout, geometry, prior, marginals, pixel, token, pitch }
    }

    /// How the cells are grouped.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Puts an observation on the tape.
    pub fn forward(&self, tape: &mut Tape, observation: &Observation) -> Embedded {
        let grid = Grid { items: observation.items, tokens: observation.tokens, pitches: self.geometry.pitches };
        let tokens = grid.items * grid.tokens;
        let widths = [
            features::patch_width(&self.layout),
            features::level_width(&self.layout),
            grid.pitches * features::pixel_width(&self.geometry),
        ];
        let buffers = widths.map(|width| tape.take(tokens * width));
        let Features { patch, levels, pixels } =
            features::features(&self.layout, &self.geometry, &self.prior, &self.marginals, observation, buffers);
        let [patch, levels, pixels] = [patch, levels, pixels].map(|values| tape.input(values));
        let picture = self.pixel.forward(tape, pixels);
        let picture = pointwise::add_row(tape, picture, self.pitch);
        let token = self.token.forward(tape, levels);
        let picture = add_to_pitches(tape, picture, token, grid);
        Embedded { patch, levels, picture, grid }
    }
}

/// A two-layer network at every pixel whose hidden units look at neighbouring pixels as well; starts as the identity.
pub struct Neighbours {
    pub(crate) expand: Linear,
    pub(crate) contract: Linear,
}

impl Neighbours {
    /// `hidden` is a multiple of 24.
    pub fn new(p: &mut Parameters, name: &str, channels: usize, hidden: usize) -> Self {
        Self {
            expand: Linear::new(p, &format!("{name}.expand"), channels, hidden, 1.4),
            contract: Linear::new(p, &format!("{name}.contract"), hidden, channels, 0.0),
        }
    }

    /// u + what is seen around its normalised form; shift and scale of the norm are columns `first…` of the modulation.
    pub fn forward(&self, tape: &mut Tape, u: Var, modulation: Var, first: usize, grid: Grid) -> Var {
        let layers = Layers { expand: self.expand, contract: self.contract, first };
        seen_around(tape, u, modulation, layers, grid)
    }
}

/// A quarter's picture to a vector.
pub struct Pooling {
    pub(crate) pool: Linear,
    pub(crate) up: Linear,
}

impl Pooling {
    /// From `channels` at each of `pitches` to `width`.
    pub fn new(p: &mut Parameters, name: &str, channels: usize, pitches: usize, width: usize) -> Self {
        Self {
            pool: Linear::with_bias(p, &format!("{name}.pool"), channels, POOL, 1.0, None),
            up: Linear::new(p, &format!("{name}.up"), pitches * POOL, width, 0.5),
        }
    }

    /// x (B·T, width) + what it makes of the picture (B·T·P, C).
    pub fn added_to(&self, tape: &mut Tape, x: Var, picture: Var) -> Var {
        let pooled = self.pool.forward(tape, picture); // (B·T, P·POOL) as well
        self.up.added_to(tape, x, pooled)
    }
}

/// A quarter's vector to its picture; starts as nothing.
pub struct Spreading {
    pub(crate) down: Linear,
    pub(crate) spread: Linear,
}

impl Spreading {
    /// From `width` to `channels` at each of `pitches`.
    pub fn new(p: &mut Parameters, name: &str, channels: usize, pitches: usize, width: usize) -> Self {
        Self {
            down: Linear::new(p, &format!("{name}.down"), width, pitches * POOL, 1.0),
            spread: Linear::new(p, &format!("{name}.spread"), POOL, channels, 0.0),
        }
    }

    /// u (B·T·P, C) + what it makes of the vectors (B·T, width).
    pub fn added_to(&self, tape: &mut Tape, u: Var, x: Var) -> Var {
        let down = self.down.forward(tape, x); // (B·T·P, POOL) as well
        self.spread.added_to(tape, u, down)
    }
}

/// Vectors and pictures to context log-odds; starts as the prior.
pub struct Head {
    pub(crate) cells: Linear,
    pub(crate) picture: Linear,
    pub(crate) geometry: CellGeometry,
}

impl Head {
    /// From vectors of `width` and pictures of `channels`.
    pub fn new(
        p: &mut Parameters,
        width: usize,
        channels: usize,
        layout: &Layout,
        geometry: &Geometry,
        prior: &[f32],
    ) -> Self {
        let rows = geometry.note_lanes * geometry.steps;
        let bias = Some(Init::Values(prior.to_vec()));
        Self {
            cells: Linear::with_bias(p, "head.cells", width, layout.bits(), 0.0, bias).always_full(),
            picture: Linear::new(p, "head.picture", channels, 2 * rows, 0.0).always_full(),
            geometry: CellGeometry { rows, pitches: geometry.pitches, bits: layout.bits() },
        }
    }

    /// x (B·T, width), u (B·T·P, C) → (B·T, bits)
    pub fn forward(&self, tape: &mut Tape, x: Var, u: Var) -> Var {
        let logits = self.cells.forward(tape, x);
        let fine = self.picture.forward(tape, u);
        add_to_cells(tape, logits, fine, self.geometry)
    }
}
