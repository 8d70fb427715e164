//! A voice that was learned: its network, its weights, and its card (where it comes from, how it is played, how well it does).
//!
//! Files are safetensors with weights as f16 and the card as JSON in the metadata; some 50 kB each.

use crate::decoder::{Decoder, DecoderConfig, Moment};
use crate::features::FADING_SECONDS;
use crate::synthesis::{HOP, partial_ratio};
use aeolian_nets::Parameters;
use aeolian_synth::FittedVoice;
use aeolian_synth::elementary::exp2;
use aeolian_synth::fitted::{Fading, Timbre, Vibrato};
use aeolian_synth::noise_bands::NOISE_BANDS;
use half::f16;
use safetensors::{Dtype, SafeTensors, tensor::TensorView};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};

/// Nothing is said about partials above, whatever rate is played at.
const HIGHEST_HZ: f64 = 0.43 * 44_100.0;
/// Velocities below are the lowest's, only softer.
const LOWEST_VELOCITY: f64 = 20.0;
/// dB in a neper.
const DB_PER_NEPER: f64 = 8.685_889_638_065_037;
/// A moment at which every note has its level.
const TYPICAL_SECONDS: f64 = 0.12;

/// What a voice says of itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Card {
    /// Short name, as in `--voice violin`.
    pub name: String,
    /// General MIDI program (0-based) it plays.
    pub program: u8,
    /// Recordings it learned from, and who made them.
    pub source: String,
    /// Their licence.
    pub licence: String,
    /// Sizes of the network.
    pub decoder: DecoderConfig,
    /// Factor that makes it as loud as the house's voice.
    pub gain: f32,
    /// Lowest and highest pitch learned from; beyond them it sounds as there.
    pub pitches: [u8; 2],
    /// Longest note learned from; afterwards it stays, or dies away, as there.
    pub seconds: f64,
    /// True if it dies away by itself.
    pub is_struck: bool,
    /// ln B at middle C and what it gains an octave, for stiff strings.
    pub stiffness: Option<[f64; 2]>,
    /// Swings a second, and cents.
    pub vibrato: [f64; 2],
    /// What `voice judge` found, by name; distances on held-out notes.
    pub figures: BTreeMap<String, f64>,
}

/// What can be wrong with a voice's file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VoiceError {
    /// Not a safetensors file, or a damaged one.
    #[error("this is not a readable voice")]
    Damaged(#[source] safetensors::SafeTensorError),
    /// The metadata hold no card, or one with absurd numbers.
    #[error("the file does not say which voice it is")]
    NoCard,
    /// A tensor is missing or has another shape.
    #[error("the voice has no tensor {name} of {expected} numbers")]
    Tensor {
        /// The tensor's name.
        name: String,
        /// Numbers it should hold.
        expected: usize,
    },
    /// Some weight is not a finite number.
    #[error("the voice has weights that are no numbers")]
    NotFinite,
}

/// A learned instrument.
#[derive(Clone, Debug)]
pub struct Voice {
    /// What it says of itself.
    pub card: Card,
    decoder: Decoder,
    parameters: Parameters,
    weights: Vec<f32>,
}

impl Voice {
    /// A voice with these weights, in the order of its decoder's parameters.
    pub fn new(card: Card, weights: Vec<f32>) -> Result<Self, VoiceError> {
        let DecoderConfig { partials, hidden } = card.decoder;
        let numbers = [f64::from(card.gain), card.seconds, card.vibrato[0], card.vibrato[1]];
        let sensible = (1..=200).contains(&partials)
            && (1..=1024).contains(&hidden)
            && numbers.iter().all(|x| (0.0..1e4).contains(x))
            && card.pitches[0] <= card.pitches[1]
            && card.stiffness.is_none_or(|s| s.iter().all(|x| x.is_finite()));
        if !sensible {
            return Err(VoiceError::NoCard);
        }
        let mut parameters = Parameters::default();
        let decoder = Decoder::new(card.decoder, &mut parameters);
        if weights.len() != parameters.len() {
            return Err(VoiceError::Tensor { name: "all".to_owned(), expected: parameters.len() });
        }
        if !weights.iter().all(|w| w.is_finite()) {
            return Err(VoiceError::NotFinite);
        }
        Ok(Self { card, decoder, parameters, weights })
    }

