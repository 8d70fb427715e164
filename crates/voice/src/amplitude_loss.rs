//! How far amplitudes are from those that were measured, in logarithms: what the first part of a fit descends.
//!
//! L = mean (ln (â + ε)/(a + ε))² over everything that may sound, with an ε of its own for every row (a thousandth of the note's
//! loudest, −60 dB), so that what is inaudible in its note does not matter.

use crate::spectral_loss::Ready;
use aeolian_nets::tape::{Tape, Var};

/// `amplitudes` (rows, C) on the tape against `target` (rows, C) → one number; `floors` is ε of every row, `counts(row, column)` false
/// for what cannot sound.
pub fn amplitude_loss(
    tape: &mut Tape,
    amplitudes: Var,
    target: &[f32],
    floors: &[f32],
    counts: impl Fn(usize, usize) -> bool,
) -> Var {
    let values = tape.value(amplitudes);
    let width = values.len() / floors.len().max(1);
    let mut gradient = vec![0.0; values.len()];
    let (mut total, mut counted) = (0.0f64, 0usize);
    for (row, &floor) in floors.iter().enumerate() {
        for column in (0..width).filter(|&column| counts(row, column)) {
            let at = row * width + column;
            let away = ((values[at] + floor) / (target[at] + floor)).ln();
            total += f64::from(away * away);
            counted += 1;
            gradient[at] = 2.0 * away / (values[at] + floor);
        }
    }
    let each = 1.0 / counted.max(1) as f32;
    gradient.iter_mut().for_each(|g| *g *= each);
    tape.push(vec![total as f32 * each], Ready { of: amplitudes, gradient })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{check_gradients, numbers};
    use aeolian_nets::Parameters;
    use aeolian_nets::ops::linear::Linear;
    use aeolian_nets::ops::pointwise::gelu;

    #[test]
    fn gradients_are_difference_quotients() {
        let mut parameters = Parameters::default();
        let layer = Linear::new(&mut parameters, "a", 2, 3, 1.0);
        let x = numbers(8, 1);
        check_gradients(&parameters, |tape| {
            let x = tape.input(x.clone());
            let y = layer.forward(tape, x);
            let y = gelu(tape, y);
            amplitude_loss(tape, y, &[0.02; 12], &[0.3; 4], |row, column| row + column != 3)
        });
    }
}
