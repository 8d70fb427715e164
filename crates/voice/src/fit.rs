//! Learning a voice from notes: first amplitudes, then sound.
//!
//! Every note is taken apart in closed form ([`Analysis`]); the decoder learns the measured amplitudes at random moments of random notes
//! (logarithms, thousands of quick steps). That already generalises to keys between those it learned from. Then the differentiable
//! synthesiser plays stretches of the notes, and the multi-scale spectral distance from the recording is descended through
//! synthesiser and decoder, with the room in between if the recordings have one. Adam, one thread, and equal seeds give equal voices.

use crate::amplitude_loss::amplitude_loss;
use crate::analysis::Analysis;
use crate::decoder::{Decoder, DecoderConfig, Moment};
use crate::note::{RATE_HZ, Recording};
use crate::reverberation::Room;
use crate::spectral_loss::{SpectralLoss, spectral_loss};
use crate::synthesis::{HOP, carriers, running_phase, synthesise};
use aeolian_diffusion::Noise;
use aeolian_kernels::elementwise;
use aeolian_nets::Parameters;
use aeolian_nets::tape::{Pool, Tape};
use aeolian_synth::noise_bands::NOISE_BANDS;

/// Moments learned from in one step of the first part.
const BATCH: usize = 192;
/// Frames of a stretch of the second part: 0.37 s.
const STRETCH: usize = 65;
/// Least amplitude that matters beside the loudest of its note: −60 dB.
const FLOOR: f32 = 1e-3;
const BETAS: [f32; 2] = [0.9, 0.99];
/// The gradient's norm is held below.
const CLIP: f32 = 1.0;

/// How a voice is learned.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FitSettings {
    /// Units of each layer.
    pub hidden: usize,
    /// Steps of the first part.
    pub amplitude_steps: usize,
    /// Steps of the second part.
    pub sound_steps: usize,
    /// Stretches of sound in a step of the second part.
    pub stretches: usize,
    /// Learn a room too.
    pub has_room: bool,
    /// Decides initial weights and draws.
    pub seed: u64,
}

impl Default for FitSettings {
    fn default() -> Self {
        Self { hidden: 80, amplitude_steps: 1_500, sound_steps: 120, stretches: 3, has_room: false, seed: 0 }
    }
}

/// Where a fit is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Progress {
    /// So many notes of so many are taken apart.
    Analysed(usize, usize),
    /// Loss of a step of the first part.
    Amplitudes(usize, f32),
    /// Loss of a step of the second part.
    Sound(usize, f32),
}

/// What was learned.
#[derive(Clone, Debug)]
pub struct Fit {
    /// Sizes of the decoder.
    pub decoder: DecoderConfig,
    /// Its weights (without the room's).
    pub weights: Vec<f32>,
    /// Lowest and highest pitch learned from.
    pub pitches: [u8; 2],
    /// Longest note learned from, until its release.
    pub seconds: f64,
    /// True if notes die away by themselves.
    pub is_struck: bool,
    /// ln B at middle C and what it gains an octave.
    pub stiffness: Option<[f64; 2]>,
    /// Swings a second, and cents.
    pub vibrato: [f64; 2],
}

/// Learns from notes; `None` if there are none with any sound. `each` hears of every step.
pub fn fit(recordings: &[Recording], settings: &FitSettings, mut each: impl FnMut(Progress)) -> Option<Fit> {
    let heard: Vec<&Recording> = recordings.iter().filter(|r| r.samples.iter().any(|&x| x != 0.0)).collect();
    let lowest = heard.iter().map(|r| r.hz()).fold(f64::INFINITY, f64::min);
    if heard.is_empty() || heard.iter().any(|r| r.sample_rate_hz != RATE_HZ) {
        return None;
    }
    let is_struck = dies_away(&heard);
    let partials = ((13_000.0 / lowest) as usize).clamp(16, 80);
    let mut notes = Vec::with_capacity(heard.len());
    for (index, recording) in heard.iter().enumerate() {
        notes.push(Learned::new(recording, Analysis::of(recording, partials, is_struck)));
        each(Progress::Analysed(index + 1, heard.len()));
    }
    let decoder_config = DecoderConfig { partials, hidden: settings.hidden };
    let mut parameters = Parameters::default();
    let decoder = Decoder::new(decoder_config, &mut parameters);
    let decoder_weights = parameters.len();
    let room = settings.has_room.then(|| Room::new(&mut parameters));
    let mut learner = Learner::new(decoder, room, parameters, settings.seed);
    for step in 0..settings.amplitude_steps {
        let rate = 3e-3 * falling(step, settings.amplitude_steps);
        let loss = learner.learn_amplitudes(&notes, step, rate);
        each(Progress::Amplitudes(step, loss));
    }
    learner.forget_moments();
    let loss = SpectralLoss::default();
    for step in 0..settings.sound_steps {
        let rate = 6e-4 * falling(step, settings.sound_steps);
        let value = learner.learn_sound(&notes, step, settings.stretches, rate, &loss);
        each(Progress::Sound(step, value));
    }
    let bounds = |f: fn(f64) -> f64, start: f64, pick: fn(f64, f64) -> f64| {
        heard.iter().map(|r| f(r.pitch)).fold(start, pick).clamp(0.0, 127.0) as u8
    };
    Some(Fit {
        decoder: decoder_config,
        weights: learner.weights[..decoder_weights].to_vec(),
        pitches: [bounds(f64::floor, 127.0, f64::min), bounds(f64::ceil, 0.0, f64::max)],
        seconds: heard.iter().map(|r| r.release_seconds).fold(0.1, f64::max),
        is_struck,
        stiffness: is_struck.then(|| stiffness(&notes)).flatten(),
        vibrato: if is_struck { [0.0, 0.0] } else { vibrato(&notes) },
    })
}

