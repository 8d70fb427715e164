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

/// Where the neighbour groups of [`neighbours_relu`] look, in (quarters, semitones): the quarter before and after, seconds,
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

/// ReLU of hidden units of which the last two thirds look at neighbours, in 16 equal groups (a convolution with one
/// tap a unit; Wu et al. 2018, arXiv:1711.08141): y(q, p) = max(0, h(q + Δq, p + Δp)), 0 beyond the edge.
///
/// h (B·T·P, E) → same; E a multiple of 24.
pub fn neighbours_relu(tape: &mut Tape, h: Var, grid: Grid) -> Var {
    let mut y = tape.take_zeroed(tape.value(h).len());
    let hidden = y.len() / (grid.items * grid.tokens * grid.pitches);
    let own = hidden / 3;
    let x = tape.value(h);
    for (y, x) in y.chunks_exact_mut(hidden).zip(x.chunks_exact(hidden)) {
        relu(&mut y[..own], &x[..own]);
    }
    let group = hidden / 24;
    for_each_neighbour(grid, hidden, |to, from| relu(&mut y[to..to + group], &x[from..from + group]));
    tape.push(y, NeighboursBackward { h, grid })
}

#[inline(always)]
fn relu(y: &mut [f32], x: &[f32]) {
    // Groups of eight are the usual case: of known length they are one instruction.
    match (<&mut [f32; 8]>::try_from(&mut *y), <&[f32; 8]>::try_from(x)) {
        (Ok(y), Ok(x)) => y.iter_mut().zip(x).for_each(|(y, x)| *y = x.max(0.0)),
        _ => y.iter_mut().zip(x).for_each(|(y, x)| *y = x.max(0.0)),
    }
}

/// dh += dy where h > 0
#[inline(always)]
fn relu_backward(dh: &mut [f32], h: &[f32], dy: &[f32]) {
    let pass = |((d, h), dy): ((&mut f32, &f32), &f32)| *d += if *h > 0.0 { *dy } else { 0.0 };
    match (<&mut [f32; 8]>::try_from(&mut *dh), <&[f32; 8]>::try_from(h), <&[f32; 8]>::try_from(dy)) {
        (Ok(dh), Ok(h), Ok(dy)) => dh.iter_mut().zip(h).zip(dy).for_each(pass),
        _ => dh.iter_mut().zip(h).zip(dy).for_each(pass),
    }
}

/// Calls `f(first channel of a neighbour group here, the same channel at the neighbour)` wherever both exist.
#[inline(always)]
fn for_each_neighbour(grid: Grid, hidden: usize, mut f: impl FnMut(usize, usize)) {
    let Grid { items, tokens, pitches } = grid;
    let group = hidden / 24;
    for token in 0..items * tokens {
        let first = (token * pitches) as isize;
        let here = (token % tokens) as isize;
        for (index, (quarters, semitones)) in NEIGHBOURS.into_iter().enumerate() {
            if !(0..tokens as isize).contains(&(here + quarters)) {
                continue;
            }
            let channels = hidden / 3 + index * group;
            let away = quarters * pitches as isize + semitones;
            let lowest = (-semitones).max(0);
            let highest = (pitches as isize - semitones).min(pitches as isize);
            for pitch in lowest..highest {
                f((first + pitch) as usize * hidden + channels, (first + pitch + away) as usize * hidden + channels);
            }
        }
    }
}

struct NeighboursBackward {
    h: Var,
    grid: Grid,
}

impl Op for NeighboursBackward {
    fn backward(&mut self, dy: &[f32], tape: &mut Gradients) {
        let hidden = dy.len() / (self.grid.items * self.grid.tokens * self.grid.pitches);
        let own = hidden / 3;
        let (h, dh) = tape.value_and_gradient(self.h, self.h);
        for ((dh, h), dy) in dh.chunks_exact_mut(hidden).zip(h.chunks_exact(hidden)).zip(dy.chunks_exact(hidden)) {
            relu_backward(&mut dh[..own], &h[..own], &dy[..own]);
        }
        let group = hidden / 24;
        for_each_neighbour(self.grid, hidden, |to, from| {
            relu_backward(&mut dh[from..from + group], &h[from..from + group], &dy[to..to + group]);
        });
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
    use crate::tape::Pool;

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
            let u = neighbours_relu(tape, u, grid);
            let fine = out.forward(tape, u);
            let logits = direct.forward(tape, tokens);
            add_to_cells(tape, logits, fine, geometry)
        });
    }

    #[test]
    fn neighbour_groups_look_where_they_say() {
        let grid = Grid { items: 1, tokens: 2, pitches: 20 };
        let mut h = vec![0.0; 2 * 20 * 24];
        for unit in 0..24 {
            h[(20 + 13) * 24 + unit] = 1.0; // all units of quarter 1, pitch 13
        }
        let mut pool = Pool::default();
        let mut tape = Tape::forward_only(&[], &mut pool);
        let h = tape.input(h);
        let y = neighbours_relu(&mut tape, h, grid);
        let y = tape.finish(y);
        let at = |quarter: usize, pitch: usize, unit: usize| y[(quarter * 20 + pitch) * 24 + unit];
        assert!((0..8).all(|unit| at(1, 13, unit) == 1.0), "its own");
        assert_eq!(at(0, 13, 8 + 1), 1.0, "a quarter ahead");
        assert_eq!(at(1, 13 + 5, 8 + 10), 1.0, "a fourth below");
        assert_eq!(at(1, 13 - 12, 8 + 15), 1.0, "an octave above");
        // Its own 8, and 16 neighbours but three: quarter 2, pitches 20 and 25 are beyond the edge.
        assert_eq!(y.iter().sum::<f32>(), 8.0 + 13.0);
    }
}
