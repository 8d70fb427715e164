//! An upper bound on −log p(x₀), in nats: half the squared error of x̂₀, integrated over snr.
//!
//! −log p(x₀) ≤ prior + ½ ∫ E‖s − ŝ‖² d snr + reconstruction     (Kingma et al. 2021, arXiv:2107.00630, eq. 15)
//!
//! - the integral from `lo` to `hi`, by Monte Carlo with log snr uniform: d snr = snr d log snr. Draws are stratified, and
//!   every item has its own offset;
//! - prior: the model may start from its own guess ŝ₀ without evidence, p(e_lo) = N(2 snr ŝ₀, 4 snr), so the divergence
//!   from N(2 snr s, 4 snr) is ½ snr ‖s − ŝ₀‖²: the integral's missing piece from 0 to `lo`;
//! - reconstruction: the cross-entropy of the choices at `hi`.
//!
//! With the perfect denoiser the bound is tight for independent groups (I-MMSE, Guo et al. 2005). A group's cells are seen
//! through separate noise but judged by the posterior over its choices.

use crate::task::check_batch;
use crate::{Denoiser, Error, LaneState, Layout, Noise, Observation, Task, UNKNOWN};
use crate::{cross_entropy, noise_evidence, posterior, schedule};

/// Where and how often to look.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BoundSettings {
    /// Lowest log snr of the integral, above −10.
    pub lo: f64,
    /// Highest log snr of the integral, below 6.
    pub hi: f64,
    /// Looks at each item along the integral (≥ 2).
    pub draws: usize,
    /// Items that go through the network together; does not change the result (≥ 1).
    pub batch: usize,
}

impl Default for BoundSettings {
    fn default() -> Self {
        Self { lo: -8.0, hi: 5.0, draws: 32, batch: 8 }
    }
}

/// The bound of one item, in nats.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ItemBound {
    /// Below `lo`.
    pub prior: f64,
    /// From `lo` to `hi`.
    pub diffusion: f64,
    /// Above `hi`.
    pub reconstruction: f64,
    /// Standard error of `diffusion` over its draws, from differences of neighbouring strata (rather too large than too
    /// small: it counts the trend along the integral as noise).
    pub draws_error: f64,
}

impl ItemBound {
    /// All three parts.
    pub fn total(&self) -> f64 {
        self.prior + self.diffusion + self.reconstruction
    }
}

/// The bound over several items, in nats per item.
#[derive(Clone, Debug, PartialEq)]
pub struct Bound {
    /// Mean total.
    pub nats: f64,
    /// Standard error of the mean over items (which includes the draws'); `None` for a single item.
    pub items_error: Option<f64>,
    /// Standard error of the mean that comes from the draws alone.
    pub draws_error: f64,
    /// Each item.
    pub items: Vec<ItemBound>,
}

/// Streams of an item's seed.
const OFFSET: u64 = 101;
const DRAW: u64 = 102;

/// Bounds −log p of the choices in free lanes, given the given lanes and nothing of the unknown ones.
///
/// Rules and leans of a task are not part of the model and are ignored. [`UNKNOWN`] groups of free lanes are left out.
/// `draws` + 2 evaluations an item.
///
/// # Errors   what [`Task::check`] finds; `Range` for settings outside their range, a weak lane, or no task;
/// `Choice` where a free group has a choice that does not exist; `NotANumber`
pub fn likelihood_bound(
    denoiser: &(impl Denoiser + ?Sized),
    tasks: &[Task],
    settings: BoundSettings,
) -> Result<Bound, Error> {
    check_settings(settings)?;
    let layout = denoiser.layout();
    check_batch(tasks, layout)?;
    tasks.iter().try_for_each(|task| check_scored(task, layout))?;
    if tasks.is_empty() {
        return Err(Error::Range { what: "number of items", value: 0.0, allowed: "at least 1" });
    }
    let mut items = Vec::with_capacity(tasks.len());
    for (index, chunk) in tasks.chunks(settings.batch).enumerate() {
        score_chunk(denoiser, chunk, settings, index * settings.batch, &mut items)?;
    }
    Ok(summarise(items))
}

fn check_settings(settings: BoundSettings) -> Result<(), Error> {
    let nothing = f64::from(Observation::LOG_SNR_NOTHING);
    let certain = f64::from(Observation::LOG_SNR_CERTAIN);
    if !(nothing < settings.lo && settings.lo < settings.hi && settings.hi < certain) {
        return Err(Error::Range {
            what: "lowest log snr", value: settings.lo, allowed: "−10 < lowest < highest < 6"
        });
    }
    if settings.draws < 2 || settings.batch == 0 {
        let value = settings.draws.min(settings.batch) as f64;
        return Err(Error::Range { what: "draws or batch", value, allowed: "draws ≥ 2, batch ≥ 1" });
    }
    Ok(())
}

