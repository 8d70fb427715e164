//! Samplers with perfect denoisers reproduce the exact distribution, and every promise of a task is kept.

use aeolian_diffusion::analytic::{Corpus, Independent};
use aeolian_diffusion::sampler::{Finish, ReverseVariance};
use aeolian_diffusion::schedule::log_snr_levels;
use aeolian_diffusion::{
    Block, Denoiser, Error, LaneState, Layout, Levels, Method, Observation, Settings, Task, UNKNOWN, sample,
};

const METHODS: [Method; 6] = [
    Method::Ancestral,
    Method::Ddpm(ReverseVariance::Posterior),
    Method::Ddpm(ReverseVariance::Beta),
    Method::Ddim { eta: 0.0 },
    Method::Ddim { eta: 0.5 },
    Method::SecondOrder,
];

fn levels(n: usize, layout: &Layout) -> Levels {
    Levels::shared(&log_snr_levels(n, -9.0, 5.0, 1).unwrap(), layout).unwrap()
}

fn draw(method: Method, denoiser: &dyn Denoiser, tasks: &[Task], n: usize) -> Vec<Vec<u8>> {
    let levels = levels(n, denoiser.layout());
    sample(method, denoiser, tasks, &levels, Settings::default(), &mut |_| true).unwrap()
}

/// Asserts that `count` of `n` is within five standard errors of probability p.
fn assert_share(count: usize, n: usize, p: f64, what: &str) {
    let (count, n) = (count as f64, n as f64);
    let error = (n * p * (1.0 - p)).sqrt();
    assert!((count - n * p).abs() <= 5.0 * error, "{what}: {count} of {n}, expected {} ± {error}", n * p);
}

fn three_states() -> Layout {
    Layout::new(vec![Block { lane: 0, groups: 1, choices: 2 }, Block { lane: 1, groups: 1, choices: 1 }])
}

#[test]
fn independent_groups_are_drawn_from_their_prior() {
    // 12,000 groups of each kind. Ancestral sampling is exact in any number of levels, so it gets 3; the others 150.
    let world = Independent::new(three_states(), &[0.25, 0.1, 0.4]);
    let tasks: Vec<Task> = (0..60).map(|seed| Task::free(world.layout(), 200, seed)).collect();
    for (method, n) in [
        (Method::Ancestral, 3),
        (Method::Ddpm(ReverseVariance::Posterior), 150),
        (Method::Ddpm(ReverseVariance::Beta), 150),
        (Method::Ddim { eta: 0.0 }, 150),
        (Method::SecondOrder, 150),
    ] {
        let items = draw(method, &world, &tasks, n);
        let count = |group: usize, choice: u8| {
            items.iter().flat_map(|i| i.iter().skip(group).step_by(2)).filter(|&&c| c == choice).count()
        };
        for (choice, p) in [(0, 0.65), (1, 0.25), (2, 0.1)] {
            assert_share(count(0, choice), 12_000, p, &format!("{method:?}, choice {choice}"));
        }
        assert_share(count(1, 1), 12_000, 0.4, &format!("{method:?}, cell"));
    }
}

fn two_pieces() -> (Corpus, Vec<u8>, Vec<u8>) {
    let (a, b) = (vec![0, 1, 2, 0, 1, 0, 0, 2, 1, 0], vec![2, 1, 0, 0, 0, 1, 1, 2, 0, 0]);
    let layout = Layout::new(vec![Block { lane: 0, groups: 3, choices: 2 }, Block { lane: 1, groups: 2, choices: 2 }]);
    (Corpus::new(layout, 2, vec![(0.3, a.clone()), (0.7, b.clone())]), a, b)
}

#[test]
fn a_corpus_of_two_pieces_is_drawn_in_its_proportion() {
    let (corpus, a, b) = two_pieces();
    const N: usize = 1000;
    let tasks: Vec<Task> = (0..N as u64).map(|seed| Task::free(corpus.layout(), 2, seed)).collect();
    for method in METHODS {
        let items = draw(method, &corpus, &tasks, 150);
        let is_a = items.iter().filter(|&item| *item == a).count();
        let is_b = items.iter().filter(|&item| *item == b).count();
        assert_eq!(is_a + is_b, N, "{method:?}: every sample is one of the two pieces");
        assert_share(is_a, N, 0.3, &format!("{method:?}"));
    }
}

#[test]
fn given_lanes_decide_the_rest_and_come_back_exactly() {
    let (corpus, a, b) = two_pieces();
    for method in METHODS {
        for piece in [&a, &b] {
            let mut task = Task::free(corpus.layout(), 2, 5);
            task.choices.copy_from_slice(piece);
            task.set_lane(1, LaneState::Given);
            assert_eq!(draw(method, &corpus, &[task], 12), [piece.as_slice()], "{method:?}");
        }
    }
}

