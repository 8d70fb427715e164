//! Whatever is asked and whatever the network says: given comes back, rules hold, unknown stays unknown.

use aeolian_diffusion::sampler::{Finish, ReverseVariance};
use aeolian_diffusion::{
    Block, ChoiceSet, Denoiser, LaneState, Layout, Levels, Method, Noise, Observation, Settings, Task, UNKNOWN, sample,
};
use proptest::prelude::*;

const TOKENS: usize = 3;

fn layout() -> Layout {
    Layout::new(vec![
        Block { lane: 0, groups: 3, choices: 2 },
        Block { lane: 1, groups: 1, choices: 12 },
        Block { lane: 1, groups: 2, choices: 1 },
        Block { lane: 2, groups: 2, choices: 2 },
    ])
}

/// Contexts without rhyme or reason, infinities included.
struct Wild(Layout, Noise);

impl Denoiser for Wild {
    fn layout(&self) -> &Layout {
        &self.0
    }

    fn context(&self, seen: Observation<'_>, context: &mut [f32]) {
        assert!(seen.evidence.iter().all(|e| e.abs() <= Observation::CERTAIN));
        assert!(seen.log_snr.iter().all(|l| (-10.0..=6.0).contains(l)));
        for (i, c) in context.iter_mut().enumerate() {
            *c = match self.1.bits(i as u64) % 8 {
                0 => f32::INFINITY,
                1 => f32::NEG_INFINITY,
                2 => 1e30,
                _ => 50.0 * self.1.normal(i as u64),
            };
        }
    }
}

/// A task that is possible: choices exist and every set of allowed choices has a member.
fn any_task(layout: &Layout, seed: u64) -> Task {
    let mut task = Task::free(layout, TOKENS, seed);
    let noise = Noise::new(seed).stream(77);
    for (i, state) in task.states.iter_mut().enumerate() {
        *state = match noise.bits(i as u64) % 6 {
            0 => LaneState::Given,
            1 => LaneState::Unknown,
            2 => LaneState::Weak(1.0),
            _ => LaneState::Free,
        };
    }
    for token in 0..TOKENS {
        for (block, first, _) in layout.spans() {
            for group in first..first + block.groups {
                let at = token * layout.groups() + group;
                let random = |salt: u64| noise.stream(salt).bits(at as u64);
                let choice = (random(1) as usize % (block.choices + 1)) as u8;
                let given = task.states[token * layout.lanes() + block.lane] == LaneState::Given;
                task.choices[at] = if given && random(2) % 4 == 0 { UNKNOWN } else { choice };
                let spared = (random(3) as usize % (block.choices + 1)) as u8;
                for forbidden in (0..=block.choices as u8).filter(|&c| c != spared && random(4) >> c & 1 == 1) {
                    task.constraint.forbid(token, group, forbidden);
                }
            }
        }
    }
    task
}

fn assert_kept(layout: &Layout, task: &Task, item: &[u8]) {
    for token in 0..TOKENS {
        for (block, first, _) in layout.spans() {
            for group in first..first + block.groups {
                let at = token * layout.groups() + group;
                match task.states[token * layout.lanes() + block.lane] {
                    LaneState::Given => assert_eq!(item[at], task.choices[at]),
                    LaneState::Unknown => assert_eq!(item[at], UNKNOWN),
                    LaneState::Free | LaneState::Weak(_) => {
                        let allowed: ChoiceSet = task.constraint.allowed()[at];
                        assert!(item[at] as usize <= block.choices && allowed.contains(item[at] as usize));
                    }
                }
            }
        }
    }
}

proptest! {
    #[test]
    fn every_promise_of_a_task_is_kept(seed: u64, best: bool, temperature in 0.05f32..5.0) {
        let layout = layout();
        let world = Wild(layout.clone(), Noise::new(seed).stream(99));
        let tasks = [any_task(&layout, seed), any_task(&layout, seed ^ 1)];
        let levels = Levels::shared(&[-8.0, -2.0, 1.0, 20.0], &layout).unwrap();
        let settings = Settings { temperature, finish: if best { Finish::Best } else { Finish::Draw }, ..Settings::default() };
        for method in [
            Method::Ancestral,
            Method::Ddpm(ReverseVariance::Beta),
            Method::Ddim { eta: 0.3 },
            Method::SecondOrder,
        ] {
            let items = sample(method, &world, &tasks, &levels, settings, &mut |_| true).unwrap();
            for (task, item) in tasks.iter().zip(&items) {
                assert_kept(&layout, task, item);
            }
        }
    }
}
