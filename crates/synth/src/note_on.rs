//! What a voice is told when a key goes down.

use crate::elementary::exp2;
use crate::noise::uniform;
use crate::piano::first_partial_hz;

/// The beginning of a note.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NoteOn {
    /// MIDI pitch, 0–127; of a drum kit the key.
    pub pitch: u8,
    /// MIDI velocity, 1–127.
    pub velocity: u8,
    /// How often this key was struck before: no two strokes of a hand are alike.
    pub take: u32,
    /// Place of the part, −1 … 1.
    pub pan: f32,
    /// Samples a second.
    pub sample_rate_hz: f64,
    /// True for a piano tuned with stretched octaves.
    pub stretched: bool,
}

impl NoteOn {
    /// The first stroke of a key, in the middle, in plain equal temperament.
    #[cfg(test)]
    pub fn plain(pitch: u8, velocity: u8, sample_rate_hz: f64) -> Self {
        Self { pitch, velocity, take: 0, pan: 0.0, sample_rate_hz, stretched: false }
    }

    /// The pitch in hertz, equal temperament at A4 = 440 Hz.
    pub fn hz(&self) -> f64 {
        first_partial_hz(self.pitch, false)
    }

    /// Velocity as a part of the greatest, 1/127 … 1.
    pub fn force(&self) -> f64 {
        f64::from(self.velocity.clamp(1, 127)) / 127.0
    }

    /// Amplitude for this velocity, force^1.5: from 20 to 120 some 23 dB, about what players use.
    pub fn level(&self) -> f64 {
        self.force() * self.force().sqrt()
    }

    /// No partial may lie above this.
    pub fn highest_hz(&self) -> f64 {
        (0.45 * self.sample_rate_hz).min(18_000.0)
    }

    /// Octaves above (or, negative, below) another pitch.
    pub fn octaves_above(&self, pitch: u8) -> f64 {
        (f64::from(self.pitch) - f64::from(pitch)) / 12.0
    }

    /// 2^(k·octaves above middle C): how a quantity changes along the keyboard.
    pub fn along(&self, factor_per_octave_log2: f64) -> f64 {
        exp2(factor_per_octave_log2 * self.octaves_above(60))
    }

    /// From `soft` at the softest to `hard` at the hardest touch.
    pub fn touch(&self, soft: f64, hard: f64) -> f64 {
        soft + (hard - soft) * self.force()
    }

    /// How far open a voice is, 0 … 1: slow at first, then fast, as wind and bow are.
    pub fn swell(&self) -> f64 {
        self.force() * (0.2 + 0.8 * self.force())
    }

    /// −1 … 1, fixed for this key for ever: how this string or pipe differs from its neighbours.
    pub fn dice(&self, stream: u64) -> f64 {
        f64::from(uniform(1_000 + stream, u64::from(self.pitch)))
    }

    /// −1 … 1, different for every stroke of a key.
    pub fn luck(&self, stream: u64) -> f64 {
        f64::from(uniform(2_000 + stream, u64::from(self.take) << 8 | u64::from(self.pitch)))
    }

    /// A number for the noise of this stroke.
    pub fn seed(&self, stream: u64) -> u64 {
        stream << 40 | u64::from(self.take) << 8 | u64::from(self.pitch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn velocity_sets_force_level_and_touch() {
        let hardest = NoteOn::plain(69, 127, 44_100.0);
        assert_eq!((hardest.force(), hardest.level(), hardest.touch(2.0, 5.0)), (1.0, 1.0, 5.0));
        assert_eq!(hardest.swell(), 1.0);
        assert_eq!(NoteOn::plain(69, 0, 44_100.0).force(), 1.0 / 127.0);
        assert_eq!(hardest.hz(), 440.0);
    }

    #[test]
    fn the_highest_partial_follows_the_sample_rate_up_to_what_ears_hear() {
        assert_eq!(NoteOn::plain(60, 64, 8_000.0).highest_hz(), 3_600.0);
        assert_eq!(NoteOn::plain(60, 64, 192_000.0).highest_hz(), 18_000.0);
    }

    #[test]
    fn luck_changes_with_the_take_and_dice_do_not() {
        let first = NoteOn::plain(60, 64, 44_100.0);
        let second = NoteOn { take: 1, ..first };
        assert_eq!(first.dice(3), second.dice(3));
        assert_ne!(first.luck(3), second.luck(3));
        assert_ne!(first.dice(3), NoteOn { pitch: 61, ..first }.dice(3));
    }
}