#[test]
fn given_choices_come_back_even_if_the_network_has_never_seen_them() {
    let (corpus, ..) = two_pieces();
    for method in METHODS {
        let mut task = Task::free(corpus.layout(), 2, 5);
        task.choices = vec![2, 2, 2, UNKNOWN, 2, 2, 2, 2, 1, UNKNOWN];
        task.set_lane(0, LaneState::Given);
        task.set(0, 1, LaneState::Given);
        task.set(1, 1, LaneState::Unknown);
        let item = draw(method, &corpus, &[task], 6).remove(0);
        assert_eq!(item, [2, 2, 2, UNKNOWN, 2, 2, 2, 2, UNKNOWN, UNKNOWN], "{method:?}");
    }
}

#[test]
fn locked_groups_come_back_and_forbidden_choices_never_appear() {
    let (corpus, a, _) = two_pieces();
    for method in METHODS {
        for finish in [Finish::Draw, Finish::Best] {
            let tasks: Vec<Task> = (0..100)
                .map(|seed| {
                    let mut task = Task::free(corpus.layout(), 2, seed);
                    task.constraint.lock(0, 0, 0); // only in piece a
                    task.constraint.lock(1, 2, 0); // in neither
                    task.constraint.forbid(1, 3, 0); // a has 1, b has 0
                    task.constraint.forbid(0, 1, 1); // both have 1
                    task
                })
                .collect();
            let settings = Settings { finish, temperature: 1.5, ..Settings::default() };
            let levels = levels(12, corpus.layout());
            for item in sample(method, &corpus, &tasks, &levels, settings, &mut |_| true).unwrap() {
                assert_eq!((item[0], item[7]), (0, 0), "{method:?}");
                assert!(item[8] != 0 && item[1] != 1, "{method:?}: {item:?}");
                assert_eq!(item[2], a[2], "{method:?}: the locks agree with piece a: {item:?}");
            }
        }
    }
}

#[test]
fn locks_condition_the_rest_of_the_piece() {
    // One lock that only piece a satisfies, on a corpus in which piece a is rare.
    let (corpus, a, _) = two_pieces();
    let tasks: Vec<Task> = (0..50)
        .map(|seed| {
            let mut task = Task::free(corpus.layout(), 2, seed);
            task.constraint.lock(0, 0, a[0]);
            task
        })
        .collect();
    for method in METHODS {
        assert!(draw(method, &corpus, &tasks, 12).iter().all(|item| *item == a), "{method:?}");
    }
}

#[test]
fn weak_evidence_of_a_piece_leads_back_to_it() {
    let (corpus, a, _) = two_pieces();
    for method in METHODS {
        let task = |seed, level| {
            let mut task = Task::free(corpus.layout(), 2, seed);
            task.choices = a.clone();
            (0..2).for_each(|lane| task.set_lane(lane, LaneState::Weak(level)));
            task
        };
        let share = |level| {
            let tasks: Vec<Task> = (0..400).map(|seed| task(seed, level)).collect();
            draw(method, &corpus, &tasks, 60).iter().filter(|&item| *item == a).count()
        };
        assert_eq!(share(2.0), 400, "{method:?}: strong evidence decides");
        // Evidence worth next to nothing leaves the corpus's own proportion (0.3); five standard errors.
        assert_share(share(-8.5), 400, 0.3, &format!("{method:?}"));
        assert!((140..400).contains(&share(-2.0)), "{method:?}: in between");
    }
}

#[test]
fn an_item_does_not_depend_on_its_batch() {
    let (corpus, ..) = two_pieces();
    let tasks: Vec<Task> = (0..12).map(|seed| Task::free(corpus.layout(), 2, seed)).collect();
    let levels = levels(10, corpus.layout());
    for method in METHODS {
        let run = |tasks: &[Task]| sample(method, &corpus, tasks, &levels, Settings::default(), &mut |_| true).unwrap();
        let together = run(&tasks);
        assert!(together.windows(2).any(|w| w[0] != w[1]), "{method:?}");
        for (task, item) in tasks.iter().zip(&together) {
            assert_eq!(run(std::slice::from_ref(task)), std::slice::from_ref(item), "{method:?}");
        }
        let backwards: Vec<Task> = tasks.iter().rev().cloned().collect();
        assert!(run(&backwards).iter().rev().eq(&together), "{method:?}");
    }
}

