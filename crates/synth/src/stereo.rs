//! Two ears' worth of samples.

/// Sound for two ears as floating-point samples, full scale −1 … 1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Stereo {
    /// Samples a second.
    pub sample_rate_hz: u32,
    /// The left ear.
    pub left: Vec<f32>,
    /// The right ear; as long as `left`.
    pub right: Vec<f32>,
}

impl Stereo {
    /// Silence of this length.
    pub fn silence(sample_rate_hz: u32, frames: usize) -> Self {
        Self { sample_rate_hz, left: vec![0.0; frames], right: vec![0.0; frames] }
    }

    /// Samples per ear.
    pub fn frames(&self) -> usize {
        self.left.len()
    }

    /// Length in seconds; 0 when the rate is not known.
    pub fn seconds(&self) -> f64 {
        if self.sample_rate_hz == 0 { 0.0 } else { self.frames() as f64 / f64::from(self.sample_rate_hz) }
    }

    /// The largest absolute sample of either ear; 0 for silence.
    pub fn peak(&self) -> f32 {
        self.left.iter().chain(&self.right).fold(0.0, |peak, x| peak.max(x.abs()))
    }

    /// The mean of both ears, for analysis.
    pub fn to_mono(&self) -> Vec<f32> {
        self.left.iter().zip(&self.right).map(|(l, r)| 0.5 * (l + r)).collect()
    }
}