/// From 1 to a twentieth along a cosine.
fn falling(step: usize, steps: usize) -> f32 {
    let x = step as f32 / steps.max(1) as f32;
    0.05 + 0.475 * (1.0 + (std::f32::consts::PI * x).cos())
}

struct Learned<'a> {
    recording: &'a Recording,
    analysis: Analysis,
    loudest: f32,
}

impl<'a> Learned<'a> {
    fn new(recording: &'a Recording, analysis: Analysis) -> Self {
        let loudest = analysis.amplitudes.iter().chain(&analysis.noise).copied().fold(1e-6, f32::max);
        Self { recording, analysis, loudest }
    }

    fn moment(&self, frame: usize) -> Moment {
        let seconds = (frame * HOP) as f64 / f64::from(RATE_HZ);
        let held = self.recording.release_seconds;
        Moment {
            pitch: self.recording.pitch,
            velocity: f64::from(self.recording.velocity),
            // After the release time goes on as it would have.
            seconds,
            since_release: (seconds - held).max(0.0),
            audible: self.analysis.partials,
        }
    }

    fn release_frame(&self) -> usize {
        (self.recording.release_seconds * f64::from(RATE_HZ) / HOP as f64) as usize
    }
}

/// Weights on their way.
struct Learner {
    decoder: Decoder,
    room: Option<Room>,
    parameters: Parameters,
    weights: Vec<f32>,
    first: Vec<f32>,
    second: Vec<f32>,
    steps: u32,
    pool: Pool,
    noise: Noise,
}

impl Learner {
    fn new(decoder: Decoder, room: Option<Room>, parameters: Parameters, seed: u64) -> Self {
        let weights = parameters.initial_values(seed);
        let zeros = vec![0.0; weights.len()];
        let noise = Noise::new(seed).stream(0xF17);
        Self {
            decoder,
            room,
            parameters,
            first: zeros.clone(),
            second: zeros,
            weights,
            steps: 0,
            pool: Pool::default(),
            noise,
        }
    }

    fn forget_moments(&mut self) {
        self.first.fill(0.0);
        self.second.fill(0.0);
        self.steps = 0;
    }

    /// One step of Adam (Kingma & Ba 2015, arXiv:1412.6980).
    fn step(&mut self, gradient: &[f32], rate: f32) {
        self.steps += 1;
        let norm = elementwise::dot(gradient, gradient).sqrt();
        if !norm.is_finite() {
            return;
        }
        let scale = if norm > CLIP { CLIP / norm } else { 1.0 };
        let correction = BETAS.map(|b| 1.0 / (1.0 - f64::from(b).powf(f64::from(self.steps))) as f32);
        let (w, m, v) = (&mut self.weights, &mut self.first, &mut self.second);
        elementwise::adamw(w, gradient, m, v, scale, rate, 0.0, BETAS, correction);
    }

    fn learn_amplitudes(&mut self, notes: &[Learned], step: usize, rate: f32) -> f32 {
        let dice = self.noise.stream(1 + step as u64);
        let partials = self.decoder.config().partials;
        let width = partials + NOISE_BANDS;
        let (mut moments, mut floors, mut target) = (Vec::new(), Vec::new(), Vec::with_capacity(BATCH * width));
        for draw in 0..BATCH as u64 {
            let note = &notes[pick(dice.uniform(4 * draw), notes.len())];
            let (frames, x) = (note.analysis.frames(), dice.uniform(4 * draw + 1));
            // A third each from the whole note, from its beginning and from the first moments after the release.
            let frame = match draw % 3 {
                0 => pick(x, frames),
                1 => pick(x * x, frames.min(40)),
                _ => (note.release_frame() + pick(x * x, 60)).min(frames - 1),
            };
            moments.push(note.moment(frame));
            target.extend_from_slice(&note.analysis.amplitudes[frame * partials..][..partials]);
            target.extend_from_slice(&note.analysis.noise[frame * NOISE_BANDS..][..NOISE_BANDS]);
            floors.push(FLOOR * note.loudest);
        }
        let mut tape = Tape::recording(&self.weights, &mut self.pool);
        let amplitudes = self.decoder.forward(&mut tape, &moments);
        let counts = |row: usize, column: usize| column < moments[row].audible || column >= partials;
        let loss = amplitude_loss(&mut tape, amplitudes, &target, &floors, counts);
        let value = tape.value(loss)[0];
        let mut gradient = vec![0.0; self.parameters.len()];
        tape.backward(loss, &[1.0], &mut gradient);
        self.step(&gradient, rate);
        value
    }