#[test]
fn a_seed_means_the_same_choices_on_every_machine() {
    // Recorded on x86-64; any machine, optimisation level or batch must give the same.
    let world = Independent::new(three_states(), &[0.25, 0.1, 0.4]);
    let tasks = [Task::free(world.layout(), 500, 2026)];
    let digests = METHODS.map(|method| {
        let item = draw(method, &world, &tasks, 10).remove(0);
        item.iter().fold(0u64, |digest, &choice| digest.wrapping_mul(1_000_003).wrapping_add(u64::from(choice)))
    });
    let recorded = [
        0x230b_2145_e9e4_d9e5,
        0x7b7d_db68_177d_104d,
        0x1f00_b6cd_b088_cbd9,
        0x657b_b88d_f2c9_2617,
        0x4f18_4425_13ef_cbab,
        0xf449_9f1f_71a4_2196,
    ];
    assert_eq!(digests, recorded, "{digests:#x?}");
}

#[test]
fn a_lane_may_walk_ahead_of_another() {
    let (corpus, a, b) = two_pieces();
    let shared = log_snr_levels(60, -9.0, 5.0, 1).unwrap();
    let ahead = |lane: usize, progress: f64| if lane == 1 { 3.0 * (1.0 - progress) } else { 0.0 };
    let levels = Levels::with_offsets(&shared, corpus.layout(), ahead).unwrap();
    let tasks: Vec<Task> = (0..100).map(|seed| Task::free(corpus.layout(), 2, seed)).collect();
    for method in METHODS {
        let items = sample(method, &corpus, &tasks, &levels, Settings::default(), &mut |_| true).unwrap();
        assert!(items.iter().all(|item| *item == a || *item == b), "{method:?}");
    }
}

#[test]
fn a_lean_shifts_the_odds() {
    // Even odds plus a lean of ln 3: three quarters. 10,000 cells, ancestral sampling is exact.
    let layout = Layout::new(vec![Block { lane: 0, groups: 10, choices: 1 }]);
    let world = Independent::new(layout.clone(), &[0.5; 10]);
    let task = Task { lean: vec![3f32.ln(); 10_000], ..Task::free(&layout, 1000, 8) };
    let on = draw(Method::Ancestral, &world, &[task], 3)[0].iter().filter(|&&c| c == 1).count();
    assert_share(on, 10_000, 0.75, "leaning");
}

#[test]
fn progress_counts_every_evaluation_and_can_cancel() {
    let (corpus, ..) = two_pieces();
    let tasks = [Task::free(corpus.layout(), 2, 1)];
    let levels = levels(7, corpus.layout());
    for method in METHODS {
        let mut seen = Vec::new();
        sample(method, &corpus, &tasks, &levels, Settings::default(), &mut |p| {
            assert_eq!((p.evidence.len(), p.context.len()), (20, 20));
            seen.push((p.done, p.of));
            true
        })
        .unwrap();
        let of = method.evaluations(7);
        assert_eq!(seen, (1..=of).map(|done| (done, of)).collect::<Vec<_>>(), "{method:?}");
        let stopped = sample(method, &corpus, &tasks, &levels, Settings::default(), &mut |p| p.done < 3);
        assert_eq!(stopped, Err(Error::Cancelled));
    }
}

/// Answers NaN, as a network after a training accident would.
struct Broken(Layout);

impl Denoiser for Broken {
    fn layout(&self) -> &Layout {
        &self.0
    }

    fn context(&self, _: Observation<'_>, context: &mut [f32]) {
        context.fill(f32::NAN);
    }
}

#[test]
fn bad_requests_and_networks_are_errors() {
    let (corpus, ..) = two_pieces();
    let levels = levels(4, corpus.layout());
    let task = Task::free(corpus.layout(), 2, 1);
    for method in METHODS {
        let run = |tasks: &[Task], settings| sample(method, &corpus, tasks, &levels, settings, &mut |_| true);
        assert!(run(&[task.clone(), Task::free(corpus.layout(), 3, 1)], Settings::default()).is_err());
        for temperature in [0.0, -1.0, f32::NAN, f32::INFINITY] {
            assert!(run(std::slice::from_ref(&task), Settings { temperature, ..Settings::default() }).is_err());
        }
        assert_eq!(run(&[], Settings::default()), Ok(vec![]));
        assert_eq!(run(&[Task::free(corpus.layout(), 0, 1)], Settings::default()), Ok(vec![vec![]]));
        let broken = Broken(corpus.layout().clone());
        let answer = sample(method, &broken, std::slice::from_ref(&task), &levels, Settings::default(), &mut |_| true);
        assert_eq!(answer, Err(Error::NotANumber { item: 0 }));
    }
    let wrong = Method::Ddim { eta: 1.5 };
    assert!(sample(wrong, &corpus, &[task], &levels, Settings::default(), &mut |_| true).is_err());
}
