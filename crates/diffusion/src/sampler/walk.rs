//! What all samplers share: a batch of items, the evidence gathered so far, and looking at it through the network.
//!
//! The state is kept as evidence; x is the same thing times a constant, so each sampler writes its own formula for one
//! cell and nothing else. Stops are counted from 1; stop 0 is "before the first level", where free lanes have no
//! evidence at all and weak lanes only what their task gave them.

use super::{Finish, Levels, OnProgress, Progress, Settings};
use crate::evidence::evidence_per_x;
use crate::task::check_batch;
use crate::{ChoiceSet, Denoiser, Error, LaneState, Layout, Look, Noise, Observation, Task, UNKNOWN};
use crate::{noise_evidence, posterior};

/// Streams of an item's seed.
const START: u64 = 1;
const DRAW: u64 = 2;
const STEP: u64 = 3;
const STEERING: u64 = 4;
/// Within [`START`]: the second look of a blend.
const BLEND: u64 = 1;

/// A lane that is still being drawn is never stated as certain.
const HIGHEST_SHOWN: f32 = Observation::LOG_SNR_CERTAIN - 0.01;

/// Where a walk begins.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Begin {
    /// At stop 0, with no evidence in free lanes.
    Nothing,
    /// At stop 1, with x ~ N(0, 1) in free lanes.
    PureNoise,
}

/// The levels of one lane around one step. `from` is −∞ where there was no evidence before.
#[derive(Clone, Copy, Debug)]
pub(super) struct Leg {
    /// The level one stop before `from`, if there was one.
    pub earlier: Option<f64>,
    pub from: f64,
    pub to: f64,
}

/// One cell at one step.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cell {
    pub evidence: f32,
    /// What the cell is now thought to be: x̂₀, or ±1 if its choice was drawn.
    pub denoised: f32,
    /// The same one stop before.
    pub denoised_before: f32,
    /// Standard normal (0 in a step without noise).
    pub normal: f32,
}

pub(super) struct Walk<'a, D: Denoiser + ?Sized> {
    denoiser: &'a D,
    tasks: &'a [Task],
    levels: &'a Levels,
    settings: Settings<'a>,
    progress: OnProgress<'a>,
    tokens: usize,
    done: usize,
    of: usize,
    positions: Vec<[u8; 2]>,
    /// Rules and given choices. (B, T, groups)
    allowed: Vec<ChoiceSet>,
    /// Evidence shown whatever is gathered: certain, forbidden or unknown cells; NaN where a cell is open. (B, T, bits)
    pinned: Vec<f32>,
    evidence: Vec<f32>,
    shown: Vec<f32>,
    log_snr: Vec<f32>,
    context: Vec<f32>,
    denoised: Vec<f32>,
    denoised_before: Vec<f32>,
    choices: Vec<u8>,
}

impl<'a, D: Denoiser + ?Sized> Walk<'a, D> {
    pub(super) fn begin(
        denoiser: &'a D,
        tasks: &'a [Task],
        levels: &'a Levels,
        settings: Settings<'a>,
        begin: Begin,
        progress: OnProgress<'a>,
    ) -> Result<Self, Error> {
        let layout = denoiser.layout();
        let tokens = check_batch(tasks, layout)?;
        if levels.lanes() != layout.lanes() {
            return Err(Error::Length { what: "lanes of the levels", expected: layout.lanes(), found: levels.lanes() });
        }
        if !(settings.temperature > 0.0 && settings.temperature.is_finite()) {
            let value = f64::from(settings.temperature);
            return Err(Error::Range { what: "temperature", value, allowed: "above 0" });
        }
        let rows = tasks.len() * tokens;
        let bits = rows * layout.bits();
        let mut walk = Self {
            denoiser,
            tasks,
            levels,
            settings,
            progress,
            tokens,
            done: 0,
            of: levels.len() + usize::from(begin == Begin::Nothing),
            positions: tasks.iter().flat_map(|task| task.positions.iter().copied()).collect(),
            allowed: Vec::with_capacity(rows * layout.groups()),
            pinned: Vec::with_capacity(bits),
            evidence: vec![0.0; bits],
            shown: vec![0.0; bits],
            log_snr: vec![0.0; rows * layout.lanes()],
            context: vec![0.0; bits],
            denoised: vec![0.0; bits],
            denoised_before: vec![0.0; bits],
            choices: vec![0; rows * layout.groups()],
        };
        for task in tasks {
            pin(layout, task, &mut walk.allowed, &mut walk.pinned);
        }
        for item in 0..tasks.len() {
            walk.gather_start(item, begin)?;
        }
        Ok(walk)
    }

