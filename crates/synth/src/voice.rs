//! One sounding note: two groups of partials, an attack ramp, and a faster decay after the release.

use crate::partials::{BLOCK, Oscillator, Partial};
use crate::stereo::Stereo;

/// How one note will sound, before any sample is made.
#[derive(Clone, Debug)]
pub struct Voice {
    /// Partials heard from the first place.
    pub first: Vec<Partial>,
    /// Partials heard from the second place.
    pub second: Vec<Partial>,
    /// Gains of both groups for the left and the right ear.
    pub places: [Place; 2],
    /// Seconds from silence to full level, > 0.
    pub attack_seconds: f64,
    /// What the release adds to every decay, dB a second; 0 lets the note ring.
    pub release_db_per_second: f64,
}

/// How much of a sound each ear gets.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Place {
    /// Gain for the left ear.
    pub left: f32,
    /// Gain for the right ear.
    pub right: f32,
}

impl Place {
    /// Constant power: −1 is hard left, 0 the middle, 1 hard right.
    pub fn at(pan: f32) -> Self {
        let pan = pan.clamp(-1.0, 1.0);
        Self { left: (0.5 * (1.0 - pan)).sqrt(), right: (0.5 * (1.0 + pan)).sqrt() }
    }
}

impl Voice {
    /// Adds the note, held from frame `onset` to frame `release`, to `mix`; what would sound after its end is cut.
    pub fn add_to(&self, mix: &mut Stereo, onset: usize, release: usize) {
        let rate = f64::from(mix.sample_rate_hz);
        let attack_frames = ((self.attack_seconds * rate).ceil() as usize).max(1);
        let release = release.max(onset.saturating_add(attack_frames));
        let set_in_motion = |group: &[Partial]| -> Vec<Oscillator> {
            group.iter().map(|p| Oscillator::new(p, rate)).filter(Oscillator::is_audible).collect()
        };
        let mut groups = [set_in_motion(&self.first), set_in_motion(&self.second)];
        let mut at = onset;
        let mut held = true;
        while at < mix.frames() && groups.iter().any(|g| !g.is_empty()) {
            if held && at == release {
                held = false;
                groups.iter_mut().flatten().for_each(|o| o.damp(self.release_db_per_second, rate));
            }
            let until_release = if held { release - at } else { BLOCK };
            let frames = BLOCK.min(until_release).min(mix.frames() - at);
            for (group, place) in groups.iter_mut().zip(self.places) {
                let mut block = [0.0; BLOCK];
                group.iter().for_each(|o| o.add_block(&mut block));
                ramp(&mut block[..frames], at - onset, attack_frames);
                mix_in(&block[..frames], place, &mut mix.left[at..][..frames], &mut mix.right[at..][..frames]);
                group.iter_mut().for_each(|o| o.advance(frames));
                group.retain(Oscillator::is_audible);
            }
            at += frames;
        }
    }
}

/// Raises the samples that lie in the attack along 3x² − 2x³, which is level at both ends.
fn ramp(block: &mut [f32], age: usize, attack_frames: usize) {
    for (i, sample) in block.iter_mut().enumerate().take(attack_frames.saturating_sub(age)) {
        let x = (age + i) as f32 / attack_frames as f32;
        *sample *= x * x * (3.0 - 2.0 * x);
    }
}

/// Adds a single sound to both ears.
pub fn mix_in(sound: &[f32], place: Place, left: &mut [f32], right: &mut [f32]) {
    for ((l, r), x) in left.iter_mut().zip(right).zip(sound) {
        *l += place.left * x;
        *r += place.right * x;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sine(release_db_per_second: f64) -> Voice {
        let partial = Partial { frequency_hz: 300.0, amplitude: 0.5, phase_turns: 0.0, decay_db_per_second: 0.0 };
        let places = [Place { left: 1.0, right: 0.5 }; 2];
        Voice { first: vec![partial], second: vec![], places, attack_seconds: 0.002, release_db_per_second }
    }

    #[test]
    fn sounds_only_between_onset_and_the_end_of_its_release() {
        let mut mix = Stereo::silence(44_100, 44_100);
        sine(900.0).add_to(&mut mix, 1_000, 20_000);
        assert!(mix.left[..=1_000].iter().all(|&x| x == 0.0));
        assert!(mix.left[19_000..20_000].iter().any(|x| x.abs() > 0.45));
        assert!(mix.left[30_000..].iter().all(|&x| x == 0.0));
        assert!(mix.left.iter().zip(&mix.right).all(|(l, r)| (0.5 * l - r).abs() < 1e-6));
    }

    #[test]
    fn never_jumps_further_than_the_sine_itself_can() {
        let mut mix = Stereo::silence(44_100, 44_100);
        sine(900.0).add_to(&mut mix, 123, 20_011);
        let furthest = mix.left.windows(2).map(|w| (w[1] - w[0]).abs()).fold(0.0, f32::max);
        // The sine's own slope is 2π·300/44100·0.5 = 0.0214 a sample; the ramp adds at most 1.5/88·0.5 = 0.0085.
        assert!(furthest < 0.0300, "{furthest}");
    }

    #[test]
    fn a_release_beyond_the_end_and_an_onset_beyond_the_end_are_harmless() {
        let mut mix = Stereo::silence(44_100, 1_000);
        sine(0.0).add_to(&mut mix, 900, usize::MAX);
        sine(0.0).add_to(&mut mix, 5_000, 6_000);
        assert!(mix.left[950..].iter().any(|x| x.abs() > 0.01));
    }
}
