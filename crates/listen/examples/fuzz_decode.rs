//! Throws damaged sound files at the decoders until the time is up.
//!
//!     cargo run --release -p aeolian-listen --example fuzz_decode -- 600 1 GOOD.wav GOOD.flac GOOD.ogg GOOD.mp3
//!
//! The seconds for each file, the seed, and good files to damage (a second of sound is best; `aeolian render` writes the first three kinds).
//! Input n of a seed is always the same; one that takes more than ten seconds of the processor, panics, sounds not finite or lasts longer than is read ends
//! the run with its number and the file `fuzz-SEED-N.bin`, and so does more than half a gigabyte of memory. You should see a line every
//! ten seconds and "no crash" for each file.

use aeolian_listen::decode::{MAX_MINUTES, decode};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

const SLOWEST: Duration = Duration::from_secs(10);
/// Twenty minutes of samples are 106 MB, twice that while they grow.
const MOST_MEMORY_KB: u64 = 512 * 1_024;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [seconds, seed, files @ ..] = &arguments[..] else {
        return Err("usage: fuzz_decode SECONDS SEED FILE...".into());
    };
    let (seconds, seed): (u64, u64) = (seconds.parse()?, seed.parse()?);
    for file in files {
        let good = std::fs::read(file)?;
        let sound = decode(&good).map_err(|error| format!("{file}: {error}"))?;
        println!("{file}: {} bytes, {:.1} s of sound", good.len(), sound.seconds());
        throw_at(file, &good, seconds, seed)?;
    }
    Ok(())
}

fn throw_at(file: &str, good: &[u8], seconds: u64, seed: u64) -> Result<(), Box<dyn std::error::Error>> {
    let (start, mut told) = (Instant::now(), Instant::now());
    let (mut count, mut accepted, mut slowest) = (0u64, 0u64, Duration::ZERO);
    while start.elapsed().as_secs() < seconds {
        let bytes = damaged(good, &mut Dice(seed ^ count.wrapping_mul(0x9E37_79B9_7F4A_7C15)));
        let (began, clock) = (processor(), Instant::now());
        let outcome = catch_unwind(AssertUnwindSafe(|| hear(&bytes)));
        let took = processor().zip(began).map_or(clock.elapsed(), |(now, began)| now.saturating_sub(began));
        slowest = slowest.max(took);
        match outcome {
            Ok(Ok(_)) if took > SLOWEST => return stop(&bytes, seed, count, "takes too long"),
            Ok(Ok(heard)) => accepted += u64::from(heard),
            Ok(Err(what)) => return stop(&bytes, seed, count, what),
            Err(_) => return stop(&bytes, seed, count, "panics"),
        }
        if memory_kb().is_some_and(|kb| kb > MOST_MEMORY_KB) {
            return stop(&bytes, seed, count, "takes too much memory");
        }
        count += 1;
        if told.elapsed().as_secs() >= 10 {
            told = Instant::now();
            println!("{count} files, {accepted} heard, slowest {:.3} s", slowest.as_secs_f64());
        }
    }
    let memory = memory_kb().map_or("memory unknown".to_owned(), |kb| format!("{kb} kB at most"));
    let slowest = slowest.as_secs_f64();
    println!(
        "{file}, seed {seed}, {seconds} s: {count} files, {accepted} heard, the rest refused, no crash, slowest {slowest:.3} s, {memory}"
    );
    Ok(())
}

/// True if there is sound in it, false if it was refused in one sentence.
fn hear(bytes: &[u8]) -> Result<bool, &'static str> {
    match decode(bytes) {
        Ok(sound) if sound.seconds() > 60.0 * f64::from(MAX_MINUTES) + 1.0 => Err("is longer than what is read"),
        Ok(sound) if sound.samples.iter().any(|x| !x.is_finite()) => Err("sounds not finite"),
        Ok(_) => Ok(true),
        Err(error) if error.to_string().lines().count() == 1 => Ok(false),
        Err(_) => Err("is refused in more than a line"),
    }
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

/// One to six injuries: single bits, telling numbers of one, two or four bytes in either order, stretches moved, doubled or lost, the end
/// cut off. A third of them fall into the first hundred bytes, where headers are.
fn damaged(good: &[u8], dice: &mut Dice) -> Vec<u8> {
    const TELLING: [u32; 12] =
        [0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF];
    let mut bytes = good.to_vec();
    for _ in 0..1 + dice.below(6) {
        if bytes.len() < 8 {
            break;
        }
        let end = bytes.len() - 4;
        let end = if dice.below(3) == 0 { end.min(100) } else { end };
        let at = dice.below(end);
        let length = dice.below(64).min(bytes.len() - at);
        match dice.below(8) {
            0 | 1 => bytes[at] ^= 1 << dice.below(8),
            2 | 3 => {
                let number = TELLING[dice.below(TELLING.len())];
                let telling = if dice.below(2) == 0 { number.to_le_bytes() } else { number.swap_bytes().to_le_bytes() };
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

/// What this process has had of the processor, where the system tells: others may compute too.
fn processor() -> Option<Duration> {
    let nanoseconds = std::fs::read_to_string("/proc/self/schedstat").ok()?.split_whitespace().next()?.parse().ok()?;
    Some(Duration::from_nanos(nanoseconds))
}

/// The most memory this process has had, where the system tells.
fn memory_kb() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?.split_whitespace().next()?.parse().ok()
}