    /// Reads a file.
    ///
    /// # Errors   [`VoiceError`], if it is no voice.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, VoiceError> {
        let (_, header) = SafeTensors::read_metadata(bytes).map_err(VoiceError::Damaged)?;
        let text = header.metadata().as_ref().and_then(|m| m.get("card")).ok_or(VoiceError::NoCard)?;
        let card: Card = serde_json::from_str(text).map_err(|_| VoiceError::NoCard)?;
        let tensors = SafeTensors::deserialize(bytes).map_err(VoiceError::Damaged)?;
        let DecoderConfig { partials, hidden } = card.decoder;
        if partials > 200 || hidden > 1024 {
            return Err(VoiceError::NoCard);
        }
        let mut parameters = Parameters::default();
        Decoder::new(card.decoder, &mut parameters);
        let mut weights = vec![0.0; parameters.len()];
        for spec in parameters.specs() {
            let missing = || VoiceError::Tensor { name: spec.name.clone(), expected: spec.span.len };
            let tensor = tensors.tensor(&spec.name).map_err(|_| missing())?;
            if tensor.dtype() != Dtype::F16 || tensor.data().len() != 2 * spec.span.len {
                return Err(missing());
            }
            let numbers = tensor.data().chunks_exact(2).map(|b| f16::from_le_bytes([b[0], b[1]]).to_f32());
            weights[spec.span.range()].iter_mut().zip(numbers).for_each(|(w, x)| *w = x);
        }
        Self::new(card, weights)
    }

    /// As a file; weights are rounded to f16.
    ///
    /// # Errors   [`VoiceError::Damaged`] if the format refuses.
    pub fn to_bytes(&self) -> Result<Vec<u8>, VoiceError> {
        let specs = self.parameters.specs();
        let half = |w: &f32| f16::from_f32(*w).to_le_bytes();
        let data: Vec<Vec<u8>> =
            specs.iter().map(|s| self.weights[s.span.range()].iter().flat_map(half).collect()).collect();
        let tensors: Result<Vec<_>, _> = specs
            .iter()
            .zip(&data)
            .map(|(s, d)| Ok((s.name.clone(), TensorView::new(Dtype::F16, s.shape.clone(), d)?)))
            .collect();
        let card = serde_json::to_string(&self.card).unwrap_or_default();
        let metadata = HashMap::from([("card".to_owned(), card)]);
        safetensors::serialize(tensors.map_err(VoiceError::Damaged)?, Some(metadata)).map_err(VoiceError::Damaged)
    }

    /// Numbers that were learned.
    pub fn weights(&self) -> usize {
        self.weights.len()
    }

    /// B of the string of a pitch; 0 where strings are not stiff.
    pub fn inharmonicity(&self, pitch: f64) -> f64 {
        self.card.stiffness.map_or(0.0, |[c4, octave]| {
            exp2((c4 + octave * (pitch - 60.0) / 12.0) * std::f64::consts::LOG2_E).clamp(0.0, 0.02)
        })
    }

    /// Amplitudes (H + B) at some moments of time, (since onset, since release), of a pitch and a velocity that may lie between keys.
    pub fn amplitudes(&self, pitch: f64, velocity: f64, times: &[(f64, f64)]) -> Vec<f32> {
        let moments: Vec<[f64; 4]> = times.iter().map(|&(onset, release)| [pitch, velocity, onset, release]).collect();
        self.amplitudes_of(&moments)
    }

    /// The same for moments of any notes: pitch, velocity, seconds since the onset and since the release.
    pub fn amplitudes_of(&self, moments: &[[f64; 4]]) -> Vec<f32> {
        let [lowest, highest] = self.card.pitches.map(f64::from);
        let partials = self.card.decoder.partials;
        let moment = |&[pitch, velocity, seconds, since_release]: &[f64; 4]| {
            let hz = 440.0 * exp2((pitch - 69.0) / 12.0);
            let stiffness = self.inharmonicity(pitch);
            Moment {
                pitch: pitch.clamp(lowest, highest),
                velocity: velocity.max(LOWEST_VELOCITY),
                seconds: seconds.min(self.card.seconds),
                since_release,
                audible: (1..=partials).take_while(|&n| partial_ratio(n, stiffness) * hz < HIGHEST_HZ).count(),
            }
        };
        let described: Vec<Moment> = moments.iter().map(moment).collect();
        let mut all = self.decoder.amplitudes(&self.weights, &described);
        for (row, [_, velocity, ..]) in all.chunks_exact_mut(partials + NOISE_BANDS).zip(moments) {
            let softer = (velocity.max(1.0) / LOWEST_VELOCITY).min(1.0);
            let gain = self.card.gain * (softer * softer.sqrt()) as f32;
            row.iter_mut().for_each(|a| *a *= gain);
        }
        all
    }

    /// Amplitude of the whole at a moment: the root of the sum of squares of all partials.
    pub fn level_at(&self, pitch: f64, velocity: f64, seconds: f64) -> f64 {
        let partials = self.card.decoder.partials;
        let all = self.amplitudes(pitch, velocity, &[(seconds, 0.0)]);
        all[..partials].iter().map(|a| f64::from(a * a)).sum::<f64>().sqrt()
    }

    /// When a note is tabulated: at the first frames of what was learned, then doubling, then at the end.
    fn moments(&self) -> Vec<f64> {
        let frame = HOP as f64 / 44_100.0;
        let doubling = [0.0, 1.0, 2.0, 3.0, 5.0, 8.0, 13.0, 22.0, 38.0, 64.0, 108.0, 182.0, 307.0, 516.0];
        let end = self.card.seconds.max(0.1);
        let mut moments: Vec<f64> = doubling.into_iter().map(|n| n * frame).take_while(|&t| t < 0.8 * end).collect();
        moments.push(end);
        moments
    }
}

