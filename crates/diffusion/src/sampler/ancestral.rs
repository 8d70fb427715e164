//! Ancestral sampling in evidence coordinates: draw every choice, then see it a little more clearly.
//!
//! s ~ P(s | evidence),   e_b = e_a + 2 (b − a) s + 2 √(b − a) ε.
//!
//! The step equals the DDPM posterior q(x_b | x_a, x₀ = s) (Ho et al. 2020, arXiv:2006.11239, eq. 6 and 7), and the sum is the
//! one of Bayesian flow networks (Graves 2023, arXiv:2308.07037). It begins with no evidence at all, so for independent
//! groups it is exact with any number of levels. Because a choice is drawn and not averaged, no note is half there.

use super::walk::{Begin, Cell, Leg, Walk};
use super::{Levels, OnProgress, Settings};
use crate::schedule::snr;
use crate::{Denoiser, Error, Task};

/// Samples by drawing choices along the way; returns each item's choices (T, groups).
///
/// # Errors   what [`Task::check`] finds, tasks of different lengths, `Range` for the settings, `NotANumber`, `Cancelled`
pub fn ancestral(
    denoiser: &(impl Denoiser + ?Sized),
    tasks: &[Task],
    levels: &Levels,
    settings: Settings<'_>,
    progress: OnProgress<'_>,
) -> Result<Vec<Vec<u8>>, Error> {
    let mut walk = Walk::begin(denoiser, tasks, levels, settings, Begin::Nothing, progress)?;
    for stop in 0..levels.len() {
        walk.look(stop)?;
        walk.draw(stop);
        walk.advance(stop, true, step);
    }
    walk.finish()
}

fn step(leg: Leg) -> impl Fn(Cell) -> f32 {
    let gained = snr(leg.to) - snr(leg.from);
    let (signal, scatter) = ((2.0 * gained) as f32, (2.0 * gained.sqrt()) as f32);
    move |cell| cell.evidence + signal * cell.denoised + scatter * cell.normal
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::evidence_step;

    #[test]
    fn a_step_adds_the_evidence_of_one_more_look() {
        for (from, to) in [(f64::NEG_INFINITY, -6.0f64), (-1.0, -0.5), (0.0, 3.0)] {
            for (evidence, denoised, normal) in [(0.0, 1.0, 0.0), (-2.5, -1.0, 1.5), (4.0, 1.0, -0.5)] {
                let cell = Cell { evidence, denoised, denoised_before: 9.0, normal };
                let [e, s, epsilon] = [evidence, denoised, normal].map(f64::from);
                let truth = evidence_step(e, s, from.exp(), to.exp(), epsilon);
                let stepped = f64::from(step(Leg { earlier: None, from, to })(cell));
                assert!((stepped - truth).abs() < 1e-5 * (1.0 + truth.abs()), "{from} {to}: {stepped} {truth}");
            }
        }
    }
}
