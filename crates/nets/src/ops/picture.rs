//! Operations on pictures: a row of channels for every quarter and pitch, (B·T·P, C), shared weights everywhere.

use crate::tape::{Gradients, Op, Tape, Var};
use aeolian_kernels::elementwise;

/// Items, tokens and pitches of a picture.
#[derive(Clone, Copy, Debug)]
pub struct Grid {
    /// Sequences, B.
    pub items: usize,
    /// Tokens (quarters) in each, T.
    pub tokens: usize,
    /// Pitches, P.
    pub pitches: usize,
}

/// Where the last two thirds of hidden units look, in sixteen equal groups (a convolution with one tap a unit; Wu et al. 2018,
/// arXiv:1711.08141; [`seen_around`](crate::ops::neighbours::seen_around)), in (quarters, semitones): the quarter before and after, seconds,
/// thirds, fourth, fifth and octave to either side.
pub const NEIGHBOURS: [(isize, isize); 16] = [
    (-1, 0),
    (1, 0),
    (0, -1),
    (0, 1),
    (0, -2),
    (0, 2),
    (0, -3),
    (0, 3),
    (0, -4),
    (0, 4),
    (0, -5),
    (0, 5),
    (0, -7),
    (0, 7),
    (0, -12),
    (0, 12),
];

/// Adds one row a token to all its pitches: u (B·T·P, C) + x (B·T, C).
pub fn add_to_pitches(tape: &mut Tape, u: Var, x: Var, grid: Grid) -> Var {
    let mut y = tape.take(tape.value(u).len());
    y.copy_from_slice(tape.value(u));
    let channels = y.len() / (grid.items * grid.tokens * grid.pitches);
    for (picture, row) in y.chunks_exact_mut(grid.pitches * channels).zip(tape.value(x).chunks_exact(channels)) {
        elementwise::add_to_rows(picture, row);
    }
    tape.push(y, AddToPitchesBackward { u, x, grid })
}

struct AddToPitchesBackward {
    u: Var,
    x: Var,
    grid: Grid,
}

impl Op for AddToPitchesBackward {
    fn backward(&mut self, dy: &[f32], tape: &mut Gradients) {
        if tape.wants(self.u) {
            elementwise::add(tape.gradient(self.u), dy);
        }
        if tape.wants(self.x) {
            let Grid { items, tokens, pitches } = self.grid;
            let channels = dy.len() / (items * tokens * pitches);
            let dx = tape.gradient(self.x);
            for (row, picture) in dx.chunks_exact_mut(channels).zip(dy.chunks_exact(pitches * channels)) {
                elementwise::add_columns(row, picture);
            }
        }
    }
}

/// How the numbers of a pixel are laid into a token's cells: number (lane · steps + step) · 2 + choice of pitch p goes
/// to cell ((lane · steps + step) · P + p) · 2 + choice.
#[derive(Clone, Copy, Debug)]
pub struct CellGeometry {
    /// Lanes times steps.
    pub rows: usize,
    /// Pitches.
    pub pitches: usize,
    /// Cells of a token in all, those without a pixel included (they come after the note lanes).
    pub bits: usize,
}

impl CellGeometry {
    /// Calls `f(index of the first choice in (B·T, bits), in the pictures (B·T·P, 2·rows))`.
    fn each(self, tokens: usize, mut f: impl FnMut(usize, usize)) {
        for token in 0..tokens {
            for row in 0..self.rows {
                let cells = token * self.bits + row * self.pitches * 2;
                let pixels = token * self.pitches * 2 * self.rows + 2 * row;
                (0..self.pitches).for_each(|p| f(cells + 2 * p, pixels + 2 * p * self.rows));
            }
        }
    }
}

/// logits (B·T, bits) + the pictures' numbers (B·T·P, 2·rows) at the cells they belong to.
pub fn add_to_cells(tape: &mut Tape, logits: Var, x: Var, geometry: CellGeometry) -> Var {
    let mut y = tape.take(tape.value(logits).len());
    y.copy_from_slice(tape.value(logits));
    let pixels = tape.value(x);
    geometry.each(y.len() / geometry.bits, |cell, pixel| {
        y[cell] += pixels[pixel];
        y[cell + 1] += pixels[pixel + 1];
    });
    tape.push(y, AddToCellsBackward { logits, x, geometry })
}

struct AddToCellsBackward {
    logits: Var,
    x: Var,
    geometry: CellGeometry,
}

impl Op for AddToCellsBackward {
    fn backward(&mut self, dy: &[f32], tape: &mut Gradients) {
        elementwise::add(tape.gradient(self.logits), dy);
        let dx = tape.gradient(self.x);
        self.geometry.each(dy.len() / self.geometry.bits, |cell, pixel| {
            dx[pixel] += dy[cell];
            dx[pixel + 1] += dy[cell + 1];
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::check::{check_gradients, numbers};
    use crate::ops::linear::Linear;
    use crate::parameters::Parameters;

    #[test]
    fn gradients_are_difference_quotients() {
        let grid = Grid { items: 2, tokens: 3, pitches: 14 };
        let mut parameters = Parameters::default();
        let pixel = Linear::new(&mut parameters, "pixel", 3, 24, 1.0);
        let token = Linear::new(&mut parameters, "token", 3, 24, 1.0);
        let out = Linear::new(&mut parameters, "out", 24, 4, 1.0);
        let direct = Linear::new(&mut parameters, "direct", 3, 2 * 14 * 2 + 5, 1.0);
        let geometry = CellGeometry { rows: 2, pitches: 14, bits: 2 * 14 * 2 + 5 };
        let (pixels, tokens) = (numbers(6 * 14 * 3, 1), numbers(6 * 3, 2));
        check_gradients(&parameters, |tape| {
            let (pixels, tokens) = (tape.input(pixels.clone()), tape.input(tokens.clone()));
            let u = pixel.forward(tape, pixels);
            let x = token.forward(tape, tokens);
            let u = add_to_pitches(tape, u, x, grid);
            let fine = out.forward(tape, u);
            let logits = direct.forward(tape, tokens);
            add_to_cells(tape, logits, fine, geometry)
        });
    }
}
