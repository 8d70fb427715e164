//! A weak lane that resembles two things: nearer to the one that has the larger share.

use aeolian_diffusion::analytic::Independent;
use aeolian_diffusion::{Blend, Block, LaneState, Layout, Levels, Method, Settings, Task, sample, schedule};

const TOKENS: usize = 10;

/// How many of the cells that differ between all-off and all-on come out on, in 60 items.
fn share_on(share: f32) -> f64 {
    let layout = Layout::new(vec![Block { lane: 0, groups: 4, choices: 1 }]);
    let world = Independent::new(layout.clone(), &[0.5; 4]);
    let levels = Levels::shared(&schedule::log_snr_levels(6, -6.0, 4.0, 1).unwrap(), &layout).unwrap();
    let task = |seed| {
        let mut task = Task::free(&layout, TOKENS, seed);
        task.choices.fill(0);
        task.blend = Some(Blend { choices: vec![1; TOKENS * 4], share });
        task.set_lane(0, LaneState::Weak(0.0));
        task
    };
    let tasks: Vec<Task> = (0..60).map(task).collect();
    let items = sample(Method::Ancestral, &world, &tasks, &levels, Settings::default(), &mut |_| true).unwrap();
    items.iter().flatten().map(|&c| f64::from(c)).sum::<f64>() / (60 * TOKENS * 4) as f64
}

#[test]
fn the_larger_share_wins_and_halves_are_even() {
    // 2400 cells: five standard errors of a fair coin are .05. Evidence has mean 2 (2 share − 1), variance 4.
    let (little, half, much) = (share_on(0.1), share_on(0.5), share_on(0.9));
    assert!((half - 0.5).abs() < 0.05, "{half}");
    assert!(little < 0.3 && much > 0.7, "{little} {much}");
    assert!((little + much - 1.0).abs() < 0.07, "the two sides mirror each other");
}
