//! Filtered noise with an envelope: breath, bow hair, felt, snare wires, the upper reaches of cymbals.

use crate::elementary::{exp2, log2, octaves_from_db};
use crate::filter::{Band, TOGETHER};
use crate::noise::uniform;
use crate::note_on::NoteOn;
use crate::voice::{AUDIBLE, Layer, Place, QUANTUM, Quantum};
use std::f64::consts::FRAC_1_SQRT_2;

/// What a hiss is made of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct HissSpec {
    /// Noise between these two corners, 12 dB an octave beyond them.
    pub low_hz: f64,
    pub high_hz: f64,
    /// Resonance of both corners: 0.7 flat, more makes the corners ring.
    pub q: f64,
    /// Root mean square at full level, whatever the sample rate.
    pub level: f64,
    /// Seconds in which it comes up (to 7/8).
    pub attack_seconds: f64,
    /// How fast it falls, dB a second, towards `sustain` of its level.
    pub decay_db_per_second: f64,
    pub sustain: f64,
    /// What the release adds.
    pub release_db_per_second: f64,
    /// Seconds of silence before it begins.
    pub delay_seconds: f64,
    /// True if it begins when the note is let go.
    pub at_release: bool,
    /// Beside the place of the part.
    pub pan: f32,
}

impl HissSpec {
    /// A short burst, the usual case.
    pub const BURST: Self = Self {
        low_hz: 200.0,
        high_hz: 4_000.0,
        q: FRAC_1_SQRT_2,
        level: 0.0,
        attack_seconds: 0.001,
        decay_db_per_second: 600.0,
        sustain: 0.0,
        release_db_per_second: 0.0,
        delay_seconds: 0.0,
        at_release: false,
        pan: 0.0,
    };
    /// A stream that lasts as long as the note is held.
    pub const STREAM: Self = Self {
        sustain: 1.0,
        decay_db_per_second: 0.0,
        attack_seconds: 0.04,
        release_db_per_second: 400.0,
        ..Self::BURST
    };
}

/// A part of the attack this small (−60 dB of the hiss) is not waited for.
const HARDLY_MISSING: f32 = 1e-3;

/// A hiss under way.
pub(crate) struct Hiss {
    white: White,
    band: Band,
    /// Frames from one value of the noise to the next, and the latest of them.
    apart: usize,
    latest: f32,
    place: Place,
    level: f32,
    waiting_frames: usize,
    waits_for_release: bool,
    /// 1 − what is still missing of the attack.
    missing: f32,
    missing_ratio: f32,
    /// What is above the sustained part, and how it shrinks.
    excess: f32,
    excess_shrinks: Shrinking,
    sustain: f32,
    gate: f32,
    gate_shrinks: Shrinking,
    release_db_per_second: f64,
    decay_db_per_second: f64,
    sample_rate_hz: f64,
}

impl Hiss {
    /// A hiss of a note; `stream` tells the layers of a note apart.
    pub fn new(note: &NoteOn, stream: u64, spec: HissSpec) -> Self {
        let rate = note.sample_rate_hz;
        let nyquist = 0.5 * rate;
        let high_hz = spec.high_hz.min(0.9 * nyquist);
        let low_hz = spec.low_hz.min(0.8 * high_hz);
        let apart = [8usize, 4, 2].into_iter().find(|&n| 4.0 * high_hz * n as f64 <= rate).unwrap_or(1);
        let (noise_rate, nyquist) = (rate / apart as f64, nyquist / apart as f64);
        // White noise of variance 1/3 spread evenly up to half the rate; the skirts of the filters add about a tenth.
        let in_band = (1.1 * (high_hz - low_hz) / nyquist / 3.0).sqrt();
        Self {
            white: White::new((uniform(77, note.seed(stream)).abs() * 16_777_216.0) as u32 * 2 + 1),
            band: Band::new(low_hz, high_hz, spec.q, noise_rate),
            apart,
            latest: 0.0,
            place: Place::at(note.pan + spec.pan),
            level: (spec.level / in_band) as f32,
            waiting_frames: (spec.delay_seconds * rate) as usize,
            waits_for_release: spec.at_release,
            missing: 1.0,
            missing_ratio: exp2(-3.0 / (spec.attack_seconds * rate).max(1.0)) as f32,
            excess: (1.0 - spec.sustain) as f32,
            excess_shrinks: Shrinking::by(spec.decay_db_per_second, rate),
            sustain: spec.sustain as f32,
            gate: 1.0,
            gate_shrinks: Shrinking::by(0.0, rate),
            release_db_per_second: spec.release_db_per_second,
            decay_db_per_second: spec.decay_db_per_second,
            sample_rate_hz: rate,
        }
    }

