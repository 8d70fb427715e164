//! Throws damaged SoundFonts at the reader and the player until the time is up.
//!
//!     cargo run --release -p aeolian-synth --example fuzz_soundfont -- sf2 600 1
//!     cargo run --release -p aeolian-synth --example fuzz_soundfont -- sf3 600 1
//!
//! The kind, the seconds, the seed. Input n of a seed is always the same; one that takes more than ten seconds, panics or sounds not
//! finite ends the run with its number and the file `fuzz-SEED-N.bin`. You should see a line every ten seconds and "no crash" at the end.

#[path = "../tests/fonts/mod.rs"]
mod fonts;

use aeolian_score::{Note, Part, Score, Tick};
use aeolian_synth::{Instruments, RenderSettings, SoundFont, render_with};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

const SLOWEST: Duration = Duration::from_secs(10);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [kind, seconds, seed] = &arguments[..] else { return Err("usage: fuzz_soundfont sf2|sf3 SECONDS SEED".into()) };
    let (seconds, seed): (u64, u64) = (seconds.parse()?, seed.parse()?);
    let good = if kind == "sf3" { fonts::compressed() } else { fonts::plain() };
    let score = piece();
    // The player's own panics are caught inside; told a thousand times a second they would fill the screen.
    std::panic::set_hook(Box::new(|_| {}));
    let (start, mut told) = (Instant::now(), Instant::now());
    let (mut count, mut accepted, mut slowest) = (0u64, 0u64, Duration::ZERO);
    while start.elapsed().as_secs() < seconds {
        let bytes = damaged(&good, &mut Dice(seed ^ count.wrapping_mul(0x9E37_79B9_7F4A_7C15)));
        let began = Instant::now();
        let outcome = catch_unwind(AssertUnwindSafe(|| play(&bytes, &score)));
        slowest = slowest.max(began.elapsed());
        match outcome {
            Ok(Ok(played)) if began.elapsed() <= SLOWEST => accepted += u64::from(played),
            Ok(Ok(_)) => return stop(&bytes, seed, count, "takes too long"),
            Ok(Err(what)) => return stop(&bytes, seed, count, what),
            Err(_) => return stop(&bytes, seed, count, "panics"),
        }
        count += 1;
        if told.elapsed().as_secs() >= 10 {
            told = Instant::now();
            let memory = memory();
            println!("{count} files, {accepted} played, slowest {:.3} s, {memory} at most", slowest.as_secs_f64());
        }
    }
    let rest = format!("slowest {:.3} s, {} at most", slowest.as_secs_f64(), memory());
    println!("{kind}, seed {seed}, {seconds} s: {count} files, {accepted} played, the rest refused, no crash, {rest}");
    Ok(())
}

/// True if it was read and played, false if it was refused.
fn play(bytes: &[u8], score: &Score) -> Result<bool, &'static str> {
    let Ok(font) = SoundFont::from_bytes(bytes) else { return Ok(false) };
    let settings = RenderSettings { reverb: 0.0, loudness_lufs: None, tail_seconds: 0.05, ..RenderSettings::default() };
    let Ok(sound) = render_with(score, &settings, Instruments::SoundFont(&font)) else { return Ok(false) };
    let finite = sound.left.iter().chain(&sound.right).all(|x| x.is_finite());
    if finite { Ok(true) } else { Err("sounds not finite") }
}

/// Two short notes and a drum: a tenth of a second.
fn piece() -> Score {
    let mut score = Score::new(480);
    let note = |onset, pitch| Note { onset: Tick(onset), pitch, duration: Tick(60), velocity: 100 };
    score.parts.push(Part { notes: vec![note(0, 60), note(40, 97)], ..Part::default() });
    score.parts.push(Part { is_drum: true, notes: vec![note(0, 38)], ..Part::default() });
    score
}

/// Random numbers (SplitMix64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        (self.roll() % n.max(1) as u64) as usize
    }
}

/// One to six injuries: single bits, telling numbers of one, two or four bytes, stretches moved, doubled or lost, the end cut off.
fn damaged(good: &[u8], dice: &mut Dice) -> Vec<u8> {
    const TELLING: [u32; 12] =
        [0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF];
    let mut bytes = good.to_vec();
    for _ in 0..1 + dice.below(6) {
        if bytes.len() < 8 {
            break;
        }
        let at = dice.below(bytes.len() - 4);
        let length = dice.below(64).min(bytes.len() - at);
        match dice.below(8) {
            0 | 1 => bytes[at] ^= 1 << dice.below(8),
            2 | 3 => {
                let telling = TELLING[dice.below(TELLING.len())].to_le_bytes();
                let width = [1, 2, 4][dice.below(3)];
                bytes[at..at + width].copy_from_slice(&telling[..width]);
            }
            4 => bytes[at] = dice.roll() as u8,
            5 => {
                let piece = bytes[at..at + length].to_vec();
                let to = dice.below(bytes.len());
                bytes.splice(to..to, piece);
            }
            6 => {
                bytes.drain(at..at + length);
            }
            _ if dice.below(4) == 0 => bytes.truncate(at),
            _ => {
                let to = dice.below(bytes.len() - length + 1);
                bytes.copy_within(at..at + length, to);
            }
        }
    }
    bytes
}

fn stop(bytes: &[u8], seed: u64, count: u64, what: &str) -> Result<(), Box<dyn std::error::Error>> {
    let file = format!("fuzz-{seed}-{count}.bin");
    std::fs::write(&file, bytes)?;
    Err(format!("input {count} of seed {seed} {what}; it is kept as {file}").into())
}

/// The most memory this process has had, where the system tells.
fn memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.map_or("memory unknown".to_owned(), |kilobytes| kilobytes.trim().to_owned())
}