fn check_scored(task: &Task, layout: &Layout) -> Result<(), Error> {
    for (token, states) in task.states.chunks_exact(layout.lanes()).enumerate() {
        for (block, first, _) in layout.spans() {
            let state = states[block.lane];
            if let LaneState::Weak(level) = state {
                let value = f64::from(level);
                return Err(Error::Range { what: "state of a scored lane", value, allowed: "free, given or unknown" });
            }
            for group in first..first + block.groups {
                let choice = task.choices[token * layout.groups() + group];
                let choices = block.choices;
                if state == LaneState::Free && choice != UNKNOWN && choice as usize > choices {
                    return Err(Error::Choice { token, group, choice, choices });
                }
            }
        }
    }
    Ok(())
}

/// Evaluates a few items together, at levels of their own.
struct Chunk<'a, D: Denoiser + ?Sized> {
    denoiser: &'a D,
    tasks: &'a [Task],
    /// Index of the first item among all, for errors.
    first: usize,
    tokens: usize,
    positions: Vec<[u8; 2]>,
    log_snr: Vec<f32>,
    evidence: Vec<f32>,
    context: Vec<f32>,
}

impl<'a, D: Denoiser + ?Sized> Chunk<'a, D> {
    fn new(denoiser: &'a D, tasks: &'a [Task], first: usize) -> Self {
        let layout = denoiser.layout();
        let tokens = tasks[0].tokens();
        let rows = tasks.len() * tokens;
        Self {
            denoiser,
            tasks,
            first,
            tokens,
            positions: tasks.iter().flat_map(|task| task.positions.iter().copied()).collect(),
            log_snr: vec![0.0; rows * layout.lanes()],
            evidence: vec![0.0; rows * layout.bits()],
            context: vec![0.0; rows * layout.bits()],
        }
    }

    /// Shows every item with its free lanes at the item's level.
    fn look(&mut self, levels: &[f64], draw: u64) -> Result<(), Error> {
        let layout = self.denoiser.layout();
        let (lanes, bits) = (self.tokens * layout.lanes(), self.tokens * layout.bits());
        for (i, task) in self.tasks.iter().enumerate() {
            let log_snr = &mut self.log_snr[i * lanes..][..lanes];
            for (level, state) in log_snr.iter_mut().zip(&task.states) {
                *level = match state {
                    LaneState::Free | LaneState::Weak(_) => levels[i] as f32,
                    LaneState::Given => Observation::LOG_SNR_CERTAIN,
                    LaneState::Unknown => Observation::LOG_SNR_NOTHING,
                };
            }
            let noise = Noise::new(task.seed).stream(DRAW).stream(draw);
            noise_evidence(layout, &task.choices, log_snr, noise, &mut self.evidence[i * bits..][..bits]);
        }
        let observation = Observation {
            items: self.tasks.len(),
            tokens: self.tokens,
            evidence: &self.evidence,
            log_snr: &self.log_snr,
            positions: &self.positions,
        };
        if !self.positions.is_empty() {
            self.denoiser.context(observation, &mut self.context);
        }
        match self.context.iter().position(|c| c.is_nan()) {
            Some(at) => Err(Error::NotANumber { item: self.first + at / bits }),
            None => Ok(()),
        }
    }

    fn cells(&self, item: usize) -> (&[f32], &[f32]) {
        let bits = self.tokens * self.denoiser.layout().bits();
        (&self.evidence[item * bits..][..bits], &self.context[item * bits..][..bits])
    }

    /// ‖s − ŝ‖² over the known cells of an item's free lanes.
    fn squared_error(&self, item: usize) -> f64 {
        let layout = self.denoiser.layout();
        let (evidence, context) = self.cells(item);
        let mut denoised = vec![0.0; evidence.len()];
        posterior::denoised(layout, evidence, context, &[], 1.0, &mut denoised);
        let task = &self.tasks[item];
        let mut sum = 0.0;
        for token in 0..self.tokens {
            for (block, first_group, first_bit) in layout.spans() {
                if task.states[token * layout.lanes() + block.lane] != LaneState::Free {
                    continue;
                }
                let choices = &task.choices[token * layout.groups() + first_group..][..block.groups];
                let cells = &denoised[token * layout.bits() + first_bit..][..block.groups * block.choices];
                for (&choice, cells) in choices.iter().zip(cells.chunks_exact(block.choices)) {
                    if choice != UNKNOWN {
                        sum += group_error(choice, cells);
                    }
                }
            }
        }
        sum
    }

