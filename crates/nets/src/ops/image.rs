//! Between tokens and full-resolution images: a token (a quarter) is `steps` image rows of `pitches` pixels.

use crate::tape::{Gradients, Op, Tape, Var};
use aeolian_kernels::conv::Image;

/// Copies each token's rows out of the bordered images: (B, T·steps, P, C) bordered → (B·T, steps·P·C).
pub fn to_tokens(tape: &mut Tape, x: Var, image: Image) -> Var {
    let row = image.columns * image.channels;
    let mut y = tape.take(image.items * image.rows * row);
    for (index, slot) in y.chunks_exact_mut(row).enumerate() {
        slot.copy_from_slice(&tape.value(x)[image.at(index / image.rows, index % image.rows, 0)..][..row]);
    }
    tape.push(y, ToTokensBackward { x, image })
}

struct ToTokensBackward {
    x: Var,
    image: Image,
}

impl Op for ToTokensBackward {
    fn backward(&mut self, dy: &[f32], tape: &mut Gradients) {
        let image = self.image;
        let row = image.columns * image.channels;
        let dx = tape.gradient(self.x);
        for (index, slot) in dy.chunks_exact(row).enumerate() {
            let at = image.at(index / image.rows, index % image.rows, 0);
            aeolian_kernels::elementwise::add(&mut dx[at..at + row], slot);
        }
    }
}

/// The inverse copy, with a zero border: (B·T, steps·P·C) → (B, T·steps, P, C) bordered.
pub fn from_tokens(tape: &mut Tape, x: Var, image: Image) -> Var {
    let row = image.columns * image.channels;
    let mut y = tape.take_zeroed(image.len());
    for (index, slot) in tape.value(x).chunks_exact(row).enumerate() {
        y[image.at(index / image.rows, index % image.rows, 0)..][..row].copy_from_slice(slot);
    }
    tape.push(y, FromTokensBackward { x, image })
}

struct FromTokensBackward {
    x: Var,
    image: Image,
}

impl Op for FromTokensBackward {
    fn backward(&mut self, dy: &[f32], tape: &mut Gradients) {
        let image = self.image;
        let row = image.columns * image.channels;
        for (index, slot) in tape.gradient(self.x).chunks_exact_mut(row).enumerate() {
            let at = image.at(index / image.rows, index % image.rows, 0);
            aeolian_kernels::elementwise::add(slot, &dy[at..at + row]);
        }
    }
}

/// How image channels are laid into a token's cells: cell ((lane · steps + step) · P + pitch) · 2 + choice is channel
/// 2 · lane + choice of the pixel (step, pitch).
#[derive(Clone, Copy, Debug)]
pub struct CellGeometry {
    /// Note lanes.
    pub lanes: usize,
    /// Image rows in a token.
    pub steps: usize,
    /// Cells of a token in all, those without a pixel included (they come after the note lanes).
    pub bits: usize,
}

impl CellGeometry {
    /// Calls `f(pixel offset in the image, cell index in (B·T, bits))` for channel 0 of every lane's pixel pairs.
    fn for_each_pair(&self, image: Image, mut f: impl FnMut(usize, usize)) {
        for item in 0..image.items {
            for row in 0..image.rows {
                let token = (item * image.rows + row) / self.steps;
                for lane in 0..self.lanes {
                    let cells = token * self.bits + (lane * self.steps + row % self.steps) * image.columns * 2;
                    let pixels = image.at(item, row, 0) + 2 * lane;
                    for column in 0..image.columns {
                        f(pixels + column * image.channels, cells + 2 * column);
                    }
                }
            }
        }
    }
}

/// logits (B·T, bits) + the image's channels at the cells they belong to.
pub fn add_to_cells(tape: &mut Tape, logits: Var, x: Var, image: Image, geometry: CellGeometry) -> Var {
    let mut y = tape.take(tape.value(logits).len());
    y.copy_from_slice(tape.value(logits));
    let pixels = tape.value(x);
    geometry.for_each_pair(image, |pixel, cell| {
        y[cell] += pixels[pixel];
        y[cell + 1] += pixels[pixel + 1];
    });
    tape.push(y, AddToCellsBackward { logits, x, image, geometry })
}

struct AddToCellsBackward {
    logits: Var,
    x: Var,
    image: Image,
    geometry: CellGeometry,
}

impl Op for AddToCellsBackward {
    fn backward(&mut self, dy: &[f32], tape: &mut Gradients) {
        aeolian_kernels::elementwise::add(tape.gradient(self.logits), dy);
        let dx = tape.gradient(self.x);
        self.geometry.for_each_pair(self.image, |pixel, cell| {
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
        let image = Image { items: 2, rows: 4, columns: 3, channels: 16, border_rows: 1, border_columns: 1 };
        let geometry = CellGeometry { lanes: 2, steps: 2, bits: 2 * 2 * 3 * 2 + 5 };
        let mut parameters = Parameters::default();
        let up = Linear::new(&mut parameters, "up", 4, 2 * 3 * 16, 1.0);
        let direct = Linear::new(&mut parameters, "direct", 2 * 3 * 16, geometry.bits, 1.0);
        let input = numbers(4 * 4, 1);
        check_gradients(&parameters, |tape| {
            let input = tape.input(input.clone());
            let tokens = up.forward(tape, input);
            let pixels = from_tokens(tape, tokens, image);
            let back = to_tokens(tape, pixels, image);
            let logits = direct.forward(tape, back);
            add_to_cells(tape, logits, pixels, image, geometry)
        });
    }
}