    fn learn_sound(&mut self, notes: &[Learned], step: usize, stretches: usize, rate: f32, loss: &SpectralLoss) -> f32 {
        let dice = self.noise.stream(1_000_000 + step as u64);
        let partials = self.decoder.config().partials;
        let mut gradient = vec![0.0; self.parameters.len()];
        let mut total = 0.0;
        for draw in 0..stretches as u64 {
            let note = &notes[pick(dice.uniform(4 * draw), notes.len())];
            let frames = note.analysis.frames().min(STRETCH);
            if frames < 2 {
                continue;
            }
            // Half of the stretches hold the beginning of a note.
            let last = note.analysis.frames() - frames;
            let first = if dice.uniform(4 * draw + 1) < 0.5 { 0 } else { pick(dice.uniform(4 * draw + 2), last + 1) };
            let samples = (frames - 1) * HOP;
            let turns = running_phase(&note.analysis.hz[first..first + frames], samples, f64::from(RATE_HZ));
            let noise_at = pick(dice.uniform(4 * draw + 3), 32_768);
            let carriers = carriers(&turns, partials, note.analysis.inharmonicity, RATE_HZ, noise_at);
            let moments: Vec<Moment> = (first..first + frames).map(|frame| note.moment(frame)).collect();
            let target = &note.recording.samples[first * HOP..][..samples];
            let mut tape = Tape::recording(&self.weights, &mut self.pool);
            let amplitudes = self.decoder.forward(&mut tape, &moments);
            let mut sound = synthesise(&mut tape, amplitudes, carriers);
            if let Some(room) = &self.room {
                sound = room.around(&mut tape, sound, RATE_HZ);
            }
            let value = spectral_loss(&mut tape, sound, target, loss);
            total += tape.value(value)[0];
            tape.backward(value, &[1.0 / stretches as f32], &mut gradient);
        }
        self.step(&gradient, rate);
        total / stretches.max(1) as f32
    }
}

fn pick(x: f64, n: usize) -> usize {
    ((x * n as f64) as usize).min(n.saturating_sub(1))
}

/// True if most notes lose more than 4 dB between a third and the end of the time they are held.
fn dies_away(recordings: &[&Recording]) -> bool {
    let level = |r: &Recording, at: f64| {
        let middle = (at * r.release_seconds * f64::from(r.sample_rate_hz)) as usize;
        let near = r.samples.get(middle.saturating_sub(2_000)..(middle + 2_000).min(r.samples.len())).unwrap_or(&[]);
        near.iter().map(|x| f64::from(x * x)).sum::<f64>() / near.len().max(1) as f64
    };
    let falls = |r: &&&Recording| 10.0 * (level(r, 0.95) / level(r, 0.35).max(1e-30)).log10() < -4.0;
    2 * recordings.iter().filter(falls).count() > recordings.len()
}

/// A straight line through ln B over pitch; `None` if no string is stiff.
fn stiffness(notes: &[Learned]) -> Option<[f64; 2]> {
    let points: Vec<(f64, f64)> = notes
        .iter()
        .filter(|n| n.analysis.inharmonicity > 1e-6)
        .map(|n| ((n.recording.pitch - 60.0) / 12.0, n.analysis.inharmonicity.ln()))
        .collect();
    if 3 * points.len() < notes.len().max(3) {
        return None;
    }
    // Least squares that outliers cannot spoil: points far from the median line are left out once.
    let line = |points: &[(f64, f64)]| {
        let n = points.len() as f64;
        let (x, y) = (points.iter().map(|p| p.0).sum::<f64>() / n, points.iter().map(|p| p.1).sum::<f64>() / n);
        let slope = points.iter().map(|p| (p.0 - x) * (p.1 - y)).sum::<f64>()
            / points.iter().map(|p| (p.0 - x) * (p.0 - x)).sum::<f64>().max(1e-9);
        [y - slope * x, slope]
    };
    let [c4, octave] = line(&points);
    let near: Vec<(f64, f64)> = points.iter().copied().filter(|p| (p.1 - c4 - octave * p.0).abs() < 1.0).collect();
    Some(if near.len() > 2 { line(&near) } else { [c4, octave] })
}