    fn reconstruction(&self, item: usize) -> f64 {
        let (evidence, context) = self.cells(item);
        let task = &self.tasks[item];
        let weights: Vec<f32> = task.states.iter().map(|s| f32::from(u8::from(*s == LaneState::Free))).collect();
        cross_entropy(self.denoiser.layout(), evidence, context, &task.choices, &weights, None).total()
    }
}

fn group_error(choice: u8, denoised: &[f32]) -> f64 {
    let error = |(k, &guess): (usize, &f32)| {
        let s = if k + 1 == choice as usize { 1.0 } else { -1.0 };
        (s - f64::from(guess)) * (s - f64::from(guess))
    };
    denoised.iter().enumerate().map(error).sum()
}

fn score_chunk(
    denoiser: &(impl Denoiser + ?Sized),
    tasks: &[Task],
    settings: BoundSettings,
    first: usize,
    items: &mut Vec<ItemBound>,
) -> Result<(), Error> {
    let mut chunk = Chunk::new(denoiser, tasks, first);
    let BoundSettings { lo, hi, draws, .. } = settings;
    let offsets: Vec<f64> = tasks.iter().map(|task| Noise::new(task.seed).stream(OFFSET).uniform(0)).collect();
    let mut values = vec![Vec::with_capacity(draws); tasks.len()];
    for draw in 0..draws {
        let level = |offset: &f64| lo + (hi - lo) * (draw as f64 + offset) / draws as f64;
        let levels: Vec<f64> = offsets.iter().map(level).collect();
        chunk.look(&levels, draw as u64)?;
        for (item, values) in values.iter_mut().enumerate() {
            values.push(0.5 * (hi - lo) * schedule::snr(levels[item]) * chunk.squared_error(item));
        }
    }
    chunk.look(&vec![f64::from(Observation::LOG_SNR_NOTHING); tasks.len()], draws as u64)?;
    let priors: Vec<f64> = (0..tasks.len()).map(|i| 0.5 * schedule::snr(lo) * chunk.squared_error(i)).collect();
    chunk.look(&vec![hi; tasks.len()], draws as u64 + 1)?;
    for (i, values) in values.iter().enumerate() {
        let (diffusion, draws_error) = stratified_mean(values);
        items.push(ItemBound { prior: priors[i], diffusion, reconstruction: chunk.reconstruction(i), draws_error });
    }
    Ok(())
}

/// Mean of stratified values, and its standard error from successive differences: E (f_{k+1} − f_k)² = 2 var + trend².
fn stratified_mean(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let variance = values.windows(2).map(|w| (w[1] - w[0]) * (w[1] - w[0])).sum::<f64>() / (2.0 * (n - 1.0));
    (values.iter().sum::<f64>() / n, (variance / n).sqrt())
}

