//! Two hundred random dense pieces: how near to the loudness target, how far below −1 dBTP (by `ebur128`'s meter, not ours)?
//!
//!     cargo run --release -p aeolian-synth --example dense [pieces] [LUFS]
//!
//! You should see a worst miss well below 0.5 LU and a highest true peak of about −1 dBTP.

use aeolian_score::{Note, Part, Score, Tick};
use aeolian_synth::loudness::integrated_lufs;
use aeolian_synth::{RenderSettings, render};
use rayon::prelude::*;

/// xorshift64*: any even spread will do.
struct Dice(u64);

impl Dice {
    fn below(&mut self, below: u32) -> u32 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        ((self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 32) % u64::from(below)) as u32
    }
}

fn dense(seed: u64) -> Score {
    let mut dice = Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
    let mut score = Score::new(480);
    for part in 0..1 + dice.below(8) {
        let (is_drum, program) = (part > 0 && dice.below(5) == 0, dice.below(128) as u8);
        let mut note = || {
            let onset = Tick(60 * dice.below(64));
            let pitch = if is_drum { 35 + dice.below(47) } else { 24 + dice.below(80) } as u8;
            Note { onset, pitch, duration: Tick(60 * (1 + dice.below(24))), velocity: 1 + dice.below(127) as u8 }
        };
        let mut notes: Vec<Note> = (0..80).map(|_| note()).collect();
        notes.sort();
        score.parts.push(Part { program, is_drum, notes, ..Part::default() });
    }
    score
}

fn main() {
    let pieces = std::env::args().nth(1).and_then(|n| n.parse().ok()).unwrap_or(200u64);
    let target = std::env::args().nth(2).and_then(|n| n.parse().ok()).unwrap_or(-16.0);
    let settings = RenderSettings { loudness_lufs: Some(target), ..RenderSettings::default() };
    let figures: Vec<(f64, f64)> = (0..pieces)
        .into_par_iter()
        .map(|seed| {
            let sound = render(&dense(seed), &settings).expect("a sensible score");
            let mut meter = ebur128::EbuR128::new(2, 44_100, ebur128::Mode::TRUE_PEAK).expect("a meter");
            meter.add_frames_planar_f32(&[&sound.left, &sound.right]).expect("frames");
            let peak = meter.true_peak(0).expect("a peak").max(meter.true_peak(1).expect("a peak"));
            (integrated_lufs(&sound).expect("loud"), 20.0 * peak.log10())
        })
        .collect();
    let miss = figures.iter().map(|f| (f.0 - target).abs()).fold(0.0, f64::max);
    let peak = figures.iter().map(|f| f.1).fold(f64::MIN, f64::max);
    let over = figures.iter().filter(|f| f.1 > -1.0).count();
    println!(
        "{pieces} pieces: furthest from {target} LUFS {miss:.2} LU, highest true peak {peak:.3} dBTP, {over} over −1 dBTP"
    );
}
