//! Rules across groups hold at the end; tilts bring the expectation where it is asked; candidates raise a value.

use aeolian_diffusion::analytic::Independent;
use aeolian_diffusion::{
    Block, ChoiceSet, Layout, Levels, Look, Method, Settings, Steering, Task, posterior, sample, schedule,
};

const TOKENS: usize = 4;
const GROUPS: usize = 6;

fn layout() -> Layout {
    Layout::new(vec![Block { lane: 0, groups: GROUPS, choices: 1 }])
}

fn run(method: Method, steering: &dyn Steering, seeds: u64, task: impl Fn(u64) -> Task) -> Vec<Vec<u8>> {
    let world = Independent::new(layout(), &[0.5; GROUPS]);
    let levels = Levels::shared(&schedule::log_snr_levels(6, -6.0, 4.0, 1).unwrap(), &layout()).unwrap();
    let tasks: Vec<Task> = (0..seeds).map(task).collect();
    let settings = Settings { steering: Some(steering), ..Settings::default() };
    sample(method, &world, &tasks, &levels, settings, &mut |_| true).unwrap()
}

/// At most two groups of a token are on: the likeliest stay.
struct AtMostTwo;

impl Steering for AtMostTwo {
    fn settle(&self, look: Look<'_>, context: &[f32], choices: &mut [u8]) {
        for (token, row) in choices.chunks_exact_mut(GROUPS).enumerate() {
            let odds = |g: usize| look.evidence[token * GROUPS + g] + context[token * GROUPS + g];
            let fixed = |g: usize| look.allowed[token * GROUPS + g].single().is_some();
            let mut on: Vec<usize> = (0..GROUPS).filter(|&g| row[g] == 1).collect();
            on.sort_by(|&a, &b| fixed(b).cmp(&fixed(a)).then(odds(b).total_cmp(&odds(a))));
            on.iter().skip(2).for_each(|&g| row[g] = 0);
        }
    }
}

#[test]
fn a_rule_across_groups_holds_in_every_piece_and_locks_stay() {
    let locked = |seed| {
        let mut task = Task::free(&layout(), TOKENS, seed);
        task.constraint.restrict(1, 5, ChoiceSet::only(1));
        task
    };
    for method in [Method::Ancestral, Method::SecondOrder, Method::Ddim { eta: 0.5 }] {
        for item in run(method, &AtMostTwo, 100, locked) {
            assert!(item.chunks_exact(GROUPS).all(|row| row.iter().filter(|&&c| c == 1).count() <= 2), "{method:?}");
            assert_eq!(item[GROUPS + 5], 1);
        }
    }
}

/// Tilts every token so that 1.5 groups of it are expected to be on.
struct OneAndAHalf;

impl Steering for OneAndAHalf {
    fn lean(&self, look: Look<'_>, context: &mut [f32]) {
        for (evidence, context) in look.evidence.chunks_exact(GROUPS).zip(context.chunks_exact_mut(GROUPS)) {
            let expected = |tilt: f32| -> f32 {
                evidence.iter().zip(&*context).map(|(e, c)| 1.0 / (1.0 + (-(e + c + tilt)).exp())).sum()
            };
            let (mut low, mut high) = (-60.0f32, 60.0f32);
            for _ in 0..50 {
                let middle = 0.5 * (low + high);
                if expected(middle) < 1.5 { low = middle } else { high = middle }
            }
            context.iter_mut().for_each(|c| *c += low);
        }
    }
}

#[test]
fn a_tilt_brings_the_expectation_where_it_is_asked() {
    // Free pieces have 3 of 6. 400 pieces × 4 tokens; a token's count varies by less than 1.3: five errors are .16.
    let items = run(Method::Ancestral, &OneAndAHalf, 400, |seed| Task::free(&layout(), TOKENS, seed));
    let on = items.iter().flatten().filter(|&&c| c == 1).count() as f64;
    let mean = on / (400.0 * TOKENS as f64);
    assert!((mean - 1.5).abs() < 0.16, "{mean}");
}

/// Likes many.
struct Many(usize);

impl Steering for Many {
    fn candidates(&self) -> usize {
        self.0
    }

    fn value(&self, _look: Look<'_>, choices: &[u8]) -> f64 {
        choices.iter().map(|&c| f64::from(c)).sum()
    }
}

#[test]
fn the_best_of_several_draws_is_kept_and_one_draw_changes_nothing() {
    let free = |seed| Task::free(&layout(), TOKENS, seed);
    let mean = |items: &[Vec<u8>]| items.iter().flatten().map(|&c| f64::from(c)).sum::<f64>() / items.len() as f64;
    let alone = run(Method::Ancestral, &Many(1), 200, free);
    let best = run(Method::Ancestral, &Many(8), 200, free);
    // 24 fair coins: mean 12, deviation of the mean of 200 pieces .17.
    assert!((mean(&alone) - 12.0).abs() < 0.9, "{}", mean(&alone));
    assert!(mean(&best) > 15.0, "{}", mean(&best));
    struct Nothing;
    impl Steering for Nothing {}
    assert_eq!(run(Method::Ancestral, &Nothing, 20, free), alone[..20]);
}

#[test]
fn what_steering_sees_is_what_the_posterior_uses() {
    struct Check;
    impl Steering for Check {
        fn settle(&self, look: Look<'_>, context: &[f32], choices: &mut [u8]) {
            assert_eq!((look.evidence.len(), look.allowed.len()), (TOKENS * GROUPS, TOKENS * GROUPS));
            assert!((0.0..=1.0).contains(&look.progress) && look.item < 3);
            let mut best = vec![9; TOKENS * GROUPS];
            posterior::best(&layout(), look.evidence, context, look.allowed, &mut best);
            if look.progress == 1.0 {
                choices.copy_from_slice(&best);
            }
        }
    }
    let items = run(Method::Ancestral, &Check, 3, |seed| Task::free(&layout(), TOKENS, seed));
    assert_eq!(items.len(), 3);
}