    /// The hiss as a layer of a note, or none where it is too soft to be heard.
    pub fn layer(note: &NoteOn, stream: u64, spec: HissSpec) -> Option<Layer> {
        (spec.level > AUDIBLE).then(|| Layer::Hiss(Box::new(Self::new(note, stream, spec))))
    }

    pub fn add_quantum(&mut self, out: &mut Quantum) {
        if self.waits_for_release {
            return;
        }
        let start = self.waiting_frames.min(QUANTUM);
        self.waiting_frames -= start;
        let mut sound = [0.0; QUANTUM];
        self.filtered_noise(&mut sound);
        sound[..start].fill(0.0);
        self.shape(&mut sound[start..]);
        if self.missing < HARDLY_MISSING {
            self.missing = 0.0;
        }
        // Subnormal numbers would make the processor crawl.
        for faded in [&mut self.excess, &mut self.gate] {
            if *faded < 1e-9 {
                *faded = 0.0;
            }
        }
        out.mix_in(&sound, self.place);
    }

    fn filtered_noise(&mut self, sound: &mut [f32; QUANTUM]) {
        match self.apart {
            1 => sound
                .chunks_exact_mut(TOGETHER)
                .for_each(|part| part.copy_from_slice(&self.band.pass(self.white.next()))),
            2 => self.joined::<2>(sound),
            4 => self.joined::<4>(sound),
            _ => self.joined::<8>(sound),
        }
    }

    /// Noise that is low beside the sample rate is made at a half, a quarter or an eighth of it and joined by straight lines; what
    /// images those leave lie far above, and are noise too.
    fn joined<const APART: usize>(&mut self, sound: &mut [f32; QUANTUM]) {
        for part in sound.chunks_exact_mut(TOGETHER * APART) {
            let values = self.band.pass(self.white.next());
            for (line, to) in part.chunks_exact_mut(APART).zip(values) {
                let by = (to - self.latest) * (1.0 / APART as f32);
                for (i, sample) in line.iter_mut().enumerate() {
                    *sample = self.latest + i as f32 * by;
                }
                self.latest = to;
            }
        }
    }

    /// Applies the envelope: sample by sample while the noise comes up, then in straight lines, a quantum each.
    fn shape(&mut self, sound: &mut [f32]) {
        if self.missing > 0.0 {
            let (mut missing, mut excess, mut gate) = (self.missing, self.excess, self.gate);
            for sample in sound {
                missing *= self.missing_ratio;
                excess *= self.excess_shrinks.in_a_sample;
                gate *= self.gate_shrinks.in_a_sample;
                *sample *= self.level * (1.0 - missing) * (self.sustain + excess) * gate;
            }
            (self.missing, self.excess, self.gate) = (missing, excess, gate);
        } else {
            let from = self.level * (self.sustain + self.excess) * self.gate;
            self.excess *= self.excess_shrinks.in_a_quantum;
            self.gate *= self.gate_shrinks.in_a_quantum;
            let to = self.level * (self.sustain + self.excess) * self.gate;
            let by = (to - from) * (1.0 / QUANTUM as f32);
            for (i, sample) in sound.iter_mut().enumerate() {
                *sample *= from + i as f32 * by;
            }
        }
    }

    pub fn release(&mut self) {
        self.waits_for_release = false;
        if self.release_db_per_second > 0.0 {
            self.gate_shrinks = Shrinking::by(self.release_db_per_second, self.sample_rate_hz);
        }
    }

    pub fn is_over(&self) -> bool {
        let level = self.level * self.gate * (self.sustain + self.excess);
        !self.waits_for_release && f64::from(level) < AUDIBLE
    }

    pub fn tail_seconds(&self) -> f64 {
        let decay = if self.sustain > 0.0 { 0.0 } else { self.decay_db_per_second };
        let octaves = log2(f64::from(self.level * self.gate * (self.sustain + self.excess)).max(AUDIBLE) / AUDIBLE);
        let waiting = self.waiting_frames as f64 / self.sample_rate_hz;
        waiting + octaves / octaves_from_db((decay + self.release_db_per_second).max(1e-3))
    }
}