impl FittedVoice for Voice {
    fn timbre(&self, pitch: u8, velocity: u8) -> Timbre {
        let partials = self.card.decoder.partials;
        let moments_seconds = self.moments();
        let times: Vec<(f64, f64)> = moments_seconds.iter().map(|&t| (t, 0.0)).collect();
        let mut all = self.amplitudes(f64::from(pitch), f64::from(velocity), &times);
        silence_the_unlearned(&mut all, partials + NOISE_BANDS);
        let rows = || all.chunks_exact(partials + NOISE_BANDS);
        let mut noise: Vec<[f32; NOISE_BANDS]> = vec![[0.0; NOISE_BANDS]; moments_seconds.len()];
        noise.iter_mut().zip(rows()).for_each(|(out, row)| out.copy_from_slice(&row[partials..]));
        let slopes = self.decoder.slopes(&self.weights, f64::from(pitch));
        let stretches = FADING_SECONDS.len();
        let lost = |slopes: &[f32]| {
            let mut db = vec![0.0];
            for index in 1..stretches {
                let seconds = FADING_SECONDS[index] - FADING_SECONDS[index - 1];
                db.push(db[index - 1] + f64::from(slopes[index - 1]) * seconds * DB_PER_NEPER);
            }
            // And a second of the last slope, so that it is known.
            db.push(db[stretches - 1] + f64::from(slopes[stretches - 1]) * DB_PER_NEPER);
            db
        };
        let mut seconds = FADING_SECONDS.to_vec();
        seconds.push(FADING_SECONDS[stretches - 1] + 1.0);
        Timbre {
            partials: rows().map(|row| row[..partials].to_vec()).collect(),
            moments_seconds,
            noise,
            fading: Fading { seconds, tone_db: lost(&slopes[..stretches]), noise_db: lost(&slopes[stretches..]) },
            inharmonicity: self.inharmonicity(f64::from(pitch)),
            is_struck: self.card.is_struck,
            vibrato: Vibrato { hz: self.card.vibrato[0], cents: self.card.vibrato[1], delay_seconds: 0.3 },
        }
    }