fn summarise(items: Vec<ItemBound>) -> Bound {
    let n = items.len() as f64;
    let nats = items.iter().map(ItemBound::total).sum::<f64>() / n;
    let spread = items.iter().map(|item| (item.total() - nats) * (item.total() - nats)).sum::<f64>();
    let items_error = (items.len() > 1).then(|| (spread / (n - 1.0) / n).sqrt());
    let draws_error = items.iter().map(|item| item.draws_error * item.draws_error).sum::<f64>().sqrt() / n;
    Bound { nats, items_error, draws_error, items }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Block;
    use crate::analytic::{Corpus, Independent};

    const MANY: BoundSettings = BoundSettings { lo: -8.0, hi: 5.0, draws: 64, batch: 16 };

    #[test]
    fn bound_of_independent_cells_is_their_entropy() {
        // One group of three states (.7, .2, .1) and one cell of .3; 16 tokens; 400 items drawn from the prior.
        let layout =
            Layout::new(vec![Block { lane: 0, groups: 1, choices: 2 }, Block { lane: 1, groups: 1, choices: 1 }]);
        let cells = Independent::new(layout.clone(), &[0.2, 0.1, 0.3]);
        let entropy = |ps: &[f64]| -ps.iter().map(|p| p * p.ln()).sum::<f64>();
        let per_token = entropy(&[0.7, 0.2, 0.1]) + entropy(&[0.3, 0.7]);
        let (tasks, surprise): (Vec<_>, Vec<_>) = (0..400).map(|seed| draw_item(&layout, seed)).unzip();
        let bound = likelihood_bound(&cells, &tasks, MANY).unwrap();
        let error = bound.items_error.unwrap();
        assert!((bound.nats - 16.0 * per_token).abs() < 5.0 * error, "{} ± {error}: {}", bound.nats, 16.0 * per_token);
        // Item by item the bound follows −log p(x₀) itself, so against the mean surprise only the draws' error is left.
        let truth = surprise.iter().sum::<f64>() / surprise.len() as f64;
        assert!((bound.nats - truth).abs() < 5.0 * bound.draws_error, "{} {truth} {}", bound.nats, bound.draws_error);
        assert!(bound.draws_error < 0.02 * truth, "{}", bound.draws_error);
        // A given lane is not scored, an unknown one neither; then only the single cell is left.
        for state in [LaneState::Given, LaneState::Unknown] {
            let mut tasks = tasks.clone();
            tasks.iter_mut().for_each(|task| task.set_lane(0, state));
            let bound = likelihood_bound(&cells, &tasks, MANY).unwrap();
            let truth = 16.0 * entropy(&[0.3, 0.7]);
            assert!((bound.nats - truth).abs() < 5.0 * bound.items_error.unwrap(), "{}", bound.nats);
        }
    }

    /// An item from the prior of the test above, and its −log p.
    fn draw_item(layout: &Layout, seed: u64) -> (Task, f64) {
        let mut task = Task::free(layout, 16, seed);
        let noise = Noise::new(seed).stream(0);
        let mut surprise = 0.0;
        for token in 0..16 {
            let (u, v) = (noise.uniform(2 * token), noise.uniform(2 * token + 1));
            let (state, p) = if u < 0.7 {
                (0, 0.7)
            } else if u < 0.9 {
                (1, 0.2)
            } else {
                (2, 0.1)
            };
            let (cell, q) = if v < 0.3 { (1, 0.3) } else { (0, 0.7f64) };
            task.choices[2 * token as usize..][..2].copy_from_slice(&[state, cell]);
            surprise -= f64::ln(p) + q.ln();
        }
        (task, surprise)
    }

    #[test]
    fn bound_of_two_pieces_is_one_bit() {
        let layout = Layout::new(vec![Block { lane: 0, groups: 6, choices: 2 }]);
        let (a, b) = (vec![0, 1, 2, 0, 1, 2], vec![2, 1, 0, 0, 2, 0]);
        let corpus = Corpus::new(layout.clone(), 1, vec![(1.0, a.clone()), (1.0, b.clone())]);
        let tasks: Vec<Task> = (0..400)
            .map(|seed| {
                let choices = if seed % 2 == 0 { a.clone() } else { b.clone() };
                Task { choices, ..Task::free(&layout, 1, seed) }
            })
            .collect();
        let bound = likelihood_bound(&corpus, &tasks, MANY).unwrap();
        let error = bound.items_error.unwrap();
        assert!((bound.nats - 2f64.ln()).abs() < 5.0 * error && error < 0.03, "{} ± {error}", bound.nats);
        for item in &bound.items {
            assert!(item.prior < 0.01 && item.reconstruction < 0.01, "{item:?}");
        }
    }

    #[test]
    fn the_batch_does_not_change_an_item() {
        let layout = Layout::new(vec![Block { lane: 0, groups: 2, choices: 1 }]);
        let corpus = Corpus::new(layout.clone(), 1, vec![(1.0, vec![0, 1]), (2.0, vec![1, 1])]);
        let tasks: Vec<Task> =
            (0..5).map(|seed| Task { choices: vec![0, 1], ..Task::free(&layout, 1, seed) }).collect();
        let together = likelihood_bound(&corpus, &tasks, BoundSettings::default()).unwrap();
        let alone = likelihood_bound(&corpus, &tasks[3..4], BoundSettings { batch: 1, ..Default::default() }).unwrap();
        assert_eq!(together.items[3], alone.items[0]);
        assert_eq!(alone.items_error, None);
    }

    #[test]
    fn impossible_requests_are_refused() {
        let layout = Layout::new(vec![Block { lane: 0, groups: 1, choices: 1 }]);
        let cells = Independent::new(layout.clone(), &[0.5]);
        let task = Task::free(&layout, 1, 0);
        let with = |settings| likelihood_bound(&cells, std::slice::from_ref(&task), settings);
        assert!(with(BoundSettings { lo: -10.0, ..Default::default() }).is_err());
        assert!(with(BoundSettings { hi: 6.0, ..Default::default() }).is_err());
        assert!(with(BoundSettings { lo: f64::NAN, ..Default::default() }).is_err());
        assert!(with(BoundSettings { draws: 1, ..Default::default() }).is_err());
        assert!(likelihood_bound(&cells, &[], BoundSettings::default()).is_err());
        let damaged = Task { choices: vec![7], ..task.clone() };
        assert!(likelihood_bound(&cells, &[damaged], BoundSettings::default()).is_err());
        let nothing = with(BoundSettings::default()).unwrap();
        assert_eq!(nothing.nats, 0.0, "an unknown group is left out");
    }
}