    fn layout(&self) -> &'a Layout {
        self.denoiser.layout()
    }

    fn bits_per_item(&self) -> usize {
        self.tokens * self.layout().bits()
    }

    /// log snr of a lane at a stop, or `None` if it does not move.
    fn level(&self, stop: usize, lane: usize, state: LaneState) -> Option<f64> {
        let shared = if stop == 0 { f64::NEG_INFINITY } else { self.levels.at(stop - 1, lane) };
        match state {
            LaneState::Free => Some(shared),
            // A weakly known lane waits until the others have caught up.
            LaneState::Weak(level) => Some(shared.max(f64::from(level))),
            LaneState::Given | LaneState::Unknown => None,
        }
    }

    /// The evidence an item starts with.
    fn gather_start(&mut self, item: usize, begin: Begin) -> Result<(), Error> {
        let layout = self.layout();
        let task = &self.tasks[item];
        let noise = Noise::new(task.seed).stream(START);
        let bits = self.bits_per_item();
        let evidence = &mut self.evidence[item * bits..][..bits];
        let weak = |state: &LaneState| match state {
            LaneState::Weak(level) => *level,
            _ => Observation::LOG_SNR_NOTHING,
        };
        let mut weak_levels: Vec<f32> = task.states.iter().map(weak).collect();
        match &task.blend {
            None => noise_evidence(layout, &task.choices, &weak_levels, noise, evidence),
            Some(blend) => {
                let mut other = evidence.to_vec();
                shift(&mut weak_levels, (1.0 - blend.share).ln());
                noise_evidence(layout, &task.choices, &weak_levels, noise, evidence);
                shift(&mut weak_levels, (blend.share / (1.0 - blend.share)).ln());
                noise_evidence(layout, &blend.choices, &weak_levels, noise.stream(BLEND), &mut other);
                evidence.iter_mut().zip(&other).for_each(|(e, o)| *e += o);
            }
        }
        if begin == Begin::Nothing {
            return Ok(());
        }
        for token in 0..self.tokens {
            for (block, _, first_bit) in layout.spans() {
                let lowest = self.levels.at(0, block.lane);
                match task.states[token * layout.lanes() + block.lane] {
                    LaneState::Free => {
                        let first = token * layout.bits() + first_bit;
                        let cells = &mut evidence[first..first + block.groups * block.choices];
                        noise.fill_normal(cells, first as u64);
                        let scale = evidence_per_x(lowest) as f32;
                        cells.iter_mut().for_each(|cell| *cell *= scale);
                    }
                    LaneState::Weak(level) if f64::from(level) < lowest => {
                        let allowed = "at least the first level";
                        return Err(Error::Range { what: "log snr of a weak lane", value: f64::from(level), allowed });
                    }
                    _ => {}
                }
            }
        }
        Ok(())
    }

    /// Evaluates the network on the evidence gathered up to a stop.
    pub(super) fn look(&mut self, stop: usize) -> Result<(), Error> {
        self.show(stop);
        let observation = Observation {
            items: self.tasks.len(),
            tokens: self.tokens,
            evidence: &self.shown,
            log_snr: &self.log_snr,
            positions: &self.positions,
        };
        if !self.positions.is_empty() {
            self.denoiser.context(observation, &mut self.context);
        }
        let bits = self.bits_per_item();
        if let Some(at) = self.context.iter().position(|c| c.is_nan()) {
            return Err(Error::NotANumber { item: at / bits });
        }
        for (task, context) in self.tasks.iter().zip(self.context.chunks_exact_mut(bits.max(1))) {
            context.iter_mut().zip(&task.lean).for_each(|(c, lean)| *c += lean);
        }
        if let Some(steering) = self.settings.steering {
            for item in 0..self.tasks.len() {
                let mut context = std::mem::take(&mut self.context);
                steering.lean(self.looking(item, stop), &mut context[item * bits..][..bits]);
                self.context = context;
            }
        }
        self.done += 1;
        let now = Progress { done: self.done, of: self.of, evidence: &self.shown, context: &self.context };
        if (self.progress)(now) { Ok(()) } else { Err(Error::Cancelled) }
    }

    /// What steering sees of an item.
    fn looking(&self, item: usize, stop: usize) -> Look<'_> {
        let (bits, groups) = (self.bits_per_item(), self.tokens * self.layout().groups());
        Look {
            item,
            progress: stop as f64 / self.levels.len().max(1) as f64,
            evidence: &self.evidence[item * bits..][..bits],
            allowed: &self.allowed[item * groups..][..groups],
            temperature: self.settings.temperature,
            noise: Noise::new(self.tasks[item].seed).stream(STEERING).stream(stop as u64),
        }
    }

    /// Prepares what the network sees: clipped evidence, pinned cells, levels.
    fn show(&mut self, stop: usize) {
        let limit = Observation::CERTAIN;
        for (shown, (&pinned, &evidence)) in self.shown.iter_mut().zip(self.pinned.iter().zip(&self.evidence)) {
            *shown = if pinned.is_nan() { evidence.clamp(-limit, limit) } else { pinned };
        }
        let lanes = self.layout().lanes();
        for (item, task) in self.tasks.iter().enumerate() {
            for (i, &state) in task.states.iter().enumerate() {
                let stated = match self.level(stop, i % lanes, state) {
                    Some(level) => (level as f32).clamp(Observation::LOG_SNR_NOTHING, HIGHEST_SHOWN),
                    None if state == LaneState::Given => Observation::LOG_SNR_CERTAIN,
                    None => Observation::LOG_SNR_NOTHING,
                };
                self.log_snr[item * self.tokens * lanes + i] = stated;
            }
        }
    }

    /// Takes the expected cells x̂₀ as what the cells are.
    pub(super) fn estimate(&mut self) {
        std::mem::swap(&mut self.denoised, &mut self.denoised_before);
        let temperature = self.settings.temperature;
        let layout = self.layout();
        posterior::denoised(layout, &self.evidence, &self.context, &self.allowed, temperature, &mut self.denoised);
    }

    /// Draws every choice, and takes it as what the cells are.
    pub(super) fn draw(&mut self, stop: usize) {
        self.draw_choices(stop);
        let layout = self.layout();
        for (row, cells) in
            self.choices.chunks_exact(layout.groups()).zip(self.denoised.chunks_exact_mut(layout.bits()))
        {
            cells.fill(-1.0);
            for (block, first_group, first_bit) in layout.spans() {
                for (i, &choice) in row[first_group..first_group + block.groups].iter().enumerate() {
                    if choice > 0 {
                        cells[first_bit + i * block.choices + choice as usize - 1] = 1.0;
                    }
                }
            }
        }
    }

    /// Draws every choice of every item; where draws compete, keeps the best.
    fn draw_choices(&mut self, stop: usize) {
        let groups = self.tokens * self.layout().groups();
        let candidates = self.settings.steering.map_or(1, |s| s.candidates().max(1)) as u64;
        let mut choices = std::mem::take(&mut self.choices);
        let mut rival = vec![0; if candidates > 1 { groups } else { 0 }];
        for item in 0..self.tasks.len() {
            let best = &mut choices[item * groups..][..groups];
            self.draw_once(item, stop, 0, best);
            let mut best_value = None;
            for candidate in 1..candidates {
                self.draw_once(item, stop, candidate, &mut rival);
                let value =
                    |choices: &[u8]| self.settings.steering.map_or(0.0, |s| s.value(self.looking(item, stop), choices));
                let (so_far, new) = (*best_value.get_or_insert_with(|| value(best)), value(&rival));
                if new > so_far {
                    best.copy_from_slice(&rival);
                    best_value = Some(new);
                }
            }
        }
        self.choices = choices;
    }

    /// Lets the rules settle choices that were not drawn.
    fn settle_all(&mut self, stop: usize) {
        let Some(steering) = self.settings.steering else { return };
        let (bits, groups) = (self.bits_per_item(), self.tokens * self.layout().groups());
        let mut choices = std::mem::take(&mut self.choices);
        for (item, choices) in choices.chunks_exact_mut(groups.max(1)).enumerate() {
            steering.settle(self.looking(item, stop), &self.context[item * bits..][..bits], choices);
        }
        self.choices = choices;
    }

    /// Draws every choice of an item, and lets the rules settle them.
    fn draw_once(&self, item: usize, stop: usize, candidate: u64, choices: &mut [u8]) {
        let bits = self.bits_per_item();
        let noise = Noise::new(self.tasks[item].seed).stream(DRAW).stream(stop as u64);
        let noise = if candidate == 0 { noise } else { noise.stream(candidate) };
        let look = self.looking(item, stop);
        let context = &self.context[item * bits..][..bits];
        posterior::draw(self.layout(), look.evidence, context, look.allowed, self.settings.temperature, noise, choices);
        if let Some(steering) = self.settings.steering {
            steering.settle(look, context, choices);
        }
    }

    /// Goes from a stop to the next: `plan` sees a lane's levels and returns what becomes of one cell's evidence.
    ///
    /// With `noisy`, every cell gets a normal that depends only on (seed, stop, cell).
    pub(super) fn advance<F: Fn(Cell) -> f32>(&mut self, stop: usize, noisy: bool, plan: impl Fn(Leg) -> F) {
        let layout = self.layout();
        let bits = self.bits_per_item();
        let mut normals = vec![0.0; layout.bits()];
        for (item, task) in self.tasks.iter().enumerate() {
            let noise = Noise::new(task.seed).stream(STEP).stream(stop as u64);
            for token in 0..self.tokens {
                for (block, _, first_bit) in layout.spans() {
                    let state = task.states[token * layout.lanes() + block.lane];
                    let level = |stop| self.level(stop, block.lane, state);
                    let (Some(from), Some(to)) = (level(stop), level(stop + 1)) else { continue };
                    if from == to {
                        continue;
                    }
                    let earlier = stop.checked_sub(1).and_then(level).filter(|level| level.is_finite());
                    let step = plan(Leg { earlier, from, to });
                    let first = token * layout.bits() + first_bit;
                    let normals = &mut normals[..block.groups * block.choices];
                    if noisy {
                        noise.fill_normal(normals, first as u64);
                    }
                    let cells = item * bits + first..item * bits + first + normals.len();
                    let seen =
                        (self.denoised[cells.clone()].iter()).zip(&self.denoised_before[cells.clone()]).zip(normals);
                    for (evidence, ((&denoised, &denoised_before), &mut normal)) in
                        self.evidence[cells].iter_mut().zip(seen)
                    {
                        *evidence = step(Cell { evidence: *evidence, denoised, denoised_before, normal });
                    }
                }
            }
        }
    }

    /// Looks a last time, at the last stop, and settles every choice.
    pub(super) fn finish(mut self) -> Result<Vec<Vec<u8>>, Error> {
        let stop = self.levels.len();
        self.look(stop)?;
        let layout = self.layout();
        match self.settings.finish {
            Finish::Draw => self.draw_choices(stop),
            Finish::Best => {
                posterior::best(layout, &self.evidence, &self.context, &self.allowed, &mut self.choices);
                self.settle_all(stop);
            }
        }
        let groups = self.tokens * layout.groups();
        let settled = |(item, task): (usize, &Task)| {
            let mut choices = self.choices[item * groups..][..groups].to_vec();
            restore(layout, task, &mut choices);
            choices
        };
        Ok(self.tasks.iter().enumerate().map(settled).collect())
    }
}

