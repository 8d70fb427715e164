//! Prints what a step of sampling costs beside the network, on a canvas of the usual size (32 quarters of 2,392 cells).
//!
//! Run: `cargo bench -p aeolian-diffusion`. Milliseconds are processor time of this thread, the least of many rounds.

use aeolian_diffusion::{Block, Denoiser, Layout, Levels, Method, Noise, Observation, Settings, Task};
use aeolian_diffusion::{posterior, sample, schedule};
use std::time::Instant;

const TOKENS: usize = 32;

/// Answers at once, and always the same.
struct Nobody(Layout);

impl Denoiser for Nobody {
    fn layout(&self) -> &Layout {
        &self.0
    }

    fn context(&self, _: Observation<'_>, context: &mut [f32]) {
        context.fill(-3.0);
    }
}

/// Seconds of processor time of this thread, as Linux counts them; wall time elsewhere.
fn thread_seconds(start: Instant) -> f64 {
    // Giving way brings the count up to date; otherwise it goes by ticks of four milliseconds.
    std::thread::yield_now();
    let counted = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let first = counted.and_then(|text| text.split(' ').next()?.parse::<f64>().ok());
    first.map_or_else(|| start.elapsed().as_secs_f64(), |nanoseconds| nanoseconds * 1e-9)
}

fn least_milliseconds(mut work: impl FnMut()) -> f64 {
    let start = Instant::now();
    let rounds = (0..20).map(|_| {
        let before = thread_seconds(start);
        work();
        thread_seconds(start) - before
    });
    1e3 * rounds.fold(f64::INFINITY, f64::min)
}

fn main() -> Result<(), aeolian_diffusion::Error> {
    let notes = (0..3).map(|lane| Block { lane, groups: 352, choices: 2 });
    let labels = [(3, 1, 12), (3, 1, 12), (3, 12, 1), (4, 1, 24), (5, 4, 1), (6, 12, 16), (7, 12, 2)];
    let labels = labels.map(|(lane, groups, choices)| Block { lane, groups, choices });
    let layout = Layout::new(notes.chain(labels).collect());
    let cells = TOKENS * layout.bits();
    println!("{TOKENS} tokens of {} cells in {} groups", layout.bits(), layout.groups());

    let mut normals = vec![0.0; cells];
    let normal = least_milliseconds(|| Noise::new(1).fill_normal(&mut normals, 0));
    println!("normals: {normal:.3} ms, {:.2} ns each", 1e6 * normal / cells as f64);
    let context = vec![-3.0; cells];
    let mut choices = vec![0; TOKENS * layout.groups()];
    let draw =
        least_milliseconds(|| posterior::draw(&layout, &normals, &context, &[], 1.0, Noise::new(2), &mut choices));
    println!("choices: {draw:.3} ms, {:.2} ns each", 1e6 * draw / choices.len() as f64);

    let denoiser = Nobody(layout.clone());
    let tasks = [Task::free(&layout, TOKENS, 1)];
    let levels = Levels::shared(&schedule::log_snr_levels(16, -7.0, 4.5, 1)?, &layout)?;
    for (name, method) in [("ancestral", Method::Ancestral), ("second order", Method::SecondOrder)] {
        let whole = least_milliseconds(|| {
            let drawn = sample(method, &denoiser, &tasks, &levels, Settings::default(), &mut |_| true);
            drop(std::hint::black_box(drawn));
        });
        println!("{name}: {:.3} ms an evaluation beside the network", whole / method.evaluations(16) as f64);
    }
    Ok(())
}
