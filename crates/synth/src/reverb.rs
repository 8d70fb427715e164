//! A hall: early reflections, diffusion, and a feedback delay network of sixteen lines.
//!
//! - Low notes are kept out of it, as engineers do, or the hall would boom.
//! - Eight reflections an ear, at times without common measure, say how far the walls are.
//! - Four all-pass filters an ear (Schroeder 1962, "Natural sounding artificial reverberation") smear every onset, so that no
//!   echo of a drum stands alone.
//! - Sixteen delay lines feed one another through a Hadamard matrix, which turns energy without losing any (Jot & Chaigne 1991,
//!   "Digital delay networks for designing artificial reverberators"). Every line loses what its length owes to the
//!   reverberation time of low and of high frequencies (ibid.; the pole is that of J. O. Smith, "Physical Audio Signal
//!   Processing", First-Order Delay-Filter Design).
//!
//! The lines of the left ear and those of the right are different ones, so that the tail is wide and yet no echo is louder on
//! the wrong side at first.

use crate::elementary::gain_from_db;
use crate::stereo::Stereo;

const LINES: usize = 16;
/// Lengths of the lines in milliseconds: primes at 44,100 Hz, even ones for the left ear, odd ones for the right.
const LINES_MS: [f64; LINES] =
    [31.0, 33.5, 35.4, 38.2, 41.2, 43.9, 46.8, 50.3, 53.9, 57.6, 61.8, 66.4, 71.3, 76.9, 83.1, 89.6];
/// All-pass lengths of each ear in milliseconds.
const DIFFUSION_MS: [[f64; 4]; 2] = [[4.77, 3.59, 12.73, 9.31], [4.53, 3.83, 11.97, 9.89]];
const DIFFUSION: f32 = 0.6;
/// Time in milliseconds and gain of each reflection of each ear.
const REFLECTIONS: [[(f64, f32); 8]; 2] = [
    [(9.7, 0.42), (14.9, -0.33), (19.3, 0.29), (26.9, 0.24), (33.1, -0.20), (41.3, 0.17), (52.7, -0.13), (61.1, 0.10)],
    [(10.9, 0.40), (13.3, 0.34), (21.7, -0.28), (25.1, 0.25), (35.9, 0.19), (43.9, -0.16), (50.3, 0.14), (64.7, -0.09)],
];
const PRE_DELAY_MS: f64 = 9.0;
/// Seconds in which a low and the highest frequency fall by 60 dB.
const REVERBERATION_SECONDS: f64 = 1.7;
const HIGHEST_REVERBERATION_SECONDS: f64 = 0.55;
/// Below this frequency the hall hears less and less.
const LOW_CUT_HZ: f64 = 160.0;
/// Makes the hall's answer to steady noise, dull as music, as loud as the noise itself at an amount of 1.
const LEVEL: f32 = 0.338;
/// Most frames that pass together; fewer where a delay is shorter.
const BLOCK: usize = 64;

/// A delay line that a block of samples leaves before a block enters; no block is longer than the line.
struct Delay {
    samples: Vec<f32>,
    at: usize,
}

impl Delay {
    fn new(milliseconds: f64, sample_rate_hz: f64) -> Self {
        Self { samples: vec![0.0; frames_in(milliseconds, sample_rate_hz)], at: 0 }
    }

    fn frames(&self) -> usize {
        self.samples.len()
    }

    /// The oldest samples, in order.
    fn read(&self, block: &mut [f32]) {
        let first = block.len().min(self.samples.len() - self.at);
        let (early, late) = block.split_at_mut(first);
        early.copy_from_slice(&self.samples[self.at..][..early.len()]);
        late.copy_from_slice(&self.samples[..late.len()]);
    }

    /// Puts a block in their place.
    fn write(&mut self, block: &mut [f32]) {
        // Subnormal numbers in a dying tail would make the processor crawl.
        block.iter_mut().for_each(|x| *x = if x.abs() < 1e-18 { 0.0 } else { *x });
        let first = block.len().min(self.samples.len() - self.at);
        let (early, late) = block.split_at(first);
        self.samples[self.at..][..early.len()].copy_from_slice(early);
        self.samples[..late.len()].copy_from_slice(late);
        self.at = (self.at + block.len()) % self.samples.len();
    }
}

fn frames_in(milliseconds: f64, sample_rate_hz: f64) -> usize {
    ((milliseconds * 0.001 * sample_rate_hz) as usize).max(1)
}

/// What happens to one ear's sound before the network.
struct Entrance {
    low_cut: f32,
    low: f32,
    /// The last samples heard, and room for the next block.
    history: Vec<f32>,
    pre_delay: usize,
    reflections: [(usize, f32); 8],
    diffusers: [Delay; 4],
}

impl Entrance {
    fn new(ear: usize, rate: f64) -> Self {
        let reflections = REFLECTIONS[ear].map(|(ms, gain)| (frames_in(ms, rate), gain));
        let longest = reflections.iter().map(|r| r.0).max().unwrap_or(0);
        Self {
            // 1 − e^(−2πf/rate), to first order and never above a half.
            low_cut: (std::f64::consts::TAU * LOW_CUT_HZ / rate).min(0.5) as f32,
            low: 0.0,
            history: vec![0.0; longest + BLOCK],
            pre_delay: frames_in(PRE_DELAY_MS, rate),
            reflections,
            diffusers: DIFFUSION_MS[ear].map(|ms| Delay::new(ms, rate)),
        }
    }

