//! A small room: a feedback delay network.
//!
//! Eight delay lines feed one another through a Householder matrix, which turns energy without losing any (Jot &
//! Chaigne 1991, "Digital delay networks for designing artificial reverberators"); every line loses what its length owes to
//! the reverberation time, and a little more at high frequencies, as air and curtains do.

use crate::elementary::gain_from_db;
use crate::stereo::Stereo;

/// Lengths in milliseconds, chosen without common measure so that echoes do not pile up.
const LINES_MS: [f64; 8] = [29.3, 33.1, 38.9, 43.7, 51.7, 58.9, 66.1, 74.3];
const REVERBERATION_SECONDS: f64 = 1.3;
/// Part of a line's previous output that stays in its low-pass.
const DAMPING: f32 = 0.32;

struct Line {
    samples: Vec<f32>,
    at: usize,
    gain: f32,
    smoothed: f32,
}

impl Line {
    fn new(milliseconds: f64, sample_rate_hz: f64) -> Self {
        let frames = ((milliseconds * 0.001 * sample_rate_hz) as usize).max(1);
        let gain = gain_from_db(-60.0 * frames as f64 / sample_rate_hz / REVERBERATION_SECONDS) as f32;
        Self { samples: vec![0.0; frames], at: 0, gain, smoothed: 0.0 }
    }

    fn read(&mut self) -> f32 {
        self.smoothed = (1.0 - DAMPING) * self.samples[self.at] + DAMPING * self.smoothed;
        self.gain * self.smoothed
    }

    fn write(&mut self, sample: f32) {
        // Subnormal numbers in a dying tail would make the processor crawl.
        self.samples[self.at] = if sample.abs() < 1e-18 { 0.0 } else { sample };
        self.at = if self.at + 1 == self.samples.len() { 0 } else { self.at + 1 };
    }
}

/// Adds the room's answer to `sound`; `amount` 0 leaves it dry, 1 makes the room about as loud as the instruments.
pub fn add_room(sound: &mut Stereo, amount: f32) {
    if amount <= 0.0 {
        return;
    }
    let mut lines = LINES_MS.map(|ms| Line::new(ms, f64::from(sound.sample_rate_hz)));
    for (left, right) in sound.left.iter_mut().zip(&mut sound.right) {
        let mut out = [0.0f32; 8];
        for (o, line) in out.iter_mut().zip(&mut lines) {
            *o = line.read();
        }
        // Householder: x − (2/N)·Σx with N = 8.
        let common = 0.25 * out.iter().sum::<f32>();
        let entering = [*left, *right];
        for i in 0..8 {
            lines[i].write(out[i] - common + 0.35 * entering[i & 1]);
        }
        *left += amount * (out[0] - out[2] + out[4] - out[6]);
        *right += amount * (out[1] - out[3] + out[5] - out[7]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn impulse_response() -> Stereo {
        let mut sound = Stereo::silence(44_100, 3 * 44_100);
        (sound.left[100], sound.right[100]) = (1.0, 1.0);
        add_room(&mut sound, 1.0);
        sound
    }

    fn energy(samples: &[f32]) -> f64 {
        samples.iter().map(|x| f64::from(x * x)).sum()
    }

    #[test]
    fn the_tail_falls_by_about_sixty_decibels_in_the_reverberation_time() {
        let sound = impulse_response();
        let early = energy(&sound.left[8_000..12_410]);
        let late = energy(&sound.left[8_000 + 44_100..12_410 + 44_100]);
        let db_per_second = 10.0 * (early / late).log10();
        // 60 dB in 1.3 s is 46; the damping of high frequencies takes more.
        assert!((44.0..90.0).contains(&db_per_second), "{db_per_second}");
    }

    #[test]
    fn the_room_answers_both_ears_differently_and_never_early() {
        let sound = impulse_response();
        assert!(sound.left[..100].iter().all(|&x| x == 0.0));
        assert!(sound.left[101..1_300].iter().all(|&x| x == 0.0), "the shortest line is 29 ms");
        let (l, r) = (&sound.left[2_000..40_000], &sound.right[2_000..40_000]);
        let cross: f64 = l.iter().zip(r).map(|(a, b)| f64::from(a * b)).sum();
        assert!(cross.abs() < 0.5 * (energy(l) * energy(r)).sqrt());
    }
}