/// Median rate and depth of the swinging of the pitch after the first 0.4 s; none below 3 cents.
fn vibrato(notes: &[Learned]) -> [f64; 2] {
    let (mut rates, mut depths) = (Vec::new(), Vec::new());
    for note in notes {
        let first = (0.4 * f64::from(RATE_HZ) / HOP as f64) as usize;
        let last = note.release_frame().saturating_sub(10).min(note.analysis.frames());
        let Some(hz) = note.analysis.hz.get(first..last).filter(|hz| hz.len() > 60) else { continue };
        let mean = hz.iter().sum::<f64>() / hz.len() as f64;
        let cents: Vec<f64> = hz.iter().map(|hz| 1_200.0 * (hz / mean).log2()).collect();
        depths.push((2.0 * cents.iter().map(|c| c * c).sum::<f64>() / cents.len() as f64).sqrt());
        let crossings = cents.windows(2).filter(|w| w[0] < 0.0 && w[1] >= 0.0).count() as f64;
        rates.push(crossings / (cents.len() * HOP) as f64 * f64::from(RATE_HZ));
    }
    let median = |values: &mut Vec<f64>| {
        values.sort_by(f64::total_cmp);
        values.get(values.len() / 2).copied().unwrap_or(0.0)
    };
    let (hz, cents) = (median(&mut rates), median(&mut depths));
    if cents < 3.0 { [0.0, 0.0] } else { [hz.clamp(3.5, 7.5), cents.min(25.0)] }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::voice::tests::card;
    use crate::voice::{Card, Voice};

    /// Notes of three partials whose brightness depends on velocity, with a release.
    fn notes(pitches: &[u8]) -> Vec<Recording> {
        let note = |pitch: u8, velocity: u8| {
            let mut recording = Recording {
                pitch: f64::from(pitch),
                velocity,
                samples: Vec::new(),
                release_seconds: 0.5,
                sample_rate_hz: RATE_HZ,
            };
            let (hz, bright) = (recording.hz(), f64::from(velocity) / 127.0);
            recording.samples = (0..30_000)
                .map(|n| {
                    let t = f64::from(n) / 44_100.0;
                    let sine = |k: f64| (std::f64::consts::TAU * k * hz * t).sin();
                    let gate = (t / 0.02).min(1.0) * (-(t - 0.5).max(0.0) * 30.0).exp();
                    (gate * (0.1 * sine(1.0) + 0.1 * bright * sine(2.0) + 0.05 * bright * bright * sine(3.0))) as f32
                })
                .collect();
            recording
        };
        pitches.iter().flat_map(|&p| [40, 80, 120].map(|v| note(p, v))).collect()
    }

    #[test]
    fn a_small_voice_learns_its_notes_and_those_between() {
        let settings =
            FitSettings { hidden: 24, amplitude_steps: 300, sound_steps: 4, stretches: 1, ..FitSettings::default() };
        let (mut losses, mut sounds) = (Vec::new(), 0);
        let fit = fit(&notes(&[60, 65, 70]), &settings, |progress| match progress {
            Progress::Amplitudes(_, loss) => losses.push(loss),
            Progress::Sound(..) => sounds += 1,
            Progress::Analysed(..) => {}
        })
        .expect("notes");
        assert_eq!((losses.len(), sounds), (300, 4));
        assert!(losses[290] < 0.1 * losses[0], "{} → {}", losses[0], losses[290]);
        assert!(!fit.is_struck && fit.vibrato == [0.0, 0.0] && fit.pitches == [60, 70]);
        let Fit { decoder, pitches, seconds, .. } = fit;
        let voice = Voice::new(Card { decoder, pitches, seconds, ..card() }, fit.weights).expect("a voice");
        // 63 and 100 were never heard: partial 2 is at 0.1 · 100/127.
        let row = voice.amplitudes(63.0, 100.0, &[(0.3, 0.0)]);
        assert!((row[0] / 0.1 - 1.0).abs() < 0.2, "{}", row[0]);
        assert!((row[1] / 0.0787 - 1.0).abs() < 0.25, "{}", row[1]);
        assert!(row[5] < 0.04 * row[0], "a partial that nobody played: {}", row[5]);
    }

    #[test]
    fn nothing_is_learned_from_nothing() {
        assert!(fit(&[], &FitSettings::default(), |_| {}).is_none());
        let silent = Recording { samples: vec![0.0; 5_000], ..notes(&[60])[0].clone() };
        assert!(fit(&[silent], &FitSettings::default(), |_| {}).is_none());
    }
}