    fn level(&self, pitch: u8, velocity: u8) -> f64 {
        self.level_at(f64::from(pitch), f64::from(velocity), TYPICAL_SECONDS)
    }
}

/// What stays 66 dB below the loudest of its note throughout was never learned (a fit ends at −60 dB) and is left out.
fn silence_the_unlearned(rows: &mut [f32], width: usize) {
    let loudest = rows.iter().copied().fold(0.0, f32::max);
    for column in 0..width {
        let highest = rows.iter().skip(column).step_by(width).copied().fold(0.0, f32::max);
        if highest < 5e-4 * loudest {
            rows.iter_mut().skip(column).step_by(width).for_each(|a| *a = 0.0);
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub fn card() -> Card {
        Card {
            name: "test".to_owned(),
            program: 73,
            source: "nothing".to_owned(),
            licence: "MIT".to_owned(),
            decoder: DecoderConfig { partials: 20, hidden: 8 },
            gain: 1.0,
            pitches: [50, 80],
            seconds: 1.5,
            is_struck: false,
            stiffness: None,
            vibrato: [5.0, 4.0],
            figures: BTreeMap::new(),
        }
    }

    pub fn fresh(card: Card) -> Voice {
        let mut parameters = Parameters::default();
        Decoder::new(card.decoder, &mut parameters);
        Voice::new(card, parameters.initial_values(5)).expect("a sensible card")
    }

    #[test]
    fn stored_and_read_back_it_is_the_same_but_for_rounding() {
        let voice = fresh(card());
        let bytes = voice.to_bytes().expect("storable");
        let read = Voice::from_bytes(&bytes).expect("readable");
        assert_eq!(read.card, voice.card);
        assert!(read.weights.iter().zip(&voice.weights).all(|(a, b)| (a - b).abs() < 1e-3 * b.abs().max(0.1) + 1e-4));
        assert_eq!(read.to_bytes().expect("storable"), bytes, "a second time nothing is lost");
    }

    #[test]
    fn damaged_files_are_refused_in_a_sentence() {
        let bytes = fresh(card()).to_bytes().expect("storable");
        assert!(matches!(Voice::from_bytes(b"RIFF"), Err(VoiceError::Damaged(_))));
        for cut in [0, 8, 100, bytes.len() - 1] {
            assert!(Voice::from_bytes(&bytes[..cut]).is_err(), "{cut}");
        }
        let absurd = Card { decoder: DecoderConfig { partials: 20, hidden: 1 << 40 }, ..card() };
        assert!(matches!(Voice::new(absurd, Vec::new()), Err(VoiceError::NoCard)));
        let weights = fresh(card()).weights();
        assert!(matches!(Voice::new(card(), vec![f32::NAN; weights]), Err(VoiceError::NotFinite)));
    }

    #[test]
    fn a_timbre_has_as_many_rows_as_moments_and_never_more_than_can_be_played() {
        for seconds in [0.05, 0.3, 1.5, 6.0, 60.0] {
            let voice = fresh(Card { seconds, ..card() });
            let timbre = voice.timbre(60, 100);
            let count = timbre.moments_seconds.len();
            assert!((2..=aeolian_synth::fitted::MOST_MOMENTS).contains(&count), "{seconds}: {count}");
            assert_eq!((timbre.partials.len(), timbre.noise.len()), (count, count));
            assert!(timbre.moments_seconds.is_sorted() && timbre.fading.tone_db.is_sorted());
        }
    }

    #[test]
    fn what_is_never_loud_is_left_out_and_what_is_once_stays() {
        let mut rows = vec![1.0, 0.0004, 0.0004, 0.5, 0.0001, 0.01];
        silence_the_unlearned(&mut rows, 3);
        assert_eq!(rows, [1.0, 0.0, 0.0004, 0.5, 0.0, 0.01]);
        silence_the_unlearned(&mut [], 3);
    }

    #[test]
    fn softer_than_learned_is_softer_still() {
        let voice = fresh(card());
        assert!(voice.level(60, 5) < 0.2 * voice.level(60, 20));
        assert!(voice.level(60, 20) > 0.0 && voice.level(127, 127) > 0.0);
    }
}
