//! How many times faster than real time a piece is rendered on one core.
//!
//!     cargo run --release -p aeolian-synth --example render_speed
//!
//! Time is that of the processor where the system tells it (Linux), so other programs do not count; else that of the clock.
//! You should see at least 100 × for the three lanes of piano, and at least 30 × for 64 voices at once.

use aeolian_score::{Note, Part, Score, Tick};
use aeolian_synth::{Instrument, RenderSettings, render};
use std::time::Instant;

const RATE: u32 = 44_100;

fn main() -> Result<(), aeolian_synth::Error> {
    let piece = three_lanes(60);
    let watch = Watch::start();
    let sound = render(&piece, &RenderSettings::default())?;
    report("3 lanes of piano, room and limiter", sound.seconds(), watch.seconds());
    for (name, programs) in [
        ("64 pianos", &[0u8][..]),
        ("64 string ensembles", &[48]),
        ("64 flutes", &[73]),
        ("64 nylon guitars", &[24]),
        ("64 voices of 16 programs", &[0, 4, 11, 19, 24, 33, 40, 48, 52, 56, 61, 68, 71, 73, 81, 89]),
    ] {
        let seconds = 4.0;
        report(name, seconds, together(programs, (seconds * f64::from(RATE)) as usize));
    }
    Ok(())
}

struct Watch {
    start: Instant,
    cpu_nanoseconds: Option<f64>,
}

impl Watch {
    fn start() -> Self {
        Self { start: Instant::now(), cpu_nanoseconds: cpu_nanoseconds() }
    }

    fn seconds(&self) -> f64 {
        match (self.cpu_nanoseconds, cpu_nanoseconds()) {
            (Some(before), Some(now)) if now > before => (now - before) * 1e-9,
            _ => self.start.elapsed().as_secs_f64(),
        }
    }
}

/// What this process has had of the processor.
fn cpu_nanoseconds() -> Option<f64> {
    std::fs::read_to_string("/proc/self/schedstat").ok()?.split_whitespace().next()?.parse().ok()
}

fn report(name: &str, seconds: f64, took: f64) {
    println!("{name:40} {seconds:6.1} s of sound in {took:6.3} s: {:6.0} × real time", seconds / took);
}

/// Melody in eighths, chords in halves, bass in quarters, 120 quarters a minute.
fn three_lanes(bars: u32) -> Score {
    let note = |onset: u32, pitch: u32, duration: u32| Note {
        onset: Tick(onset),
        pitch: pitch as u8,
        duration: Tick(duration),
        velocity: 50 + (onset / 240 % 5) as u8 * 12,
    };
    let mut score = Score::new(480);
    let melody = (0..8 * bars).map(|i| note(240 * i, 72 + i * 5 % 13, 240)).collect();
    let chords =
        (0..2 * bars).flat_map(|i| [0, 4, 7].map(|third| note(960 * i, 55 + third + i * 5 % 7, 960))).collect();
    let bass = (0..4 * bars).map(|i| note(480 * i, 36 + i * 7 % 12, 480)).collect();
    score.parts = [melody, chords, bass].map(|notes| Part { notes, ..Part::default() }).into();
    score
}

/// Seconds that 64 held notes take.
fn together(programs: &[u8], frames: usize) -> f64 {
    let mut instruments: Vec<_> = programs.iter().map(|&program| Instrument::new(program, false, RATE)).collect();
    let (mut left, mut right) = (vec![0.0; frames], vec![0.0; frames]);
    let watch = Watch::start();
    let count = instruments.len();
    let mut notes: Vec<_> = (0..64).map(|i| instruments[i % count].note_on(36 + (i * 7 % 48) as u8, 90)).collect();
    for (left, right) in left.chunks_mut(256).zip(right.chunks_mut(256)) {
        for note in &mut notes {
            note.render(left, right);
        }
    }
    let took = watch.seconds();
    assert!(left.iter().any(|&x| x != 0.0), "sixty-four notes are heard");
    took
}
