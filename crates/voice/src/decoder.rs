//! The network of a voice: pitch, velocity and time since onset and release in, amplitudes of partials and noise out.
//!
//! Three layers with GELU, no memory (where Engel et al. 2020, arXiv:2001.04643, have a recurrent cell): a key that goes down knows
//! everything that will follow, so any moment of any note can be asked for by itself, and a whole note be tabulated when it begins.

use crate::envelopes::{Rows, STEEPNESS, envelopes, softplus};
use crate::features::{FEATURES, PITCH_POINTS, SLOPES, describe, describe_pitch, fading_seconds};
use aeolian_nets::ops::linear::Linear;
use aeolian_nets::ops::pointwise::gelu;
use aeolian_nets::parameters::{Init, Parameters};
use aeolian_nets::tape::{Pool, Tape, Var};
use aeolian_synth::noise_bands::NOISE_BANDS;
use serde::{Deserialize, Serialize};

/// Sizes of a decoder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DecoderConfig {
    /// Partials, 1–200.
    pub partials: usize,
    /// Units of each layer, 1–1024.
    pub hidden: usize,
}

/// A moment of a note.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moment {
    /// MIDI pitch, possibly between keys.
    pub pitch: f64,
    /// MIDI velocity, possibly between whole numbers.
    pub velocity: f64,
    /// Since the onset.
    pub seconds: f64,
    /// Since the release; 0 while it is held.
    pub since_release: f64,
    /// Partials that may sound.
    pub audible: usize,
}

/// The layers, and where their weights lie.
#[derive(Clone, Debug)]
pub struct Decoder {
    config: DecoderConfig,
    layers: [Linear; 3],
    head: Linear,
    fading: Linear,
}

impl Decoder {
    /// Lays the network out.
    pub fn new(config: DecoderConfig, parameters: &mut Parameters) -> Self {
        let DecoderConfig { partials, hidden } = config;
        let layer = |p: &mut Parameters, name: &str, inputs: usize| Linear::new(p, name, inputs, hidden, 1.5);
        let layers = [
            layer(parameters, "layer1", FEATURES),
            layer(parameters, "layer2", hidden),
            layer(parameters, "layer3", hidden),
        ];
        // In the beginning −40 dB, falling by 6 dB an octave; noise at −80 dB; a release of 180 dB a second.
        let mut start = vec![-4.6f32];
        start.extend((1..=partials).map(|n| -(n as f32).ln()));
        start.extend([-9.0; NOISE_BANDS]);
        let outputs = 1 + partials + NOISE_BANDS;
        let head = Linear::with_bias(parameters, "head", hidden, outputs, 0.3, Some(Init::Values(start)));
        let slopes = Some(Init::Values(vec![2.0; 2 * SLOPES]));
        let fading = Linear::with_bias(parameters, "fading", PITCH_POINTS, 2 * SLOPES, 0.0, slopes);
        Self { config, layers, head, fading }
    }

    /// Its sizes.
    pub fn config(&self) -> DecoderConfig {
        self.config
    }

    /// Amplitudes of partials and noise bands: (moments, H + B).
    pub fn forward(&self, tape: &mut Tape, moments: &[Moment]) -> Var {
        let (mut x, mut pitches) = (vec![0.0; moments.len() * FEATURES], vec![0.0; moments.len() * PITCH_POINTS]);
        let rows = x.chunks_exact_mut(FEATURES).zip(pitches.chunks_exact_mut(PITCH_POINTS));
        for (moment, (x, pitch)) in moments.iter().zip(rows) {
            describe(moment.pitch, moment.velocity, moment.seconds, x);
            describe_pitch(moment.pitch, pitch);
        }
        let (mut h, pitches) = (tape.input(x), tape.input(pitches));
        for layer in &self.layers {
            h = layer.forward(tape, h);
            h = gelu(tape, h);
        }
        let raw = self.head.forward(tape, h);
        let slopes = self.fading.forward(tape, pitches);
        let rows = Rows {
            partials: self.config.partials,
            bands: NOISE_BANDS,
            audible: moments.iter().map(|m| m.audible).collect(),
            fading: moments.iter().flat_map(|m| fading_seconds(m.since_release)).collect(),
        };
        envelopes(tape, raw, slopes, rows)
    }

    /// The same outside training.
    pub fn amplitudes(&self, weights: &[f32], moments: &[Moment]) -> Vec<f32> {
        let mut pool = Pool::default();
        let mut tape = Tape::forward_only(weights, &mut pool);
        let out = self.forward(&mut tape, moments);
        tape.finish(out)
    }

    /// Slopes after the release at a pitch, in nepers a second: [`SLOPES`] of the partials, then of the noise.
    pub fn slopes(&self, weights: &[f32], pitch: f64) -> Vec<f32> {
        let mut x = vec![0.0; PITCH_POINTS];
        describe_pitch(pitch, &mut x);
        let mut pool = Pool::default();
        let mut tape = Tape::forward_only(weights, &mut pool);
        let x = tape.input(x);
        let out = self.fading.forward(&mut tape, x);
        tape.finish(out).into_iter().map(|s| STEEPNESS * softplus(s)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_are_as_documented_and_a_release_only_takes_away() {
        let mut parameters = Parameters::default();
        let decoder = Decoder::new(DecoderConfig { partials: 12, hidden: 8 }, &mut parameters);
        let weights = parameters.initial_values(1);
        let held = Moment { pitch: 60.0, velocity: 90.0, seconds: 0.5, since_release: 0.0, audible: 12 };
        let moments = [held, Moment { since_release: 0.1, ..held }, Moment { audible: 3, ..held }];
        let y = decoder.amplitudes(&weights, &moments);
        let width = 12 + NOISE_BANDS;
        assert_eq!(y.len(), 3 * width);
        assert!(y[..width].iter().zip(&y[width..]).all(|(held, fading)| fading < held && *fading > 0.0));
        assert!(y[2 * width + 3..2 * width + 12].iter().all(|&a| a == 0.0));
        let sum = |row: usize| y[row * width..][..12].iter().sum::<f32>();
        assert!((sum(2) / sum(0) - 1.0).abs() < 1e-4, "those that may sound share the whole");
        assert_eq!(decoder.slopes(&weights, 60.0).len(), 2 * SLOPES);
    }
}