    /// The reflections heard during this block, and what enters the network.
    fn pass(&mut self, block: &[f32], reflected: &mut [f32], entering: &mut [f32]) {
        let now = self.history.len() - BLOCK;
        for (past, x) in self.history[now..].iter_mut().zip(block) {
            self.low += self.low_cut * (x - self.low);
            *past = x - self.low;
        }
        for &(ago, gain) in &self.reflections {
            let earlier = &self.history[now - ago..];
            reflected.iter_mut().zip(earlier).for_each(|(sum, x)| *sum += gain * x);
        }
        entering.copy_from_slice(&self.history[now - self.pre_delay..][..block.len()]);
        for diffuser in &mut self.diffusers {
            let mut delayed = [0.0; BLOCK];
            let delayed = &mut delayed[..block.len()];
            diffuser.read(delayed);
            for (x, d) in entering.iter_mut().zip(delayed.iter_mut()) {
                let inside = *x + DIFFUSION * *d;
                *x = *d - DIFFUSION * inside;
                *d = inside;
            }
            diffuser.write(delayed);
        }
        self.history.copy_within(block.len().., 0);
    }
}

/// The sixteen lines and their losses.
struct Network {
    lines: [Delay; LINES],
    gain: [f32; LINES],
    pole: [f32; LINES],
    smoothed: [f32; LINES],
}

impl Network {
    fn new(rate: f64) -> Self {
        let lines = LINES_MS.map(|ms| Delay::new(ms, rate));
        let seconds: [f64; LINES] = std::array::from_fn(|i| lines[i].frames() as f64 / rate);
        let ratio = HIGHEST_REVERBERATION_SECONDS / REVERBERATION_SECONDS;
        // log₁₀ g = −3·T / T₆₀; pole p = ln 10 / 4 · log₁₀ g · (1 − 1 / ratio²).
        let digits = seconds.map(|s| -3.0 * s / REVERBERATION_SECONDS);
        let gain = digits.map(|d| gain_from_db(20.0 * d) as f32);
        let steepness = std::f64::consts::LN_10 / 4.0 * (1.0 - 1.0 / (ratio * ratio));
        let pole = digits.map(|d| (steepness * d).clamp(0.0, 0.9) as f32);
        Self { lines, gain, pole, smoothed: [0.0; LINES] }
    }

    /// Passes up to [`BLOCK`] frames; what enters at either ear becomes what comes out there.
    fn pass(&mut self, ears: &mut [[f32; BLOCK]; 2], frames: usize) {
        let mut block = [[0.0f32; LINES]; BLOCK];
        let mut line_block = [0.0f32; BLOCK];
        for (i, line) in self.lines.iter().enumerate() {
            line.read(&mut line_block[..frames]);
            block.iter_mut().zip(&line_block[..frames]).for_each(|(x, sample)| x[i] = *sample);
        }
        for (frame, x) in block[..frames].iter_mut().enumerate() {
            for i in 0..LINES {
                self.smoothed[i] = (1.0 - self.pole[i]) * x[i] + self.pole[i] * self.smoothed[i];
                x[i] = self.gain[i] * self.smoothed[i];
            }
            // Every second line of an ear counts with the opposite sign, so that their sum has no favourite frequency.
            let out = [0, 1].map(|ear| (0..LINES / 4).map(|i| x[4 * i + ear] - x[4 * i + 2 + ear]).sum());
            mix(x);
            for i in 0..LINES {
                x[i] += ears[i & 1][frame];
            }
            [ears[0][frame], ears[1][frame]] = out;
        }
        for (i, line) in self.lines.iter_mut().enumerate() {
            line_block.iter_mut().zip(&block[..frames]).for_each(|(sample, x)| *sample = x[i]);
            line.write(&mut line_block[..frames]);
        }
    }
}

/// The Hadamard matrix of order 16, scaled to keep energy.
fn mix(x: &mut [f32; LINES]) {
    let mut half = 1;
    while half < LINES {
        for start in (0..LINES).step_by(2 * half) {
            for i in start..start + half {
                (x[i], x[i + half]) = (x[i] + x[i + half], x[i] - x[i + half]);
            }
        }
        half *= 2;
    }
    x.iter_mut().for_each(|v| *v *= 0.25);
}