/// How something falls in proportion.
struct Shrinking {
    in_a_sample: f32,
    in_a_quantum: f32,
}

impl Shrinking {
    fn by(db_per_second: f64, sample_rate_hz: f64) -> Self {
        let ratio = |samples: f64| exp2(-octaves_from_db(db_per_second) * samples / sample_rate_hz) as f32;
        Self { in_a_sample: ratio(1.0), in_a_quantum: ratio(QUANTUM as f64) }
    }
}

/// White noise of −1 … 1 by the generator of Numerical Recipes, eight values at a time.
struct White {
    states: [u32; TOGETHER],
}

const MULTIPLIER: u32 = 1_664_525;
const INCREMENT: u32 = 1_013_904_223;

/// What eight steps do in one.
const EIGHT_STEPS: (u32, u32) = {
    let (mut multiplier, mut increment, mut step) = (1u32, 0u32, 0);
    while step < TOGETHER {
        multiplier = multiplier.wrapping_mul(MULTIPLIER);
        increment = increment.wrapping_mul(MULTIPLIER).wrapping_add(INCREMENT);
        step += 1;
    }
    (multiplier, increment)
};

impl White {
    fn new(mut state: u32) -> Self {
        let mut step = || {
            state = state.wrapping_mul(MULTIPLIER).wrapping_add(INCREMENT);
            state
        };
        Self { states: std::array::from_fn(|_| step()) }
    }

    #[inline(always)]
    fn next(&mut self) -> [f32; TOGETHER] {
        // The upper 24 bits; the lower ones repeat too soon.
        let values = self.states.map(|state| (state as i32 >> 8) as f32 * (1.0 / 8_388_608.0));
        self.states = self.states.map(|state| state.wrapping_mul(EIGHT_STEPS.0).wrapping_add(EIGHT_STEPS.1));
        values
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sound(spec: HissSpec, rate: f64, frames: usize) -> Vec<f32> {
        let note = NoteOn::plain(60, 100, rate);
        let mut hiss = Hiss::new(&note, 0, spec);
        let mut all = Vec::new();
        while all.len() < frames {
            let mut out = Quantum { left: [0.0; QUANTUM], right: [0.0; QUANTUM] };
            hiss.add_quantum(&mut out);
            all.extend_from_slice(&out.left);
        }
        all
    }

    #[test]
    fn the_level_is_the_same_at_every_sample_rate() {
        for rate in [16_000.0, 44_100.0, 192_000.0] {
            let spec = HissSpec { level: 0.1, low_hz: 500.0, high_hz: 4_000.0, ..HissSpec::STREAM };
            let tail = &sound(spec, rate, rate as usize)[(0.3 * rate) as usize..];
            let rms = (tail.iter().map(|x| f64::from(x * x)).sum::<f64>() / tail.len() as f64).sqrt();
            // Each ear has √½ of 0.1.
            assert!((rms / 0.0707 - 1.0).abs() < 0.12, "{rate}: {rms}");
        }
    }

    #[test]
    fn white_noise_by_eights_is_the_generator_one_by_one() {
        let mut state = 12_345u32;
        let mut white = White::new(state);
        for value in (0..4).flat_map(|_| white.next()) {
            state = state.wrapping_mul(MULTIPLIER).wrapping_add(INCREMENT);
            assert_eq!(value, (state as i32 >> 8) as f32 / 8_388_608.0);
        }
    }

    #[test]
    fn a_burst_dies_within_its_tail_and_a_release_noise_waits() {
        let note = NoteOn::plain(60, 100, 44_100.0);
        let mut hiss = Hiss::new(&note, 0, HissSpec { level: 0.1, at_release: true, ..HissSpec::BURST });
        let mut out = Quantum { left: [0.0; QUANTUM], right: [0.0; QUANTUM] };
        hiss.add_quantum(&mut out);
        assert!(out.left.iter().all(|&x| x == 0.0) && !hiss.is_over());
        hiss.release();
        let mut quanta = 0;
        let bound = hiss.tail_seconds();
        while !hiss.is_over() {
            hiss.add_quantum(&mut out);
            quanta += 1;
        }
        let seconds = (quanta * QUANTUM) as f64 / 44_100.0;
        assert!(seconds <= bound + 0.002 && seconds > 0.5 * bound, "{seconds} of {bound}");
    }
}