/// Moves the levels of lanes of which something is known.
fn shift(levels: &mut [f32], by: f32) {
    for level in levels.iter_mut().filter(|level| **level > Observation::LOG_SNR_NOTHING) {
        // A look worth almost nothing is still a look.
        *level = (*level + by).max(Observation::LOG_SNR_NOTHING + 0.01);
    }
}

/// Puts given choices back as they were given, and [`UNKNOWN`] where nothing was asked.
fn restore(layout: &Layout, task: &Task, choices: &mut [u8]) {
    for token in 0..task.tokens() {
        for (block, first, _) in layout.spans() {
            let groups = token * layout.groups() + first..token * layout.groups() + first + block.groups;
            match task.states[token * layout.lanes() + block.lane] {
                LaneState::Given => choices[groups.clone()].copy_from_slice(&task.choices[groups]),
                LaneState::Unknown => choices[groups].fill(UNKNOWN),
                LaneState::Free | LaneState::Weak(_) => {}
            }
        }
    }
}

/// Appends an item's rules, and the evidence they and given choices fix.
fn pin(layout: &Layout, task: &Task, allowed: &mut Vec<ChoiceSet>, pinned: &mut Vec<f32>) {
    for token in 0..task.tokens() {
        for (block, first, _) in layout.spans() {
            let state = task.states[token * layout.lanes() + block.lane];
            for group in first..first + block.groups {
                let given = task.choices[token * layout.groups() + group];
                let set = match state {
                    LaneState::Given if given != UNKNOWN => ChoiceSet::only(given),
                    _ => task.allowed(token, group, state, layout).within(block.choices),
                };
                allowed.push(set);
                let blind = state == LaneState::Unknown || state == LaneState::Given && given == UNKNOWN;
                pinned.extend((1..=block.choices).map(|choice| if blind { 0.0 } else { fixed_evidence(set, choice) }));
            }
        }
    }
}

/// Evidence that a rule fixes for a cell: certain, impossible, or NaN where it leaves the cell open.
fn fixed_evidence(set: ChoiceSet, choice: usize) -> f32 {
    if !set.contains(choice) {
        -Observation::CERTAIN
    } else if set.single().is_some() {
        Observation::CERTAIN
    } else {
        f32::NAN
    }
}