/// What the hall answers to `dry`, as long as `dry`; at an `amount` of 1 about as loud as the instruments.
pub fn room(dry: &Stereo, amount: f32) -> Stereo {
    let rate = f64::from(dry.sample_rate_hz.max(1_000));
    let mut wet = Stereo::silence(dry.sample_rate_hz, dry.frames());
    let mut entrances = [Entrance::new(0, rate), Entrance::new(1, rate)];
    let mut network = Network::new(rate);
    // At low rates some all-pass filter is shorter than a block.
    let shortest = entrances.iter().flat_map(|e| &e.diffusers).map(Delay::frames).min().unwrap_or(1).min(BLOCK);
    let level = amount * LEVEL;
    for start in (0..dry.frames()).step_by(shortest) {
        let end = (start + shortest).min(dry.frames());
        let mut through = [[0.0f32; BLOCK]; 2];
        let mut reflected = [[0.0f32; BLOCK]; 2];
        for (ear, sound) in [&dry.left, &dry.right].into_iter().enumerate() {
            let frames = end - start;
            entrances[ear].pass(&sound[start..end], &mut reflected[ear][..frames], &mut through[ear][..frames]);
        }
        network.pass(&mut through, end - start);
        for (ear, sound) in [&mut wet.left, &mut wet.right].into_iter().enumerate() {
            let sums = through[ear].iter().zip(&reflected[ear]);
            sound[start..end].iter_mut().zip(sums).for_each(|(w, (t, r))| *w = level * (t + r));
        }
    }
    wet
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::noise::uniform;

    const RATE: usize = 44_100;

    fn impulse_response() -> Stereo {
        let mut sound = Stereo::silence(RATE as u32, 4 * RATE);
        (sound.left[100], sound.right[100]) = (1.0, 1.0);
        room(&sound, 1.0)
    }

    fn energy(samples: &[f32]) -> f64 {
        samples.iter().map(|x| f64::from(x * x)).sum()
    }

    #[test]
    fn the_matrix_keeps_energy_and_undoes_itself() {
        let mut x: [f32; LINES] = std::array::from_fn(|i| uniform(3, i as u64));
        let before = x;
        mix(&mut x);
        assert!((energy(&x) - energy(&before)).abs() < 1e-6);
        mix(&mut x);
        assert!(x.iter().zip(&before).all(|(a, b)| (a - b).abs() < 1e-6));
    }

    #[test]
    fn the_tail_falls_by_about_sixty_decibels_in_the_reverberation_time() {
        let sound = impulse_response();
        let (early, late) = (energy(&sound.left[8_000..16_000]), energy(&sound.left[8_000 + RATE..16_000 + RATE]));
        let db_per_second = 10.0 * (early / late).log10();
        // 60 dB in 1.7 s is 35; high frequencies fall faster.
        assert!((35.0..60.0).contains(&db_per_second), "{db_per_second}");
        assert!(energy(&sound.left[3 * RATE..]) < 1e-7 * energy(&sound.left));
    }

    #[test]
    fn the_hall_is_about_as_loud_as_the_instruments_at_one() {
        // Noise as dull as music is: it falls from 1,500 Hz on.
        let noise = |ear| {
            let mut smooth = 0.0;
            let duller = |i| {
                smooth += 0.2 * (uniform(ear, i) - smooth);
                smooth
            };
            (0..4 * RATE as u64).map(duller).collect::<Vec<f32>>()
        };
        let dry = Stereo { sample_rate_hz: RATE as u32, left: noise(1), right: noise(2) };
        let wet = room(&dry, 1.0);
        let ratio = (energy(&wet.left[2 * RATE..]) / energy(&dry.left[2 * RATE..])).sqrt();
        assert!((0.8..1.25).contains(&ratio), "{ratio}");
    }

    #[test]
    fn the_hall_answers_both_ears_differently_and_never_early() {
        let sound = impulse_response();
        // The first wall is 9.7 ms away.
        assert!(sound.left[..100 + 427].iter().chain(&sound.right[..100 + 480]).all(|&x| x == 0.0));
        assert!(sound.left[100 + 427] != 0.0);
        let (l, r) = (&sound.left[4_000..60_000], &sound.right[4_000..60_000]);
        let cross: f64 = l.iter().zip(r).map(|(a, b)| f64::from(a * b)).sum();
        assert!(cross.abs() < 0.3 * (energy(l) * energy(r)).sqrt());
        let balance = energy(l) / energy(r);
        assert!((0.7..1.4).contains(&balance), "{balance}");
    }

    #[test]
    fn echoes_are_dense_after_a_tenth_of_a_second() {
        // In a dense tail the share of samples beyond one standard deviation is that of Gaussian noise, 0.32 (Abel & Huang
        // 2006, "A simple, robust measure of reverberation echo density"); single echoes would leave far fewer.
        let sound = impulse_response();
        let tail = &sound.left[100 + 4_410..100 + 8_820];
        let deviation = (energy(tail) / tail.len() as f64).sqrt();
        let beyond = tail.iter().filter(|x| f64::from(x.abs()) > deviation).count() as f64 / tail.len() as f64;
        assert!(beyond > 0.2, "{beyond}");
    }

    #[test]
    fn any_rate_and_length_will_do() {
        for (rate, frames) in [(8_000, 5), (8_000, 8_000), (192_000, 20_000), (0, 100)] {
            let dry = Stereo { sample_rate_hz: rate, left: vec![0.5; frames], right: vec![-0.5; frames] };
            let wet = room(&dry, 1.0);
            assert!(wet.frames() == frames && wet.left.iter().chain(&wet.right).all(|x| x.abs() < 4.0));
        }
    }
}
