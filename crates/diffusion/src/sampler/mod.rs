//! Samplers: plain functions from tasks, levels and a denoiser to choices.
//!
//! | function | evaluations for n levels | idea |
//! |---|---|---|
//! | [`ancestral`] | n + 1 | draw every choice, then see it a little more clearly |
//! | [`ddpm`] | n | the classical reverse mean and variance |
//! | [`ddim`] | n | along the expected cells, with as much noise as asked |
//! | [`second_order`] | n | deterministic, DPM-Solver++(2M) |
//!
//! All of them end with the posterior at the last level, rules applied. An item's result depends on its task alone: not
//! on the batch, the threads or the machine.
//!
//! ```
//! use aeolian_diffusion::{Block, Layout, Levels, Method, Settings, Task, analytic::Independent, sample, schedule};
//! let layout = Layout::new(vec![Block { lane: 0, groups: 4, choices: 2 }]);
//! let world = Independent::new(layout.clone(), &[0.2; 8]);
//! let levels = Levels::shared(&schedule::log_snr_levels(8, -6.0, 4.0, 1)?, &layout)?;
//! let tasks = [Task::free(&layout, 3, 17), Task::free(&layout, 3, 18)];
//! let items = sample(Method::Ancestral, &world, &tasks, &levels, Settings::default(), &mut |_| true)?;
//! assert_eq!((items.len(), items[0].len()), (2, 3 * 4));
//! # Ok::<(), aeolian_diffusion::Error>(())
//! ```

mod ancestral;
mod ddim;
mod ddpm;
mod levels;
mod second_order;
mod walk;

pub use ancestral::ancestral;
pub use ddim::ddim;
pub use ddpm::{ReverseVariance, ddpm};
pub use levels::Levels;
pub use second_order::second_order;

use crate::{Denoiser, Error, Steering, Task};

/// How the last posterior becomes choices.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Finish {
    /// Draw each choice.
    #[default]
    Draw,
    /// Take each likeliest choice.
    Best,
}

/// What every sampler may be told.
#[derive(Clone, Copy)]
pub struct Settings<'a> {
    /// Divides the posterior's logits, > 0: below 1 surer, above 1 more adventurous.
    pub temperature: f32,
    /// How the last posterior becomes choices.
    pub finish: Finish,
    /// Wishes across cells. Rules act where choices are drawn: at every step of [`ancestral`], at the end of the others.
    pub steering: Option<&'a dyn Steering>,
}

impl Default for Settings<'_> {
    fn default() -> Self {
        Self { temperature: 1.0, finish: Finish::Draw, steering: None }
    }
}

/// What a progress callback sees after each evaluation of the network. It returns `false` to cancel.
#[derive(Clone, Copy, Debug)]
pub struct Progress<'a> {
    /// Evaluations done, from 1.
    pub done: usize,
    /// Evaluations in all.
    pub of: usize,
    /// What the network saw. (B, T, bits)
    pub evidence: &'a [f32],
    /// What it answered; with `evidence`, enough for [`crate::posterior`]. (B, T, bits)
    pub context: &'a [f32],
}

/// A progress callback: `true` to go on, `false` to cancel.
pub type OnProgress<'a> = &'a mut dyn FnMut(Progress<'_>) -> bool;

/// A sampler by name.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Method {
    /// [`ancestral`]
    #[default]
    Ancestral,
    /// [`ddpm`]
    Ddpm(ReverseVariance),
    /// [`ddim`]
    Ddim {
        /// Noise put back: 0 none, 1 as much as [`ReverseVariance::Posterior`].
        eta: f64,
    },
    /// [`second_order`]
    SecondOrder,
}

impl Method {
    /// Evaluations of the network for this many levels.
    pub fn evaluations(self, levels: usize) -> usize {
        if self == Self::Ancestral { levels + 1 } else { levels }
    }
}

/// Samples by the named method; returns each item's choices. (T, groups)
///
/// # Errors   as the samplers: what [`Task::check`] finds, tasks of different lengths, `Levels`, `Range`, `NotANumber`,
/// `Cancelled`
pub fn sample(
    method: Method,
    denoiser: &(impl Denoiser + ?Sized),
    tasks: &[Task],
    levels: &Levels,
    settings: Settings<'_>,
    progress: OnProgress<'_>,
) -> Result<Vec<Vec<u8>>, Error> {
    match method {
        Method::Ancestral => ancestral(denoiser, tasks, levels, settings, progress),
        Method::Ddpm(variance) => ddpm(denoiser, tasks, levels, variance, settings, progress),
        Method::Ddim { eta } => ddim(denoiser, tasks, levels, eta, settings, progress),
        Method::SecondOrder => second_order(denoiser, tasks, levels, settings, progress),
    }
}
