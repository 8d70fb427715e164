//! How many times faster than real time 64 notes of each fitted voice sound on one core.
//!
//!     cargo run --release -p aeolian-voice --example voice_speed
//!
//! Time is that of the processor where the system tells it (Linux). "First" includes asking the network and making the tables of 48
//! pitches; "again" is with those at hand. You should see at least 30 × again.

use aeolian_voice::builtin;
use std::time::Instant;

const RATE: u32 = 44_100;
const SECONDS: f64 = 4.0;

fn main() {
    for voice in builtin::voices() {
        let mut instrument =
            aeolian_synth::Instrument::new(voice.card.program, false, RATE).fitted_by(builtin::fitted());
        let (first, again) = (together(&mut instrument), together(&mut instrument));
        println!(
            "64 × {:20} first {:5.0} ×, again {:5.0} × real time",
            voice.card.name,
            SECONDS / first,
            SECONDS / again
        );
    }
}

/// Seconds that 64 held notes take.
fn together(instrument: &mut aeolian_synth::Instrument) -> f64 {
    let frames = (SECONDS * f64::from(RATE)) as usize;
    let (mut left, mut right) = (vec![0.0; frames], vec![0.0; frames]);
    let (start, before) = (Instant::now(), cpu_nanoseconds());
    let mut notes: Vec<_> = (0..64).map(|i| instrument.note_on(36 + (i * 7 % 48) as u8, 90)).collect();
    for (left, right) in left.chunks_mut(256).zip(right.chunks_mut(256)) {
        notes.iter_mut().for_each(|note| note.render(left, right));
    }
    assert!(left.iter().any(|&x| x != 0.0), "sixty-four notes are heard");
    match (before, cpu_nanoseconds()) {
        (Some(before), Some(now)) if now > before => (now - before) * 1e-9,
        _ => start.elapsed().as_secs_f64(),
    }
}

/// What this process has had of the processor.
fn cpu_nanoseconds() -> Option<f64> {
    std::fs::read_to_string("/proc/self/schedstat").ok()?.split_whitespace().next()?.parse().ok()
}
